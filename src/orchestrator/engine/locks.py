"""Who may walk: one daemon per home and per stateDir. A live daemon of the original (its `daemon.pid`) is respected."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from orchestrator.adapters.files import Lock, is_locked, read_note, try_lock
from orchestrator.adapters.places import Places

ATTEMPTS, PAUSE = 5, 0.02


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
        lock = _take_patiently(path)
        if lock is None:
            for held in locks:
                held.release()
            return f"a daemon already runs here ({_who(path)}; lock {path})"
        locks.append(lock)
        ours = read_note(path).strip()
    other = _original(places, ours)
    if other is not None:
        for held in locks:
            held.release()
        return other
    for lock in locks:
        lock.note(f"{os.getpid()}\n")
    with contextlib.suppress(OSError):
        places.daemon_pid.parent.mkdir(parents=True, exist_ok=True)
        places.daemon_pid.write_text(str(os.getpid()))
    return DaemonLock(locks, places.daemon_pid)


def running(places: Places) -> str | None:
    """Who runs as the daemon of this home or state; None: nobody."""
    for path in places.daemon_locks:
        if is_locked(path):
            return f"a daemon runs here ({_who(path)})"
    return _original(places, read_note(places.daemon_locks[-1]).strip())


def _take_patiently(path: Path) -> Lock | None:
    """Who only asks whether somebody holds it, holds it for an instant."""
    for _ in range(ATTEMPTS):
        lock = try_lock(path)
        if lock is not None:
            return lock
        time.sleep(PAUSE)
    return None


def _who(path: Path) -> str:
    """Who has just taken the lock is about to say who it is."""
    for _ in range(ATTEMPTS):
        pid = read_note(path).strip()
        if pid and _is_alive(pid):
            return f"pid {pid}"
        time.sleep(PAUSE)
    return "its pid is not known"


def _original(places: Places, ours: str) -> str | None:
    """A daemon of the original, by its pid file. One that our own last daemon left is no sign of life."""
    try:
        text = places.daemon_pid.read_text().strip()
        pid = int(text)
    except (OSError, ValueError):
        return None
    if text == ours or pid == os.getpid() or not _is_alive(text):
        return None
    return (
        f"another orchestrator daemon runs here (pid {pid}, says {places.daemon_pid}); stop it first, "
        "or remove that file if the pid belongs to something else"
    )


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return int(pid) > 0
