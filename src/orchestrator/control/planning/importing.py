"""What a tracker or a file says, brought into a plan: a new one, or the one that an earlier import made.

The law: everything is decided before anything is written; what is the runner's, a person's, or complete stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from orchestrator.adapters.planning import import_files
from orchestrator.control.planning import drafting
from orchestrator.control.planning.astray import astray, is_over, same
from orchestrator.control.planning.drafting import Made
from orchestrator.control.planning.updating import Here, steps_to, write
from orchestrator.control.showing import Scene
from orchestrator.core.board import Board
from orchestrator.core.model import Key, PlanStatus, Status
from orchestrator.core.planning.draft import Draft
from orchestrator.core.planning.fill import carried
from orchestrator.core.planning.imported import Imported, taken_of
from orchestrator.core.planning.issue import Issues
from orchestrator.core.planning.mapping import Chosen, address, draft_of, renamed
from orchestrator.core.planning.naming import named
from orchestrator.core.problems import Problem
from orchestrator.engine.home import Home

UNDER_WAY = (Status.RUNNING, Status.READY)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    """What was asked, in a line: the next import of the same finds its plan by it (`SourceSettings.name`)."""
    plan: str | None = None
    """None: the plan of an earlier import of the source, else a new one."""
    name: str = ""
    """Of a new plan; by default what the source is called."""
    repo: str | None = None
    workflow: str | None = None
    agent: str | None = None
    worktree_root: str | None = None
    base: str | None = None
    created_by: str = ""
    paused: bool = False
    """A new plan is written paused; in one that is active already the new tickets are."""
    dry_run: bool = False


class Brought(NamedTuple):
    plan_id: str
    """Empty: nothing was found, and there is no plan."""
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    """What was found, but became no ticket, or is complete."""
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Warnings."""
    is_new: bool = False
    """Whether the plan is."""
    paused: bool = False
    """Whether the plan, or what is new in it, waits for a person."""
    draft: Draft = Draft()
    """What was understood."""


def bring(home: Home, issues: Issues, request: Request) -> Brought:
    """Raises PlanRejectedError, StoreError, UnreadableError: then nothing is written."""
    with import_files.one_at_a_time(home.places):
        records = import_files.known(home.places)
        here = _here(home, request, records)
        if issues.made_up:
            issues = renamed(issues, _known_titles(issues, here))
        elsewhere, over = _elsewhere(home, issues, records, here)
        issues = replace(issues, ended=(*issues.ended, *over))
        mapped = draft_of(issues, _chosen(home, request, here, elsewhere))
        wanted = {one.ticket_id for one in mapped.draft.tickets}
        skipped = tuple(sorted({one.id for one in issues.found} - wanted))
        told = (*mapped.notes, *(astray(issues, here, request.source) if here else ()))
        return _bring(home, mapped.draft, request, here, told, skipped)


def bring_draft(home: Home, draft: Draft, request: Request) -> Brought:
    """The same for a draft, as a file says it."""
    with import_files.one_at_a_time(home.places):
        here = _here(home, request, import_files.known(home.places))
        draft = named(draft, here.record.tickets if here else {}, here.tickets if here else {})
        own = {name: getattr(request, name) for name in ("name", "repo", "workflow", "agent", "worktree_root", "base")}
        filled = replace(draft, **{name: value for name, value in own.items() if value})
        filled = replace(
            filled, paused=draft.paused or request.paused, created_by=draft.created_by or request.created_by
        )
        if here is not None and request.source not in here.record.sources:
            filled = replace(filled, tickets=carried(filled, here.plan)[0])
        return _bring(home, filled, request, here, (), ())


def known_ids(home: Home, source: str, plan: str | None = None) -> tuple[str, ...]:
    """Of tickets that earlier imports of the source brought and that are not complete: a reader may ask what became of
    those that it does not find any more."""
    here = _here(home, Request(source=source, plan=plan), import_files.known(home.places))
    if here is None:
        return ()
    return tuple(name for name in here.record.tickets if not is_over(here.tickets.get(name)))


def repo_of_plan(home: Home, request: Request) -> str | None:
    """Of the plan that there is already; None: there is none, or it has none."""
    here = _here(home, request, import_files.known(home.places))
    return here.plan.repo if here is not None else None


# -- what there is ----------------------------------------------------------------------------------------------------


def _here(home: Home, request: Request, records: Mapping[str, Imported]) -> Here | None:
    wanted = same(request.source)
    by_source = next((name for name, one in records.items() if wanted in map(same, one.sources)), None)
    plan_id = request.plan or by_source
    if plan_id is None or not home.places.plan_file(plan_id).exists():
        return None
    plan = home.store.read_plan(plan_id).record
    tickets = {one.ticket_id: one for one in Scene(home.config).index.board.of_plan(plan_id)}
    return Here(plan, tickets, records.get(plan_id, Imported()))


def _known_titles(issues: Issues, here: Here | None) -> dict[str, str]:
    """Ids that only stand in for one → those of the same title, else free ones."""
    made_up = set(issues.made_up)
    known = {taken.title: name for name, taken in (here.record.tickets if here else {}).items()}
    used = {*(here.tickets if here else ()), *(one.id for one in issues.found if one.id not in made_up)}
    found: dict[str, str] = {}
    for one in issues.found:
        if one.id in made_up and (name := known.get(" ".join(one.title.split()))) is not None:
            found[one.id] = name
    number = 0
    for one in issues.found:
        if one.id in made_up and one.id not in found:
            number += 1
            while f"T-{number}" in {*used, *found.values()}:
                number += 1
            found[one.id] = f"T-{number}"
    return found


def _elsewhere(
    home: Home, issues: Issues, records: Mapping[str, Imported], here: Here | None
) -> tuple[dict[str, str], list[str]]:
    """Issues of the same tracker that are tickets of other plans: where, and those that are complete there."""
    roots = {_root(one.url) for one in issues.found if one.url}
    board = Scene(home.config).index.board
    own = {here.plan.id} if here is not None else set()
    there = _by_address(issues, board, own)
    over = []
    for plan_id, record in records.items():
        if plan_id in own or plan_id not in board.plans:
            continue
        listed = {one.ticket_id for one in board.plans[plan_id].tickets}
        for name, taken in record.tickets.items():
            ticket = board.tickets.get(Key(plan_id, name))
            if name not in listed or ticket is None or not taken.linear_url or _root(taken.linear_url) not in roots:
                continue
            if ticket.status is Status.COMPLETE:
                over.append(name)
            else:
                there[name] = f"{plan_id}/{name}"
    mine = set(here.tickets) if here else set()
    return {name: place for name, place in there.items() if name not in mine}, [one for one in over if one not in mine]


def _by_address(issues: Issues, board: Board, own: Collection[str]) -> dict[str, str]:
    """Also of plans that nobody imported: somebody, or the planner, gave a ticket the issue's address."""
    ids = {address(one.url): one.id for one in issues.found if one.url}
    return {
        id_: str(key)
        for key, ticket in board.tickets.items()
        if key.plan not in own
        and ticket.status is not Status.COMPLETE
        and ticket.linear_url
        and (id_ := ids.get(address(ticket.linear_url))) is not None
    }


def _root(url: str | None) -> str:
    return re.sub(r"/issues?/.*", "", url or "").casefold()


def _chosen(home: Home, request: Request, here: Here | None, elsewhere: Mapping[str, str]) -> Chosen:
    plan = here.plan if here else None
    entries = plan.tickets if plan else ()
    return Chosen(
        id=request.plan,
        name=request.name,
        repo=request.repo,
        workflow=request.workflow or (plan.workflow if plan else None),
        agent=request.agent,
        worktree_root=request.worktree_root,
        base=request.base,
        created_by=request.created_by,
        paused=request.paused,
        workflows=frozenset(home.catalog.names()),
        present={one.ticket_id: one.blocked_by for one in entries},
        under_way=frozenset(name for name, one in here.tickets.items() if one.status in UNDER_WAY) if here else (),
        elsewhere=elsewhere,
    )


# -- bringing in ------------------------------------------------------------------------------------------------------


def _bring(
    home: Home, draft: Draft, request: Request, here: Here | None, notes: Sequence[str], skipped: tuple[str, ...]
) -> Brought:
    if here is not None:
        return _update(home, draft, request, here, notes, skipped)
    if not draft.tickets:
        return Brought("", skipped=skipped, notes=tuple(notes), draft=draft)

    def imported(names: tuple[str, ...]) -> Imported:
        taken = zip(names, (taken_of(one, request.source) for one in draft.tickets), strict=True)
        return Imported((request.source,), dict(taken))

    wanted = replace(draft, id=request.plan or draft.id)
    made = drafting.create(home, wanted, dry_run=request.dry_run, imported=imported)
    return Brought(
        made.plan_id,
        created=made.tickets,
        skipped=skipped,
        notes=tuple(notes),
        problems=made.problems,
        is_new=True,
        paused=made.paused,
        draft=draft,
    )


def _update(
    home: Home, draft: Draft, request: Request, here: Here, notes: Sequence[str], skipped: tuple[str, ...]
) -> Brought:
    steps = steps_to(draft, request.source, here)
    made = Made(here.plan.id, ())
    pauses = request.paused and here.plan.status is not PlanStatus.PAUSED
    if steps.new:
        made = drafting.add(home, here.plan.id, steps.new, dry_run=request.dry_run, paused=pauses)
    updated = [name for name, to in steps.edits.items() if to]
    if not request.dry_run:
        write(home, here, steps, request.source)
    return Brought(
        here.plan.id,
        created=made.tickets,
        updated=tuple(updated),
        unchanged=tuple(steps.unchanged),
        skipped=(*skipped, *steps.skipped),
        notes=(*notes, *steps.notes),
        problems=made.problems,
        paused=here.plan.status is PlanStatus.PAUSED or (pauses and bool(made.tickets)),
        draft=draft,
    )
