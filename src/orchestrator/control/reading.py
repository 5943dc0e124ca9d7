"""Reading plans and tickets once, for one command. Nothing here is kept, and nothing is changed."""

from __future__ import annotations

import time

from orchestrator.adapters.places import Places
from orchestrator.adapters.state.bulk import load
from orchestrator.adapters.state.index import Index
from orchestrator.core.board import Board, blocker_key
from orchestrator.core.model import ID_PATTERN, Key, Plan, Ticket
from orchestrator.core.problems import did_you_mean
from orchestrator.errors import NotFoundError, UnreadableError, UsageError

LOOK_SECONDS = 0.05


def ticket_key(plan_id: str, ticket_id: str) -> Key:
    """Raises UsageError: before a path is made of it."""
    return Key(checked_id("plan", plan_id), checked_id("ticket", ticket_id))


def checked_id(kind: str, text: str) -> str:
    if not ID_PATTERN.match(text):
        raise UsageError(
            f'"{text}" cannot be a {kind} id: it begins with a letter or digit, then come letters, digits, '
            "dots, dashes and underscores, at most 128"
        )
    return text


def everything(places: Places, keep: dict[str, bytes] | None = None) -> Index:
    """The board as the files are now. A file that does not parse is read again for a second, as anywhere.

    `keep`: gets the content of ticket files.
    """
    index = Index(places)
    load(index, keep)
    settle(index)
    return index


def one_plan(places: Places, plan_id: str) -> Index:
    index = Index(places)
    index.touch([str(places.tickets(plan_id))])
    settle(index)
    return index


def settle(index: Index) -> None:
    while index.doubtful:
        time.sleep(LOOK_SECONDS)
        index.settle()


def waits_for(places: Places, key: Key) -> list[tuple[Key, str]]:
    """The blockers of one ticket that are not complete, each with its state; reads only them.

    Raises NotFoundError, UnreadableError: plan.json.
    """
    index = Index(places)
    plan_file = str(places.plan_file(key.plan))
    look(index, plan_file)
    plan = index.board.plans.get(key.plan)
    if plan is None:
        raise unusable(index, plan_file, f'there is no plan "{key.plan}" in {places.plans}')
    entry = next((entry for entry in plan.tickets if entry.ticket_id == key.ticket), None)
    blockers = [blocker_key(key.plan, name) for name in entry.blocked_by] if entry else []
    for blocker in blockers:
        if ID_PATTERN.match(blocker.plan) and ID_PATTERN.match(blocker.ticket):
            look(index, str(places.ticket_file(blocker)))
    return [(blocker, _state(index.board, blocker)) for blocker in index.board.waits_for(key)]


def plan_or_none(places: Places, plan_id: str) -> Plan | None:
    """None: there is none that can be used."""
    index = Index(places)
    look(index, str(places.plan_file(plan_id)))
    return index.board.plans.get(plan_id)


def look(index: Index, path: str) -> None:
    index.look(path)
    settle(index)


def unusable(
    index: Index, path: str, absent: str, hint: str = "status` lists the plans"
) -> NotFoundError | UnreadableError:
    """What is wrong with a file that is not on the board."""
    problems = index.problems.get(path)
    if problems:
        return UnreadableError("\n".join(str(problem) for problem in problems))
    return NotFoundError(f"{absent}; `orchestrator {hint}")


def _state(board: Board, key: Key) -> str:
    ticket = board.tickets.get(key)
    return "no such ticket" if ticket is None else str(ticket.status)


def existing_ticket(places: Places, key: Key) -> Ticket:
    """Raises NotFoundError, UnreadableError."""
    index = Index(places)
    file = places.ticket_file(key)
    look(index, str(file))
    ticket = index.board.tickets.get(key)
    if ticket is not None:
        return ticket
    if not places.plan_file(key.plan).exists():
        raise NotFoundError(f'there is no plan "{key.plan}" in {places.plans}; `orchestrator status` lists the plans')
    near = did_you_mean(key.ticket, [path.stem for path in places.tickets(key.plan).glob("*.json")])
    absent = f'plan {key.plan} has no ticket "{key.ticket}"{f" ({near})" if near else ""}'
    raise unusable(index, str(file), absent, f"status --plan {key.plan}` lists its tickets")
