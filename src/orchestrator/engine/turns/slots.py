"""Taking a slot: the board knows who holds which; a claim on disk is for what another runner has taken just now.

The law: a claim only keeps others from a slot while its ticket holds it, or is just being dispatched. So nothing has to
be given back, and a claim that a crash left behind means nothing.
"""

from __future__ import annotations

import contextlib

from orchestrator.adapters.files import is_locked, locked
from orchestrator.core.board import Board
from orchestrator.core.model import ENDED, ID_PATTERN, Key, Ticket
from orchestrator.core.turns.slots import holds
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError, StoreError, UnreadableError

PATIENCE = 0.5


def take(home: Home, board: Board, ticket: Ticket) -> int:
    """The slot that the ticket has from now on; saved by whoever asks."""
    found = board.slots.of(ticket)
    if found == ticket.slot and holds(ticket):
        return found
    try:
        with locked(home.places.slots_lock, PATIENCE):
            found = board.slots.of(ticket, lambda slot: _is_taken(home, slot, ticket.key))
            _claim(home, found, ticket.key)
    except (StoreError, OSError):
        pass  # nothing can be written: two runners might choose the same one, and this one goes on
    return found


def _is_taken(home: Home, slot: int, key: Key) -> bool:
    other = _claimed_by(home, slot)
    if other is None or other == key:
        return False
    try:
        ticket = home.store.read_ticket(other, 0).record
    except (NotFoundError, UnreadableError):
        return False
    if ticket.slot == slot:
        return holds(ticket)
    return ticket.status not in ENDED and ticket.attempt is None and is_locked(home.places.walk_lock(other))


def _claimed_by(home: Home, slot: int) -> Key | None:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        plan, _, ticket = (home.places.slots / str(slot)).read_text().partition("/")
        if ID_PATTERN.match(plan) and ID_PATTERN.match(ticket):
            return Key(plan, ticket)
    return None


def _claim(home: Home, slot: int, key: Key) -> None:
    home.places.slots.mkdir(parents=True, exist_ok=True)
    (home.places.slots / str(slot)).write_text(str(key))
