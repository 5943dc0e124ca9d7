"""Which budgets apply to an attempt, whether one of them is used up, and the words for that. Pure: sums come in.

The law: of an attempt, a ticket and a plan the most specific word counts (phase, ticket, plan, configuration); what a
ticket says of its plan counts besides, for that ticket alone. What is written about a day is about what wrote it: the
configuration's about all, a plan's about that plan, a ticket's about that ticket. A budget is reached when what was
spent is no less than it; then no further attempt begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from orchestrator.core.budgets import Budgets
from orchestrator.core.model import Plan, Ticket
from orchestrator.core.outcome import Outcome, OutcomeKind, Usage, dollars
from orchestrator.core.workflow import AgentPhase, Phase

REACHED = "budget reached: "
"""How every reason begins that a budget gives."""
NOTHING = Usage()
ENOUGH = 1e-9
"""What fractions may be off by."""


class Sum(StrEnum):
    """What is added up against a limit, the narrowest first."""

    ATTEMPT = "attempt"
    TICKET = "ticket"
    PLAN = "plan"
    TICKET_DAY = "day of the ticket"
    PLAN_DAY = "day of the plan"
    DAY = "day"


DAYS = frozenset({Sum.TICKET_DAY, Sum.PLAN_DAY, Sum.DAY})
"""They go on at midnight."""


class Limit(NamedTuple):
    """One budget that applies."""

    key: str
    """As it is written: `perTicketUsd`."""
    sum: Sum
    amount: float
    owner: str
    """Who says it: `phase implement`, `ticket first/T-1`, `plan first` or `config`."""

    @property
    def is_usd(self) -> bool:
        return self.key.endswith("Usd")

    @property
    def is_of_ticket(self) -> bool:
        return self.owner.startswith("ticket ")

    @property
    def place(self) -> str:
        """Where it is to be raised."""
        kind, _, name = self.owner.partition(" ")
        plan, _, ticket = name.partition("/")
        files = {"config": "config.yaml", "plan": f"plan.json of {name}", "ticket": f"{ticket}.json of plan {plan}"}
        return files.get(kind, f"its workflow ({self.owner})")

    def spent(self, usage: Usage) -> float:
        """What of `usage` counts against it. A cost that nobody knows counts as none."""
        return (usage.cost_usd or 0.0) if self.is_usd else usage.tokens

    def shown(self, amount: float) -> str:
        return dollars(amount) if self.is_usd else f"{amount:,.0f} token{'' if amount == 1 else 's'}"


SumOf = Callable[[Limit], Usage]
"""What was spent of what a limit is about, attempts in flight included."""


# -- which apply ------------------------------------------------------------------------------------------------------


def limits_of(config: Budgets, plan: Plan, ticket: Ticket, phase: Phase | None) -> tuple[Limit, ...]:
    """Those of one attempt of an agent, the narrowest first."""
    if config == _NONE and plan.budgets is None and ticket.budgets is None and _max_cost(phase) is None:
        return ()
    return tuple(_limits(config, plan, ticket, phase))


def own_of(limits: Iterable[Limit]) -> Iterator[Limit]:
    """Of all those for which this ticket alone waits: what it says of its day and of its plan."""
    return (one for one in limits if one.sum is Sum.TICKET_DAY or (one.sum is Sum.PLAN and one.is_of_ticket))


def limits_of_plan(config: Budgets, plan: Plan) -> tuple[Limit, ...]:
    """Those that its tickets share: of the plan, of its day, and of the day."""
    if config == _NONE and plan.budgets is None:
        return ()
    shared = (Sum.PLAN, Sum.PLAN_DAY, Sum.DAY)
    return tuple(one for one in _limits(config, plan, Ticket(plan_id=plan.id, ticket_id=""), None) if one.sum in shared)


_NONE = Budgets()


def _max_cost(phase: Phase | None) -> float | None:
    return phase.max_cost_usd if isinstance(phase, AgentPhase) else None


def _limits(config: Budgets, plan: Plan, ticket: Ticket, phase: Phase | None) -> Iterator[Limit]:
    owners = (
        (f"ticket {ticket.key}", ticket.budgets or _NONE),
        (f"plan {plan.id}", plan.budgets or _NONE),
        ("config", config),
    )
    if phase is not None and (most := _max_cost(phase)) is not None:
        yield Limit("maxCostUsd", Sum.ATTEMPT, most, f"phase {phase.id}")
        yield from _nearest("perAttemptTokens", Sum.ATTEMPT, owners)
    else:
        yield from _nearest_of("perAttempt", Sum.ATTEMPT, owners)
    yield from _nearest_of("perTicket", Sum.TICKET, owners)
    yield from _nearest_of("perPlan", Sum.PLAN, owners[1:])
    yield from _nearest_of("perPlan", Sum.PLAN, owners[:1])
    for of_day, owner in zip((Sum.TICKET_DAY, Sum.PLAN_DAY, Sum.DAY), owners, strict=True):
        yield from _nearest_of("perDay", of_day, (owner,))


Owners = tuple[tuple[str, Budgets], ...]


def _nearest_of(name: str, sum_: Sum, owners: Owners) -> Iterator[Limit]:
    yield from _nearest(f"{name}Usd", sum_, owners)
    yield from _nearest(f"{name}Tokens", sum_, owners)


def _nearest(key: str, sum_: Sum, owners: Owners) -> Iterator[Limit]:
    """The first that says it."""
    for owner, budgets in owners:
        amount = getattr(budgets, _FIELDS[key])
        if amount is not None:
            yield Limit(key, sum_, amount, owner)
            return


_FIELDS = {field: name for name, field in zip(Budgets.__struct_fields__, Budgets.__struct_encode_fields__, strict=True)}


# -- whether one is reached -------------------------------------------------------------------------------------------


def first_reached(limits: Iterable[Limit], sum_of: SumOf) -> Limit | None:
    return next((one for one in limits if is_reached(one, sum_of(one))), None)


def is_reached(limit: Limit, usage: Usage) -> bool:
    return limit.spent(usage) >= limit.amount - ENOUGH


def allowance(limits: Iterable[Limit], sum_of: SumOf) -> float | None:
    """Dollars that the next attempt may cost; None: as much as it likes."""
    rest = [one.amount - one.spent(sum_of(one)) for one in limits if one.is_usd]
    return max(min(rest), 0.0) if rest else None


# -- what follows -----------------------------------------------------------------------------------------------------


def words(limit: Limit, usage: Usage) -> str:
    """`budget reached: $1.23 of perTicketUsd $1.00 (plan first)`"""
    spent, amount = limit.shown(limit.spent(usage)), limit.shown(limit.amount)
    return f"{REACHED}{spent} of {limit.key} {amount} ({limit.owner})"


def stop_words(limit: Limit, usage: Usage) -> str:
    """Why an attempt is stopped; where that is a failure also what to do: nothing else will say it."""
    todo = f"; raise it in {limit.place}" if limit.sum is Sum.ATTEMPT else ""
    return words(limit, usage) + todo


def refusal(config: Budgets, plan: Plan, ticket: Ticket, phase: Phase | None) -> str | None:
    """Why no further attempt of an agent begins for this ticket before a person has raised something."""
    own = (one for one in limits_of(config, plan, ticket, phase) if one.sum is Sum.TICKET)
    usage = ticket.usage or NOTHING
    limit = first_reached(own, lambda _: usage)
    if limit is None:
        return None
    retry = f"`orchestrator retry {ticket.plan_id} {ticket.ticket_id}`"
    return f"{words(limit, usage)}; raise it in {limit.place}, then {retry}"


def was_refused(ticket: Ticket) -> bool:
    """It needs attention because of its budget, and nothing else is wrong with it."""
    return (ticket.error or "").startswith(REACHED)


def outcome_of(reason: str) -> Outcome | None:
    """What becomes of an attempt that was stopped for this reason; None: it was not for a budget. One that was too dear
    by itself has failed; one that only came last is stopped, and its session goes on when there is room again."""
    if not reason.startswith(REACHED):
        return None
    key = next((word for word in reason.split() if word in _FIELDS or word == "maxCostUsd"), "")
    too_dear = key.startswith(("perAttempt", "maxCost"))
    return Outcome(kind=OutcomeKind.FAILURE if too_dear else OutcomeKind.STOPPED, reason=reason, budget=key)


# -- what is held -----------------------------------------------------------------------------------------------------


def hold_name(limit: Limit, plan_id: str) -> str:
    """What the schedule holds: `plan:first`, `day:first` (the day of that plan) or `day:`."""
    return {Sum.PLAN: f"plan:{plan_id}", Sum.PLAN_DAY: f"day:{plan_id}"}.get(limit.sum, "day:")


def hold_what(limit: Limit, plan_id: str) -> str:
    named = {Sum.PLAN: f"budget of plan {plan_id}", Sum.PLAN_DAY: f"day budget of plan {plan_id}"}
    return named.get(limit.sum, "day budget")


def hold_words(limit: Limit, usage: Usage, plan_id: str) -> str:
    """Why tickets wait, and for what."""
    spent, amount = limit.shown(limit.spent(usage)), limit.shown(limit.amount)
    goes_on = "goes on at midnight, or " if limit.sum in DAYS else ""
    return f"{hold_what(limit, plan_id)} reached: {spent} of {amount}; {goes_on}raise {limit.key} in {limit.place}"
