"""Tells that something changed. Watching is a courtesy: the fallback scan finds everything too, later."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

HAS_INOTIFY = sys.platform == "linux"

DEBOUNCE = 40
"""Milliseconds that changes are collected for at most."""
STEP = 25
"""Milliseconds without a change after which they are told; also how often the thread wakes, which is what it costs.
Linux tells by itself (`inotify`)."""
AGAIN_SECONDS = 10.0


class Watch:
    """A thread that calls `tell(paths)` some milliseconds after files changed below `folders`.

    When it begins to watch it tells the folders themselves: what changed before was not seen. `lost(reason)` is called
    when it cannot watch; it goes on trying.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        tell: Callable[[set[str]], None],
        lost: Callable[[str], None] = lambda _: None,
        debounce: int = DEBOUNCE,
        step: int = STEP,
    ) -> None:
        self._folders = list(folders)
        self._debounce, self._step = debounce, step
        self._tell, self._lost = tell, lost
        self._stop = threading.Event()
        self._hears, self._ends = os.pipe()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> Watch:
        self._thread.start()
        return self

    def stop(self) -> None:
        if self._stop.is_set():
            return
        self._stop.set()
        os.close(self._ends)
        if self._thread.is_alive():
            self._thread.join(2)
        os.close(self._hears)

    def _run(self) -> None:
        told = ""
        while not self._stop.is_set():
            rest = 0.0
            try:
                rest = self._watch()
            except Exception as error:  # the fallback scan goes on
                rest = AGAIN_SECONDS
                if str(error) != told:
                    told = str(error)
                    self._lost(told)
                self._tell({str(folder) for folder in self._folders})  # what was heard last may be lost with it
            self._stop.wait(rest)

    def _watch(self) -> float:
        """Seconds after which to begin anew."""
        folders = [folder for folder in self._folders if folder.is_dir()]
        if HAS_INOTIFY:
            return self._watch_linux(folders)
        if folders:
            self._watch_elsewhere(folders)
        return AGAIN_SECONDS

    def _watch_linux(self, folders: list[Path]) -> float:
        from orchestrator.adapters.watching import inotify

        if not folders:
            return inotify.ABSENT_SECONDS
        roots, absent = [str(folder) for folder in folders], [str(one) for one in self._folders if one not in folders]
        for paths in inotify.changes(roots, self._hears, lambda: self._tell(set(roots)), absent):
            if found := set(filter(_matters, paths)):
                self._tell(found)
        return 0

    def _watch_elsewhere(self, folders: list[Path]) -> None:
        from watchfiles import watch

        begun = _Begun(self._stop, lambda: self._tell({str(folder) for folder in folders}))
        # a write of ours is a temporary file and a rename: only names that matter are told
        for changes in watch(
            *folders, watch_filter=lambda _, path: _matters(path), debounce=self._debounce, step=self._step,
            rust_timeout=500, yield_on_timeout=False, stop_event=begun, raise_interrupt=False,
            ignore_permission_denied=True,
        ):  # fmt: skip
            self._tell({path for _, path in changes})


class _Begun:
    """A stop event that notices when it is asked first: from then on every change is seen."""

    def __init__(self, stop: threading.Event, begin: Callable[[], None]) -> None:
        self._stop, self._begin = stop, begin
        self._asked = False

    def is_set(self) -> bool:
        if not self._asked:
            self._asked = True
            self._begin()
        return self._stop.is_set()


def _matters(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return not (name.startswith(".") or name.endswith(("~", ".tmp", ".swp")) or "/.locks/" in path)
