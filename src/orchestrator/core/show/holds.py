"""Which tickets wait for an account that is held, or a budget that is used up. Pure.

Those are meant whose next step is an agent's that nobody may do now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.core.accounts import Account
from orchestrator.core.model import Key, Status, Ticket, should_be
from orchestrator.core.rules import Rules, agent_of
from orchestrator.core.show.held import Held, HeldOf, nobody
from orchestrator.core.times import epoch_or
from orchestrator.core.workflow import AgentPhase

ANY_LIMIT = "usage limit"
RulesOf = Callable[[Ticket], Rules]


def as_held(one: Account) -> Held:
    return Held(one.account, epoch_or(one.until, 0), one.limit or ANY_LIMIT, frees_at=one.frees_at or 0)


def held_now(accounts: Mapping[str, Account], now: float) -> list[Account]:
    """Those that are free again first."""
    return sorted((one for one in accounts.values() if one.is_held(now)), key=lambda one: (one.frees_at, one.account))


def held_of(accounts: Mapping[str, Account], rules_of: RulesOf, now: float) -> HeldOf:
    """Asked of one ticket after the other."""
    held = {one.account: as_held(one) for one in held_now(accounts, now)}

    def of(ticket: Ticket) -> Held | None:
        rules = rules_of(ticket)
        phase = _agents_turn(rules, ticket)
        if phase is None:
            return None
        agent = agent_of(rules, phase, ticket)
        found = [held.get(rules.account_of(one)) for one in (agent, *rules.stand_ins.get(agent, ()))]
        waits = [one for one in found if one is not None]
        return min(waits, key=lambda one: one.until) if len(waits) == len(found) else None

    return of if held else nobody


def with_budgets(holds: Mapping[str, Held], days: Mapping[Key, Held], rules_of: RulesOf, otherwise: HeldOf) -> HeldOf:
    """The same where budgets are used up: by what the schedule calls them, and by ticket."""

    def of(ticket: Ticket) -> Held | None:
        names = (f"plan:{ticket.plan_id}", f"day:{ticket.plan_id}", "day:")
        found = next((holds[name] for name in names if name in holds), None) or days.get(ticket.key)
        if found is not None and _agents_turn(rules_of(ticket), ticket) is not None:
            return found
        return otherwise(ticket)

    return of if holds or days else otherwise


def _agents_turn(rules: Rules, ticket: Ticket) -> AgentPhase | None:
    """The phase, if an agent is what the ticket waits for."""
    if ticket.attempt is not None or should_be(ticket) not in (Status.READY, Status.QUEUED):
        return None
    phase = rules.workflow.phase(ticket.current_phase or rules.workflow.first or "")
    return phase if isinstance(phase, AgentPhase) else None
