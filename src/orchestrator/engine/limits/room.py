"""Room on the disks: below `worktree.minFreeGb` nothing new starts, and what is under way goes on.

The law: a disk is asked at most once a second, and only while something new waits. The few tickets whose turn would be
next say what they wait for; the thousands behind them are not touched.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from orchestrator.adapters.disks import free_bytes
from orchestrator.adapters.paths import expanded
from orchestrator.core.events import Event, HeldBack
from orchestrator.core.model import Key, PlanStatus, Status, Ticket, should_be
from orchestrator.core.turns.schedule import under_way
from orchestrator.engine.attend import unblocked
from orchestrator.engine.desk import Desk

LOOK_SECONDS = 1.0
SAY_SECONDS = 30.0
"""How soon a ticket says anew how much is free."""
SHOWN = 10
"""So many tickets say what they wait for."""
GB, MB = 1 << 30, 1 << 20


class Room:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[str, tuple[float, str | None]] = {}
        """By worktree root: when to look again (monotonic), and what is lacking."""
        self._said: dict[Key, float] = {}
        """Tickets that say what they wait for: when to say it anew (monotonic)."""

    def lacks(self, ticket: Ticket) -> str | None:
        """Why this ticket does not start now, in words; None: there is room, or it is under way."""
        least = self._desk.home.settings.worktree.min_free_gb
        if least <= 0 or under_way(ticket):
            return None
        rules = self._desk.home.rules(ticket)
        root = rules.plan.worktree_root or rules.worktree_root
        due, lacking = self._known.get(root, (0.0, None))
        if time.monotonic() >= due:
            lacking = self._look(root, least)
            self._known[root] = (time.monotonic() + LOOK_SECONDS, lacking)
        return lacking

    def _look(self, root: str, least: float) -> str | None:
        places = self._desk.home.places
        for name, folder in (("worktrees", expanded(root)), ("logs", places.logs), ("state", places.state)):
            free = free_bytes(folder) if folder.is_absolute() else None
            if free is not None and free < least * GB:
                return f"not enough room for {name} in {folder}: {size(free)} free, {least:g} GB needed (minFreeGb)"
        return None

    def tell(self) -> None:
        """Let those whose turn would be next say so, and those who said it and need not wait any more, no longer."""
        now = time.monotonic()
        if not self._said and not any(lacking for _, lacking in self._known.values()):
            return
        lacking = {key: reason for key in self._next() if (reason := self.lacks(self._desk.board.tickets[key]))}
        for key in self._said.keys() - lacking.keys():
            del self._said[key]
            self._desk.try_(key, lambda t: _held_back(t, None) if t.wait_reason else None)
        for key, reason in lacking.items():
            if self._said.get(key, 0) <= now:
                self._said[key] = now + SAY_SECONDS
                self._desk.try_(key, unblocked)
                self._desk.try_(key, lambda t, reason=reason: _held_back(t, reason))  # type: ignore[misc]

    def _next(self) -> Iterator[Key]:
        """The first of those that are new, of plans that go on."""
        board = self._desk.board
        live = (groups for id_, groups in board.ready.plans.items() if board.plans[id_].status is PlanStatus.ACTIVE)
        keys = (spot.key for groups in live for group, spots in groups.items() if not group.under_way for spot in spots)
        mine = (key for key in keys if self._desk.only is None or key == self._desk.only[0])
        return iter(list(islice((key for key in mine if key not in self._desk.foreign), SHOWN)))


def _held_back(ticket: Ticket, reason: str | None) -> Event | None:
    waits = should_be(ticket) is Status.READY and ticket.attempt is None and not under_way(ticket)
    return HeldBack(at=time.time(), reason=reason) if waits else None


def size(free: int) -> str:
    return f"{free / GB:.1f} GB" if free >= GB else f"{free / MB:.0f} MB"
