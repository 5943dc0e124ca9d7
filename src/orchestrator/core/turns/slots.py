"""Slots: small numbers by which tickets under way are told apart, and the ports that go with them. Pure.

The law: a slot is held by who is under way: begun and not ended. Of several that say the same number (a hand edit) one
holds it, and the others get another when they are dispatched next. Taking one costs the same however many are held.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import NamedTuple

from orchestrator.core.model import ENDED, Key, Ticket
from orchestrator.core.settings import PortSettings

PORTS = 65536
EPHEMERAL = 32768
"""From here on systems give out ports by themselves."""


class Band(NamedTuple):
    base: int
    size: int


def band(ports: PortSettings, slot: int) -> Band:
    """The ports of a slot. There are only so many of them: then it begins again with the first."""
    end = EPHEMERAL if ports.first + ports.count <= EPHEMERAL else PORTS
    bands = max((end - ports.first) // ports.count, 1)
    return Band(ports.first + slot % bands * ports.count, ports.count)


def holds(ticket: Ticket) -> bool:
    """Whether nobody else may have its slot."""
    is_slot = ticket.slot is not None and ticket.slot >= 0
    return is_slot and (ticket.status not in ENDED or ticket.attempt is not None)


def slot_vars(ports: PortSettings, slot: int | None) -> dict[str, str]:
    """What programs are told. Nothing for a ticket that an earlier version has under way."""
    if slot is None or slot < 0:
        return {}
    base, size = band(ports, slot)
    return {
        "ORCHESTRATOR_SLOT": str(slot),
        "ORCHESTRATOR_PORT_BASE": str(base),
        "ORCHESTRATOR_PORT_COUNT": str(size),
    }


class Slots:
    """Which are held, and by whom."""

    def __init__(self) -> None:
        self._held: dict[int, set[Key]] = {}
        self._freed: list[int] = []
        """A heap of those below `_next` that were given back; some may be held again."""
        self._listed: set[int] = set()
        """What is in that heap."""
        self._next = 0
        """All below it are held or in the heap."""

    def put(self, ticket: Ticket) -> None:
        if ticket.slot is not None and holds(ticket):
            self._held.setdefault(ticket.slot, set()).add(ticket.key)

    def drop(self, ticket: Ticket) -> None:
        slot = ticket.slot
        keys = self._held.get(slot) if slot is not None else None
        if slot is None or keys is None:
            return
        keys.discard(ticket.key)
        if keys:
            return
        del self._held[slot]
        if slot < self._next and slot not in self._listed:
            heappush(self._freed, slot)
            self._listed.add(slot)

    def of(self, ticket: Ticket, is_taken: Callable[[int], bool] = lambda _: False) -> int:
        """The slot it has, or had and nobody took; else the lowest that is free. `is_taken`: by somebody whose ticket
        is not known here yet; asked only of slots that the ticket does not hold."""
        own = ticket.slot
        if own is not None and own >= 0:
            keys = self._held.get(own, ())
            if ticket.key in keys and min(keys) == ticket.key:
                return own
            if not keys and not is_taken(own):
                return own
        slot = self._lowest()
        while slot in self._held or is_taken(slot):
            slot += 1
        return slot

    def _lowest(self) -> int:
        while self._freed and self._freed[0] in self._held:
            self._listed.discard(heappop(self._freed))
        if self._freed:
            return self._freed[0]
        while self._next in self._held:
            self._next += 1
        return self._next
