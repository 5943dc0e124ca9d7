"""The lanes of a home, for a runner: which one a ticket needs, and the door through which one at a time goes in.

The law: whoever lets a ticket into a lane holds the lane's door from the last look until that is saved, so that two
runners of a state never let in two.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from orchestrator.adapters.attempts.running import locked as launcher_lives
from orchestrator.adapters.files import Lock, is_locked, lock
from orchestrator.adapters.paths import expanded
from orchestrator.adapters.state.index import Index
from orchestrator.core.model import ID_PATTERN, Key, Ticket
from orchestrator.core.rules import asked_base
from orchestrator.core.turns.lane import is_in_lane_phase, lane_name
from orchestrator.engine.home import Home
from orchestrator.engine.turns import stacks
from orchestrator.errors import StoreError

PATIENCE = 0.5
"""Seconds for which another runner may stand in the door."""


class Lanes:
    def __init__(self, home: Home, index: Index, is_single: bool) -> None:
        """`is_single`: the runner walks one ticket; others are waited for only while somebody walks them."""
        self._home, self._index = home, index
        self._known: dict[tuple[str, str | None, str | None], bool] = {}
        self._repos: dict[str, str] = {}
        self._doors: list[Lock] = []
        claims = index.board.claims
        claims.lane_of, claims.repo_of = self.of, self._repo
        if is_single:
            claims.counts = self._is_walked

    def look_again(self) -> None:
        """Workflows or configuration have changed."""
        self._known.clear()
        self._repos.clear()
        self._index.board.line_up_again()

    def of(self, ticket: Ticket) -> str | None:
        """The lane that its next attempt belongs into."""
        where = (ticket.plan_id, ticket.workflow, ticket.current_phase)
        if where not in self._known:
            self._known[where] = is_in_lane_phase(self._home.rules(ticket).workflow, ticket)
        if not self._known[where]:
            return None
        return lane_name(self._index.board.claims.repo(ticket), self.base_of(ticket))

    def base_of(self, ticket: Ticket) -> str | None:
        """The branch that it goes into; None: the repository's own, which nobody has named."""
        if ticket.stacked_on is not None:
            return stacks.base_of(self._home, ticket).name
        return asked_base(self._home.rules(ticket), ticket) or ticket.context.get("base_branch") or None

    def _repo(self, path: str) -> str:
        """Resolved, for the same may be written in two ways."""
        if path not in self._repos:
            self._repos[path] = os.path.realpath(expanded(path)) if path else ""
        return self._repos[path]

    def _is_walked(self, key: Key) -> bool:
        ticket = self._index.board.tickets.get(key)
        if is_locked(self._home.places.walk_lock(key)):
            return True
        attempt = ticket.attempt if ticket is not None else None
        return attempt is not None and launcher_lives(self._home.places.attempt(key, attempt.n, attempt.phase))

    # -- the door -----------------------------------------------------------------------------------------------------

    def enter(self, key: Key, name: str) -> bool:
        """Let it in, if nobody is there. The door stays shut for others until `shut`, when that is saved."""
        path = self._home.places.lane_door(hashlib.sha256(name.encode()).hexdigest()[:16])
        try:
            self._doors.append(lock(path, PATIENCE))
        except StoreError as error:
            self._home.logs.event("cannot_lock", key, "error", reason=str(error))
            return False
        last = _read(path)
        if last is not None and last != key:
            self._index.look(str(self._home.places.ticket_file(last)))
            if last in self._index.board.claims.in_lane(name):
                self.shut()
                return False
        with contextlib.suppress(OSError):
            path.write_text(str(key))
        return True

    def shut(self) -> None:
        for door in self._doors:
            door.release()
        self._doors.clear()


def _read(path: Path) -> Key | None:
    """Who went in last; None: nobody."""
    try:
        plan, slash, ticket = path.read_text().strip().partition("/")
    except (OSError, UnicodeDecodeError):
        return None
    return Key(plan, ticket) if slash and ID_PATTERN.match(plan) and ID_PATTERN.match(ticket) else None
