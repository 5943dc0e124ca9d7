"""The one door through which plans are made: whatever wants one makes a draft, and comes here.

The law: everything that is wrong is told at once, by the rules of `plan check`; with an error nothing is written.
"""

from __future__ import annotations

import os
import posixpath
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from orchestrator.adapters.planning.plan_files import BEGUN, PlanFiles
from orchestrator.control.planning import judging
from orchestrator.control.planning.locating import Source, in_draft
from orchestrator.control.reading import checked_id
from orchestrator.control.showing import DEFAULT_WORKFLOW, Scene
from orchestrator.core.model import Plan, PlanStatus, Status, Ticket
from orchestrator.core.plan_transition import plan_transition
from orchestrator.core.planning import fill
from orchestrator.core.planning.draft import Draft, DraftTicket
from orchestrator.core.planning.fill import Filled, Given, filled, free, more
from orchestrator.core.planning.imported import Imported
from orchestrator.core.planning.wished import key_of
from orchestrator.core.problems import Problem
from orchestrator.core.rules import Rules
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError, PlanRejectedError, TakenError

TRIES = 100
"""As many may take ids at the same time."""


class Made(NamedTuple):
    plan_id: str
    tickets: tuple[str, ...]
    """The new ones."""
    problems: tuple[Problem, ...] = ()
    """Warnings."""
    paused: bool = False
    reopened: bool = False
    """The plan was complete."""


class Drawn(NamedTuple):
    """What would be written."""

    filled: Filled
    scene: Scene
    problems: tuple[Problem, ...]


# -- new plans --------------------------------------------------------------------------------------------------------


def create(
    home: Home,
    draft: Draft,
    *,
    dry_run: bool = False,
    allow_problems: bool = False,
    source: Source | None = None,
    hold: bool = False,
    imported: Callable[[tuple[str, ...]], Imported] | None = None,
) -> Made:
    """Raises PlanRejectedError, StoreError, TakenError. `hold`: its tickets are paused, and not the plan. `imported`:
    from where its tickets were brought, by their ids."""

    def once() -> Made:
        drawn = draw(home, draft, source)
        _refuse(drawn.problems, allow_problems)
        plan, tickets = drawn.filled
        if hold:
            tickets = tuple(replace(one, status=Status.PAUSED) for one in tickets)
        names = tuple(ticket.ticket_id for ticket in tickets)
        if not dry_run:
            PlanFiles(home.places, home.store).write(plan, tickets, imported(names) if imported is not None else None)
        return Made(plan.id, names, drawn.problems, hold or plan.status is PlanStatus.PAUSED)

    return once() if draft.id else next_free(once)


def next_free(make: Callable[[], Made]) -> Made:
    """Again while somebody takes first what looked free."""
    for _ in range(TRIES):
        try:
            return make()
        except TakenError:
            continue
    return make()


def judge(home: Home, draft: Draft, source: Source | None = None) -> tuple[Problem, ...]:
    """What is wrong with a plan of it, besides what could not be read of it."""
    return draw(home, draft, source).problems


def draw(home: Home, draft: Draft, source: Source | None = None) -> Drawn:
    """The plan as it would be, with everything that is wrong with it. `source`: where the draft is written, so that
    problems have their lines."""
    scene = Scene(home.config)
    taken = [*scene.index.board.plans, *scene.held_plans(), *folders(home)]
    clash = tuple(_clash(scene, draft))
    id_ = free(draft.id or "", taken) if clash else draft.id  # so that the rest is judged apart from that plan
    full = replace(draft, id=id_, workflow=draft.workflow or DEFAULT_WORKFLOW)
    made = filled(full, _Rules(home), Given(time.time(), taken, branches=_branches(scene)))
    plan = made.plan
    if not plan.worktree_root:
        made = _rooted(home, full, made)
    found = (*clash, *_nothing(plan, made.tickets), *_alike(made), *_strict(scene, made.plan, made.tickets))
    return Drawn(made, scene, found if source is None else in_draft(source, made.plan, made.tickets, found))


def _rooted(home: Home, draft: Draft, made: Filled) -> Filled:
    root = str(Path(home.config.home) / "worktrees" / made.plan.id)
    return Filled(replace(made.plan, worktree_root=root), made.tickets)


def folders(home: Home) -> list[str]:
    """A folder without a plan.json has a name, too, unless a crash has left it: that is written anew."""
    try:
        return [one.name for one in home.places.plans.iterdir() if any(one.glob("*")) and not (one / BEGUN).exists()]
    except OSError:
        return []


def _branches(scene: Scene, but: str = "") -> set[str]:
    return {one.branch for one in scene.index.board.tickets.values() if one.branch and one.plan_id != but}


def _clash(scene: Scene, draft: Draft) -> Iterator[Problem]:
    if draft.id is None:
        return
    there = [*scene.index.board.plans, *scene.held_plans()]
    same = next((one for one in there if one.lower() == draft.id.lower()), None)
    if same is not None:
        hint = f"leave out id, choose another, or `orchestrator plan add {same}` adds to that plan"
        yield Problem(f"plan {draft.id}", f'there is a plan "{same}" already', hint=hint)


def _nothing(plan: Plan, tickets: Sequence[Ticket]) -> Iterator[Problem]:
    if not tickets:
        hint = "write `tickets:` and below it a list of them, each with a title"
        yield Problem(f"plan {plan.id}", "has no tickets", hint=hint)


def _strict(scene: Scene, plan: Plan, tickets: Sequence[Ticket]) -> Iterator[Problem]:
    """What is new has titles: who wrote it is still there to be asked."""
    for one in judging.problems_of(scene, plan, tickets):
        yield replace(one, severity="error") if one.key == "title" else one


def _alike(made: Filled) -> Iterator[Problem]:
    """Ids that some file systems do not tell apart."""
    seen: dict[str, str] = {}
    for ticket in made.tickets:
        other = seen.setdefault(ticket.ticket_id.lower(), ticket.ticket_id)
        if other != ticket.ticket_id:
            what = f'there is a ticket "{other}" already, and not every file system tells the two apart'
            yield Problem(f"ticket {ticket.key}", what, hint="choose an id that differs by more", key="ticketId")


def _refuse(problems: Sequence[Problem], allowed: bool) -> None:
    if not allowed and any(problem.severity == "error" for problem in problems):
        raise PlanRejectedError(problems)


class _Rules:
    """Of plans that are not on the disk yet."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def __call__(self, plan: Plan, ticket: Ticket) -> Rules:
        with _known(self._home, plan):
            return self._home.rules(ticket)


@contextmanager
def _known(home: Home, plan: Plan) -> Iterator[None]:
    before = home.plans.get(plan.id)
    home.plans[plan.id] = plan
    try:
        yield
    finally:
        if before is None:
            del home.plans[plan.id]
        else:
            home.plans[plan.id] = before


# -- more tickets -----------------------------------------------------------------------------------------------------


def add(
    home: Home,
    plan_id: str,
    tickets: Sequence[DraftTicket],
    *,
    dry_run: bool = False,
    paused: bool = False,
    source: Source | None = None,
) -> Made:
    """Raises NotFoundError, PlanRejectedError, StoreError, TakenError. A complete plan is reopened. `paused`: in a plan
    that is not paused itself the new tickets are."""
    if not tickets:
        raise NotFoundError(f"plan {plan_id}: there is no ticket to add; name one by --ticket, or in a file")
    tries = iter([False, *[True] * TRIES])

    def once() -> Made:
        before, (plan, new), found = _grown(home, plan_id, tickets, source, strays=next(tries))
        _refuse(found, False)
        is_paused = before.status is PlanStatus.PAUSED
        if paused and not is_paused:
            new = tuple(replace(one, status=Status.PAUSED) for one in new)
        if not dry_run:
            PlanFiles(home.places, home.store).add(plan_id, plan.tickets[len(before.tickets) :], new)
        names = tuple(one.ticket_id for one in new)
        return Made(plan_id, names, found, paused or is_paused, before.status is PlanStatus.COMPLETE)

    return once() if all(one.ticket_id for one in tickets) else next_free(once)


def carried(home: Home, plan_id: str, draft: Draft) -> tuple[tuple[DraftTicket, ...], tuple[Problem, ...]]:
    """The tickets of a draft that is added to a plan, with what it says for all of them; and what is not taken over."""
    tickets, others = fill.carried(draft, home.store.read_plan(checked_id("plan", plan_id)).record)
    hint = f"`orchestrator plan edit {plan_id}` changes the plan"
    told = (f"{key_of(name)} of the draft is not taken over: the plan is there, with its own" for name in others)
    return tickets, tuple(Problem(f"plan {plan_id}", one, "warning", hint) for one in told)


def judge_more(
    home: Home, plan_id: str, tickets: Sequence[DraftTicket], source: Source | None = None
) -> tuple[Problem, ...]:
    """What is wrong with tickets that are to be added."""
    return _grown(home, plan_id, tickets, source, strays=True)[2]


def _grown(
    home: Home, plan_id: str, tickets: Sequence[DraftTicket], source: Source | None, strays: bool
) -> tuple[Plan, Filled, tuple[Problem, ...]]:
    """The plan as it is; as it will be, with the new tickets; what is wrong with them. `strays`: ids of files that no
    plan.json lists are taken. (What a crash has left of the same command has the same content, and is taken over.)"""
    plan = home.store.read_plan(checked_id("plan", plan_id)).record
    scene = Scene(home.config)
    there = scene.index.board.of_plan(plan_id)
    listed = {entry.ticket_id for entry in plan.tickets}
    titles = {one.ticket_id: one.title for one in there if strays or one.ticket_id in listed}
    if strays:
        titles |= {name: "" for name in _ticket_files(home, plan_id) if name not in titles}
    given = Given(time.time(), (), plan.tickets, titles, _branches(scene, plan_id))
    grown = more(plan_transition(plan, "reopen"), tickets, _Rules(home), given)
    before = set(judging.problems_of(scene, plan))
    whole = [*there, *grown.tickets]
    found = (*_alike(Filled(plan, (*_named(plan), *grown.tickets))), *_strict(scene, grown.plan, whole))
    new = tuple(one for one in found if one not in before and replace(one, severity="warning") not in before)
    return plan, grown, new if source is None else in_draft(source, grown.plan, grown.tickets, new)


def _named(plan: Plan) -> Iterator[Ticket]:
    """The tickets of a plan, as far as their ids go."""
    return (Ticket(plan_id=plan.id, ticket_id=entry.ticket_id, title="") for entry in plan.tickets)


def _ticket_files(home: Home, plan_id: str) -> list[str]:
    return [one.stem for one in home.places.tickets(plan_id).glob("*.json")]


# -- where things are -------------------------------------------------------------------------------------------------


def located(draft: Draft, folder: str | Path) -> Draft:
    """Paths absolute: relative ones count from `folder`."""

    def path(written: str | None) -> str | None:
        return absolute(written, folder) if written else None

    tickets = tuple(replace(one, repo=path(one.repo), worktree=path(one.worktree)) for one in draft.tickets)
    return replace(draft, repo=path(draft.repo), worktree_root=path(draft.worktree_root), tickets=tickets)


def absolute(path: str, folder: str | Path = "") -> str:
    """As it counts from the folder, by default from the current one; `~` is somebody's home."""
    return posixpath.normpath(Path(folder or Path.cwd(), os.path.expanduser(path)).absolute())  # noqa: PTH111 - of no user, too


def repository_of(folder: Path) -> str | None:
    """The top of the repository that the folder is in; None: it is in none."""
    folder = folder.absolute()
    return next((str(one) for one in (folder, *folder.parents) if (one / ".git").exists()), None)
