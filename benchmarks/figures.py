"""Every figure that is measured: what it is, what it may be at most (or must be at least), and what the original has.

The budgets are this project's own promises. The original's figures were taken on a machine of two cores; beside a PEER
they are measured anew, in the same run.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Unit = Literal["s", "ms", "MB", "%", "/s", "×", ""]


class Budget(NamedTuple):
    limit: float
    of: Literal["value", "ratio"] = "value"
    """`ratio`: to the bare equivalent."""
    least: bool = False
    """It must be at least so much, instead of at most."""

    def holds(self, measured: float) -> bool:
        return measured >= self.limit if self.least else measured <= self.limit


class Figure(NamedTuple):
    key: str
    title: str
    unit: Unit
    budget: Budget | None = None
    original: float | None = None
    beat: float | None = None
    """By how many times the original is to be beaten."""
    more_is_better: bool = False


def most(limit: float, of: Literal["value", "ratio"] = "value") -> Budget:
    return Budget(limit, of)


def least(limit: float) -> Budget:
    return Budget(limit, least=True)
