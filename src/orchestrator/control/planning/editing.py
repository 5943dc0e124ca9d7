"""The planner's part of a plan or ticket, changed by a person as a draft.

The law: three ways. Only what the person changed is written, into what the files say then; what somebody else changed
meanwhile stays, and where both changed the same nothing is written. The runner's part is not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from orchestrator.adapters.planning import ticket_edit
from orchestrator.adapters.planning.plan_files import PlanFiles
from orchestrator.control.planning import drafting, judging
from orchestrator.control.planning.locating import in_files
from orchestrator.control.showing import Scene
from orchestrator.core.model import Plan, PlanEntry, Ticket
from orchestrator.core.planning import wished
from orchestrator.core.planning.draft import Draft, DraftTicket
from orchestrator.core.planning.naming import titled
from orchestrator.core.planning.wished import IN_ENTRY, OF_PLAN, OF_TICKET, key_of
from orchestrator.core.problems import Problem
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError, OrchestratorError, PlanRejectedError
from orchestrator.formats.drafts.draft import ReadDraft, read_draft
from orchestrator.formats.drafts.draft_text import yaml_text

PATHS = ("repo", "worktree", "worktree_root")
LAID_OUT = frozenset({"repo", "branch", "worktree"})
"""What a ticket that has begun cannot change: its work is there."""


class Opened(NamedTuple):
    """What is edited, as it was when somebody began to."""

    plan: Plan
    tickets: tuple[Ticket, ...]
    ticket_id: str | None
    """None: the whole plan."""
    text: str

    @property
    def draft(self) -> Draft:
        return wished.plan_as_draft(self.plan, self.tickets)


class Edited(NamedTuple):
    plan_id: str
    changed: dict[str, tuple[str, ...]]
    """By ticket ("" for the plan itself): the keys."""
    problems: tuple[Problem, ...] = ()
    """Warnings that were not there before."""


class _Change(NamedTuple):
    before: DraftTicket
    values: dict[str, Any]
    begins_anew: bool = False
    """It stands in the first phase of a workflow that it is taken out of."""


def opened(home: Home, plan_id: str, ticket_id: str | None = None) -> Opened:
    """Raises NotFoundError, UnreadableError."""
    scene = Scene(home.config)
    plan = scene.plan(plan_id)
    tickets = tuple(scene.index.board.of_plan(plan_id))
    draft = wished.plan_as_draft(plan, tickets)
    if ticket_id is None:
        return Opened(plan, tickets, None, yaml_text(wished.document(draft)))
    found = next((one for one in draft.tickets if one.ticket_id == ticket_id), None)
    if found is None:
        from orchestrator.control.reading import existing_ticket, ticket_key

        existing_ticket(home.places, ticket_key(plan_id, ticket_id))
        raise NotFoundError(f"ticket {plan_id}/{ticket_id} cannot be edited: its file cannot be read")
    return Opened(plan, tickets, ticket_id, yaml_text(wished.document(found)))


def save(home: Home, was: Opened, text: str, file: str) -> Edited:
    """What `text` says, checked and written. Raises PlanRejectedError, OrchestratorError; nothing is written then."""
    wanted = _read(was, text, file)
    of_plan, of_tickets = _changes(was, wanted)
    if not of_plan and not of_tickets:
        return Edited(was.plan.id, {})
    of_tickets |= {one.ticket_id: change for one in was.tickets for change in _moved(home, one, of_tickets)}
    problems = _judged(home, was, of_plan, of_tickets)
    _write(home, was, of_plan, of_tickets)
    changed = {"": tuple(map(key_of, of_plan))} if of_plan else {}
    changed |= {name: tuple(map(key_of, one.values)) for name, one in of_tickets.items()}
    home.logs.event("plan_edited", None, plan=was.plan.id, changed=", ".join(f"{k or 'plan'}" for k in changed))
    return Edited(was.plan.id, changed, problems)


# -- what is wanted ---------------------------------------------------------------------------------------------------


def _read(was: Opened, text: str, file: str) -> Draft:
    """The whole plan as it is wanted."""
    if was.ticket_id is None:
        return _sound(read_draft(text, file), file)
    first, *more = text.split("\n")
    read = _sound(read_draft("\n".join(["- " + first, *("  " + line if line else "" for line in more)]), file), file)
    if len(read.tickets) != 1:
        raise PlanRejectedError([Problem(f"ticket {was.plan.id}/{was.ticket_id}", "nothing is left of it", file=file)])
    (ticket,) = read.tickets
    if ticket.ticket_id != was.ticket_id:
        raise PlanRejectedError([_same_id(was.plan.id, was.ticket_id, file)])
    tickets = tuple(ticket if one.ticket_id == was.ticket_id else one for one in was.draft.tickets)
    return replace(was.draft, tickets=tickets)


def _sound(read: ReadDraft, file: str) -> Draft:
    """What could not be read would be lost: an unknown key is an error here."""
    if read.draft is None or read.problems:
        raise PlanRejectedError([replace(one, severity="error") for one in read.problems])
    return read.draft


def _same_id(plan_id: str, name: str, file: str | None = None) -> Problem:
    hint = f'leave "ticketId": "{name}" as it is; `orchestrator plan add {plan_id}` makes another ticket'
    return Problem(
        f"ticket {plan_id}/{name}", "its id cannot be changed, nor can it be taken out", hint=hint, file=file
    )


def _changes(was: Opened, wanted: Draft) -> tuple[dict[str, Any], dict[str, _Change]]:
    base = _read(was, was.text, "")  # as it is when nobody changes anything
    before = {one.ticket_id: one for one in base.tickets}
    after = {one.ticket_id: one for one in wanted.tickets}
    faults = [_same_id(was.plan.id, str(name)) for name in before if name not in after]
    for name in after:
        if name not in before:
            hint = f"`orchestrator plan add {was.plan.id}` adds tickets"
            faults.append(Problem(f"plan {was.plan.id}", f'has no ticket "{name or "without an id"}"', hint=hint))
    if wanted.id not in (None, was.plan.id):
        faults.append(Problem(f"plan {was.plan.id}", "its id cannot be changed", hint=f"write id: {was.plan.id}"))
    if faults:
        raise PlanRejectedError(faults)
    titles = titled((one.title, str(one.ticket_id)) for one in wanted.tickets)
    of_tickets = {}
    for name, ticket in after.items():
        blockers = tuple(one if one in after else titles.get(" ".join(one.split())) or one for one in ticket.blocked_by)
        values = _absolute(wished.changes(before[name], replace(ticket, blocked_by=blockers), OF_TICKET))
        if values.get("order", 0) is None:
            del values["order"]
        if values:
            of_tickets[str(name)] = _Change(before[name], values)
    return _absolute(wished.changes(base, wanted, OF_PLAN)), of_tickets


def _moved(home: Home, ticket: Ticket, changes: dict[str, _Change]) -> Iterator[_Change]:
    """What has not begun stands where its workflow begins, whichever that is."""
    change = changes.get(ticket.ticket_id)
    is_other = change is not None and "workflow" in change.values and _is_fresh(ticket)
    if change is not None and is_other and ticket.current_phase == home.rules(ticket).workflow.first:
        yield change._replace(begins_anew=True)


def _is_fresh(ticket: Ticket) -> bool:
    return not ticket.attempts and not ticket.phase_history


def _absolute(values: dict[str, Any]) -> dict[str, Any]:
    paths = {name: drafting.absolute(values[name]) for name in PATHS if values.get(name)}
    return {**values, **paths}


# -- what follows -----------------------------------------------------------------------------------------------------


def _judged(home: Home, was: Opened, of_plan: dict[str, Any], of_tickets: dict[str, _Change]) -> tuple[Problem, ...]:
    """What would be wrong then and is not now. Raises PlanRejectedError."""
    scene = Scene(home.config)
    before = {(one.where, one.what) for one in judging.problems_of(scene, was.plan)}
    plan = _with_plan(was.plan, was.plan, of_plan, of_tickets)
    tickets = [_with(one, of_tickets[one.ticket_id]) if one.ticket_id in of_tickets else one for one in was.tickets]
    faults = [fault for one in was.tickets for fault in _laid_out(one, of_tickets.get(one.ticket_id))]
    found = (one for one in judging.problems_of(scene, plan, tickets) if (one.where, one.what) not in before)
    problems = (*faults, *found)
    if any(one.severity == "error" for one in problems):
        raise PlanRejectedError(problems)
    return in_files(home.places, was.plan, problems)


def _laid_out(ticket: Ticket, change: _Change | None) -> list[Problem]:
    names = [name for name in change.values if name in LAID_OUT] if change is not None and ticket.attempts else []
    hint = "leave it; a new ticket can be somewhere else"
    return [Problem(f"ticket {ticket.key}", f"its {name} cannot be changed: it has begun", hint=hint) for name in names]


def _with(ticket: Ticket, change: _Change) -> Ticket:
    phase = None if change.begins_anew and _is_fresh(ticket) else ticket.current_phase  # the runner fills it in
    values = {name: value for name, value in change.values.items() if name not in IN_ENTRY}
    return replace(ticket, **values, current_phase=phase)


def _with_plan(now: Plan, was: Plan, of_plan: dict[str, Any], of_tickets: dict[str, _Change]) -> Plan:
    """Raises OrchestratorError: somebody else has changed the same."""
    _refuse(f"plan {was.id}", wished.clashes(now, was, of_plan))
    entries = {entry.ticket_id: entry for entry in reversed(was.tickets)}
    return replace(now, **of_plan, tickets=tuple(_entry(was.id, one, entries, of_tickets) for one in now.tickets))


def _entry(plan_id: str, now: PlanEntry, was: dict[str, PlanEntry], of_tickets: dict[str, _Change]) -> PlanEntry:
    change = of_tickets.get(now.ticket_id)
    values = {name: value for name, value in change.values.items() if name in IN_ENTRY} if change else {}
    if not values:
        return now
    _refuse(f"ticket {plan_id}/{now.ticket_id}", wished.clashes(now, was.get(now.ticket_id, now), values))
    return replace(now, **values)


def _refuse(where: str, clashes: Sequence[str]) -> None:
    if clashes:
        names = ", ".join(map(key_of, clashes))
        raise OrchestratorError(f"{where}: somebody else has changed {names} meanwhile; look at it, and edit again")


def _write(home: Home, was: Opened, of_plan: dict[str, Any], of_tickets: dict[str, _Change]) -> None:
    """Tickets first; whatever clashes is found before anything is written, and again under each lock."""
    places = home.places
    files = PlanFiles(places, home.store)
    before = {one.ticket_id: one for one in was.tickets}
    edits = {name: one for name, one in of_tickets.items() if set(one.values) - IN_ENTRY}

    def deciding(name: str) -> Callable[[Ticket], Ticket]:
        def decide(now: Ticket) -> Ticket:
            values = {key: value for key, value in edits[name].values.items() if key not in IN_ENTRY}
            _refuse(f"ticket {was.plan.id}/{name}", wished.clashes(now, before[name], values))
            return _with(now, edits[name])

        return decide

    _with_plan(home.store.read_plan(was.plan.id).record, was.plan, of_plan, of_tickets)
    for name in edits:
        deciding(name)(home.store.read_ticket(before[name].key).record)
    for name in edits:
        ticket_edit.edit(places, before[name].key, deciding(name))
    if of_plan or any(set(one.values) & IN_ENTRY for one in of_tickets.values()):
        files.change(was.plan.id, lambda now: _with_plan(now, was.plan, of_plan, of_tickets))
