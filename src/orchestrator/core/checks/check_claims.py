"""What is wrong, or may surprise, in what tickets touch and are stacked on: small named rules of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, islice
from typing import TYPE_CHECKING

from orchestrator.core.checks.cycles import address
from orchestrator.core.model import Key, Plan, Status, Ticket
from orchestrator.core.problems import Problem
from orchestrator.core.turns.globs import overlap
from orchestrator.core.turns.stack import PR_NUMBER, may_stack

if TYPE_CHECKING:
    from orchestrator.core.checks.check_plan import Scope

COMPARED = 200
"""So many tickets are compared with each other."""
MAX_HINTS = 10


def stacks(scope: Scope) -> Iterator[Problem]:
    """A stack that would never be one."""
    for name, ticket in scope.open_tickets:
        entry = scope.entries.get(name)
        if entry is None or not may_stack(scope.plan, ticket):
            continue
        if not entry.blocked_by:
            if ticket.stack:
                yield _useless(scope, name, "nothing blocks it", "name its blocker in blockedBy of plan.json")
            continue
        blockers = {address(one, scope.folder) for one in entry.blocked_by}
        reasons = [_why_not(scope, ticket, key) for key in sorted(blockers)]
        if all(reasons) and (ticket.stack or len(reasons) == 1):
            yield _useless(scope, name, reasons[0] or "", "it starts when its blockers are complete")


def _useless(scope: Scope, name: str, why: str, hint: str) -> Problem:
    return Problem(scope.ticket(name), f"stack has no effect: {why}", "warning", hint)


def _why_not(scope: Scope, ticket: Ticket, key: Key) -> str | None:
    """Why it cannot be stacked on this blocker; None: it can, or nobody knows."""
    blocker = scope.tickets.get(key.ticket) if key.plan == scope.folder else None
    if blocker is None:
        return None
    repos = {one.repo or scope.plan.repo for one in (ticket, blocker)}
    if len(repos) > 1:
        return f"its blocker {key.ticket} is of another repository"
    workflow = (scope.known.workflows or {}).get(blocker.workflow or scope.plan.workflow or "")
    if workflow is not None and PR_NUMBER not in workflow.captured_names():
        return f"its blocker {key.ticket} opens no pull request (workflow {workflow.name} captures no {PR_NUMBER})"
    return None


def overlap_hints(plan: Plan, tickets: Iterable[Ticket]) -> Iterator[Problem]:
    """Which tickets would wait for each other, and nobody has said who goes first. No fault: only a check tells it."""
    if plan.allow_overlap:
        return
    blockers = {entry.ticket_id: entry.blocked_by for entry in plan.tickets}
    found = [one for one in tickets if one.touches and one.status is not Status.COMPLETE and one.ticket_id in blockers]
    before = {one.ticket_id: _all_before(blockers, one.ticket_id) for one in found[:COMPARED]}
    yield from islice(_overlaps(plan, found[:COMPARED], before), MAX_HINTS)


def _overlaps(plan: Plan, found: list[Ticket], before: Mapping[str, set[str]]) -> Iterator[Problem]:
    for one, other in combinations(found, 2):
        globs = overlap(one.touches, other.touches)
        if globs is None or (one.repo or plan.repo) != (other.repo or plan.repo):
            continue
        if other.ticket_id in before[one.ticket_id] or one.ticket_id in before[other.ticket_id]:
            continue
        pair = f'"{globs[0]}", "{globs[1]}"'
        what = f"touches the same files as {other.ticket_id} ({pair}): one waits until the other has ended"
        hint = "say by blockedBy who goes first, or allow it by allowOverlap in plan.json"
        yield Problem(f"ticket {one.key}", what, "warning", hint)


def _all_before(blockers: Mapping[str, tuple[str, ...]], name: str) -> set[str]:
    """Tickets of the plan that are complete before it starts."""
    found: set[str] = set()
    left = [name]
    while left:
        for blocker in blockers.get(left.pop(), ()):
            if blocker not in found:
                found.add(blocker)
                left.append(blocker)
    return found
