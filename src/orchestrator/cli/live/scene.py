"""The whole screen of `watch`: who runs, who is in flight, what waits and why, what happened lately, and a summary."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.cli.columns import cells, cut
from orchestrator.cli.live import text as live_text
from orchestrator.cli.live.screen import Size
from orchestrator.cli.live.text import Room, Style
from orchestrator.core.show.live import View

ROOMY = 14
"""Lines from which on there is room for captions."""
LATELY_LEAST = 4
NOBODY = "no daemon runs here; this is what the files say"
LEAVE_WITH = "q leaves"


def header(runner: str | None, style: Style, columns: int) -> str:
    text = style.clean(runner or NOBODY)
    text = cut(text[0].upper() + text[1:], columns, style.cut_mark)
    space = columns - cells(text) - len(LEAVE_WITH)
    tail = style.paint(" " * space + LEAVE_WITH, "dim") if space >= 2 else ""
    return style.paint(text, "bold" if runner else "yellow") + tail


def body(view: View, size: Size, style: Style, now: float) -> list[str]:
    """In flight and waiting, and room for what happened lately."""
    lines = size.lines - 2
    captions = 2 if lines >= ROOMY else 0
    room = Room(size.columns - 1, max(lines - 2 * captions - (LATELY_LEAST + captions if captions else 0), 1))
    rows, waits = live_text.shares(view, room.lines)
    found = live_text.lines(view, room, style, now)
    if not captions:
        return found
    flying, waiting = found[: len(found) - waits], found[len(found) - waits :]
    nobody = [style.paint("none", "dim")] if not rows else []
    parts = ["", style.paint("IN FLIGHT", "bold"), *(flying or nobody)]
    return [*parts, *(["", style.paint("WAITING", "bold"), *waiting] if waiting else [])]


def page(head: str, middle: Sequence[str], lately: Sequence[str], foot: str, size: Size, style: Style) -> list[str]:
    """`lately` fills what is left, its newest lines last; `foot` is the last line of the screen."""
    room = size.lines - 2 - len(middle)
    events: list[str] = []
    if room >= 3 and lately and size.lines - 2 >= ROOMY:
        events = ["", style.paint("LATELY", "bold"), *lately[-(room - 2) :]]
    space = max(room - len(events), 0)
    lines = [head, *middle, *events, *[""] * space]
    return [*lines[: max(size.lines - 1, 0)], foot]
