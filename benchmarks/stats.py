"""The few statistics that are printed. Medians, because one disturbed run must not move a figure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

__all__ = ["Spread", "median", "paired", "quantile", "spread"]


class Spread(NamedTuple):
    """What a series of values comes to."""

    median: float
    low: float
    high: float
    runs: int


def spread(values: Sequence[float]) -> Spread:
    """All of it: with the few runs that there are, quartiles would hide more than they tell."""
    return Spread(median(values), min(values), max(values), len(values))


def paired(values: Sequence[float], others: Sequence[float]) -> float | None:
    """The median of the ratios of what was measured one right after the other; None without a pair.

    A machine that is slow for a while is slow for both, so each pair says more than the two medians do.
    """
    ratios = [value / other for value, other in zip(values, others, strict=False) if other]
    return median(ratios) if ratios else None


def quantile(values: Sequence[float], share: float) -> float:
    """By linear interpolation; `share` 0 is the smallest, 1 the largest."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
