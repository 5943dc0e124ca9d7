"""What is known of tickets' pull requests, for those who look on: read from files, without asking the forge.

The law: who has no pull request costs nothing, and a file that cannot be understood tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.places import Places
from orchestrator.core.model import Key, Ticket
from orchestrator.core.show.reviews import WordsOf, document, number_of, words
from orchestrator.errors import OrchestratorError

if TYPE_CHECKING:
    from orchestrator.core.forge.pull_request import Remembered


def words_of(places: Places) -> WordsOf:
    def told(ticket: Ticket) -> str:
        known = known_of(places, ticket)
        return words(known) if known is not None else ""

    return told


def documents(places: Places, tickets: Iterable[Ticket]) -> dict[str, Any]:
    """By the ticket's id; only those of which something is known."""
    found = ((ticket.ticket_id, known_of(places, ticket)) for ticket in tickets if ticket.context)
    return {name: document(known) for name, known in found if known is not None}


def known_of(places: Places, ticket: Ticket) -> Remembered | None:
    number = number_of(ticket)
    return known_about(places, ticket.key, number) if number is not None else None


def mark_of(places: Places, key: Key) -> int | None:
    """Changes when something else is known; None: nothing is."""
    from orchestrator.adapters.state.pull_requests import file_of

    try:
        return file_of(places, key).stat().st_mtime_ns
    except OSError:
        return None


def known_about(places: Places, key: Key, number: int) -> Remembered | None:
    """None: nothing is known of the one with this number."""
    from orchestrator.adapters.state.pull_requests import remembered

    try:
        known = remembered(places, key)
    except (OrchestratorError, OSError):
        return None
    return known if known is not None and known.number == number else None
