"""From runs to rows of the table: medians, ratios within a run, and whether budget and original are met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.figures import Figure
from benchmarks.room import Sample
from benchmarks.rounds import BARE, Measured
from benchmarks.scenarios.scenario import Scenario
from benchmarks.stats import Spread, median, paired, spread


class Row(NamedTuple):
    figure: Figure
    own: Spread | None
    bare: float | None
    ratio: float | None
    """To the bare equivalent."""
    held: bool | None
    """None without a budget, or without a measurement."""
    peer: Spread | None
    factor: float | None
    """By how many times it is better than the peer, or than what was recorded of the original."""
    beaten: bool | None


def rows(scenario: Scenario, measured: Measured, own: str, peer: str | None) -> Iterator[Row]:
    for figure in scenario.figures:
        yield row(figure, measured.runs[own], measured.runs[BARE], measured.runs[peer] if peer else None)


def row(figure: Figure, own: Sequence[Sample], bare: Sequence[Sample], peer: Sequence[Sample] | None) -> Row:
    mine, floor, theirs = (_spread(figure.key, runs) for runs in (own, bare, peer or ()))
    ratio = paired(_medians(figure.key, own), _medians(figure.key, bare))
    factor = _factor(figure, own, peer, mine)
    beaten = None if factor is None or figure.beat is None else factor >= figure.beat
    return Row(figure, mine, floor and floor.median, ratio, _held(figure, mine, ratio), theirs, factor, beaten)


def _held(figure: Figure, own: Spread | None, ratio: float | None) -> bool | None:
    measured = ratio if figure.budget and figure.budget.of == "ratio" else own and own.median
    return None if figure.budget is None or measured is None else figure.budget.holds(measured)


def _factor(figure: Figure, own: Sequence[Sample], peer: Sequence[Sample] | None, mine: Spread | None) -> float | None:
    if peer is not None:
        pair = (_medians(figure.key, own), _medians(figure.key, peer))
        return paired(*pair) if figure.more_is_better else paired(*reversed(pair))
    if figure.original is None or mine is None or not mine.median:
        return None
    return mine.median / figure.original if figure.more_is_better else figure.original / mine.median


def _medians(key: str, runs: Sequence[Sample]) -> list[float]:
    return [median(run[key]) for run in runs if run.get(key)]


def _spread(key: str, runs: Sequence[Sample]) -> Spread | None:
    values = [value for run in runs for value in run.get(key, ())]
    return spread(values) if values else None
