"""What may surprise in what tickets are stacked on: small named rules of a plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.core.checks.cycles import address
from orchestrator.core.model import Key, Ticket
from orchestrator.core.problems import Problem
from orchestrator.core.turns.stack import PR_NUMBER, may_stack

if TYPE_CHECKING:
    from orchestrator.core.checks.check_plan import Scope


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
