"""What a terminal shows and is drawn again in place: some lines at its bottom (`Region`), or all of it (`Page`).

The law: they make the text of a frame and write nothing; a frame is one write. No line is wider than the terminal, and
after a change of its size everything is drawn anew, for terminals differ in what they then do with old lines.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from orchestrator.cli.columns import cells

ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""Sequences that a terminal obeys."""
CLEAR_LINE, CLEAR_BELOW, HOME = "\x1b[K", "\x1b[J", "\x1b[H"
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"
ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
"""To a screen of one's own without a cursor, and back to what was there before."""
KEPT = 300
"""Lines above a region that are remembered, to be shown again when the size changes."""


class Size(NamedTuple):
    columns: int
    lines: int


def size_of(fd: int) -> Size:
    try:
        found = Size(*os.get_terminal_size(fd))
    except OSError:
        found = Size(0, 0)
    return Size(found.columns or _number("COLUMNS", 80), found.lines or _number("LINES", 24))


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() and int(text) else default


class Region:
    """Lines at the bottom, with others that scroll above them."""

    def __init__(self) -> None:
        self._drawn: list[str] = []
        self._size: Size | None = None
        self._above: deque[str] = deque(maxlen=KEPT)

    def frame(self, above: Sequence[str], lines: Sequence[str], size: Size) -> str:
        """`above`: new lines, as wide as they like. `lines`: narrower than the terminal."""
        resized = self._size not in (None, size) and (self._drawn or self._above)
        self._above.extend(above)
        self._size, before = size, self._drawn
        self._drawn = list(lines)
        if resized:
            return self._anew(size)
        if not above and self._drawn == before:
            return ""
        scrolled = "".join(f"{line}{CLEAR_LINE}\r\n" for line in above)
        same = before if not above else []
        return _up(before) + scrolled + _block(self._drawn, same) + CLEAR_BELOW

    def erased(self) -> str:
        """Nothing is left of it, and the cursor is where it began."""
        before, self._drawn = self._drawn, []
        return _up(before) + CLEAR_BELOW if before else ""

    def _anew(self, size: Size) -> str:
        """From the first line: where the old lines are now, nobody knows."""
        shown: deque[str] = deque()
        room = size.lines - len(self._drawn)
        for line in reversed(self._above):
            room -= max(-(-cells(ESCAPES.sub("", line)) // size.columns), 1)
            if room < 0:
                break
            shown.appendleft(line)
        scrolled = "".join(f"{line}{CLEAR_LINE}\r\n" for line in shown)
        return HOME + scrolled + _block(self._drawn, []) + CLEAR_BELOW


def _up(lines: list[str]) -> str:
    return (f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else "") + "\r"


def _block(lines: list[str], before: list[str]) -> str:
    """The cursor is then behind the last line, which is always written."""
    last = len(lines) - 1
    kept = (i < last and i < len(before) and before[i] == line for i, line in enumerate(lines))
    texts = ("" if is_kept else line + CLEAR_LINE for is_kept, line in zip(kept, lines, strict=True))
    return NO_WRAP + "\r\n".join(texts) + WRAP


class Page:
    """The whole terminal."""

    def __init__(self) -> None:
        self._drawn: list[str] = []
        self._size: Size | None = None

    def frame(self, lines: Sequence[str], size: Size) -> str:
        """What does not fit is left out."""
        before = self._drawn if size == self._size else None
        self._size, self._drawn = size, list(lines[: size.lines])
        if before == self._drawn:
            return ""
        begin = HOME + CLEAR_BELOW if before is None else ""
        return NO_WRAP + begin + "".join(self._changes(before or [])) + WRAP

    def forget(self) -> None:
        """Somebody else has written to the terminal."""
        self._size = None

    def _changes(self, before: list[str]) -> Iterator[str]:
        for i, line in enumerate(self._drawn):
            if i >= len(before) or before[i] != line:
                yield f"\x1b[{i + 1};1H{line}{CLEAR_LINE}"
        if len(before) > len(self._drawn):
            yield f"\x1b[{len(self._drawn) + 1};1H{CLEAR_BELOW}"


def write(fd: int, text: str, encoding: str = "utf-8") -> None:
    """All of it, however long the terminal makes us wait. Raises OSError when it is gone."""
    content = memoryview(text.encode(encoding, "replace"))
    while content:
        try:
            content = content[os.write(fd, content) :]
        except BlockingIOError:
            _wait(fd)


def _wait(fd: int) -> None:
    import select

    select.select([], [fd], [], 1)


def joined(parts: Iterable[str], room: int, between: str) -> str:
    """As many whole parts as there is room for; the first one always."""
    line = ""
    for part in parts:
        longer = f"{line}{between}{part}" if line else part
        if line and cells(longer) > room:
            continue
        line = longer
    return line
