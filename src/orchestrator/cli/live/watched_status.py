"""`status --watch`: what `status` shows, drawn again when something has changed or a clock that is seen has moved."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.cli.columns import cut
from orchestrator.cli.live import page
from orchestrator.cli.live.page import is_closed
from orchestrator.cli.live.screen import Size
from orchestrator.cli.live.stage import is_live, style
from orchestrator.cli.opened import opened
from orchestrator.cli.output import say

if TYPE_CHECKING:
    from orchestrator.control.live.elsewhere import Elsewhere
    from orchestrator.control.showing import Asked
    from orchestrator.wiring import Loaded

CHEAP_SECONDS = 0.02
"""Of the processor: what costs no more is drawn every second, for its clocks; what costs more only when it changes."""


def watch_status(plan_id: str | None, states: Sequence[str], every: bool) -> int:
    from orchestrator.control import showing
    from orchestrator.control.live.elsewhere import Elsewhere

    asked = showing.Asked(plan_id, showing.named_states(states), every)
    loaded = opened()
    elsewhere = Elsewhere(loaded.config)
    try:
        watched = _Watched(elsewhere, loaded, asked, ticks=is_live())
        watched.lines()  # what cannot be shown is said before there is a screen
        return page.follow(watched.look) if is_live() else _in_lines(watched)
    finally:
        elsewhere.close()


class _Watched:
    def __init__(self, elsewhere: Elsewhere, loaded: Loaded, asked: Asked, ticks: bool) -> None:
        """`ticks`: clocks that are seen move, too."""
        self._elsewhere, self._loaded, self._asked = elsewhere, loaded, asked
        self._lines: list[str] = []
        self._mark: object = None
        self._cost, self._ticks = 0.0, ticks
        self._top = 0

    def lines(self) -> list[str]:
        """What `status` would say now."""
        from orchestrator.cli.look.overview import lines_of
        from orchestrator.control import showing

        scene = self._elsewhere.scene()
        mark = (scene.index.board.changes, len(scene.index.problems), os.environ.get("COLUMNS"), self._second())
        if mark != self._mark:
            self._mark = mark
            began = time.process_time()
            text = lines_of(showing.shown(scene, self._loaded.problems, self._asked), self._asked)
            self._lines = "\n".join(text).split("\n")
            self._cost = time.process_time() - began
        return self._lines

    def _second(self) -> int | None:
        return int(time.time()) if self._ticks and self._cost <= CHEAP_SECONDS else None

    def look(self, size: Size, key: str) -> list[str]:
        """As much of it as fits."""
        os.environ["COLUMNS"] = str(size.columns - 1)  # what follows a line clears the column after it
        lines, room = self.lines(), size.lines - 1
        self._top = min(max(self._top + _moved(key, room, len(lines)), 0), max(len(lines) - room, 0))
        shown = lines[self._top : self._top + room]
        return [*shown, *[""] * (room - len(shown)), self._foot(len(shown), len(lines), size.columns - 1)]

    def _foot(self, shown: int, total: int, columns: int) -> str:
        where = (
            f"lines {self._top + 1} to {self._top + shown} of {total}; arrows and space move, " if shown < total else ""
        )
        chosen = style()
        text = f"{time.strftime('%H:%M:%S')}  {where}q leaves"
        return chosen.paint(cut(text, columns, chosen.cut_mark), "dim")


def _moved(key: str, room: int, total: int) -> int:
    steps = {page.UP: -1, page.DOWN: 1, page.PAGE_UP: 1 - room, page.PAGE_DOWN: room - 1, page.BEGIN: -total}
    return {**steps, page.END: total}.get(key, 0)


def _in_lines(watched: _Watched) -> int:
    from orchestrator.control.live.pace import Pace

    pace, before = Pace(time.process_time, step=1), None
    while not is_closed():
        with pace:
            lines = watched.lines()
        if lines != before:
            say(*([""] if before is not None else []), *lines)
            before = lines
        time.sleep(max(pace.rest(), 0.1))
    return 0
