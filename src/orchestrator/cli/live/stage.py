"""What `run`, `daemon` and `demo` show while they walk: a live region on a terminal, else a line per event.

The law: who walks never waits for a terminal. Events and views are handed over; another thread draws them, at its own
pace, and a terminal that hangs or goes away holds up that thread alone. In the background there is no region.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING

from orchestrator.cli import output
from orchestrator.cli.columns import has_utf8
from orchestrator.cli.lines import QUIET, Events, Line
from orchestrator.cli.live import text as live_text
from orchestrator.cli.live.screen import Region, Size, size_of, write
from orchestrator.cli.live.terminal import Modes, Signals, is_foreground
from orchestrator.cli.live.text import Room, Style
from orchestrator.control.live.looker import Focus, Looker
from orchestrator.control.live.pace import Pace
from orchestrator.control.live.words import Told

if TYPE_CHECKING:
    from orchestrator.core.show.live import View
    from orchestrator.engine.home import Home

LOOK_SECONDS = 0.2
"""Between looks whether there is anything to draw."""
LEAVE_SECONDS = 1.0
"""How long a terminal may take to show the end."""
WHOLE = 1_000
"""Columns of the summary at the end: it stays, so it may be wrapped."""
HELD = 5_000
"""Lines that wait for a terminal; of more the oldest are left out."""


def style() -> Style:
    return Style(output.has_colour(), has_utf8())


def is_live() -> bool:
    return output.is_terminal() and os.environ.get("TERM") != "dumb"


class Plain:
    """Lines, as they come."""

    def __init__(self, names_plans: bool, is_open: bool = True) -> None:
        self._events = Events(names_plans, is_open)
        self.tell, self.open, self.say = self._events.tell, self._events.open, output.say

    def looker(self, home: Home, focus: Focus) -> Looker | None:
        return None

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Live:
    """A region below the lines. It takes the place of `Plain`."""

    def __init__(self, names_plans: bool, is_open: bool = True) -> None:
        self._fd = sys.stdout.fileno()
        self._terminals = [fd for fd in (1, 2) if os.isatty(fd)]
        self._events = Events(names_plans)
        self._style = style()
        self._lines: deque[str | Line] = deque()
        self._held: list[Line] | None = None if is_open else []
        self._dropped = 0
        self._view: View | None = None
        self._home: Home | None = None
        self._region = Region()
        self._shown: object = None
        self._pace = Pace()
        self._told: Told | None = None
        self._began = time.time()
        self._urgent, self._suspend, self._suspended = threading.Event(), threading.Event(), threading.Event()
        self._ending = False
        self._was_front = True
        self._modes = Modes(self._fd)
        self._signals = Signals(self._step_aside, self._come_back)
        self._thread: threading.Thread | None = None

    # -- for those who walk: nothing here waits -----------------------------------------------------------------------

    def say(self, *lines: str) -> None:
        self._lines.extend(lines)

    def tell(self, line: Line) -> None:
        if line["event"] in QUIET:
            return
        if self._held is not None:
            self._held.append(line)
            return
        self._lines.append(line)
        if len(self._lines) > HELD:
            self._lines.popleft()
            self._dropped += 1

    def open(self) -> None:
        held, self._held = self._held or [], None
        self._lines.extend(held)

    def show(self, view: View) -> None:
        if view.stopping is not None and (self._view is None or self._view.stopping is None):
            self._urgent.set()
        self._view = view

    def looker(self, home: Home, focus: Focus) -> Looker | None:
        """From now on it is drawn."""
        self._home, self._told = home, Told(home)
        self._thread = threading.Thread(target=self._draw, name="live", daemon=True)
        self._thread.start()
        return Looker(self.show, lambda: size_of(self._fd).lines, focus, self._lost)

    def __enter__(self) -> Live:
        self._signals.__enter__()
        self._modes.apply()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """What is left is shown, and a summary takes the place of the region."""
        try:
            self._ending = True
            self._urgent.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._draw, name="live", daemon=True)
                self._thread.start()
            self._thread.join(LEAVE_SECONDS)
            if self._thread.is_alive():
                _forget(self._terminals)
        finally:
            self._modes.restore()
            self._signals.__exit__()

    # -- the thread that draws ----------------------------------------------------------------------------------------

    def _draw(self) -> None:
        try:
            while not self._ending:
                if not self._urgent.wait(LOOK_SECONDS) and not self._pace.is_due():
                    continue
                self._urgent.clear()
                self._turn()
            self._end()
        except (OSError, ValueError):
            _forget(self._terminals)  # it is gone

    def _turn(self) -> None:
        if self._suspend.is_set():
            if not self._suspended.is_set():
                self._write(self._region.erased())
                self._suspended.set()
            return
        front = is_foreground(self._fd)
        if front != self._was_front:
            self._was_front = front
            self._region = Region()
            self._shown = None
            if front:
                self._modes.apply()
        size, now = size_of(self._fd), time.time()
        shown = (self._view, int(now), size, front)
        if shown == self._shown and not self._lines:
            return
        self._shown = shown
        with self._pace:
            above = self._above()
            region = self._lines_of(size, now) if front and self._told is not None else []
            self._write(self._region.frame(above, region, size))

    def _end(self) -> None:
        above = self._above()
        if self._view is not None:
            above.append(self._summary(self._view))
        erased = self._region.erased() if self._was_front and is_foreground(self._fd) else ""
        self._write(erased + "".join(f"{line}\r\n" for line in above))

    def _summary(self, view: View) -> str:
        if self._told is not None:
            view = self._told.filled(view, 0)
        return live_text.summary(view, WHOLE, self._style, self._began, time.time())

    def _above(self) -> list[str]:
        found = []
        if self._dropped:
            found, self._dropped = [f"… {self._dropped} lines left out, which the terminal had no time for"], 0
        for _ in range(len(self._lines)):
            line = self._lines.popleft()
            found.append(line if isinstance(line, str) else self._events.text(line))
        return found if self._style.utf8 else [live_text.plain(line) for line in found]

    def _lines_of(self, size: Size, now: float) -> list[str]:
        """Some lines above remain for what happens."""
        view, told, columns = self._view, self._told, size.columns - 1
        if view is None or told is None:
            return []
        room = Room(columns, max(size.lines - max(size.lines // 5, 1) - 1, 0))
        try:
            view = told.filled(view, live_text.shares(view, room.lines)[0])
            drawn = live_text.lines(view, room, self._style, now)
            return [*drawn, live_text.summary(view, columns, self._style, self._began, now)]
        except Exception as error:
            self._lost(error)
            return []

    def _lost(self, error: Exception) -> None:
        """A mistake in a view must not end what it looks at: from now on there are lines only."""
        self._told = None
        if self._home is not None:
            text = "".join(traceback.format_exception(error))
            self._home.logs.event("view_lost", None, "error", reason=repr(error), traceback=text)

    def _write(self, text: str) -> None:
        if text:
            write(self._fd, text, "utf-8" if self._style.utf8 else "ascii")

    # -- Ctrl-Z, and a death by a signal ------------------------------------------------------------------------------

    def _step_aside(self) -> None:
        self._suspend.set()
        self._urgent.set()
        if self._thread is not None and self._thread.is_alive():
            self._suspended.wait(LEAVE_SECONDS / 2)
        self._modes.restore()

    def _come_back(self) -> None:
        self._modes.apply()
        self._shown = None
        self._suspended.clear()
        self._suspend.clear()
        self._urgent.set()


def stage(names_plans: bool, is_open: bool = True) -> Plain | Live:
    return Live(names_plans, is_open) if is_live() else Plain(names_plans, is_open)


def _forget(terminals: list[int]) -> None:
    """It hangs, or is gone: what is still printed there goes nowhere, and nobody waits for it."""
    null = os.open(os.devnull, os.O_WRONLY)
    for fd in terminals:
        os.dup2(null, fd)
    os.close(null)
