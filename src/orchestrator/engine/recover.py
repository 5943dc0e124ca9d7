"""What a crash between two writes left behind, and is not found by looking at open attempts.

A save whose line in the journal is missing gets it; a notification that was decided and not given is given; what runs
for an attempt that is no longer open is found, so that it can be ended.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from orchestrator.adapters.attempts import sweep
from orchestrator.adapters.attempts.running import locked as launcher_lives
from orchestrator.adapters.files import locked, try_lock
from orchestrator.adapters.state.index import Index
from orchestrator.adapters.state.journal import entries
from orchestrator.core.accounts import as_hold
from orchestrator.core.decisions import Notify
from orchestrator.core.model import Key, Status
from orchestrator.engine.home import Home
from orchestrator.engine.limits.governor import standing
from orchestrator.engine.telling import notices
from orchestrator.errors import StoreError

RECENT_SECONDS = 60.0
TOLD = (Status.NEEDS_ATTENTION, Status.FAILED)
"""What a person is told of."""
BEGINNING = 64
"""Bytes of a line in which its kind stands; what follows may be a ticket's own words."""
LINE = 16_384
"""Bytes at the end of a journal in which its last line is looked for first."""


def catch_up(home: Home, index: Index) -> None:
    """Make up for what the last runner decided and did not get done. One runner at a time does it."""
    try:
        last_time = _modified(home.places.caught_up) - RECENT_SECONDS
        with locked(home.places.caught_up):
            _catch_up_journals(home, index, last_time)
            for key in sorted(index.board.by_status[TOLD[0]] | index.board.by_status[TOLD[1]]):
                _tell(home, index, key)
            if home.settings.notify:
                notices.catch_up_plans(home)
                for one in standing(home, index.board.tickets.values(), time.time()).accounts.values():
                    if one.is_held(time.time()):
                        notices.account_held(home, as_hold(one))
            os.utime(home.places.caught_up)
    except (OSError, StoreError) as error:
        home.logs.event("cannot_catch_up", None, "error", reason=str(error), will="try again at the next start")


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _catch_up_journals(home: Home, index: Index, last_time: float) -> None:
    """Only tickets that were saved since this was done last can be behind."""
    for key, saved in index.saved_at():
        ticket = index.board.tickets.get(key)
        if saved >= last_time and ticket is not None and home.store.behind(key, ticket):
            home.store.catch_up(key)
            home.logs.event("journal_recovered", key, rev=ticket.rev)


def _tell(home: Home, index: Index, key: Key) -> None:
    """Give a notification that was decided and not given. Whoever walks the ticket now does it himself."""
    if _is_told(home.places.journal(key)):
        return
    lock = try_lock(home.places.walk_lock(key))
    if lock is None:
        return
    with lock:
        ticket = index.board.tickets[key]
        if not _is_told(home.places.journal(key)):
            home.logs.event("notify", key, "error", what=str(ticket.status), reason=ticket.error)
            notices.ticket_ended(home, ticket, Notify(str(ticket.status), ticket.error or ""), found=True)


def _is_told(journal: Path) -> bool:
    """Whether a notification followed the save that decided it. Of what we never saved somebody else has told."""
    if b'"kind":"notified"' in _last_line(journal)[:BEGINNING]:
        return True
    for entry in reversed(entries(journal)):
        if entry.kind == "notified":
            return True
        if any(isinstance(d, dict) and d.get("decision") == "Notify" for d in entry.decisions):
            return False
        if (entry.kind == "recovered" or (entry.kind, entry.rev) == ("seen", 1)) and entry.set.get("status") in TOLD:
            return False  # the line that said so is what a crash left out
    return True


def _last_line(path: Path) -> bytes:
    """Its last line, if that is whole and short."""
    with suppress(OSError), path.open("rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(end - LINE, 0))
        found = stream.read().split(b"\n")
        return found[-2] if len(found) > 2 and not found[-1] else b""
    return b""


def orphans(home: Home, index: Index) -> list[tuple[Key, Path, str]]:
    """Running attempts, checks and captures that belong to no open attempt, with their directories and ids.

    An attempt whose ticket cannot be read now is none: its file may say that it is open.
    """
    logs = home.places.logs.absolute()
    found = []
    for path, attempt_id in sweep.directories(logs).items():
        directory = Path(path)
        parts = directory.relative_to(logs).parts
        if len(parts) != 3 or not any(map(launcher_lives, (directory, *directory.glob("capture-*")))):
            continue  # what a script left running on purpose after it had ended is not ours
        key = Key(parts[0], parts[1])
        if not home.places.walk_lock(key).exists():
            continue  # nobody walked it with this stateDir: another home writes its logs there too
        ticket = index.board.tickets.get(key)
        is_open = ticket is not None and ticket.attempt is not None and ticket.attempt.id == attempt_id
        if not is_open and not index.is_held(key):
            found.append((key, directory, attempt_id))
    return found
