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


FIGURE = Column("", 42)
OWN = (Column("median", 10), Column("min–max", 15), Column("bare", 9), Column("× bare", 8), Column("budget", 11),
       Column("held", 5))  # fmt: skip
RECORDED = (Column("original*", 11), Column("better by", 10), Column("goal", 8), Column("", 4))
PEER = (Column("peer", 11), Column("min–max", 15), *RECORDED[1:])


def columns(peer: bool) -> tuple[Column, ...]:
    return (FIGURE, *OWN, *(PEER if peer else RECORDED))


def header(peer: bool) -> str:
    titles = [column.title.rjust(column.width) for column in columns(peer)[1:]]
    return f"{'':{FIGURE.width}}{''.join(titles)}".rstrip()


def line(row: Row, peer: bool) -> str:
    first, *rest = cells(row, peer)
    texts = [text.rjust(column.width) for text, column in zip(rest, columns(peer)[1:], strict=True)]
    return f"  {first:{FIGURE.width - 2}}{''.join(texts)}".rstrip()


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
