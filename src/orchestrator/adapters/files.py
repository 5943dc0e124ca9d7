"""Atomic, durable writes and advisory locks. A lock file is never unlinked: its name could then be held twice."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from orchestrator.adapters.watching.folders import Mark, mark_of
from orchestrator.errors import StoreError, UnreadableError

PATIENCE = 1.0
"""Seconds during which a file that does not parse is read again: an editor may be writing."""
LOOK_SECONDS = 0.05
"""Between two looks at a file that somebody may be writing."""
LOCK_PATIENCE = 5.0
"""Seconds to wait for a lock that is held for one change, which takes milliseconds."""
LOCK_LOOK_SECONDS = 0.001
MOST_GIVEN = 32 << 20
"""Bytes of a file that somebody names."""
TRIES = 20
"""Times that a file may be changed between our reading and our writing before that is given up for now."""

Read = TypeVar("Read")


class ChangedError(StoreError):
    """Somebody who takes no lock has written or removed the file since it was read."""


def write_atomically(path: Path, content: bytes, durable: bool = True, expected: bytes | None = None) -> Mark | None:
    """Replace `path` in one step. The caller holds the lock of the file, so one temporary name is enough.

    Returns how the file then is; None when somebody has changed it since.

    `expected`: what the caller has read there; it is looked at again at the last moment, because an editor takes no
    lock. Raises ChangedError, StoreError; what is there then stays.
    """
    if path.is_symlink():
        path = Path(os.path.realpath(path))  # resolve() raises of links that lead to themselves
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            _keep_mode(fd, path)
            _write_all(fd, content)
            if durable:
                os.fsync(fd)
            ours = os.fstat(fd)
        finally:
            os.close(fd)
        _still(path, expected)
        os.replace(temporary, path)  # noqa: PTH105 - a Path costs more than the call
        with contextlib.suppress(FileNotFoundError):
            mark = mark_of(str(path))
            if mark is not None and (mark.modified, mark.size, mark.inode) == (
                ours.st_mtime_ns,
                ours.st_size,
                ours.st_ino,
            ):
                return mark
        return None
    except ChangedError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, FileNotFoundError) and expected is not None:
            raise _changed(path) from error  # its folder was moved or removed meanwhile
        kept = "the old content is still there" if os.path.lexists(path) else "nothing was written"
        raise StoreError(f"cannot write {path}: {error.strerror}; {kept}") from error


def _still(path: Path, expected: bytes | None) -> None:
    try:
        if expected is None or path.read_bytes() == expected:
            return
    except FileNotFoundError:
        pass
    raise _changed(path)


def _changed(path: Path) -> ChangedError:
    return ChangedError(f"cannot write {path}: somebody else has just changed it; that is left as it is")


def _keep_mode(fd: int, path: Path) -> None:
    """Whoever may write the file may do so afterwards."""
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        return
    if mode != 0o644:
        os.fchmod(fd, mode)


def _write_all(fd: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]


def make_folder(folder: Path) -> None:
    """Raises StoreError. One that is there is left as it is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot create {folder}: {error.strerror}") from error


def read_whole(path: Path | str) -> bytes:
    """Raises FileNotFoundError when there is nothing of that name, UnreadableError for everything else."""
    try:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - a Path costs more than the call
            return stream.read()
    except FileNotFoundError:
        if not os.path.lexists(path):
            raise
        raise UnreadableError(f"cannot read {path}: the symbolic link leads nowhere") from None
    except OSError as error:
        if isinstance(error, NotADirectoryError):
            raise FileNotFoundError(error.errno, error.strerror, str(path)) from error
        raise UnreadableError(f"cannot read {path}: {error.strerror}") from error


def read_given(path: Path) -> bytes:
    """What somebody names to be read; a device or a film is none of it. Raises UnreadableError."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_GIVEN + 1)
    except OSError as error:
        raise UnreadableError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > MOST_GIVEN:
        raise UnreadableError(f"cannot read {path}: it has more than {MOST_GIVEN >> 20} MiB; make several files of it")
    return content


def patiently(read: Callable[[], Read | UnreadableError], patience: float) -> Read:
    """What `read` finds; what cannot be used is read again for so long. Raises what it says then."""
    deadline = time.monotonic() + patience
    while True:
        found = read()
        if not isinstance(found, UnreadableError):
            return found
        if time.monotonic() >= deadline:
            raise found
        time.sleep(LOOK_SECONDS)


def again_if_changed(change: Callable[[], Read]) -> Read:
    """Read, decide and write again when an editor, who takes no lock, has written in between."""
    for _ in range(TRIES):
        with contextlib.suppress(ChangedError):
            return change()
    return change()


class Lock:
    """A held flock. It frees itself when the process dies."""

    def __init__(self, fd: int, path: Path) -> None:
        self._fd: int | None = fd
        self.path = path

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def note(self, text: str) -> None:
        """Say in the lock file who holds it."""
        if self._fd is not None:
            with contextlib.suppress(OSError):  # a courtesy: a full disk does not unlock it
                os.ftruncate(self._fd, 0)
                os.pwrite(self._fd, text.encode(), 0)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o644)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StoreError(f"cannot open the lock {path}: {error.strerror}") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o644)
    except OSError as error:
        raise StoreError(f"cannot create the lock {path}: {error.strerror}") from error


def lock(path: Path, patience: float = LOCK_PATIENCE) -> Lock:
    """Wait for the lock and hold it. Raises StoreError: whoever holds it does not go on (it may be suspended)."""
    deadline = time.monotonic() + patience
    while (held := try_lock(path)) is None:
        if time.monotonic() >= deadline:
            raise StoreError(
                f"the lock {path} has been held by another process for {patience:g} s: "
                "is one suspended (Ctrl-Z)? let it go on, or end it"
            )
        time.sleep(LOCK_LOOK_SECONDS)
    return held


def try_lock(path: Path) -> Lock | None:
    """Hold the lock, or None at once when somebody else does."""
    fd = _open(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return Lock(fd, path)


def is_locked(path: Path) -> bool:
    """Whether somebody holds it; asks with a shared lock, so that two who ask do not see each other."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def read_note(path: Path) -> str:
    """What the holder of a lock says of itself; empty when nothing."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


@contextlib.contextmanager
def locked(path: Path, patience: float = LOCK_PATIENCE) -> Iterator[None]:
    with lock(path, patience):
        yield
