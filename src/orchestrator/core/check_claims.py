"""What is wrong, or may surprise, in what tickets touch and are stacked on: small named rules of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from orchestrator.core.cycles import address
from orchestrator.core.globs import overlap
from orchestrator.core.model import Key, Ticket
from orchestrator.core.problems import Problem
from orchestrator.core.stack import PR_NUMBER, may_stack

if TYPE_CHECKING:
    from orchestrator.core.check_plan import Scope

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


def overlaps(scope: Scope) -> Iterator[Problem]:
    """A hint: they wait for each other, and nobody has said who goes first."""
    if scope.plan.allow_overlap:
        return
    found = [(name, one) for name, one in scope.open_tickets if one.touches and name in scope.entries][:COMPARED]
    before: dict[str, frozenset[str]] = {}
    hints = 0
    for (a, one), (b, other) in combinations(found, 2):
        if (one.repo or scope.plan.repo) != (other.repo or scope.plan.repo):
            continue
        globs = overlap(one.touches, other.touches)
        if globs is None or b in _before(scope, a, before) or a in _before(scope, b, before):
            continue
        hints += 1
        if hints > MAX_HINTS:
            return
        what = f'touches the same files as {b} ("{globs[0]}", "{globs[1]}"): one waits until the other has ended'
        hint = "say by blockedBy who goes first, or allow it by allowOverlap in plan.json"
        yield Problem(scope.ticket(a), what, "warning", hint)


def _before(scope: Scope, name: str, known: dict[str, frozenset[str]]) -> frozenset[str]:
    """Tickets of the plan that are complete before it starts."""
    if name not in known:
        known[name] = frozenset(_blockers_of(scope.entries, name))
    return known[name]


def _blockers_of(entries: Mapping[str, object], name: str) -> set[str]:
    found: set[str] = set()
    left = [name]
    while left:
        for blocker in getattr(entries.get(left.pop()), "blocked_by", ()):
            if blocker not in found:
                found.add(blocker)
                left.append(blocker)
    return found
