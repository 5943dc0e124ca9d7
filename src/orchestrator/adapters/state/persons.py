"""Who has taken an agent's session over, for others to see.

The law: it only tells. What keeps everybody else away from the ticket is its walk lock; this lock is there as long as
the person's program runs, frees itself with it, and nothing is decided by it.
"""

from __future__ import annotations

import math
import os

from orchestrator.adapters.files import Lock, is_locked, read_note, try_lock
from orchestrator.adapters.places import Places
from orchestrator.core.model import Key, Ticket
from orchestrator.core.show.held import Held, HeldOf
from orchestrator.errors import StoreError


def tell(places: Places, key: Key, user: str) -> Lock | None:
    """To be held while somebody is in a session of the ticket. None: it cannot be told."""
    try:
        lock = try_lock(places.person_lock(key))
    except StoreError:
        return None
    if lock is not None:
        lock.note(f"{user} (pid {os.getpid()})\n")
    return lock


def in_session(places: Places, key: Key) -> str | None:
    """Who is, in words: `ada (pid 4711)`."""
    path = places.person_lock(key)
    return (read_note(path).strip() or "somebody") if is_locked(path) else None


def held_of(places: Places, otherwise: HeldOf) -> HeldOf:
    """Why a ticket waits, for somebody who looks on: a person first."""
    held = {key: _held(who) for key in _known(places) if (who := in_session(places, key)) is not None}
    return (lambda ticket: _of(held, ticket) or otherwise(ticket)) if held else otherwise


def _of(held: dict[Key, Held], ticket: Ticket) -> Held | None:
    return held.get(ticket.key)


def _held(who: str) -> Held:
    return Held("", math.inf, "", f"{who} is in its session")


def _known(places: Places) -> list[Key]:
    """Tickets in whose sessions somebody is, or once was."""
    try:
        plans = os.listdir(places.persons)
        return [Key(plan, name) for plan in plans for name in os.listdir(places.persons / plan)]
    except OSError:
        return []
