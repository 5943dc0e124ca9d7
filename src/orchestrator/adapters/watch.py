"""Tells that something changed. Watching is a courtesy: the fallback scan finds everything too, later."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

log = logging.getLogger(__name__)


class Watch:
    """A thread that calls `tell(paths)` some milliseconds after files changed below `folders`."""

    def __init__(self, folders: Iterable[Path], tell: Callable[[set[str]], None]) -> None:
        self._folders = [folder for folder in folders if folder.is_dir()]
        self._tell = tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> Watch:
        if self._folders:
            self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2)

    def _run(self) -> None:
        try:
            from watchfiles import watch

            # a write of ours is a temporary file and a rename: only names that matter are told
            for changes in watch(
                *self._folders, watch_filter=_matters, debounce=40, step=5, rust_timeout=500, yield_on_timeout=False,
                stop_event=self._stop, raise_interrupt=False,
            ):  # fmt: skip
                self._tell({path for _, path in changes})
        except Exception as error:  # the fallback scan goes on
            log.warning("watch_lost reason=%r fallback=scan", str(error))


def _matters(_: object, path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return not (name.startswith(".") or name.endswith(("~", ".tmp", ".swp")) or "/.locks" in path)
