"""The agent sessions of a ticket."""

from __future__ import annotations

from orchestrator.control.reading import existing_ticket
from orchestrator.core.model import Key
from orchestrator.core.show.views import SessionView
from orchestrator.core.show.views import sessions as sessions_of
from orchestrator.engine.home import Home


def sessions(home: Home, key: Key, phase: str | None = None) -> list[SessionView]:
    """Oldest first. Raises NotFoundError, UnreadableError."""
    return sessions_of(existing_ticket(home.places, key), phase)
