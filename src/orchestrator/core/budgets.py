"""What may be spent, as it is written. What follows is in `spending`.

The law: what a ticket, a plan or a configuration limits is its own: `perDayUsd` of a plan is what that plan may cost in
a day. For one attempt and one ticket the most specific word counts: phase, ticket, plan, configuration.
"""

from __future__ import annotations

import msgspec


class Budgets(
    msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """None: no limit. Tokens are all that are paid for: in, cached and out."""

    # a word that is none of these is refused in plans and tickets, too: somebody would rely on a limit that is none

    per_attempt_usd: float | None = None
    per_ticket_usd: float | None = None
    per_plan_usd: float | None = None
    per_day_usd: float | None = None
    """A day begins at midnight where the runner is."""
    per_attempt_tokens: int | None = None
    per_ticket_tokens: int | None = None
    per_plan_tokens: int | None = None
    per_day_tokens: int | None = None

    @property
    def may_wait(self) -> bool:
        """A ticket that says this waits, without an attempt of its own, for its day or its plan."""
        said = (self.per_day_usd, self.per_day_tokens, self.per_plan_usd, self.per_plan_tokens)
        return any(amount is not None for amount in said)
