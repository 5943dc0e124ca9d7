"""What is said of a ticket beside its file: the last thing that its program printed, and how its review stands.

The law: bounded work. Of a file only the end is read, only when the file changed, and only of tickets that are shown.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from msgspec.structs import replace

from orchestrator.agents.base import Agent
from orchestrator.control import reviews
from orchestrator.core.model import Key
from orchestrator.core.show.live import Row, View, Wait
from orchestrator.core.show.reviews import words
from orchestrator.engine.home import Home
from orchestrator.errors import CannotRunError

ENDS = (4_096, 65_536)
"""Bytes at the end of a file in which the last line is looked for; for an agent, whose lines are long, in more."""
_BREAK = re.compile(rb"[\r\n]+")


class _Heard(NamedTuple):
    directory: str
    sizes: tuple[int, int]
    """Of its standard output and error."""
    text: str


_Attempt = tuple[Key, int, str]


class Words:
    """The last words of those in flight."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._heard: dict[_Attempt, _Heard] = {}

    def said(self, row: Row) -> str:
        attempt = _attempt(row)
        before = self._heard.get(attempt) or _Heard(str(self._home.places.attempt(*attempt)), (0, 0), "")
        sizes = (_size(f"{before.directory}/stdout.log"), _size(f"{before.directory}/stderr.log"))
        if before.sizes != sizes:
            before = _Heard(before.directory, sizes, self._listen(row, before, sizes) or before.text)
        self._heard[attempt] = before
        return before.text

    def forget_others(self, rows: tuple[Row, ...]) -> None:
        shown = {_attempt(row) for row in rows}
        self._heard = {attempt: heard for attempt, heard in self._heard.items() if attempt in shown}

    def _listen(self, row: Row, before: _Heard, sizes: tuple[int, int]) -> str:
        """What was written since. When both were: what an agent reports, what a script says on standard output."""
        out, err = sizes
        if row.attempt.agent is not None:
            return _last_said(f"{before.directory}/stdout.log", out, self._agent(row.attempt.agent))
        if out != before.sizes[0]:
            return _last_line(f"{before.directory}/stdout.log", out)
        return _last_line(f"{before.directory}/stderr.log", err)

    def _agent(self, name: str) -> Agent | None:
        try:
            return self._home.agent(name)[1]
        except CannotRunError:
            return None


def _attempt(row: Row) -> _Attempt:
    return (row.key, row.attempt.n, row.attempt.phase)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - asked often
    except OSError:
        return 0


def _last_line(path: str, size: int) -> str:
    """Of one that is longer than what is read, its end."""
    content = _read(path, max(size - ENDS[0], 0), ENDS[0])
    return next((line for line in reversed(_BREAK.split(content)) if line.strip()), b"").decode(errors="replace")


def _last_said(path: str, size: int, agent: Agent | None) -> str:
    """In the words of its adapter. Only a line that is there whole says something."""
    if agent is None:
        return _last_line(path, size)
    for end in ENDS:
        content = _read(path, max(size - end, 0), end)
        whole = content.split(b"\n")[1 if size > end else 0 : -1]
        for line in reversed(whole):
            if said := agent.said(line):
                return said[-1].text
        if size <= end:
            break
    return ""


def _read(path: str, offset: int, count: int) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.pread(fd, count, offset)
    except OSError:
        return b""
    finally:
        os.close(fd)


class Reviews:
    """How the reviews of those that wait stand."""

    def __init__(self, home: Home) -> None:
        self._places = home.places
        self._known: dict[Key, tuple[object, str]] = {}

    def told(self, wait: Wait) -> str:
        if wait.pr is None:
            return ""
        mark = (wait.pr, reviews.mark_of(self._places, wait.key))
        before = self._known.get(wait.key)
        if before is None or before[0] != mark:
            known = reviews.known_about(self._places, wait.key, wait.pr)
            before = self._known[wait.key] = (mark, words(known) if known is not None else f"PR #{wait.pr}")
        return before[1]

    def forget_others(self, waits: tuple[Wait, ...]) -> None:
        shown = {one.key for one in waits}
        self._known = {key: known for key, known in self._known.items() if key in shown}


class Told:
    """Fills in what a view needs of the above."""

    def __init__(self, home: Home) -> None:
        self.words = Words(home)
        self.reviews = Reviews(home)

    def filled(self, view: View, most: int) -> View:
        """`most`: rows that are shown."""
        rows = tuple(replace(row, said=self.words.said(row)) for row in view.rows[:most])
        self.words.forget_others(rows)
        waits = tuple(replace(one, review=self.reviews.told(one)) if one.pr else one for one in view.waits)
        self.reviews.forget_others(waits)
        return replace(view, rows=rows, waits=waits)
