"""What a second import changes in a plan: compared three ways, and written with care.

The law: what is the runner's, a person's, or complete stays as it is; what somebody changes meanwhile, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from orchestrator.adapters.planning import import_files, ticket_edit
from orchestrator.adapters.planning.plan_files import PlanFiles
from orchestrator.core.model import Key, Plan, Status, Ticket
from orchestrator.core.planning.dependencies import way
from orchestrator.core.planning.draft import Draft, DraftTicket
from orchestrator.core.planning.imported import WORDS, Imported, Taken, changes, taken_of
from orchestrator.engine.home import Home
from orchestrator.errors import UnreadableError


class Here(NamedTuple):
    """The plan that there is."""

    plan: Plan
    tickets: Mapping[str, Ticket]
    record: Imported


class Steps(NamedTuple):
    """What an update consists of."""

    new: list[DraftTicket]
    edits: dict[str, dict[str, object]]
    """Ticket → field → value; of plan.json `blocked_by`."""
    record: dict[str, Taken]
    unchanged: list[str]
    skipped: list[str]
    notes: list[str]


def steps_to(draft: Draft, source: str, here: Here) -> Steps:
    listed = {one.ticket_id: one.blocked_by for one in here.plan.tickets}
    steps = Steps([], {}, dict(here.record.tickets), [], [], [])
    graph = {name: list(of) for name, of in listed.items()}
    absent = {one.ticket_id for one in draft.tickets if one.ticket_id in here.record.tickets} - set(listed)
    for one in draft.tickets:
        name = one.ticket_id or ""
        told = replace(one, blocked_by=tuple(each for each in one.blocked_by if each not in absent))
        if name in absent:
            steps.skipped.append(name)
            steps.notes.append(f"{name}: was taken out of the plan, and is not brought in again")
        elif name not in listed:
            steps.new.append(told)
            graph[name] = list(told.blocked_by)
            steps.record[name] = taken_of(told, source)
        else:
            _compare(told, source, here, steps, graph)
    return steps


def _compare(one: DraftTicket, source: str, here: Here, steps: Steps, graph: dict[str, list[str]]) -> None:
    name = one.ticket_id or ""
    ticket, last, now = here.tickets.get(name), here.record.tickets.get(name), taken_of(one, source)
    if ticket is None:
        steps.skipped.append(name)
        steps.notes.append(f"{name}: its file cannot be read, left as it is")
        return
    if _is_another(ticket, last, now):
        steps.skipped.append(name)
        steps.notes.append(f"{name}: the plan has another ticket of that id ({ticket.linear_url or ticket.title})")
        return
    if ticket.status is Status.COMPLETE:
        steps.skipped.append(name)
        return
    fields = {field: getattr(ticket, field) for field in WORDS if field != "blocked_by"}
    change = changes(last, now, {**fields, "blocked_by": tuple(graph[name])})
    to = dict(change.to)
    if "blocked_by" in to and (circle := _circle(name, now.blocked_by, graph)):
        del to["blocked_by"]
        steps.notes.append(f"{' → '.join(circle)} would wait for each other: whom {name} waits for stays as it was")
    graph[name] = list(now.blocked_by) if "blocked_by" in to else graph[name]
    if change.kept:
        kept = ", ".join(WORDS[field] for field in change.kept)
        steps.notes.append(f"{name}: {kept} {_both(last)}; what the plan says stays")
    steps.record[name] = now
    steps.edits[name] = to
    if not to:
        steps.unchanged.append(name)


def _both(last: Taken | None) -> str:
    return "changed in the tracker, and in the plan, too" if last is not None else "in the plan is not the tracker's"


def _is_another(ticket: Ticket, last: Taken | None, now: Taken) -> bool:
    if last is not None:
        return bool(
            last.source != now.source and last.linear_url and now.linear_url and last.linear_url != now.linear_url
        )
    if ticket.linear_url and now.linear_url:
        return ticket.linear_url != now.linear_url
    return ticket.title != now.title


def _circle(name: str, blockers: Collection[str], graph: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    ways = (way(blocker, name, {**graph, name: ()}) for blocker in blockers)
    return next(((name, *found) for found in ways if found), ())


# -- writing ----------------------------------------------------------------------------------------------------------


def write(home: Home, here: Here, steps: Steps, source: str) -> None:
    """The record last: what was not recorded is found as it is by the next import."""
    for name, to in steps.edits.items():
        fields = {field: value for field, value in to.items() if field != "blocked_by"}
        if fields:
            _edit(home, Key(here.plan.id, name), fields, here)
    waits = {name: to["blocked_by"] for name, to in steps.edits.items() if "blocked_by" in to}
    if waits:
        PlanFiles(home.places, home.store).change(here.plan.id, lambda plan: _waiting(plan, waits, here))
    sources = tuple(dict.fromkeys((*here.record.sources, source)))
    record = Imported(sources, steps.record)
    if record != here.record:
        import_files.write(home.places, here.plan.id, record)


def _edit(home: Home, key: Key, fields: Mapping[str, object], here: Here) -> None:
    """What somebody has changed since it was looked at stays theirs."""
    seen = here.tickets[key.ticket]

    def decide(ticket: Ticket) -> Ticket:
        if ticket.status is Status.COMPLETE:
            return ticket
        still = {name: value for name, value in fields.items() if getattr(ticket, name) == getattr(seen, name)}
        return replace(ticket, **still)

    try:
        ticket_edit.edit(home.places, key, decide)
    except UnreadableError as error:
        home.logs.event("import_passed_over", key, "warning", reason=str(error))


def _waiting(plan: Plan, waits: Mapping[str, object], here: Here) -> Plan:
    before = {one.ticket_id: one.blocked_by for one in here.plan.tickets}
    entries = tuple(
        replace(one, blocked_by=waits[one.ticket_id])
        if one.ticket_id in waits and one.blocked_by == before.get(one.ticket_id)
        else one
        for one in plan.tickets
    )
    return replace(plan, tickets=entries)
