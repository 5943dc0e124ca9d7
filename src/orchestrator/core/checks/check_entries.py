"""What is wrong with ids, files and what plan.json lists of them: small named rules of a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from orchestrator.core.model import ID_PATTERN, PlanStatus
from orchestrator.core.problems import Problem, did_you_mean

if TYPE_CHECKING:
    from orchestrator.core.checks.check_plan import Scope

MAX_HINTS = 5
"""Suggestions per rule: each looks at every name there is."""

MAX_NAMED = 20
"""Tickets that a message names."""

ENTRY = "entry"
"""The key of problems that are about what plan.json says of a ticket."""


def wrong_ids(scope: Scope) -> Iterator[Problem]:
    pattern = "an id begins with a letter or digit; then letters, digits, . _ -, at most 128"
    if not ID_PATTERN.match(scope.folder):
        yield Problem(scope.where, f'"{scope.folder}" cannot be a plan id', hint=pattern, key="id")
    if scope.plan.id != scope.folder:
        what = f'its id "{scope.plan.id}" disagrees with its folder "{scope.folder}"'
        yield Problem(scope.where, what, hint=f'write "id": "{scope.folder}", or rename the folder', key="id")
    for name in dict.fromkeys([*scope.tickets, *scope.entries]):
        if not ID_PATTERN.match(name):
            yield Problem(scope.ticket(name), f'"{name}" cannot be a ticket id', hint=pattern, key="ticketId")
    for name, ticket in scope.tickets.items():
        if ticket is not None and ticket.key != (scope.folder, name):
            what = f'its planId and ticketId say "{ticket.key}", its path says "{scope.folder}/{name}"'
            hint = f'write "planId": "{scope.folder}" and "ticketId": "{name}", or rename the file'
            yield Problem(scope.ticket(name), what, hint=hint, key="ticketId")


def entries_twice(scope: Scope) -> Iterator[Problem]:
    if len(scope.entries) == len(scope.plan.tickets):
        return
    for name, times in Counter(entry.ticket_id for entry in scope.plan.tickets).items():
        if times > 1:
            hint = "the first counts; remove the others, or give them ids of their own"
            yield Problem(scope.ticket(name), f"plan.json lists it {times} times", hint=hint, key=ENTRY)


def entries_without_file(scope: Scope) -> Iterator[Problem]:
    names = [name for name in scope.entries if name not in scope.tickets]
    spare = [name for name in scope.tickets if name not in scope.entries] if names else []
    for name, near in _hinted(names, spare):
        hint = near or "write that file, or take the entry out of plan.json"
        what = f"plan.json lists it, but there is no tickets/{name}.json"
        yield Problem(scope.ticket(name), what, hint=hint, key=ENTRY)


def files_without_entry(scope: Scope) -> Iterator[Problem]:
    for name in scope.tickets:
        if name not in scope.entries:
            hint = f'add {{"ticketId": "{name}", "order": 1, "blockedBy": []}} to tickets in plan.json'
            yield Problem(scope.ticket(name), "plan.json does not list it, so it never starts", hint=hint)


def left_behind(scope: Scope) -> Iterator[Problem]:
    """Nothing but a command reopens a plan, so what was added to a complete one by hand would wait for ever."""
    names = [name for name, _ in scope.open_tickets if name in scope.entries]
    if scope.plan.status is PlanStatus.COMPLETE and names:
        more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
        what = f"is complete, so these never start: {', '.join(names[:MAX_NAMED])}{more}"
        hint = 'set its status to "active", or skip them to the phase they begin in'
        yield Problem(scope.where, what, hint=hint, key="status")


def _hinted(names: list[str], known: Collection[str]) -> Iterator[tuple[str, str | None]]:
    for i, name in enumerate(names):
        yield name, did_you_mean(name, known) if i < MAX_HINTS else None
