"""What attempts print and what a ticket's log tells, as it comes.

The law: everything is read on by offset, in bounded memory, whoever writes it and however fast. A line is shown when it
is whole, or when nothing can follow it any more.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from orchestrator.adapters.attempts.attempt_files import recorded
from orchestrator.agents.base import Agent, Said
from orchestrator.agents.registry import agent_for
from orchestrator.control.following import FileTail
from orchestrator.core.settings import AgentSettings, Config
from orchestrator.errors import ConfigError

EVENTS, STDOUT, STDERR = "events", "stdout", "stderr"
LONGEST = 2 << 20
"""Bytes of one line of an agent that are looked at."""
_NAME = re.compile(r"(\d{3,})-(.+)\Z")
_EVENT = re.compile(rb"\S+ (?:[A-Z]+ )?(\w+)\b")
_NUMBER = re.compile(rb" attempt=(\d+)\b")
_BEGINNINGS = frozenset({b"started", b"adopted"})
_END = b"ended"


class AttemptLog(NamedTuple):
    """The directory of one attempt (or of one visit of a poll phase)."""

    n: int
    phase: str
    directory: Path

    @property
    def is_over(self) -> bool:
        return (self.directory / "outcome.json").exists()


class Filter(NamedTuple):
    phase: str | None = None
    attempt: int | None = None
    raw: bool = False
    """What agents print as it is."""

    @property
    def names_attempts(self) -> bool:
        return self.phase is not None or self.attempt is not None

    def fits(self, one: AttemptLog) -> bool:
        return self.phase in (None, one.phase) and self.attempt in (None, one.n)


class Piece(NamedTuple):
    """Something to show, in order: bytes as they are, or a line that says something."""

    content: bytes
    attempt: AttemptLog | None = None
    """None: an event of the ticket."""
    stream: str = EVENTS
    said: tuple[Said, ...] | None = None
    """None: nobody has read it. Empty: an empty line."""


def attempts_in(folder: Path) -> list[AttemptLog]:
    """In order of their number."""
    try:
        names = [path.name for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return []
    found = ((match, name) for name in names if (match := _NAME.match(name)))
    return sorted(AttemptLog(int(match[1]), match[2], folder / name) for match, name in found)


def agent_of(config: Config, one: AttemptLog) -> Agent | None:
    """Whose output it is; None: no agent's. One that the configuration no longer names is known by its command."""
    record = recorded(one.directory)
    if record is None or record.kind != "agent":
        return None
    settings = config.settings.agents.get(record.agent or "")
    try:
        return agent_for(settings or AgentSettings(command=record.argv[0] if record.argv else ""))
    except ConfigError:
        return agent_for(AgentSettings(command=""))


def worktree_of(one: AttemptLog) -> str:
    """Where it worked; empty when nobody knows."""
    record = recorded(one.directory)
    return record.cwd if record else ""


class _Stream:
    """One file of an attempt."""

    def __init__(self, one: AttemptLog, name: str, agent: Agent | None) -> None:
        self._one, self._name, self._agent = one, name, agent
        self._tail = FileTail(one.directory / f"{name}.log", from_start=True)
        self._within = False
        """The last content ended within a line, of which enough was seen."""

    def news(self, last: bool) -> Iterator[Piece]:
        while content := self._tail.read():
            yield from self._pieces(content)
        while last and (content := self._tail.read(whole_lines=False)):
            yield from self._pieces(content)

    def _pieces(self, content: bytes) -> Iterator[Piece]:
        if self._agent is None:
            yield Piece(content, self._one, self._name)
            return
        for line in _lines(content):
            if not self._within:
                said = self._agent.said(line[:LONGEST].rstrip(b"\r\n"))
                if said or not line.strip():
                    yield Piece(line, self._one, self._name, said)
            self._within = not line.endswith(b"\n")


def _lines(content: bytes) -> Iterator[bytes]:
    """Only `\\n` ends a line."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start) + 1 or len(content)
        yield content[start:end]
        start = end


class Outputs:
    """The output of the attempts that are asked for, one after the other: first stdout, then stderr."""

    def __init__(self, config: Config, folder: Path, chosen: Filter) -> None:
        self._config, self._folder, self._chosen = config, folder, chosen
        self._streams: dict[int, list[_Stream]] = {}
        self._over: set[int] = set()

    def news(self, last: bool) -> Iterator[Piece]:
        found = attempts_in(self._folder)
        for i, one in enumerate(found):
            if self._chosen.fits(one) and one.n not in self._over:
                ended = last or i < len(found) - 1  # the next one has begun
                for stream in self._of(one):
                    yield from stream.news(ended)
                if ended:
                    self._over.add(one.n)
                    self._streams.pop(one.n, None)

    def _of(self, one: AttemptLog) -> list[_Stream]:
        if one.n not in self._streams:
            agent = None if self._chosen.raw else agent_of(self._config, one)
            self._streams[one.n] = [_Stream(one, STDOUT, agent), _Stream(one, STDERR, None)]
        return self._streams[one.n]


class Story:
    """The events of a ticket and, between the start and the end of an attempt, what its agent says."""

    def __init__(self, config: Config, folder: Path) -> None:
        self._config, self._folder = config, folder
        self._log = FileTail(folder / "ticket.log", from_start=True)
        self._lines: deque[bytes] = deque()
        self._running: int | None = None
        """The attempt that may speak."""
        self._speaker: _Stream | None = None

    def news(self, last: bool) -> Iterator[Piece]:
        while True:
            yield from self._heard(last=False)
            line = self._next_line(last)
            if not line:
                break
            yield from self._told(line)
        if last:
            yield from self._heard(last=True)

    def _next_line(self, last: bool) -> bytes:
        if not self._lines:
            self._lines.extend(_lines(self._log.read()))
        if not self._lines and last:
            self._lines.extend(_lines(self._log.read(whole_lines=False)))
        return self._lines.popleft() if self._lines else b""

    def _told(self, line: bytes) -> Iterator[Piece]:
        verb, number = _EVENT.match(line), _NUMBER.search(line)
        what, n = verb[1] if verb else b"", int(number[1]) if number else None
        if what == _END and n in (None, self._running):
            yield from self._heard(last=True)
            self._running = self._speaker = None
        yield Piece(line)
        if what in _BEGINNINGS and n != self._running:
            yield from self._heard(last=True)
            self._running, self._speaker = n, None

    def _heard(self, last: bool) -> Iterator[Piece]:
        if self._running is not None and self._speaker is None:
            self._find_speaker(self._running)
        if self._speaker is not None:
            yield from self._speaker.news(last)

    def _find_speaker(self, n: int) -> None:
        """The event comes before the directory."""
        one = next((one for one in attempts_in(self._folder) if one.n == n), None)
        if one is not None and (agent := agent_of(self._config, one)) is not None:
            self._speaker = _Stream(one, STDOUT, agent)
        elif one is not None and (one.directory / "pid").exists():
            self._running = None  # no agent: what it prints is shown when it is asked for


Reader = Outputs | Story
