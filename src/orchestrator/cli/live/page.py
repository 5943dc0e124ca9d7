"""A screen of one's own, drawn again when something has changed, until somebody leaves it with q or Ctrl-C.

The law: it shows and changes nothing. Whatever ends it, the terminal is as it was; in the background it draws nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence

from orchestrator.cli.columns import has_utf8
from orchestrator.cli.live.screen import ENTER, LEAVE, Page, Size, size_of, write
from orchestrator.cli.live.terminal import Modes, Signals, is_foreground
from orchestrator.control.live.pace import Pace

GLANCE_SECONDS = 0.2
"""How soon a key and a change of size are noticed."""
PATIENCE_SECONDS = 0.5
"""How long to wait, when leaving, for a terminal that hangs."""
UP, DOWN, PAGE_UP, PAGE_DOWN, BEGIN, END = "up", "down", "page up", "page down", "begin", "end"
KEYS = {
    "\x1b[A": UP, "\x1bOA": UP, "k": UP, "\x1b[B": DOWN, "\x1bOB": DOWN, "j": DOWN, "\r": DOWN, "\n": DOWN,
    "\x1b[5~": PAGE_UP, "b": PAGE_UP, "\x1b[6~": PAGE_DOWN, " ": PAGE_DOWN, "\x1b[H": BEGIN, "\x1b[1~": BEGIN,
    "g": BEGIN, "\x1b[F": END, "\x1b[4~": END, "G": END,
}  # fmt: skip
_KEY = re.compile(r"\x1b\[[0-9;]*.|\x1bO.|.", re.DOTALL)

Look = Callable[[Size, str], Sequence[str]]
"""The lines to show now; the second argument is the key that was pressed, or nothing."""


def follow(look: Look) -> int:
    """Returns the exit code. Raises KeyboardInterrupt."""
    pace = Pace(time.process_time)
    with _Screen() as screen:
        key = ""
        while True:
            size = screen.size()
            if key or screen.is_shown():
                with pace:
                    screen.draw(look(size, KEYS.get(key, "")), size)
            key = screen.key(pace, size)
            if key in ("q", "Q"):
                return 0


class _Screen:
    def __init__(self) -> None:
        self._fd = sys.stdout.fileno()
        self._utf8 = has_utf8()
        self._page = Page()
        self._modes = Modes(self._fd, keys=True)
        self._signals = Signals(self._leave, self._modes.apply)
        self._has_keys = os.isatty(0)
        self._typed: deque[str] = deque()
        self._is_entered = False

    def __enter__(self) -> _Screen:
        self._signals.__enter__()
        self._modes.apply()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._leave()
        finally:
            self._signals.__exit__()

    def size(self) -> Size:
        return size_of(self._fd)

    def is_shown(self) -> bool:
        return is_foreground(self._fd)

    def draw(self, lines: Sequence[str], size: Size) -> None:
        if not self._is_entered:
            self._is_entered = True
            self._page.forget()
            self._modes.apply()
            write(self._fd, ENTER)
        write(self._fd, self._page.frame(lines, size), "utf-8" if self._utf8 else "ascii")

    def _leave(self) -> None:
        if self._is_entered and select.select([], [self._fd], [], PATIENCE_SECONDS)[1]:
            self._is_entered = False
            with contextlib.suppress(OSError):
                write(self._fd, LEAVE)
        self._modes.restore()

    def key(self, pace: Pace, size: Size) -> str:
        """What was typed; nothing when it is time for the next look, or the size has changed."""
        while not self._typed:
            readable = self._wait(min(max(pace.rest(), 0.01), GLANCE_SECONDS))
            if readable:
                self._read()
            elif pace.is_due() or self.size() != size:
                return ""
        return self._typed.popleft()

    def _wait(self, seconds: float) -> bool:
        if self._has_keys and is_foreground(0):
            return bool(select.select([0], [], [], seconds)[0])
        time.sleep(seconds)
        return False

    def _read(self) -> None:
        content = os.read(0, 64)
        if not content:
            self._has_keys = False
        self._typed.extend(_KEY.findall(content.decode("utf-8", "replace")))


def is_closed() -> bool:
    """Whether nobody reads what is printed any more."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(found & (select.POLLERR | select.POLLHUP) for _, found in poll.poll(0))
