"""The log as it is written: what happened lately, to whom, and what tickets have cost.

The law: it is read once, in bounded steps, and then on; a line that cannot be understood is passed over.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from orchestrator.adapters import costs
from orchestrator.control.following import FileTail
from orchestrator.core.model import Key
from orchestrator.core.show.live import View
from orchestrator.engine.home import Home

LATELY = 100
"""Events that are kept."""
BLOCKS = 8
"""Blocks of the log that are read in one look."""
WEIGH_SECONDS = 0.005
"""How long to look up costs in one look; the rest comes in the next ones."""


class _Event(msgspec.Struct):
    event: str = ""
    plan: str = ""
    ticket: str = ""
    cost: float | None = None


_decode = msgspec.json.Decoder(_Event).decode


class Diary:
    """The log, read once and then on: what tickets have cost, and what happened lately."""

    def __init__(self, home: Home) -> None:
        self._tail = FileTail(home.places.log_file, from_start=True)
        self._lately: deque[bytes] = deque(maxlen=LATELY)
        self._places = home.places
        self._is_caught_up = False
        self._unweighed: dict[Key, None] = {}
        """Those whose cost has changed."""
        self._named: set[Key] = set()
        self.costs: dict[Key, float] = {}
        self._of_plan: dict[str, float] = defaultdict(float)

    def read_on(self) -> None:
        self._read()
        self._weigh()

    def _read(self) -> None:
        for _ in range(BLOCKS):
            content = self._tail.read()
            if not content:
                self._is_caught_up = True
                return
            lines = content.splitlines()
            self._lately.extend(lines[-LATELY:])
            if self._is_caught_up:
                self._add(lines)
            elif b'"cost":' in content:
                self._add(line for line in lines if b'"cost":' in line)

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
            key = Key(event.plan, event.ticket)
            if event.ticket and self._is_caught_up:
                self._named.add(key)
            if event.event == "ended" and event.cost is not None:
                self._unweighed[key] = None

    def _weigh(self) -> None:
        """What they have cost lies beside what came of their attempts: sessions that were continued count once."""
        until = time.monotonic() + WEIGH_SECONDS
        while self._unweighed and time.monotonic() < until:
            key = next(iter(self._unweighed))
            del self._unweighed[key]
            cost = costs.of_ticket(self._places, key) or 0.0
            self._of_plan[key.plan] += cost - self.costs.get(key, 0.0)
            self.costs[key] = cost

    def lately(self) -> Iterator[dict[str, Any]]:
        """The latest events, newest first."""
        for line in reversed(self._lately):
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.MsgspecError:
                continue

    def total(self, view: View) -> float | None:
        """What the tickets of a view have cost; None: it is not known, or not yet."""
        if self._unweighed or not self._is_caught_up:
            return None
        if view.only is not None:
            return self.costs.get(view.only)
        known = [self._of_plan[plan] for plan in view.plans if plan in self._of_plan]
        return sum(known) if known else None
