"""Auto-dispatch: trackers are looked at on a schedule, and what matches becomes tickets.

The law: one looks at a source at a time, and what goes wrong is told, remembered, and asked again later; it never ends
who looks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.adapters.planning import source_files
from orchestrator.core.planning.sources import Looked, due, next_at
from orchestrator.core.problems import did_you_mean
from orchestrator.core.settings import SourceSettings
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError, OrchestratorError

if TYPE_CHECKING:
    from orchestrator.control.planning.importing import Brought

STOP_SECONDS = 1.0

Bring = Callable[[Home, SourceSettings], "Brought"]
Soon = Callable[[Callable[[], None]], None]


class Look(NamedTuple):
    """One look at a source."""

    source: str
    brought: Brought | None = None
    error: str | None = None
    busy: bool = False
    """Somebody else looks at it just now."""


def chosen(home: Home, names: Sequence[str]) -> tuple[SourceSettings, ...]:
    """The sources of these names, by default all. Raises NotFoundError."""
    sources = home.settings.sources
    if not sources:
        where = home.config.file or "the configuration"
        raise NotFoundError(f"{where} has no sources; docs/sources.md shows what to write")
    by_name = {one.name: one for one in sources}
    for name in names:
        if name not in by_name:
            near = did_you_mean(name, by_name) or f"there are: {'; '.join(by_name)}"
            raise NotFoundError(f'there is no source "{name}" ({near})')
    return tuple(by_name[name] for name in dict.fromkeys(names)) if names else sources


def look(home: Home, source: SourceSettings, bring: Bring | None = None) -> Look:
    """Look at it now, whenever that was done last. Never raises for what the tracker or a file does."""
    if bring is None:
        from orchestrator.control.planning.tracked import bring as bring_tracked

        bring = bring_tracked
    try:
        lock = source_files.try_to_look(home.places, source.name)
        if lock is None:
            return Look(source.name, busy=True)
        with lock:
            return _look(home, source, bring)
    except OrchestratorError as error:  # of the lock, or of what is remembered
        return Look(source.name, error=str(error))


def _look(home: Home, source: SourceSettings, bring: Bring) -> Look:
    before = source_files.known(home.places).get(source.name, Looked())
    try:
        brought = bring(home, source)
    except OrchestratorError as error:
        now, wanted = time.time(), _wanted(error)
        told = Looked(now, before.failures + 1, str(error), now + wanted if wanted else 0, before.plan)
        source_files.remember(home.places, source.name, told)
        return Look(source.name, error=str(error))
    source_files.remember(home.places, source.name, Looked(at=time.time(), plan=brought.plan_id or before.plan))
    return Look(source.name, brought)


def _wanted(error: OrchestratorError) -> float:
    """Seconds for which the tracker does not want to be asked."""
    from orchestrator.adapters.trackers.linear_api import LinearError
    from orchestrator.adapters.trackers.patience import AskedTooOftenError

    return (error.wait if isinstance(error, AskedTooOftenError | LinearError) else None) or 0.0


def look_at_due(home: Home, sources: Sequence[SourceSettings], told: Callable[[Look], None]) -> float | None:
    """Look at those that are due. Seconds until the next; None: there is no source."""
    for source in due(sources, source_files.known(home.places), time.time()):
        told(look(home, source))
    now = time.time()
    coming = next_at(sources, source_files.known(home.places), now)
    return None if coming is None else max(coming - now, 0.5)


# -- beside a daemon --------------------------------------------------------------------------------------------------


class Watcher:
    """Looks at the sources of a daemon, in a thread of its own, so that a slow tracker holds up nothing."""

    def __init__(self, home: Home, soon: Soon) -> None:
        """`soon`: has something done in the daemon's own thread."""
        self._home, self._soon = home, soon
        self._woken, self._over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._failing: dict[str, str] = {}

    def start(self) -> Watcher:
        self._home.wake_sources = self.wake
        self.wake()
        return self

    def wake(self) -> None:
        """The configuration may have other sources now."""
        if self._thread is None and self._home.settings.sources:
            self._thread = threading.Thread(target=self._watch, name="sources", daemon=True)
            self._thread.start()
        self._woken.set()

    def stop(self) -> None:
        self._home.wake_sources = lambda: None
        self._over.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _watch(self) -> None:
        while not self._over.is_set():
            self._woken.clear()
            self._woken.wait(self._round())

    def _round(self) -> float | None:
        try:
            return look_at_due(self._home, self._home.settings.sources, self._tell)
        except Exception as error:  # whatever it is, the daemon goes on, and so does this
            self._later("sources_failed", "error", reason=f"{type(error).__name__}: {error}")
            return 60

    def _tell(self, one: Look) -> None:
        if one.error is not None:
            if self._failing.get(one.source) != one.error:
                self._later("source_failed", "warning", source=one.source, reason=one.error)
            self._failing[one.source] = one.error
            return
        self._failing.pop(one.source, None)
        if one.brought is not None and (one.brought.created or one.brought.updated):
            numbers = {"created": len(one.brought.created), "updated": len(one.brought.updated)}
            self._later("source_imported", "info", source=one.source, to=one.brought.plan_id, **numbers)

    def _later(self, verb: str, level: str, **fields: object) -> None:
        if not self._over.is_set():
            self._soon(lambda: self._home.logs.event(verb, None, level, **fields))
