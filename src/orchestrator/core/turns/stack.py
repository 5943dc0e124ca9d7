"""Stacks: a ticket that starts on the branch of the one that blocks it, before that is merged. Pure.

The law: only an open pull request may be stacked on, and of several blockers only the last that is not complete. A
ticket is on one blocker for good, chosen when it starts, and is never merged before it.
"""

from __future__ import annotations

from orchestrator.core.model import Key, Plan, Status, Ticket

PR_NUMBER = "pr_number"
"""Captured by the phase that opens the pull request."""


def may_stack(plan: Plan | None, ticket: Ticket | None) -> bool:
    """Whether somebody wants it to start before its blocker is merged."""
    if ticket is None:
        return False
    return ticket.stack if ticket.stack is not None else plan is not None and plan.stack


def carries(blocker: Ticket | None) -> bool:
    """Whether work can start on its branch: its pull request is there, and it is not given up."""
    if blocker is None or not blocker.branch or not blocker.context.get(PR_NUMBER):
        return False
    return blocker.status not in (Status.FAILED, Status.NEEDS_ATTENTION)


def is_on(ticket: Ticket, blocker: Key) -> bool:
    """Whether it has started there."""
    return ticket.stacked_on == str(blocker)


def has_begun(ticket: Ticket) -> bool:
    return ticket.attempts > 0 or bool(ticket.phase_history)


def merge_reason(blocker: Key, of: Ticket) -> str:
    name = blocker.ticket if blocker.plan == of.plan_id else str(blocker)
    return f"is stacked on {name}, which is merged first"
