"""What has been spent, attempts in flight included, and what waits because of that.

The law: every attempt counts once. While its ticket's file does not have it, what was heard of it counts; of a day as
long as the ledger does not have it. Nothing is added up, and no file is read, before somebody has set a budget.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from orchestrator.adapters.state.ledger import Day, next_midnight
from orchestrator.core import spending
from orchestrator.core.board import Board
from orchestrator.core.budgets import Budgets
from orchestrator.core.model import Key, Plan, Ticket
from orchestrator.core.outcome import Outcome, Usage, total_of
from orchestrator.core.show.held import Held as Shown
from orchestrator.core.show.held import HeldOf
from orchestrator.core.show.holds import with_budgets
from orchestrator.core.spending import DAYS, NOTHING, Limit, Sum, SumOf
from orchestrator.core.turns.schedule import Step
from orchestrator.core.workflow import Phase

if TYPE_CHECKING:
    from orchestrator.engine.home import Home

NO_BUDGETS = Budgets()
LEAST_USD = 0.0001
"""An agent's program is not told to spend nothing: it has been decided that it starts."""


OVER_TODAY = "waits: its day budget is used up, goes on at midnight"


class Held(NamedTuple):
    """A budget that is used up, for which tickets wait."""

    name: str
    """As in `schedule.Step.accounts`."""
    limit: Limit
    usage: Usage
    plan: str
    until: float

    @property
    def words(self) -> str:
        return spending.hold_words(self.limit, self.usage, self.plan)

    @property
    def shown(self) -> Shown:
        """For somebody who looks on."""
        return Shown(self.what, self.until, "used up", self.words)

    @property
    def of_ticket(self) -> Shown:
        """For each ticket that waits for it."""
        goes_on = "" if self.until == inf else ", goes on at midnight"
        return Shown(self.what, self.until, "used up", f"waits: {self.what} is used up{goes_on}")

    @property
    def what(self) -> str:
        return spending.hold_what(self.limit, self.plan)


class Purse:
    def __init__(self, home: Home, board: Board) -> None:
        self._home, self._board = home, board
        self._today = Day(home.places)
        self._heard: dict[str, tuple[Key, Usage]] = {}
        """Of attempts that are not yet applied, by id."""
        self._unpriced: set[str | None] = set()
        self._silent: set[str] = set()

    @property
    def _config(self) -> Budgets:
        return self._home.settings.budgets

    @property
    def is_needed(self) -> bool:
        """Somebody has set a budget; one that is for a single ticket or phase costs nothing here."""
        return self._config != NO_BUDGETS or bool(self._board.budgeted) or bool(self._board.dated)

    # -- one attempt --------------------------------------------------------------------------------------------------

    def hear(self, attempt_id: str, key: Key, usage: Usage | None) -> None:
        """What an attempt has used until now."""
        if usage is not None:
            self._heard[attempt_id] = (key, usage)

    def heard(self, attempt_id: str) -> Usage | None:
        return self._heard[attempt_id][1] if attempt_id in self._heard else None

    def forget(self, attempt_id: str) -> None:
        """Its ticket has it now, or it is no longer ours."""
        self._heard.pop(attempt_id, None)

    def limits(self, ticket: Ticket, phase: Phase | None) -> tuple[Limit, ...]:
        """Those that apply to its attempt, as files and configuration say now."""
        ticket = self._board.tickets.get(ticket.key, ticket)
        rules = self._home.rules(ticket)
        return spending.limits_of(rules.budgets, rules.plan, ticket, phase)

    def reached(self, ticket: Ticket, phase: Phase, attempt_id: str) -> tuple[Limit, Usage] | None:
        """The first budget that this attempt and all before and beside it have used up."""
        sum_of = self._sums(ticket, attempt_id)
        limit = spending.first_reached(self.limits(ticket, phase), sum_of)
        return (limit, sum_of(limit)) if limit is not None else None

    def allowance(self, ticket: Ticket, phase: Phase, attempt_id: str) -> float | None:
        """Dollars that it may still cost; None: nobody limits it."""
        rest = spending.allowance(self.limits(ticket, phase), self._sums(ticket, attempt_id))
        return None if rest is None else max(round(rest, 4), LEAST_USD)

    def misses(self, key: Key, usage: Usage | None, model: str | None) -> bool:
        """Whether a budget in dollars does not see what an attempt has used; said once for each model."""
        if usage is None or usage.cost_usd is not None or not usage.tokens or model in self._unpriced:
            return False
        if not any(one.is_usd for one in self.limits(Ticket(plan_id=key.plan, ticket_id=key.ticket), None)):
            return False
        self._unpriced.add(model)
        return True

    def is_blind(self, key: Key, agent: str | None, outcome: Outcome) -> bool:
        """Whether there is a budget, and an agent that did its work told nothing that counts; said once for each."""
        if agent is None or agent in self._silent or outcome.ended != "success":
            return False
        usage, ticket = outcome.usage or NOTHING, Ticket(plan_id=key.plan, ticket_id=key.ticket)
        if usage.tokens or usage.cost_usd or not self.limits(ticket, None):
            return False
        self._silent.add(agent)
        return True

    # -- what is shared -----------------------------------------------------------------------------------------------

    def names(self, plan_id: str) -> tuple[str, ...]:
        """What an attempt of an agent in this plan needs besides its account."""
        return (f"plan:{plan_id}", f"day:{plan_id}", "day:") if self.is_needed else ()

    def needs(self, step: Step, plan_id: str) -> Step:
        """An agent's step, with what else must be free for it."""
        names = self.names(plan_id)
        if not names:
            return step
        stand_ins = tuple(replace(one, accounts=(*one.accounts, *names)) for one in step.stand_ins)
        return replace(step, accounts=(*step.accounts, *names), stand_ins=stand_ins)

    def held(self) -> dict[str, float]:
        """Of these names those that are held, until when (`inf`: until somebody raises something)."""
        held = {one.name: one.until for one in self.holds()}
        # no step names a ticket; but its midnight is to be woken up for
        return held | {f"day:{key}": self._until(limit) for key, limit in self.waiting().items()}

    def holds(self) -> Iterator[Held]:
        if not self.is_needed:
            return
        shared = self._config.per_plan_usd is None and self._config.per_plan_tokens is None
        plans = [self._board.plans[name] for name in self._board.budgeted] if shared else self._board.plans.values()
        seen = set()
        for plan in (*plans, _NOBODY):
            sum_of = self._sums(Ticket(plan_id=plan.id, ticket_id=""), None)
            for limit in spending.limits_of_plan(self._config, plan):
                name = spending.hold_name(limit, plan.id)
                if name not in seen and spending.is_reached(limit, usage := sum_of(limit)):
                    seen.add(name)
                    yield Held(name, limit, usage, plan.id, self._until(limit))

    def waiting(self) -> dict[Key, Limit]:
        """Tickets of which a budget is used up that they alone have, of their day or their plan: no agent works on
        them before midnight, or before it is raised."""
        return {key: limit for key in self._board.dated if (limit := self.own_is_over(self._board.tickets[key]))}

    def held_of(self, otherwise: HeldOf) -> HeldOf:
        """Why a ticket waits, for somebody who looks on."""
        if not self.is_needed:
            return otherwise
        holds = {one.name: one.of_ticket for one in self.holds()}
        own = {key: self._shown(key, limit) for key, limit in self.waiting().items()}
        return with_budgets(holds, own, self._home.rules, otherwise)

    def _shown(self, key: Key, limit: Limit) -> Shown:
        if limit.sum in DAYS:
            return Shown("day budget", self._until(limit), "used up", OVER_TODAY)
        usage = self._sums(self._board.tickets[key], None)(limit)
        what, words = spending.hold_what(limit, key.plan), spending.hold_words(limit, usage, key.plan)
        return Shown(what, self._until(limit), "used up", f"waits: {words}")

    def own_is_over(self, ticket: Ticket) -> Limit | None:
        """Of the budgets that it alone has the one that is used up."""
        if ticket.key not in self._board.dated:
            return None
        own = spending.own_of(self.limits(ticket, None))
        return spending.first_reached(own, self._sums(ticket, None))

    def _until(self, limit: Limit) -> float:
        return next_midnight(time.time()) if limit.sum in DAYS else inf

    def cost_of_plan(self, plan_id: str) -> float | None:
        """In dollars, of what has ended; None: nobody told anything."""
        usage = self._board.spent(plan_id)
        return usage.cost_usd if usage is not None else None

    # -- sums ---------------------------------------------------------------------------------------------------------

    def _sums(self, ticket: Ticket, attempt_id: str | None) -> SumOf:
        key = ticket.key

        def sum_of(limit: Limit) -> Usage:
            if limit.sum in DAYS:
                return self._of_day(limit.sum, key)
            if limit.sum is Sum.PLAN:
                return _all([self._board.spent(key.plan), *self._unsaved(None, key.plan)])
            if limit.sum is Sum.TICKET:
                known = self._board.tickets.get(key, ticket)
                return _all([known.usage, *self._unsaved(key, key.plan)])
            return self.heard(attempt_id or "") or NOTHING

        return sum_of

    def _unsaved(self, key: Key | None, plan: str) -> Iterator[Usage]:
        """What was heard of attempts that are still open in their ticket's file."""
        for attempt_id, (of, usage) in self._heard.items():
            ticket = self._board.tickets.get(of)
            is_open = ticket is not None and ticket.attempt is not None and ticket.attempt.id == attempt_id
            if is_open and of.plan == plan and key in (None, of):
                yield usage

    def _of_day(self, sum_: Sum, key: Key) -> Usage:
        today = self._today
        today.read_on(time.time())
        booked = {
            Sum.DAY: today.total,
            Sum.PLAN_DAY: today.of_plan.get(key.plan),
            Sum.TICKET_DAY: today.of_ticket.get(key),
        }[sum_]
        return _all([booked, *(usage for of, usage in self._unbooked() if sum_ is Sum.DAY or _is_about(sum_, of, key))])

    def _unbooked(self) -> Iterator[tuple[Key, Usage]]:
        return (heard for attempt_id, heard in self._heard.items() if attempt_id not in self._today.attempts)


_NOBODY = Plan(id="")
"""What the configuration says about a day applies without any plan."""


def _is_about(sum_: Sum, of: Key, key: Key) -> bool:
    return of == key if sum_ is Sum.TICKET_DAY else of.plan == key.plan


def _all(usages: Iterable[Usage | None]) -> Usage:
    return total_of(usages) or NOTHING
