"""Where everything lies. The only module that knows the names of files and folders under stateDir and logDir."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from orchestrator.core.model import Key
from orchestrator.core.settings import Config

REMEMBERED = 8192
"""Paths that are kept: the same few are asked for many times per attempt, and a Path takes long to put together."""

Of = TypeVar("Of", Key, str)


def _remembered(make: Callable[[Places, Of], Path]) -> Callable[[Places, Of], Path]:
    kind = make.__name__

    def path(self: Places, of: Of) -> Path:
        found = self._known.get((kind, of))
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[kind, of] = make(self, of)
        return found

    path.__doc__ = make.__doc__
    return path


class Places:
    """Paths of one home."""

    def __init__(self, config: Config) -> None:
        self.home = Path(config.home)
        self.state = Path(config.state_dir)
        self.logs = Path(config.log_dir)
        self.plans = self.state / "plans"
        self.locks = self.state / ".locks"
        """One folder per plan; what is no plan's begins with a dot, as no id does."""
        self.log_file = self.logs / "orchestrator.log"
        self._known: dict[tuple[str, Key | str], Path] = {}

    @_remembered
    def plan_file(self, plan_id: str) -> Path:
        return self.plans / plan_id / "plan.json"

    def tickets(self, plan_id: str) -> Path:
        return self.plans / plan_id / "tickets"

    @_remembered
    def ticket_file(self, key: Key) -> Path:
        return self.plans / key.plan / "tickets" / f"{key.ticket}.json"

    @_remembered
    def store_lock(self, key: Key) -> Path:
        """Held for one change of the ticket's file."""
        return self.locks / key.plan / f"{key.ticket}.store"

    def lane_door(self, name: str) -> Path:
        """Held while a ticket is let into that lane, and says which one was let in last."""
        return self.locks / ".lanes" / name

    @_remembered
    def walk_lock(self, key: Key) -> Path:
        """Held by whoever walks the ticket."""
        return self.locks / key.plan / f"{key.ticket}.walk"

    @property
    def persons(self) -> Path:
        """Who is in a session of an agent: a folder per plan."""
        return self.locks / ".persons"

    def person_lock(self, key: Key) -> Path:
        """Held while a person is in a session of the ticket, and says who."""
        return self.persons / key.plan / key.ticket

    def plan_lock(self, plan_id: str) -> Path:
        return self.locks / plan_id / ".plan"

    @property
    def accounts(self) -> Path:
        """What is known of accounts, a file each."""
        return self.state / ".accounts"

    @property
    def accounts_lock(self) -> Path:
        """Held for one change of them."""
        return self.locks / ".accounts"

    def pull_request_name(self, key: Key) -> str:
        """What is remembered of a ticket's pull request, as text, for questions that are asked of many tickets."""
        return f"{self.state}/.pull-requests/{key.plan}/{key.ticket}.json"

    @property
    def pull_requests_lock(self) -> Path:
        """Held for one change of what is remembered of pull requests."""
        return self.locks / ".pull-requests"

    @property
    def slots(self) -> Path:
        """Who took each slot last, a file each."""
        return self.state / ".slots"

    @property
    def slots_lock(self) -> Path:
        """Held while one is taken."""
        return self.locks / ".slots"

    @property
    def caches(self) -> Path:
        """What setups of worktrees share: a folder per repository, in it one per key."""
        return self.state / ".caches"

    def setup_log(self, key: Key) -> Path:
        """What the setup of the ticket's worktree printed."""
        return self.ticket_logs(key) / "worktree-setup.log"

    @property
    def archive(self) -> Path:
        """Plans that nobody walks any more, a folder each; what begins with a dot is on its way out."""
        return self.state / "archive"

    @property
    def sources(self) -> Path:
        """When each source was looked at last."""
        return self.state / ".sources.json"

    @property
    def sources_lock(self) -> Path:
        """Held for one change of that."""
        return self.locks / ".sources"

    @property
    def imports(self) -> Path:
        """What imports took last, a file for each plan."""
        return self.state / ".imports"

    @property
    def imports_lock(self) -> Path:
        """Held by whoever brings tickets in."""
        return self.locks / ".imports"

    @property
    def caught_up(self) -> Path:
        """Locked while somebody makes up for what a crash left out; changed when that was done last."""
        return self.locks / ".caught-up"

    @property
    def notices(self) -> Path:
        """Notices that are still to be sent."""
        return self.state / ".notices"

    @property
    def notices_lock(self) -> Path:
        """Held by who sends them."""
        return self.notices / "lock"

    @property
    def notices_held_lock(self) -> Path:
        """Held while somebody tells of an account that is held."""
        return self.notices / "held.lock"

    @property
    def costs(self) -> Path:
        """What attempts have cost, a file for each day."""
        return self.state / ".costs"

    @property
    def daemon_locks(self) -> tuple[Path, Path]:
        """One per stateDir, one per home."""
        return self.locks / ".daemon", self.home / ".locks" / ".daemon"

    @property
    def daemon_pid(self) -> Path:
        """The original's way of saying that a daemon runs."""
        return self.home / "daemon.pid"

    @_remembered
    def ticket_logs(self, key: Key) -> Path:
        return self.logs / key.plan / key.ticket

    def journal_name(self, key: Key) -> str:
        """`journal` as text, for questions that are asked once of every ticket."""
        return f"{self.logs}/{key.plan}/{key.ticket}/journal.jsonl"

    @_remembered
    def journal(self, key: Key) -> Path:
        return self.logs / key.plan / key.ticket / "journal.jsonl"

    def attempt(self, key: Key, n: int, phase: str) -> Path:
        return self.ticket_logs(key) / f"{n:03d}-{phase}"
