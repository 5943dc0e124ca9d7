"""What tokens cost where an agent does not say it: pure arithmetic on a table.

The table is the configuration's `prices` over the defaults that the adapters carry, which are of DATE.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import msgspec
from msgspec.structs import replace

from orchestrator.core.outcome import Usage, exact

DATE = "2026-11-22"
"""Of the prices that are shipped. They change: who is billed by them writes their own."""
MILLION = 1_000_000


class Price(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Dollars for a million tokens."""

    input: float
    cached_input: float | None = None
    """Default: as `input`."""
    output: float


def price_of(model: str | None, tables: tuple[Mapping[str, Price], ...]) -> Price | None:
    """The first table that has the model decides: by its name, else by the longest glob that matches."""
    for table in tables if model else ():
        assert model is not None
        if model in table:
            return table[model]
        matching = [glob for glob in table if fnmatchcase(model, glob)]
        if matching:
            return table[max(matching, key=len)]
    return None


def priced(usage: Usage, price: Price | None) -> Usage:
    """With its cost, where that was not told and the price is known."""
    if usage.cost_usd is not None or price is None:
        return usage
    cached = price.input if price.cached_input is None else price.cached_input
    cost = (
        (usage.input_tokens or 0) * price.input
        + (usage.cached_tokens or 0) * cached
        + (usage.output_tokens or 0) * price.output
    )
    return exact(replace(usage, cost_usd=cost / MILLION, priced=True))
