"""How an attempt ended, and what each ending costs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

OUTPUT_LIMIT = 4096
"""Characters of output kept in the history: the first, for a failure the last."""
USAGE_LIMIT = "usage limit of "
"""Why a ticket waits whose agent's account has reached its limit; the agent follows, then which limit it is."""


class OutcomeKind(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    NOT_YET = "not_yet"
    ERROR = "error"
    STOPPED = "stopped"
    LOST = "lost"
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    STALLED = "stalled"


class Cost(NamedTuple):
    spends_retry: bool
    counts_in_history: bool
    why: str


COSTS: dict[OutcomeKind, Cost] = {
    OutcomeKind.SUCCESS: Cost(False, True, "did what was asked"),
    OutcomeKind.FAILURE: Cost(True, True, "ran and said no"),
    OutcomeKind.TIMEOUT: Cost(True, True, "ran longer than timeoutSeconds"),
    OutcomeKind.STALLED: Cost(True, True, "wrote nothing and was idle for idleTimeoutSeconds"),
    OutcomeKind.ERROR: Cost(False, True, "could not be run at all; a retry would not help"),
    OutcomeKind.NOT_YET: Cost(False, False, "a poll check that is to be repeated"),
    OutcomeKind.STOPPED: Cost(False, False, "somebody stopped it"),
    OutcomeKind.LOST: Cost(False, False, "ended without a trace; counted apart"),
    OutcomeKind.RATE_LIMITED: Cost(False, False, "the account has reached its limit"),
}


class Usage(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Tokens and cost of one attempt; None where the agent does not say."""

    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    turns: int | None = None
    priced: bool = False
    """`cost_usd` was worked out from a table of prices; the agent did not tell it."""

    @property
    def tokens(self) -> int:
        """All that are paid for."""
        return (self.input_tokens or 0) + (self.cached_tokens or 0) + (self.output_tokens or 0)


def added(one: Usage | None, other: Usage | None) -> Usage | None:
    """The sum; what neither tells stays unknown."""
    if one is None or other is None:
        return other if one is None else one
    sums: dict[str, Any] = {f: _sum(getattr(one, f), getattr(other, f)) for f in COUNTERS}
    return exact(Usage(**sums, priced=one.priced or other.priced))


def total_of(usages: Iterable[Usage | None]) -> Usage | None:
    """The sum of many."""
    told = [usage for usage in usages if usage is not None]
    if len(told) < 2:
        return told[0] if told else None
    sums: dict[str, Any] = {}
    for field in COUNTERS:
        known = [n for usage in told if (n := getattr(usage, field)) is not None]
        sums[field] = sum(known) if known else None
    return exact(Usage(**sums, priced=any(usage.priced for usage in told)))


def dollars(amount: float) -> str:
    """For a person: two digits, four where those would say too little."""
    if amount >= 0.1 or round(amount, 2) == round(amount, 4):
        return f"${amount:,.2f}"
    return f"${amount:.4f}"


def exact(usage: Usage) -> Usage:
    """Without what adding and subtracting fractions leaves behind: no file says 0.30000000000000004."""
    return usage if usage.cost_usd is None else replace(usage, cost_usd=round(usage.cost_usd, DIGITS))


def less(total: Usage, before: Usage | None, fields: Collection[str], floor: bool = False) -> Usage:
    """`total` without what had been told before, in these counters. A counter that went back began anew; with `floor`
    there is nothing left of it."""
    if before is None:
        return exact(total)
    changes = {}
    for f in fields:
        now, then = getattr(total, f), getattr(before, f)
        if now is not None and then is not None and (floor or now >= then):
            changes[f] = max(now - then, 0)
    return exact(replace(total, **changes))


DIGITS = 9
"""Of a dollar; a token of the cheapest models costs some 10^-8."""
COUNTERS = ("input_tokens", "cached_tokens", "output_tokens", "cost_usd", "turns")


def _sum(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other


class Outcome(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    kind: OutcomeKind
    reason: str = ""
    """One line for a person: what happened and, where known, what to do."""
    exit_code: int | None = None
    """Set when the program ended by itself; only then may `onExit` match."""
    output: str = ""
    text: str = ""
    """The whole final message, until the captures are done."""
    fresh: bool = False
    """Its session cannot be continued."""
    captured: dict[str, str] = {}
    session: str | None = None
    until: float | None = None
    """RATE_LIMITED: epoch seconds of the reset; None: nobody told it."""
    limit: str = ""
    """RATE_LIMITED: which one, for a person: `five-hour limit`."""
    told: str = ""
    """RATE_LIMITED: how `until` is known: structured, file or text."""
    usage: Usage | None = None
    """Of this attempt alone."""
    total: Usage | None = None
    """What the session had told in all when it ended, where its counters run on over resumed runs."""
    model: str | None = None
    ended: str = ""
    """How its agent says that it ended (`agents.base.Ended`)."""
    again: str = ""
    """What its agent is told, once, in the same session, before this counts: what is wrong can be put right there."""
    budget: str = ""
    """The budget that ended it."""
