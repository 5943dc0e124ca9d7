"""A time line in the terminal: a bar for each attempt on a common axis, gaps where nothing ran, dots where it waited.

Each outcome has a shade of its own, so that the picture can be read without colour; where there is only ASCII, a sign.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.cli import output
from orchestrator.cli.columns import cells, cut, has_utf8, pad, screen
from orchestrator.cli.output import clean, paint
from orchestrator.core.show.timeline import DAY, MINUTE, Axis, axis, step_of, ticks
from orchestrator.core.times import duration

if TYPE_CHECKING:
    from orchestrator.core.show.happenings import Happening
    from orchestrator.core.show.history import History, Past

PLAIN_WIDTH = 80
"""Columns where there is no terminal."""
WAITING = "waiting"
GOOD = "success"
ROUTED = "routed"
UNDER_WAY = "under way"
NOT_COUNTED = "not counted"
BAD = "failure"
SHADES = {
    GOOD: ("█", "#", "green"), ROUTED: ("▓", "+", "magenta"), BAD: ("▒", "x", "red"), NOT_COUNTED: ("░", "=", "yellow"),
    UNDER_WAY: ("▬", ">", "cyan"), WAITING: ("·", ".", "dim"),
}  # fmt: skip
NOT_COUNTING = frozenset({"stopped", "lost", "rate_limited", "skipped", "unknown"})


class Row(NamedTuple):
    label: str
    shade: str
    started: float
    ended: float


def lines(found: History, now: float) -> list[str]:
    """The drawing; nothing when there is nothing to draw."""
    rows = sorted([*_attempts(found, now), *_waits(found, now)], key=lambda row: row.started)
    if not rows:
        return []
    width = screen() or PLAIN_WIDTH
    label = min(max(cells(row.label) for row in rows), max(width // 3, 8))
    over = axis(min(row.started for row in rows), max(row.ended for row in rows), width - label - 3)
    start = " " * (label + 3)
    drawn = [_row(row, over, label) for row in rows]
    return [*(f"{start}{line}".rstrip() for line in _axis(over)), *drawn, "", *_legend(rows, width)]


def _attempts(found: History, now: float) -> Iterator[Row]:
    size = max((len(str(past.n or "")) for past in found.attempts), default=0)
    for past in found.attempts:
        if past.started is not None:
            end = now if past.is_open else past.ended or past.started
            label = f"{str(past.n or '').rjust(size)} {clean(past.phase)}".strip()
            yield Row(label, _shade(past), past.started, max(end, past.started))


def _shade(past: Past) -> str:
    if past.is_open:
        return WAITING if past.kind == "poll" else UNDER_WAY
    if past.outcome == "success":
        return GOOD
    if past.route is not None:
        return ROUTED
    return NOT_COUNTED if past.outcome in NOT_COUNTING else BAD


def _waits(found: History, now: float) -> Iterator[Row]:
    for one in found.happenings:
        if one.until is not None or one.is_open:
            yield Row(_word(one), WAITING, one.at, max(one.until or now, one.at))


def _word(one: Happening) -> str:
    return clean(one.what)


def _row(row: Row, over: Axis, label: int) -> str:
    utf8, colour = has_utf8(), output.has_colour()
    first, end = over.span(row.started, row.ended)
    fancy, plain, paints = SHADES[row.shade]
    bar = (fancy if utf8 else plain) * (end - first)
    if row.shade == UNDER_WAY and utf8:
        bar = f"{bar[:-1]}▶"
    name = pad(cut(row.label, label, "…" if utf8 else "~"), label)
    edge = "│" if utf8 else "|"
    return f"{name} {edge} {' ' * first}{paint(bar, paints, colour)}"


def _axis(over: Axis) -> list[str]:
    """Labels, and below them the marks that they belong to."""
    offset = datetime.fromtimestamp(over.begin).astimezone().utcoffset()
    short = over.seconds < 10
    room = 9 if short else 13 if over.seconds > DAY * 0.8 else 10
    step = step_of(over, room)
    zone = offset.total_seconds() if offset is not None and not short else -over.begin
    labels, marks = "", [" "] * over.columns
    for tick in ticks(over, step, zone):
        text = _label(tick.at, over, step)
        if tick.column >= cells(labels) and tick.column + len(text) <= over.columns:
            labels = pad(labels, tick.column) + text + " "
            marks[tick.column] = "╷" if has_utf8() else "'"
    if not labels.strip():
        labels, marks[0] = _moment(over.begin, "%H:%M:%S"), "╷" if has_utf8() else "'"
    return [labels, "".join(marks)]


def _label(at: float, over: Axis, step: float) -> str:
    if over.seconds < 10:
        return f"+{at - over.begin:g}s" if step >= 1 else f"+{max(at - over.begin, 0):.{_digits(step)}f}s"
    if step >= DAY:
        return _moment(at, "%m-%d")
    if over.seconds > DAY * 0.8:
        return _moment(at, "%m-%d %H:%M")
    return _moment(at, "%H:%M" if step >= MINUTE else "%H:%M:%S")


def _digits(step: float) -> int:
    return len(f"{step:g}".partition(".")[2])


def _moment(at: float, form: str) -> str:
    return datetime.fromtimestamp(at).strftime(form)


def _legend(rows: list[Row], width: int) -> list[str]:
    utf8, colour = has_utf8(), output.has_colour()
    used = {row.shade for row in rows}
    begin, end = min(row.started for row in rows), max(row.ended for row in rows)
    parts = [
        (f"{fancy if utf8 else plain} {name}", paints)
        for name, (fancy, plain, paints) in SHADES.items()
        if name in used
    ]
    parts.append((f"{_moment(begin, '%Y-%m-%d %H:%M:%S')} + {duration(end - begin)}", "dim"))
    found, taken = [""], 0
    for text, paints in parts:
        if taken and taken + len(text) > width:
            found.append("")
            taken = 0
        found[-1] += paint(cut(text, width), paints, colour) + "  "
        taken += len(text) + 2
    return [line.rstrip() for line in found]
