"""What was spent, added up by whatever somebody asks for. Pure.

The law: a cost that nobody knows is counted and told, never taken for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

WAYS = ("plan", "ticket", "phase", "agent", "model", "day")
"""What costs can be told by."""


class Entry(NamedTuple):
    """One attempt. None: nobody told it."""

    names: tuple[str | None, ...]
    """What it is added up by: of a ticket the plan, too."""
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    priced: bool
    model: str | None


class Row(msgspec.Struct, frozen=True):
    names: tuple[str | None, ...]
    attempts: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float | None
    """None: nobody told any of it."""
    priced: bool
    """Some of it was worked out from a table of prices."""
    unknown: int
    """Attempts whose cost nobody knows."""


class Use(NamedTuple):
    """A budget that is shared, and what is used of it."""

    key: str
    plan: str | None
    """None: it is about all."""
    is_of_day: bool
    owner: str
    """Who says it: `config` or `plan first`."""
    limit: float
    spent: float

    @property
    def reached(self) -> bool:
        return self.spent >= self.limit


class Costs(NamedTuple):
    by: str
    rows: tuple[Row, ...]
    total: Row
    unpriced: tuple[str | None, ...]
    """Models of attempts whose cost nobody knows."""
    uses: tuple[Use, ...]


class _Sum:
    """(Faster than adding up frozen records: there may be many thousands.)"""

    __slots__ = ("attempts", "cached", "cost", "input", "known", "output", "priced")

    def __init__(self) -> None:
        self.attempts = self.input = self.cached = self.output = self.known = 0
        self.cost, self.priced = 0.0, False

    def add(self, entry: Entry) -> None:
        self.attempts += 1
        self.input += entry.input_tokens or 0
        self.cached += entry.cached_tokens or 0
        self.output += entry.output_tokens or 0
        if entry.cost_usd is not None:
            self.known += 1
            self.cost += entry.cost_usd
            self.priced |= entry.priced

    def row(self, names: tuple[str | None, ...]) -> Row:
        cost, unknown = round(self.cost, 9) if self.known else None, self.attempts - self.known
        return Row(names, self.attempts, self.input, self.cached, self.output, cost, self.priced, unknown)


def added_up(by: str, entries: Iterable[Entry], uses: tuple[Use, ...] = ()) -> Costs:
    """The dearest first; days in their order."""
    sums: dict[tuple[str | None, ...], _Sum] = {}
    total, unpriced = _Sum(), set()
    for entry in entries:
        found = sums.get(entry.names)
        if found is None:
            found = sums[entry.names] = _Sum()
        found.add(entry)
        total.add(entry)
        if entry.cost_usd is None:
            unpriced.add(entry.model)
    rows = [one.row(names) for names, one in sums.items()]
    rows.sort(key=(lambda row: _name(row)) if by == "day" else _rank)
    return Costs(by, tuple(rows), total.row(()), tuple(sorted(unpriced, key=str)), uses)


def _rank(row: Row) -> tuple[float, int, list[str]]:
    return (-(row.cost_usd or 0.0), -(row.input_tokens + row.cached_tokens + row.output_tokens), _name(row))


def _name(row: Row) -> list[str]:
    return [str(name) for name in row.names]
