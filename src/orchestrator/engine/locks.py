"""Who may walk: one daemon per home and per stateDir. A live daemon of the original (its `daemon.pid`) is respected."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from orchestrator.adapters.files import Lock, is_locked, read_note, try_lock
from orchestrator.adapters.places import Places


class DaemonLock:
    """Held by the daemon for its whole life; the kernel frees it at `kill -9`."""

    def __init__(self, locks: list[Lock], pid_file: Path) -> None:
        self._locks = locks
        self._pid_file = pid_file

    def release(self) -> None:
        with contextlib.suppress(OSError):
            if self._pid_file.read_text().strip() == str(os.getpid()):
                self._pid_file.unlink()
        for lock in self._locks:
            lock.release()


def take(places: Places) -> DaemonLock | str:
    """The lock, or who runs already, in words. Raises StoreError."""
    locks: list[Lock] = []
    for path in dict.fromkeys(places.daemon_locks):
        note = read_note(path)
        lock = try_lock(path)
        if lock is None:
            for held in locks:
                held.release()
            return f"a daemon already runs here ({_who(path) or 'its pid is not known'}; lock {path})"
        ours = note.strip()
        locks.append(lock)
    other = _original(places, ours)
    if other is not None:
        for held in locks:
            held.release()
        return other
    for lock in locks:
        lock.note(f"{os.getpid()}\n")
    with contextlib.suppress(OSError):
        places.daemon_pid.parent.mkdir(parents=True, exist_ok=True)
        places.daemon_pid.write_text(f"{os.getpid()}\n")
    return DaemonLock(locks, places.daemon_pid)


def running(places: Places) -> str | None:
    """Who runs as the daemon of this home or state; None: nobody."""
    for path in places.daemon_locks:
        if is_locked(path):
            return f"a daemon runs here ({_who(path) or 'its pid is not known'})"
    return _original(places, read_note(places.daemon_locks[-1]).strip())


def _who(path: Path) -> str:
    pid = read_note(path).strip()
    return f"pid {pid}" if pid else ""


def _original(places: Places, ours: str) -> str | None:
    """A daemon of the original, by its pid file. One that our own last daemon left is no sign of life."""
    try:
        text = places.daemon_pid.read_text().strip()
        pid = int(text)
    except (OSError, ValueError):
        return None
    if text == ours or pid == os.getpid() or not _alive(pid):
        return None
    return (
        f"another orchestrator daemon runs here (pid {pid}, says {places.daemon_pid}); stop it first, "
        "or remove that file if the pid belongs to something else"
    )


def _alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
