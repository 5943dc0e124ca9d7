"""Looking on at a home that somebody else walks, or nobody: its files, read again where they changed.

The law: what looking costs does not grow with what happens. While much happens, the log that the runner writes tells
whose files to read, and the watch, which costs by the change, rests; scans find what neither tells.
"""

from __future__ import annotations

import threading
import time
from itertools import islice

from orchestrator.adapters.state import accounts, persons
from orchestrator.adapters.state.index import Index
from orchestrator.adapters.watching.watch import Watch
from orchestrator.control.live.diary import Diary
from orchestrator.control.reading import checked_id, settle, unusable
from orchestrator.control.showing import Scene
from orchestrator.core.accounts import Account
from orchestrator.core.settings import Config
from orchestrator.core.show.holds import as_held, held_now, held_of
from orchestrator.core.show.live import MANY, Seen
from orchestrator.engine import locks
from orchestrator.engine.home import Home
from orchestrator.engine.limits.governor import derived
from orchestrator.engine.limits.purse import Purse

DEBOUNCE, STEP = 400, 200
"""Milliseconds: a person who looks on sees no difference, and the watch wakes seldom."""
FILES_EVERY = 60.0
"""Seconds between looks at every file, as the runner does it."""
UNWATCHED_EVERY = 2.0
"""The same for folders while the watch rests, and for files where there can be none."""
BUSY = 20.0
"""Changes per second from which on the watch rests."""
CALM_SECONDS = 5.0
"""How long little must happen until it watches again."""
FEW = 1_000
"""Tickets whose files can be looked at every other second."""
FOLDERS_EVERY = 10.0
"""Seconds between looks at folders with many tickets, while the watch rests."""


class Elsewhere:
    """Close it."""

    def __init__(self, config: Config, plan_id: str | None = None) -> None:
        """Raises NotFoundError, UnreadableError for the one plan."""
        self.home = Home(config)
        self.diary = Diary(self.home)
        self._plan = checked_id("plan", plan_id) if plan_id is not None else None
        self._index = Index(self.home.places)
        self.home.plans, self.home.patience = self._index.board.plans, 0
        self._purse = Purse(self.home, self._index.board)
        self._known: dict[str, Account] = {}
        self._accounts_mark: int | None = None
        self._files_at = time.monotonic()
        self._read(every=True)
        settle(self._index)
        self._check()
        self._changes = _Changes(self.home, self._plan)
        self._folders_at = time.monotonic()

    def close(self) -> None:
        self._changes.close()

    @property
    def is_watching(self) -> bool:
        """It is told of changes; else the log tells, and scans find the rest."""
        return self._changes.watches

    def runner(self) -> str | None:
        """Who walks here, in words; None: nobody."""
        return locks.running(self.home.places)

    def since(self) -> float | None:
        """When the one who walks here began."""
        try:
            return self.home.places.daemon_locks[0].stat().st_mtime
        except OSError:
            return None

    def scene(self) -> Scene:
        """What the files say now, with everything that there is to be said about it."""
        self._look()
        return Scene(self.home.config, index=self._index)

    def seen(self) -> Seen:
        """What the files say now."""
        self._look()
        index, now = self._index, time.time()
        known = self._accounts(now)
        return Seen(
            board=index.board,
            workflow_of=lambda ticket: self.home.rules(ticket).workflow,
            is_held=index.is_held,
            held=[*(as_held(one) for one in held_now(known, now)), *(one.shown for one in self._purse.holds())],
            held_of=persons.held_of(self.home.places, self._purse.held_of(held_of(known, self.home.rules, now))),
            problems=len(index.problems),
        )

    def _accounts(self, now: float) -> dict[str, Account]:
        mark = accounts.changed_ns(self.home.places)
        if mark is None or mark != self._accounts_mark:
            self._accounts_mark = mark
            self._known, _ = accounts.read_accounts(self.home.places)
        board = self._index.board
        waiting = (board.tickets[key] for key in islice(board.ready.waiting(), MANY))
        return {**derived(self.home, waiting, now), **self._known}

    def _look(self) -> None:
        self.diary.read_on()
        named = self.diary.take_named()
        told = self._changes.take(len(named))
        self._scan()
        self._index.touch(told)
        for key in named:
            if self._plan in (None, key.plan):
                self._index.look(str(self.home.places.ticket_file(key)))
        if self._index.doubtful:
            self._index.settle()
        self._index.take_changes()
        self._index.take_findings()
        self._index.rewritten.clear()

    def _scan(self) -> None:
        now = time.monotonic()
        files_every = FILES_EVERY if self._changes.can_watch else UNWATCHED_EVERY
        if now >= self._files_at + files_every:
            self._files_at = self._folders_at = now
            self.home.catalog.refresh()
            self._read(every=True)
        elif not self._changes.watches and now >= self._folders_at + self._folders_every():
            self._folders_at = now
            self._read(every=False)

    def _folders_every(self) -> float:
        return UNWATCHED_EVERY if len(self._index.board.tickets) <= FEW else FOLDERS_EVERY

    def _read(self, every: bool) -> None:
        if self._plan is None:
            self._index.scan(every)
            return
        self._index.touch([str(self.home.places.tickets(self._plan))])
        blockers = {blocker for place in self._index.board.places.values() for blocker in place.blockers}
        for key in {key for key in blockers if key.plan != self._plan}:
            self._index.look(str(self.home.places.plan_file(key.plan)))
            self._index.look(str(self.home.places.ticket_file(key)))

    def _check(self) -> None:
        if self._plan is not None and self._plan not in self._index.board.plans:
            absent = f'there is no plan "{self._plan}" in {self.home.places.plans}'
            raise unusable(self._index, str(self.home.places.plan_file(self._plan)), absent)


class _Changes:
    """What the watch tells, while it watches."""

    def __init__(self, home: Home, plan: str | None) -> None:
        self._folder = home.places.plans if plan is None else home.places.plans / plan
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._calm_since = self._asked_at = time.monotonic()
        self._watch: Watch | None = None
        self.can_watch = True
        self._begin()

    @property
    def watches(self) -> bool:
        return self._watch is not None and self.can_watch

    def close(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()

    def take(self, named: int) -> set[str]:
        """The paths. `named`: of how many tickets the log told in the meantime."""
        with self._lock:
            told, self._told = self._told, set()
        now = time.monotonic()
        rate = max(named, len(told)) / max(now - self._asked_at, 0.1)
        self._asked_at = now
        if rate > BUSY:
            self._calm_since = now
        if rate > BUSY and named and self._watch is not None:
            self.close()
        elif self._watch is None and now >= self._calm_since + CALM_SECONDS:
            self._begin()
        return told

    def _begin(self) -> None:
        """It then tells the folder itself, so that what changed before is found."""
        self._watch = Watch([self._folder], self._tell, self._lost, debounce=DEBOUNCE, step=STEP).start()

    def _tell(self, paths: set[str]) -> None:
        """(In the thread of the watch.)"""
        with self._lock:
            self._told |= paths

    def _lost(self, _: str) -> None:
        self.can_watch = False
