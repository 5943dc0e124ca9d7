"""The log as it is written: what happened lately, and to whom.

The law: it is read once, in bounded steps, and then on; a line that cannot be understood is passed over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from orchestrator.control.following import FileTail
from orchestrator.core.model import Key
from orchestrator.engine.home import Home

LATELY = 100
"""Events that are kept."""
BLOCKS = 8
"""Blocks of the log that are read in one look."""


class _Event(msgspec.Struct):
    event: str = ""
    plan: str = ""
    ticket: str = ""


_decode = msgspec.json.Decoder(_Event).decode


class Diary:
    """The log, read once and then on."""

    def __init__(self, home: Home) -> None:
        self._tail = FileTail(home.places.log_file, from_start=True)
        self._lately: deque[bytes] = deque(maxlen=LATELY)
        self._is_caught_up = False
        self._named: set[Key] = set()

    def read_on(self) -> None:
        for _ in range(BLOCKS):
            content = self._tail.read()
            if not content:
                self._is_caught_up = True
                return
            lines = content.splitlines()
            self._lately.extend(lines[-LATELY:])
            if self._is_caught_up:
                self._add(lines)

    def take_named(self) -> set[Key]:
        """To whom something has happened since this was asked last."""
        named, self._named = self._named, set()
        return named

    def _add(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            try:
                event = _decode(line)
            except msgspec.MsgspecError:
                continue
            if event.ticket:
                self._named.add(Key(event.plan, event.ticket))

    def lately(self) -> Iterator[dict[str, Any]]:
        """The latest events, newest first."""
        for line in reversed(self._lately):
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.MsgspecError:
                continue
