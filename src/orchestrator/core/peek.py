"""Looking one step ahead, without taking it."""

from __future__ import annotations

from orchestrator.core.again import may_ask
from orchestrator.core.model import Ticket
from orchestrator.core.outcome import Outcome
from orchestrator.core.route import Way, lead
from orchestrator.core.rules import Rules, agent_of
from orchestrator.core.workflow import AgentPhase, Phase


def next_phase(rules: Rules, ticket: Ticket, outcome: Outcome) -> Phase | None:
    """The phase that this outcome would lead to; None: it leads to the end."""
    phase = rules.workflow.phase(ticket.current_phase or "")
    if phase is None:
        return None
    way, target = lead(phase, outcome, ticket.retries.get(phase.id, 0))
    if may_ask(rules, ticket, ticket.attempt, outcome):
        way = Way.RETRY
    return phase if way is Way.RETRY else rules.workflow.phase(target) if way is Way.ENTER and target else None


def next_agent(rules: Rules, ticket: Ticket, outcome: Outcome) -> str | None:
    """The agent that the phase after this outcome would need; None when it needs none."""
    following = next_phase(rules, ticket, outcome)
    if not isinstance(following, AgentPhase):
        return None
    return agent_of(rules, following, ticket)
