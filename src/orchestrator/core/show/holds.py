"""Which tickets wait for an account that is held: those whose next step is an agent's that nobody may do now. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.core.accounts import Account
from orchestrator.core.model import Status, Ticket, should_be
from orchestrator.core.rules import Rules, agent_of
from orchestrator.core.show.held import Held, HeldOf, nobody
from orchestrator.core.times import epoch_or
from orchestrator.core.workflow import AgentPhase

ANY_LIMIT = "usage limit"


def as_held(one: Account) -> Held:
    return Held(one.account, epoch_or(one.until, 0), one.limit or ANY_LIMIT)


def held_now(accounts: Mapping[str, Account], now: float) -> list[Account]:
    """Those that are free again first."""
    return sorted((one for one in accounts.values() if one.is_held(now)), key=lambda one: (one.frees_at, one.account))


def held_of(accounts: Mapping[str, Account], rules_of: Callable[[Ticket], Rules], now: float) -> HeldOf:
    """Asked of one ticket after the other."""
    held = {one.account: as_held(one) for one in held_now(accounts, now)}

    def of(ticket: Ticket) -> Held | None:
        if ticket.attempt is not None or should_be(ticket) not in (Status.READY, Status.QUEUED):
            return None
        rules = rules_of(ticket)
        phase = rules.workflow.phase(ticket.current_phase or rules.workflow.first or "")
        if not isinstance(phase, AgentPhase):
            return None
        agent = agent_of(rules, phase, ticket)
        found = [held.get(rules.account_of(one)) for one in (agent, *rules.stand_ins.get(agent, ()))]
        waits = [one for one in found if one is not None]
        return min(waits, key=lambda one: one.until) if len(waits) == len(found) else None

    return of if held else nobody
