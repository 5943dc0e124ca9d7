"""The three ways to walk tickets: `daemon` (until stopped), `tick` (one round), `run` (one ticket to its end)."""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.adapters.ext4 import keep_apart
from orchestrator.adapters.files import Lock
from orchestrator.adapters.watching.watch import Watch
from orchestrator.core.board import Board
from orchestrator.core.model import Key
from orchestrator.core.settings import Config
from orchestrator.core.show.live import Seen
from orchestrator.engine.calls import Calls
from orchestrator.engine.home import Home
from orchestrator.engine.leaving import leave
from orchestrator.engine.loop import Loop, Mode
from orchestrator.engine.recover import catch_up
from orchestrator.engine.telling.comments import Comments
from orchestrator.engine.telling.courier import Courier
from orchestrator.errors import OrchestratorError, StoreError

HOUSEKEEPING_SECONDS = 1.0
REST_SECONDS = 0.3
ONLOOK_SECONDS = 0.2
"""How often somebody who looks on is asked to look."""

Onlook = Callable[[Seen], None]

Mark = tuple[int, int, int]


class Reload:
    """Configuration and workflows, taken over when they change; the last good ones stay when the new are broken."""

    def __init__(self, home: Home, load: Callable[[], Config]) -> None:
        self._home, self._load = home, load
        self._due = 0.0
        self._mark = self._seen = self._stat()
        self._seen_at = 0.0
        self._broken: dict[str, str] = {}
        self._tell_broken()

    def __call__(self, told: bool = False) -> bool:
        """True when something changed. `told`: look now, for somebody says that files changed."""
        now = time.monotonic()
        if now < self._due and not told:
            return False
        self._due = now + HOUSEKEEPING_SECONDS
        return self._config() | self._workflows()

    def _stat(self) -> Mark | None:
        try:
            stat = Path(self._home.config.file or "").stat()
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino)

    def _rests(self, mark: Mark | None) -> bool:
        """Nobody is writing it just now: the beginning of a configuration is a whole one, too."""
        now = time.monotonic()
        if mark != self._seen:
            self._seen, self._seen_at = mark, now
        return now >= self._seen_at + REST_SECONDS

    def _config(self) -> bool:
        mark = self._stat()
        if mark == self._mark or self._home.config.file is None:
            return False
        if not self._rests(mark):
            return False
        self._mark = mark
        try:
            config = self._load()
        except OrchestratorError as error:
            self._home.logs.event("config_kept", None, "error", reason=f"{error}; the last good configuration stays")
            return False
        if config == self._home.config:
            return False
        moved = (config.state_dir, config.log_dir) != (self._home.config.state_dir, self._home.config.log_dir)
        if moved:
            reason = "stateDir and logDir are taken over when the daemon starts again"
            self._home.logs.event("config_kept", None, "error", reason=reason)
            return False
        self._home.use(config)
        self._home.logs.event("config_reloaded", None)
        return True

    def _workflows(self) -> bool:
        if not self._home.catalog.refresh():
            return False
        self._home.logs.event("workflows_reloaded", None)
        self._tell_broken()
        return True

    def _tell_broken(self) -> None:
        """Each broken workflow, once for each way in which it is broken."""
        broken = {}
        for found in self._home.catalog.broken():
            reason = "; ".join(str(problem) for problem in found.problems if problem.severity == "error")
            broken[found.name] = reason
            if self._broken.get(found.name) != reason:
                self._home.logs.event("workflow_broken", None, "error", workflow=found.name, reason=reason)
        self._broken = broken


def walk(
    home: Home,
    mode: Mode,
    load: Callable[[], Config],
    only: tuple[Key, Lock] | None = None,
    ready: Callable[[], None] = lambda: None,
    until: Callable[[Board], bool] = lambda _: False,
    onlook: Onlook | None = None,
) -> int | None:
    """Walk tickets until the mode says that it is over. Returns the signal that ended it, or None.

    `until`: asked when nothing is under way; it ends a daemon that has a purpose. `onlook`: is called now and then, and
    at the end, and must not wait for anything.
    """
    return asyncio.run(_walk(home, mode, load, only, ready, until, onlook))


async def _walk(
    home: Home,
    mode: Mode,
    load: Callable[[], Config],
    only: tuple[Key, Lock] | None,
    ready: Callable[[], None],
    until: Callable[[Board], bool],
    onlook: Onlook | None,
) -> int | None:
    home.catalog.refresh()
    calls = Calls(asyncio.get_running_loop())
    courier = Courier(home, calls)
    home.wake_courier = courier.wake
    loop = Loop(home, mode, only, courier.beside(Reload(home, load)), until)
    try:
        home.places.plans.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot create {home.places.plans}: {error.strerror}") from error
    with suppress(OSError):  # whoever writes there says so
        home.places.logs.mkdir(parents=True, exist_ok=True)
        keep_apart(home.places.logs)
    folders = [home.places.plans, *(Path(path) for path in home.config.workflow_path[:-1])]
    watch = Watch(
        folders,
        lambda paths: calls(lambda: loop.tell_paths(paths)),
        lambda reason: home.logs.event("watch_lost", None, "warning", reason=reason, fallback="scan"),
    ).start()
    comments = Comments(home, loop.index.board, calls)
    with _signals(loop, courier) as received:
        try:
            loop.begin()
            _look_for_garbage_seldom()
            catch_up(home, loop.index)
            courier.look()
            comments.start()
            ready()
            looking = asyncio.ensure_future(_look_on(loop, onlook)) if onlook is not None else None
            await loop.run()
            if looking is not None and onlook is not None:
                looking.cancel()
                onlook(loop.seen()._replace(is_over=True))
            if not received and home.settings.tracker.comment:
                await asyncio.to_thread(comments.finish)
            await leave(courier, home)
        finally:
            watch.stop()
            comments.stop()
            courier.stop()
    return received[0] if received else None


async def _look_on(loop: Loop, onlook: Onlook) -> None:
    while True:
        onlook(loop.seen())
        await asyncio.sleep(ONLOOK_SECONDS)


def _look_for_garbage_seldom() -> None:
    """What was read stays, and to look through ten thousand tickets again and again takes time; what an attempt leaves
    behind is freed without that."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@contextmanager
def _signals(loop: Loop, courier: Courier) -> Iterator[list[int]]:
    """INT and TERM stop what runs; a second one kills. A terminal that goes away does not stop anything."""
    running = asyncio.get_running_loop()
    received: list[int] = []

    def stop(sig: int) -> None:
        received.append(sig)
        if len(received) > 1:
            loop.kill()
            courier.stop()
        courier.hurry(interrupted=True)
        loop.close("shutdown")

    for sig in (signal.SIGINT, signal.SIGTERM):
        running.add_signal_handler(sig, stop, int(sig))
    running.add_signal_handler(signal.SIGHUP, lambda: None)
    try:
        yield received
    finally:
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            running.remove_signal_handler(sig)
