"""What attempts have cost, one line for each, in a file for each day: `<stateDir>/.costs/2026-11-22.jsonl`.

The law: a line is written when an attempt has ended and before its ticket says so. After a crash in between it is
written once more, with the same id; whoever reads counts each id once. A line that cannot be understood is passed over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from orchestrator.adapters.lines import append_lines
from orchestrator.adapters.places import Places
from orchestrator.core.model import Key
from orchestrator.core.outcome import Usage, added

SUFFIX = ".jsonl"


class Line(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """One attempt. None: its agent did not tell it."""

    at: str
    """When it ended."""
    plan: str
    ticket: str
    phase: str
    n: int
    attempt: str
    """Its id."""
    agent: str | None = None
    account: str | None = None
    model: str | None = None
    session: str | None = None
    kind: str = ""
    """How it ended."""
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    priced: bool = False
    """Its cost was worked out from a table of prices."""

    @property
    def usage(self) -> Usage:
        return Usage(self.input_tokens, self.cached_tokens, self.output_tokens, self.cost_usd, priced=self.priced)


def day_of(at: float) -> str:
    """The day on which a moment is, where we are: `2026-11-22`."""
    return time.strftime("%Y-%m-%d", time.localtime(at))


def next_midnight(at: float) -> float:
    """When the day of a moment is over, where we are."""
    day = time.localtime(at)
    return time.mktime((day.tm_year, day.tm_mon, day.tm_mday + 1, 0, 0, 0, 0, 0, -1))


def append(places: Places, line: Line, at: float) -> None:
    """Raises OSError. A line that was cut off is closed first."""
    append_lines(places.costs / f"{day_of(at)}{SUFFIX}", msgspec.json.encode(line) + b"\n")


def lines(places: Places, since: date | None = None) -> Iterator[tuple[str, Line]]:
    """Every attempt from a day on, with its day, once, in the order in which they ended."""
    seen: set[str] = set()
    for path in days(places):
        if since is None or path.name >= since.isoformat():
            for line in _decoded(_content(path)):
                if line.attempt not in seen:
                    seen.add(line.attempt)
                    yield path.name.removesuffix(SUFFIX), line


def days(places: Places) -> list[Path]:
    """The files, the oldest first."""
    try:
        return sorted(path for path in places.costs.iterdir() if path.name.endswith(SUFFIX))
    except OSError:
        return []


class Day:
    """Sums of the day that it is, kept up to date; reading on costs by what is new."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._begin("")

    def _begin(self, day: str) -> None:
        self._day, self._offset = day, 0
        self.attempts: set[str] = set()
        """Ids of those that are counted."""
        self.total: Usage | None = None
        self.of_plan: dict[str, Usage | None] = {}
        self.of_ticket: dict[Key, Usage | None] = {}

    def read_on(self, now: float) -> None:
        day = day_of(now)
        path = self._places.costs / f"{day}{SUFFIX}"
        size = _size(path)
        if day != self._day or size < self._offset:
            self._begin(day)
        if size > self._offset:
            content = _content(path, self._offset)
            whole = content[: content.rfind(b"\n") + 1]
            self._offset += len(whole)
            for line in _decoded(whole):
                self._add(line)

    def _add(self, line: Line) -> None:
        if line.attempt not in self.attempts:
            self.attempts.add(line.attempt)
            usage, key = line.usage, Key(line.plan, line.ticket)
            self.total = added(self.total, usage)
            self.of_plan[key.plan] = added(self.of_plan.get(key.plan), usage)
            self.of_ticket[key] = added(self.of_ticket.get(key), usage)


_LINE = msgspec.json.Decoder(Line)


def _decoded(content: bytes) -> Iterator[Line]:
    for text in content.split(b"\n"):
        if text:
            try:
                yield _LINE.decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue


def _content(path: Path, offset: int = 0) -> bytes:
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            return stream.read()
    except OSError:
        return b""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
