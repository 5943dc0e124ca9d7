"""A folder for the files of one session of a person, secrets among them.

The law: nobody else can read it, nothing of it outlives the session. Its lock is held as long as the session lasts, so
whoever comes next knows which folders were left behind by a `kill -9`, and takes them away with the links to them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from orchestrator.adapters.attempts.temporary import parent_of
from orchestrator.adapters.files import Lock, lock, try_lock
from orchestrator.errors import StoreError

PREFIX = "orchestrator-plan-"
ALIVE, LINKS = ".alive", ".links"


class PrivateFolder:
    """Made where temporary files go; gone when it is left."""

    def __init__(self, environ: Mapping[str, str], state: Path) -> None:
        """Raises StoreError."""
        try:
            parent = parent_of(environ, state)
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with lock(parent / f".{PREFIX}lock"):
                _sweep(parent)
                self.path = parent / f"{PREFIX}{secrets.token_hex(6)}"
                self.path.mkdir(mode=0o700)
                self._lock: Lock | None = try_lock(self.path / ALIVE)
        except OSError as error:
            raise StoreError(f"cannot make a private folder in {error.filename}: {error.strerror}") from error

    def write(self, name: str, text: str) -> None:
        """Raises StoreError."""
        path = self.path / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as stream:
                stream.write(text)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from error

    def place(self, name: str, folder: Path) -> None:
        """Let a folder of somewhere else be found in this one. Raises StoreError."""
        path = self.path / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.symlink_to(folder)
        except OSError as error:
            raise StoreError(f"cannot make {path}: {error.strerror}") from error

    def link(self, place: Path, name: str) -> None:
        """Let one of its files be found elsewhere, too, where nothing is so far. Raises StoreError."""
        try:
            with (self.path / LINKS).open("a", encoding="utf-8", errors="surrogateescape") as known:
                known.write(f"{place}\0")
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.symlink_to(self.path / name)
        except OSError as error:
            raise StoreError(f"cannot make {place}: {error.strerror}") from error

    def close(self) -> None:
        if self._lock is not None:
            _remove(self.path)
            self._lock.release()
            self._lock = None

    def __enter__(self) -> PrivateFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(StoreError, OSError):
            held = try_lock(folder / ALIVE)
            if held is not None:
                _remove(folder)
                held.release()


def _remove(folder: Path) -> None:
    """What lies elsewhere goes only if it is still the link to this folder."""
    with contextlib.suppress(OSError):
        known = (folder / LINKS).read_text(encoding="utf-8", errors="surrogateescape")
        for place in filter(None, known.split("\0")):
            with contextlib.suppress(OSError):
                if Path(os.readlink(place)).parent == folder:  # noqa: PTH115 - as it is written, also if nothing is there
                    os.unlink(place)  # noqa: PTH108
    shutil.rmtree(folder, ignore_errors=True)
