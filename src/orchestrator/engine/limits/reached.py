"""Tells that a budget is used up: in the log once for each runner, and in a notice once for each budget and amount.

Who raises it and uses it up again is told again; so is who does it on another day.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from orchestrator.adapters.state.ledger import day_of
from orchestrator.core import spending
from orchestrator.core.model import Plan, Ticket
from orchestrator.core.spending import NOTHING, Limit, Sum
from orchestrator.engine.home import Home
from orchestrator.engine.limits.purse import Held
from orchestrator.engine.telling import notices


class Crier:
    """What was told, as long as it is so."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._told: dict[str, float] = {}

    def tell(self, holds: Iterable[Held]) -> None:
        now = {one.name: one for one in holds}
        for name in self._told.keys() - now.keys():
            self._home.logs.event("budget_free", None, budget=name)
        for name, one in now.items():
            if self._told.get(name) != one.limit.amount:
                self._tell(one)
        self._told = {name: one.limit.amount for name, one in now.items()}

    def _tell(self, one: Held) -> None:
        about = {Sum.DAY: None, Sum.PLAN: one.plan, Sum.PLAN_DAY: one.plan}.get(one.limit.sum)
        known = {} if about is None else {"plan": about}
        self._home.logs.event("budget_reached", None, "warning", reason=one.words, **known)
        day = "" if one.limit.sum is Sum.PLAN else f" {day_of(time.time())}"
        budget = f"{'day' if about is None else f'plan {about}'}{day} {_amount(one.limit)}"
        plan = None if about is None else self._home.plans.get(about) or Plan(id=about)
        notices.budget_reached(self._home, budget, one.words, one.usage.cost_usd or 0.0, plan=plan)


def tell_ticket(home: Home, ticket: Ticket, text: str) -> None:
    """It needs attention because its budget is used up."""
    usage, rules = ticket.usage or NOTHING, home.rules(ticket)
    own = [one for one in spending.limits_of(rules.budgets, rules.plan, ticket, None) if one.sum is Sum.TICKET]
    limit = spending.first_reached(own, lambda _: usage)
    if limit is not None:
        budget = f"ticket {ticket.key} {_amount(limit)}"
        notices.budget_reached(home, budget, text, usage.cost_usd or 0.0, ticket=ticket, plan=rules.plan)


def _amount(limit: Limit) -> str:
    return f"{limit.key} {limit.amount:g}"
