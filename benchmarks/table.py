"""The table, for a terminal or as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.figures import Figure, Unit
from benchmarks.rows import Row
from benchmarks.stats import Spread


class Column(NamedTuple):
    title: str
    width: int
    rank: int
    """Where there is too little room, the highest go first."""


FIGURE = Column("", 42, 0)
OWN = (
    Column("median", 10, 1), Column("min–max", 15, 7), Column("bare", 9, 8), Column("× bare", 8, 4),
    Column("budget", 11, 2), Column("held", 5, 3),
)  # fmt: skip
BEATEN = (Column("better by", 10, 5), Column("goal", 8, 10), Column("", 4, 11))
RECORDED = (Column("original*", 11, 9), *BEATEN)
PEER = (Column("peer", 11, 6), Column("min–max", 15, 9), *BEATEN)


def columns(peer: bool) -> tuple[Column, ...]:
    return (FIGURE, *OWN, *(PEER if peer else RECORDED))


def fitting(peer: bool, width: int) -> list[int]:
    """Which columns there is room for."""
    every = columns(peer)
    chosen: list[int] = []
    for place in sorted(range(len(every)), key=lambda place: every[place].rank):
        if sum(every[one].width for one in chosen) + every[place].width > width:
            break
        chosen.append(place)
    return sorted(chosen)


def header(peer: bool, width: int) -> str:
    return _laid_out([column.title for column in columns(peer)], peer, width)


def line(row: Row, peer: bool, width: int) -> str:
    first, *rest = cells(row, peer)
    return _laid_out([f"  {first}", *rest], peer, width)


def _laid_out(texts: list[str], peer: bool, width: int) -> str:
    every = columns(peer)
    first, *rest = fitting(peer, width)
    return (texts[first].ljust(FIGURE.width) + "".join(texts[i].rjust(every[i].width) for i in rest)).rstrip()


def cells(row: Row, peer: bool) -> list[str]:
    figure, unit = row.figure, row.figure.unit
    own = [
        number(row.own and row.own.median, unit), between(row.own, unit), number(row.bare, unit),
        number(row.ratio, "×"), budget(figure), word(row.held),
    ]  # fmt: skip
    theirs = [number(row.peer and row.peer.median, unit), between(row.peer, unit)] if peer else [
        number(figure.original, unit)
    ]  # fmt: skip
    goal = "" if figure.beat is None else f"≥ {figure.beat:g} ×"
    return [figure.title, *own, *theirs, number(row.factor, "×"), goal, word(row.beaten)]


def markdown(blocks: Iterable[tuple[str, Sequence[Row]]], peer: bool) -> str:
    titles = ["figure", *(column.title or "beaten" for column in columns(peer)[1:])]
    lines = [titles, ["---", *["--:"] * (len(titles) - 1)]]
    for title, rows in blocks:
        lines.append([f"**{title}**", *[""] * (len(titles) - 1)])
        lines.extend(cells(row, peer) for row in rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def budget(figure: Figure) -> str:
    if figure.budget is None:
        return ""
    unit = "×" if figure.budget.of == "ratio" else figure.unit
    return f"{'≥' if figure.budget.least else '≤'} {figure.budget.limit:g} {unit}".strip()


def word(answer: bool | None) -> str:
    return "" if answer is None else "yes" if answer else "NO"


def number(value: float | None, unit: Unit) -> str:
    return "" if value is None else f"{digits(value)} {unit}".strip()


def between(spread: Spread | None, unit: Unit) -> str:
    """Without the unit: the median beside it has it."""
    if spread is None:
        return ""
    return f"{digits(spread.low)}–{digits(spread.high)}" if spread.runs > 1 else "1 run"


def digits(value: float) -> str:
    """Three that matter, and no more than three after the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
