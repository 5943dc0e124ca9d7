"""What a ticket has for itself while it is under way: slot, ports, a folder for temporary files. Of these only the
folder has to be made before its programs start, and removed when the ticket is complete."""

from __future__ import annotations

from orchestrator.adapters.attempts import temporary
from orchestrator.core.model import ENDED, Status, Ticket
from orchestrator.core.turns.slots import slot_vars
from orchestrator.engine.home import Home


def given(home: Home, ticket: Ticket) -> dict[str, str]:
    """The variables that tell its programs. Raises StoreError: the folder cannot be made now."""
    folder = temporary.folder_of(home.environ, home.places.state, ticket.key)
    temporary.make(folder)
    return {**slot_vars(home.settings.ports, ticket.slot), **temporary.variables(folder)}


def let_go(home: Home, before: Ticket, after: Ticket) -> None:
    """When a ticket has ended. What lies in the folder of one that a person has to look at stays."""
    if after.attempt is None and after.status in ENDED and (before.status, before.attempt) != (after.status, None):
        folder = temporary.folder_of(home.environ, home.places.state, after.key)
        temporary.forget(folder, whole=after.status is Status.COMPLETE)
