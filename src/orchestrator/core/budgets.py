"""What may be spent, and whether it is spent. Pure: sums come in as values.

The law: what a ticket, a plan or a configuration limits is its own: `perDayUsd` of a plan is what that plan may cost in
a day. For one attempt and one ticket the most specific word counts: phase, ticket, plan, configuration.
"""

from __future__ import annotations

import msgspec


class Budgets(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """None: no limit. Tokens are all that are paid for: in, cached and out."""

    per_attempt_usd: float | None = None
    per_ticket_usd: float | None = None
    per_plan_usd: float | None = None
    per_day_usd: float | None = None
    """A day begins at midnight where the runner is."""
    per_attempt_tokens: int | None = None
    per_ticket_tokens: int | None = None
    per_plan_tokens: int | None = None
    per_day_tokens: int | None = None
