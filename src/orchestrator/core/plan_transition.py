"""The only place where a plan's status changes. The law is the same as for tickets: a missing row is the error."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from orchestrator.core.model import Plan, PlanStatus
from orchestrator.errors import IllegalTransitionError

PlanEvent = Literal["pause", "resume", "complete", "reopen"]

PLAN_TABLE: dict[tuple[PlanStatus, PlanEvent], PlanStatus] = {
    (PlanStatus.ACTIVE, "pause"): PlanStatus.PAUSED,
    (PlanStatus.PAUSED, "pause"): PlanStatus.PAUSED,
    (PlanStatus.PAUSED, "resume"): PlanStatus.ACTIVE,
    (PlanStatus.ACTIVE, "resume"): PlanStatus.ACTIVE,
    (PlanStatus.ACTIVE, "complete"): PlanStatus.COMPLETE,
    (PlanStatus.PAUSED, "complete"): PlanStatus.COMPLETE,
    (PlanStatus.COMPLETE, "complete"): PlanStatus.COMPLETE,
    # only a command (skip, retry, adding a ticket) reopens a plan
    (PlanStatus.COMPLETE, "reopen"): PlanStatus.ACTIVE,
    (PlanStatus.ACTIVE, "reopen"): PlanStatus.ACTIVE,
    (PlanStatus.PAUSED, "reopen"): PlanStatus.PAUSED,
}


def plan_transition(plan: Plan, event: PlanEvent) -> Plan:
    """The plan after the event; the same object when nothing changes. Raises IllegalTransitionError."""
    status = PLAN_TABLE.get((plan.status, event))
    if status is None:
        can = sorted({name for (before, name) in PLAN_TABLE if before is plan.status and name in ("pause", "resume")})
        hint = f"possible: {', '.join(can)}" if can else "retry or skip one of its tickets to reopen it"
        raise IllegalTransitionError(f"cannot {event} plan {plan.id}: it is {plan.status} ({hint})")
    return plan if status is plan.status else replace(plan, status=status)
