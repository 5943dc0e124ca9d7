"""What was spent: the ledger, added up, and the budgets that are shared.

The law: only what has ended is counted; what is under way is known to its runner alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from orchestrator.adapters.places import Places
from orchestrator.adapters.state import ledger
from orchestrator.adapters.state.index import Index
from orchestrator.adapters.state.ledger import Line
from orchestrator.control.reading import checked_id, look, one_plan
from orchestrator.core.budgets import Budgets
from orchestrator.core.model import Plan, PlanStatus
from orchestrator.core.outcome import Usage
from orchestrator.core.prices import DATE
from orchestrator.core.problems import did_you_mean
from orchestrator.core.settings import Config
from orchestrator.core.show.costs import Costs, Entry, Row, Use, added_up
from orchestrator.core.spending import DAYS, NOTHING, Limit, Sum, limits_of_plan
from orchestrator.errors import NotFoundError, UsageError

NAMES: dict[str, Callable[[str, Line], tuple[str | None, ...]]] = {
    "plan": lambda _, line: (line.plan,),
    "ticket": lambda _, line: (line.plan, line.ticket),
    "phase": lambda _, line: (line.phase,),
    "agent": lambda _, line: (line.agent,),
    "model": lambda _, line: (line.model,),
    "day": lambda day, _: (day,),
}


def costs(config: Config, by: str, plan: str | None = None, since: date | None = None) -> Costs:
    """Raises NotFoundError: neither a plan nor a line of the ledger has that name."""
    places = Places(config)
    if plan is not None:
        checked_id("plan", plan)
    found = list(_entries(places, by, plan, since))
    if plan is not None and not found and not places.plan_file(plan).exists():
        raise NotFoundError(_absent(places, plan))
    return added_up(by, found, tuple(_uses(config, places, plan)))


def _entries(places: Places, by: str, plan: str | None, since: date | None) -> Iterator[Entry]:
    names = NAMES[by]
    for day, line in ledger.lines(places, since):
        if plan in (None, line.plan):
            yield Entry(
                names(day, line), line.input_tokens, line.cached_tokens, line.output_tokens, line.cost_usd,
                line.priced, line.model,
            )  # fmt: skip


def _absent(places: Places, plan: str) -> str:
    near = did_you_mean(plan, [path.name for path in places.plans.glob("*")])
    return (
        f'there is no plan "{plan}" in {places.plans}{f" ({near})" if near else ""}; nothing was spent for one either'
    )


def since_when(text: str, today: date) -> date:
    """`2026-11-01`, `7d` (that many days, with today) or `today`. Raises UsageError."""
    if text == "today":
        return today
    if text[-1:] == "d" and text[:-1].isdecimal() and 0 < int(text[:-1]) < 100_000:
        return today - timedelta(days=int(text[:-1]) - 1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f'--since: "{text}" is no day; write 2026-11-01, 7d or today') from None


# -- budgets ----------------------------------------------------------------------------------------------------------


def _uses(config: Config, places: Places, only: str | None) -> Iterator[Use]:
    """Those of the day, and of plans that are not complete."""
    budgets, today = config.settings.budgets, ledger.Day(places)
    today.read_on(time.time())
    if only is None:
        yield from (_use(one, None, today.total or NOTHING) for one in _of_day(budgets))
    for plan in _plans(places, only):
        if plan.status is not PlanStatus.COMPLETE or only is not None:
            yield from _of_plan(places, budgets, plan, today)


def _of_day(budgets: Budgets) -> list[Limit]:
    return [one for one in limits_of_plan(budgets, Plan(id="")) if one.sum is Sum.DAY]


def _of_plan(places: Places, budgets: Budgets, plan: Plan, today: ledger.Day) -> Iterator[Use]:
    spent: Usage | None = None
    for limit in limits_of_plan(budgets, plan):
        if limit.sum is Sum.PLAN_DAY:
            yield _use(limit, plan.id, today.of_plan.get(plan.id) or NOTHING)
        elif limit.sum is Sum.PLAN:
            spent = spent or one_plan(places, plan.id).board.spent(plan.id) or NOTHING
            yield _use(limit, plan.id, spent)


def _use(limit: Limit, plan: str | None, usage: Usage) -> Use:
    return Use(limit.key, plan, limit.sum in DAYS, limit.owner, limit.amount, limit.spent(usage))


def _plans(places: Places, only: str | None) -> list[Plan]:
    index = Index(places)
    for path in sorted(places.plans.glob("*/plan.json")):
        if only in (None, path.parent.name):
            look(index, str(path))
    return list(index.board.plans.values())


# -- for programs -----------------------------------------------------------------------------------------------------


def document(found: Costs, plan: str | None, since: date | None) -> dict[str, Any]:
    """`{by, plan, since, rows, total, budgets, pricesOf}`."""
    return {
        "by": found.by,
        "plan": plan,
        "since": since.isoformat() if since else None,
        "rows": [_names(found.by, row) | _sums(row) for row in found.rows],
        "total": _sums(found.total),
        "budgets": [_budget(use) for use in found.uses],
        "pricesOf": DATE,
    }


def _names(by: str, row: Row) -> dict[str, Any]:
    return dict(zip(("plan", "ticket") if by == "ticket" else (by,), row.names, strict=True))


def _sums(row: Row) -> dict[str, Any]:
    return {
        "attempts": row.attempts,
        "inputTokens": row.input_tokens,
        "cachedTokens": row.cached_tokens,
        "outputTokens": row.output_tokens,
        "costUsd": row.cost_usd,
        "priced": row.priced,
        "unknown": row.unknown,
    }


def _budget(use: Use) -> dict[str, Any]:
    return {
        "budget": use.key,
        "plan": use.plan,
        "day": use.is_of_day,
        "from": use.owner,
        "limit": use.limit,
        "spent": use.spent,
        "reached": use.reached,
    }
