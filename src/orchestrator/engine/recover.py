"""What a crash between two writes left behind, and is not found by looking at open attempts.

A save whose line in the journal is missing gets it; a notification that was decided and not given is given.
"""

from __future__ import annotations

from orchestrator.adapters.index import Index
from orchestrator.adapters.journal import entries
from orchestrator.core.model import Key, Status
from orchestrator.engine.home import Home

RECENT_SECONDS = 60.0


def catch_up(home: Home, index: Index) -> None:
    """Look at the tickets that were saved shortly before the last runner ended, or after."""
    try:
        last_sign = home.places.log_file.stat().st_mtime - RECENT_SECONDS
    except OSError:
        last_sign = 0.0
    for key, saved in index.saved_at():
        if saved >= last_sign and (ticket := index.board.tickets.get(key)) is not None:
            if home.store.behind(key, ticket):
                home.store.catch_up(key)
                home.logs.event("journal_recovered", key, rev=ticket.rev)
            if ticket.status in (Status.NEEDS_ATTENTION, Status.FAILED) and not _told(home, key):
                home.logs.event("notify", key, "error", what=str(ticket.status), reason=ticket.error)
                home.store.note(key, "notified", ticket.error or "")


def _told(home: Home, key: Key) -> bool:
    """Whether a notification followed the last save. A ticket that we never saved was told by somebody else."""
    lines = entries(home.places.journal(key))
    states = [i for i, entry in enumerate(lines) if entry.sum]
    if not states:
        return True
    return any(entry.kind == "notified" for entry in lines[states[-1] :]) or lines[states[-1]].kind == "seen"
