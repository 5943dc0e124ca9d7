"""The tickets that may be dispatched, kept in the order in which their plan wants them.

The law: whoever asks whose turn it is looks at groups, never at every ticket. All tickets of a group need the same for
their next step, so that a group without room is passed over as a whole, however many wait in it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.core.model import Key, Ticket
from orchestrator.core.times import epoch_or


class Group(NamedTuple):
    """What the next step of a ticket depends on, besides its plan."""

    under_way: bool
    workflow: str | None
    phase: str | None
    agent: str | None


class Spot(NamedTuple):
    """Where a plan lists the ticket."""

    order: float
    position: int
    key: Key


class _Entry(NamedTuple):
    group: Group
    spot: Spot
    wake: float | None
    """None: it waits for no time, or no longer."""


class Ready:
    """Ready tickets without an open attempt: by plan and group, and those that wait for a time by that time."""

    def __init__(self) -> None:
        self.plans: dict[str, dict[Group, list[Spot]]] = {}
        self._waiting: list[tuple[float, Key]] = []
        self._entries: dict[Key, _Entry] = {}

    def put(self, ticket: Ticket, order: float, position: int) -> None:
        key = ticket.key
        self.drop(key)
        group = Group(under_way(ticket), ticket.workflow, ticket.current_phase, ticket.agent)
        wake = epoch_or(ticket.wake_at, 0) if ticket.wake_at else None
        self._add(_Entry(group, Spot(order, position, key), wake))

    def drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        if entry.wake is not None:
            del self._waiting[bisect_left(self._waiting, (entry.wake, key))]
            return
        groups = self.plans[key.plan]
        spots = groups[entry.group]
        del spots[bisect_left(spots, entry.spot)]
        if not spots:
            del groups[entry.group]
        if not groups:
            del self.plans[key.plan]

    def wake(self, now: float) -> None:
        """Those whose time has come line up with the others."""
        due = bisect_right(self._waiting, now, key=lambda waiting: waiting[0])
        keys = [key for _, key in self._waiting[:due]]
        del self._waiting[:due]
        for key in keys:
            self._add(self._entries[key]._replace(wake=None))

    def next_wake(self, now: float) -> float | None:
        """The first wake time later than `now`."""
        later = bisect_right(self._waiting, now, key=lambda waiting: waiting[0])
        return self._waiting[later][0] if later < len(self._waiting) else None

    def waiting(self) -> Iterator[Key]:
        """Those that wait for a time, the next first."""
        return (key for _, key in self._waiting)

    def _add(self, entry: _Entry) -> None:
        key = entry.spot.key
        self._entries[key] = entry
        if entry.wake is not None:
            insort(self._waiting, (entry.wake, key))
        else:
            insort(self.plans.setdefault(key.plan, {}).setdefault(entry.group, []), entry.spot)


def under_way(ticket: Ticket) -> bool:
    """Whether it has begun: such tickets go first."""
    return ticket.attempts > 0 or bool(ticket.phase_history)
