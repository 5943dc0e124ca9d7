"""What a ticket took in all: attempts, time, tokens and money."""

from __future__ import annotations

from collections import Counter

import msgspec

from orchestrator.core.show.history import History


class Totals(msgspec.Struct, frozen=True, rename="camel"):
    attempts: int
    outcomes: dict[str, int]
    seconds: float
    """From the first start to the last end, or until now."""
    worked: float
    """Of that while an attempt was under way; polls wait."""
    cost_usd: float | None
    input_tokens: int
    cached_tokens: int
    output_tokens: int


def totals(seen: History, now: float) -> Totals:
    usages = [one.usage for one in seen.attempts if one.usage is not None]
    costs = [one.cost_usd for one in seen.attempts if one.cost_usd is not None]
    runs = [one for one in seen.attempts if one.kind != "poll" and one.started is not None]
    spans = [(one.ended or (now if one.is_open else one.started or 0.0)) - (one.started or 0.0) for one in runs]
    begin = seen.begin
    return Totals(
        attempts=len(seen.attempts),
        outcomes=dict(Counter(one.outcome for one in seen.attempts)),
        seconds=round(max(seen.end(now) - begin, 0.0), 3) if begin is not None else 0.0,
        worked=round(sum(max(span, 0.0) for span in spans), 3),
        cost_usd=round(sum(costs), 6) if costs else None,
        input_tokens=sum(usage.input_tokens or 0 for usage in usages),
        cached_tokens=sum(usage.cached_tokens or 0 for usage in usages),
        output_tokens=sum(usage.output_tokens or 0 for usage in usages),
    )
