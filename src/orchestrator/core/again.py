"""Asking again: what an agent is told in its own session before an outcome counts against it.

The law: once in a session. No retry is spent and nothing is added to the history, for the try goes on: the agent knows
what it has done, and one sentence may be all that is missing. The second time the outcome counts. It is one save, so a
crash, a pause or a stop in between changes nothing: the session and the words stay in the visit until they are said.
"""

from __future__ import annotations

from msgspec.structs import replace

from orchestrator.core.model import Attempt, Ticket
from orchestrator.core.outcome import COSTS, Outcome
from orchestrator.core.rules import Rules
from orchestrator.core.workflow import AgentPhase


def may_ask(rules: Rules, t: Ticket, a: Attempt | None, outcome: Outcome) -> bool:
    """Whether this outcome of attempt `a` is answered by asking again, instead of counting."""
    if not outcome.again or not COSTS[outcome.kind].spends_retry or a is None or t.visit is None or t.visit.asked:
        return False
    goes_on = bool(outcome.session or a.session) and not outcome.fresh
    return goes_on and isinstance(rules.workflow.phase(a.phase), AgentPhase)


def asked(t: Ticket, a: Attempt, outcome: Outcome) -> Ticket:
    """The next attempt goes on in the session of `a`, and begins with these words."""
    assert t.visit is not None
    session = outcome.session or a.session
    return replace(t, visit=replace(t.visit, session=session, agent=a.agent, say=outcome.again, asked=True))


def was_asked(before: Ticket, after: Ticket) -> bool:
    """Whether the end of an attempt was answered by asking again."""
    is_asked = after.visit is not None and after.visit.asked
    return is_asked and before.visit is not None and not before.visit.asked
