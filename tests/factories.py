"""Small builders for records: a test names what matters to it, the rest is filled in."""

from __future__ import annotations

from typing import Any

from orchestrator.core.model import Plan, PlanEntry, Ticket
from orchestrator.core.workflow import AgentPhase, Phase, PollPhase, ScriptPhase, TerminalPhase, Workflow

AT = 1_800_000_000.0
"""A moment, in epoch seconds, for tests that need one."""


def ticket(ticket_id: str = "T-1", plan_id: str = "p1", **fields: Any) -> Ticket:
    """A queued ticket of plan p1 in the workflow of `workflow()`."""
    given = {"title": f"Title of {ticket_id}", "workflow": "w", **fields}
    return Ticket(plan_id=plan_id, ticket_id=ticket_id, **given)


def entry(ticket_id: str, *blocked_by: str, order: float = 0) -> PlanEntry:
    return PlanEntry(ticket_id=ticket_id, blocked_by=blocked_by, order=order)


def plan(*tickets: str | PlanEntry, id: str = "p1", **fields: Any) -> Plan:
    """An active plan; tickets are given by id, or as `entry(…)` when they have blockers."""
    entries = tuple(entry(one) if isinstance(one, str) else one for one in tickets)
    return Plan(id=id, tickets=entries, **{"name": id, "created_at": "2026-11-01T09:00:00.000Z", **fields})


def script(id: str, on_success: str | None = None, **fields: Any) -> ScriptPhase:
    return ScriptPhase(id=id, on_success=on_success, **{"command": "run.sh", **fields})


def agent(id: str, on_success: str | None = None, **fields: Any) -> AgentPhase:
    return AgentPhase(id=id, on_success=on_success, **{"prompt_template": f"{id}.md", **fields})


def poll(id: str, on_success: str | None = None, **fields: Any) -> PollPhase:
    return PollPhase(id=id, on_success=on_success, **{"command": "check.sh", **fields})


def terminal(id: str = "done", **fields: Any) -> TerminalPhase:
    return TerminalPhase(id=id, **fields)


def workflow(*phases: Phase, name: str = "w", **fields: Any) -> Workflow:
    """Without phases: one script phase `work`, then the terminal phase `done`."""
    return Workflow(name=name, phases=phases or (script("work", "done"), terminal()), **fields)
