"""What is said of a ticket beside its file: the last thing that its program printed, and what it has cost.

The law: bounded work. Of a file only the end is read, only when the file changed, and only of tickets that are shown;
the log is read once, and then on.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from orchestrator.adapters.attempt_files import tail
from orchestrator.agents.base import Agent
from orchestrator.control.following import FileTail
from orchestrator.core.live import Row, View
from orchestrator.core.model import Key
from orchestrator.engine.home import Home
from orchestrator.errors import CannotRunError

ENDS = (2_000, 16_000)
"""Characters at the end of a file in which the last line is looked for; for an agent, whose lines are long, in more."""
LATELY = 100
"""Events that are kept."""
BLOCKS = 8
"""Blocks of the log that are read in one look."""

_LINE = re.compile(r"[\r\n]+")


class _Heard(NamedTuple):
    sizes: tuple[int, int]
    text: str


class Words:
    """The last words of those in flight."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._heard: dict[str, _Heard] = {}

    def said(self, row: Row) -> str:
        directory = str(self._home.places.attempt(row.key, row.attempt.n, row.attempt.phase))
        before = self._heard.get(directory)
        sizes = (_size(f"{directory}/stdout.log"), _size(f"{directory}/stderr.log"))
        if before is not None and before.sizes == sizes:
            return before.text
        text = self._listen(row, Path(directory), before, sizes) or (before.text if before else "")
        self._heard[directory] = _Heard(sizes, text)
        return text

    def forget_others(self, rows: tuple[Row, ...]) -> None:
        shown = {str(self._home.places.attempt(row.key, row.attempt.n, row.attempt.phase)) for row in rows}
        self._heard = {directory: heard for directory, heard in self._heard.items() if directory in shown}

    def _listen(self, row: Row, directory: Path, before: _Heard | None, sizes: tuple[int, int]) -> str:
        """What was written since; both at once: standard output."""
        out, err = sizes
        if row.attempt.agent is not None:
            return _last_said(directory / "stdout.log", self._agent(row.attempt.agent))
        if out and (before is None or before.sizes[0] != out or not err):
            return _last_line(directory / "stdout.log")
        return _last_line(directory / "stderr.log") if err else ""

    def _agent(self, name: str) -> Agent | None:
        try:
            return self._home.agent(name)[1]
        except CannotRunError:
            return None


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - asked often
    except OSError:
        return 0


def _last_line(path: Path) -> str:
    lines = _lines(path, ENDS[0])
    return lines[-1] if lines else ""


def _last_said(path: Path, agent: Agent | None) -> str:
    """In the words of its adapter. A line of which the beginning is not there says nothing."""
    if agent is None:
        return _last_line(path)
    for end in ENDS:
        for line in reversed(_lines(path, end)):
            said = agent.said(line.encode())
            if said:
                return said[-1].text
    return ""


def _lines(path: Path, end: int) -> list[str]:
    text = tail(path, end)
    if len(text) == end:
        text = text.partition("\n")[2] or text.rpartition("\r")[2]
    return [line for line in _LINE.split(text) if line.strip()]


class Diary:
    """The log, read once and then on: what tickets have cost, and what happened lately."""

    def __init__(self, home: Home) -> None:
        self._tail = FileTail(home.places.log_file, from_start=True)
        self._lately: deque[bytes] = deque(maxlen=LATELY)
        self.costs: dict[Key, float] = {}
        self._of_plan: dict[str, float] = defaultdict(float)

    def read_on(self) -> bool:
        """Whether there was something new."""
        for turn in range(BLOCKS):
            content = self._tail.read()
            if not content:
                return turn > 0
            lines = content.splitlines()
            self._lately.extend(lines[-LATELY:])
            if b'"cost":' in content:
                self._add(line for line in lines if b'"cost":' in line)
        return True

    def _add(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            try:
                event = msgspec.json.decode(line, type=_Ended)
            except msgspec.MsgspecError:
                continue
            if event.event == "ended" and event.cost is not None:
                key = Key(event.plan, event.ticket)
                self.costs[key] = self.costs.get(key, 0) + event.cost
                self._of_plan[event.plan] += event.cost

    def lately(self) -> Iterator[dict[str, Any]]:
        """The latest events, newest first."""
        for line in reversed(self._lately):
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.MsgspecError:
                continue

    def total(self, view: View) -> float | None:
        """What the tickets of a view have cost; None: nothing is known."""
        if view.only is not None:
            return self.costs.get(view.only)
        known = [self._of_plan[plan] for plan in view.plans if plan in self._of_plan]
        return sum(known) if known else None


class _Ended(msgspec.Struct):
    event: str
    plan: str = ""
    ticket: str = ""
    cost: float | None = None


class Told:
    """Fills in what a view needs of the above."""

    def __init__(self, home: Home) -> None:
        self.words, self.diary = Words(home), Diary(home)

    def filled(self, view: View, most: int) -> View:
        """`most`: rows that are shown."""
        self.diary.read_on()
        rows = tuple(
            replace(row, said=self.words.said(row), cost=self.diary.costs.get(row.key)) for row in view.rows[:most]
        )
        self.words.forget_others(rows)
        return replace(view, rows=rows, cost=self.diary.total(view))
