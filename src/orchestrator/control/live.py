"""Looking on while tickets are walked: by a runner of this process (`Looker`), or by one elsewhere (`Elsewhere`).

The law: nothing is changed and nobody is kept waiting. What a runner lends becomes a view at once, and is left alone; a
look that costs much is taken rarely, so that looking never takes more than a small part of a core.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Set
from typing import NamedTuple

from orchestrator.adapters.index import Index
from orchestrator.adapters.watch import Watch
from orchestrator.control.reading import checked_id, settle, unusable
from orchestrator.control.showing import Scene
from orchestrator.core.live import Scope, Seen, View, holds, in_scope, view
from orchestrator.core.model import Key
from orchestrator.core.settings import Config
from orchestrator.engine import locks
from orchestrator.engine.home import Home

STEP_SECONDS = 0.5
"""Between two looks, however much happens."""
SHARE = 0.01
"""Of a core, at most, for one of the things that looking consists of."""
DEBOUNCE, STEP = 400, 200
"""Milliseconds: a person who looks on sees no difference, and the watch wakes seldom."""
FILES_EVERY = 60.0
"""Seconds between looks at every file, as the runner does it."""
UNWATCHED_EVERY = 2.0
"""The same where changes cannot be watched."""


class Pace:
    """Says when the next one may be: never sooner than the step, and later after one that cost much."""

    def __init__(self, clock: Callable[[], float] = time.thread_time, step: float = STEP_SECONDS) -> None:
        self._clock, self._step = clock, step
        self._due = 0.0

    def is_due(self) -> bool:
        return time.monotonic() >= self._due

    def rest(self) -> float:
        """Seconds until then."""
        return max(self._due - time.monotonic(), 0.0)

    def __enter__(self) -> Pace:
        self._began = self._clock()
        return self

    def __exit__(self, *_: object) -> None:
        cost = self._clock() - self._began
        self._due = time.monotonic() + max(self._step, cost / SHARE)


class Focus(NamedTuple):
    """What somebody looks at; without either at everything that is to be walked."""

    plan: str | None = None
    ticket: Key | None = None


class Looker:
    """Takes what a runner lends, and shows it as a view when something has changed."""

    def __init__(
        self,
        show: Callable[[View], None],
        most: Callable[[], int],
        focus: Focus,
        lost: Callable[[Exception], None],
    ) -> None:
        """`most`: how many tickets can be shown now. `lost`: there will be no more views, for one went wrong."""
        self._show, self._most, self._focus, self._lost = show, most, focus, lost
        self._is_lost = False
        self._plans: Set[str] = frozenset()
        self._shown: object = None
        self._pace = Pace()

    def __call__(self, seen: Seen) -> None:
        """Never raises: who walks does not end because of somebody who looks on."""
        try:
            if not self._is_lost:
                self._look(seen)
        except Exception as error:
            self._is_lost = True
            self._lost(error)

    def _look(self, seen: Seen) -> None:
        urgent = (seen.stopping, seen.is_over)
        mark = (*urgent, seen.board.changes, seen.problems, seen.slots, tuple(seen.held.items()), self._most())
        if mark == self._shown or not (self._pace.is_due() or self._is_news(urgent)):
            return
        self._shown = mark
        with self._pace:
            self._show(view(seen, self._scope(seen), self._most(), time.time()))

    def _is_news(self, urgent: tuple[str | None, bool]) -> bool:
        return isinstance(self._shown, tuple) and self._shown[:2] != urgent

    def _scope(self, seen: Seen) -> Scope:
        if self._focus.ticket is not None:
            return Scope({self._focus.ticket.plan}, self._focus.ticket)
        if self._focus.plan is not None:
            return Scope({self._focus.plan})
        self._plans = in_scope(seen.board, self._plans)
        return Scope(self._plans)


class Elsewhere:
    """The files of a home that somebody else walks, or nobody. Close it."""

    def __init__(self, config: Config, plan_id: str | None = None) -> None:
        """Raises NotFoundError, UnreadableError for the one plan."""
        self._home = Home(config)
        self._plan = checked_id("plan", plan_id) if plan_id is not None else None
        self._index = Index(self._home.places)
        self._home.plans, self._home.patience = self._index.board.plans, 0
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._folders_at = self._files_at = time.monotonic()
        self._files_every = FILES_EVERY
        self._read(every=True)
        settle(self._index)
        self._check()
        places = self._home.places
        folder = places.plans if self._plan is None else places.plans / self._plan
        self._watch = Watch([folder], self._tell, self._lost, debounce=DEBOUNCE, step=STEP).start()

    def close(self) -> None:
        self._watch.stop()

    @property
    def home(self) -> Home:
        return self._home

    def runner(self) -> str | None:
        """Who walks here, in words; None: nobody."""
        return locks.running(self._home.places)

    def since(self) -> float | None:
        """When the one who walks here began."""
        try:
            return self._home.places.daemon_locks[0].stat().st_mtime
        except OSError:
            return None

    def scene(self) -> Scene:
        """The same, for whoever wants more of it."""
        self._look()
        return Scene(self._home.config, index=self._index)

    def seen(self) -> Seen:
        """What the files say now."""
        self._look()
        index = self._index
        return Seen(
            board=index.board,
            workflow_of=lambda ticket: self._home.rules(ticket).workflow,
            is_held=index.is_held,
            held=holds(index.board, time.time()),
            problems=len(index.problems),
        )

    def _tell(self, paths: set[str]) -> None:
        """(In the thread of the watch.)"""
        with self._lock:
            self._told |= paths

    def _lost(self, _: str) -> None:
        self._files_every = UNWATCHED_EVERY

    def _look(self) -> None:
        with self._lock:
            told, self._told = self._told, set()
        now = time.monotonic()
        if now >= self._files_at + self._files_every:
            self._files_at = self._folders_at = now
            self._read(every=True)
        elif now >= self._folders_at + self._home.settings.poll_interval:
            self._folders_at = now
            self._home.catalog.refresh()
            self._read(every=False)
        self._index.touch(told)
        if self._index.doubtful:
            self._index.settle()
        self._index.take_changes()
        self._index.take_findings()
        self._index.rewritten.clear()

    def _read(self, every: bool) -> None:
        if self._plan is None:
            self._index.scan(every)
            return
        self._index.touch([str(self._home.places.tickets(self._plan))])
        blockers = {blocker for place in self._index.board.places.values() for blocker in place.blockers}
        for key in {key for key in blockers if key.plan != self._plan}:
            self._index.look(str(self._home.places.plan_file(key.plan)))
            self._index.look(str(self._home.places.ticket_file(key)))

    def _check(self) -> None:
        if self._plan is not None and self._plan not in self._index.board.plans:
            absent = f'there is no plan "{self._plan}" in {self._home.places.plans}'
            raise unusable(self._index, str(self._home.places.plan_file(self._plan)), absent)
