"""Times on an axis of so many columns: where a span lies, and where the axis is labelled.

The law: what happened has at least one column, and nothing lies outside the axis.
"""

from __future__ import annotations

from typing import NamedTuple

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
STEPS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE,
    10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY,
    14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY, 3640 * DAY,
)  # fmt: skip
SHORTEST = 0.01
"""Seconds that an axis has at least."""


class Axis(NamedTuple):
    begin: float
    seconds: float
    columns: int

    def column(self, at: float) -> int:
        """The one that holds this moment."""
        share = (at - self.begin) / self.seconds
        return min(max(int(share * self.columns), 0), self.columns - 1)

    def span(self, started: float, ended: float) -> tuple[int, int]:
        """The first column and the one after the last."""
        first = self.column(started)
        last = self.column(ended)
        is_edge = last > first and self.begin + last * self.seconds / self.columns >= ended
        return first, max(last if is_edge else last + 1, first + 1)


class Tick(NamedTuple):
    column: int
    at: float


def axis(begin: float, end: float, columns: int) -> Axis:
    return Axis(begin, max(end - begin, SHORTEST), max(columns, 1))


def step_of(over: Axis, room: int) -> float:
    """The shortest round step that leaves `room` columns between two labels."""
    least = over.seconds * room / over.columns
    return next((step for step in STEPS if step >= least), STEPS[-1])


def ticks(over: Axis, step: float, offset: float) -> list[Tick]:
    """At round times, `offset` seconds from UTC."""
    found: list[Tick] = []
    at = ((over.begin + offset) // step) * step - offset
    while at <= over.begin + over.seconds and len(found) < over.columns:
        if at >= over.begin:
            found.append(Tick(over.column(at), at))
        at += step
    return found
