"""A launcher that runs: how it is seen, watched and signalled, alike for one that we started and one that we adopted.

Lock held = alive. A pid counts only while the lock (or, for a child of ours, the fact that it was not yet collected)
vouches for it, so a recycled pid is never signalled.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
from pathlib import Path

from orchestrator.adapters.attempts import sweep
from orchestrator.adapters.attempts.attempt_files import read_exit, read_pid


class Running:
    """A launcher that is alive, or was a moment ago; ours or adopted. Holds a pidfd once it was asked for."""

    def __init__(self, directory: Path, attempt_id: str, child: subprocess.Popen[bytes] | None = None) -> None:
        self.directory = directory
        self.id = attempt_id
        self._child = child
        self._pid = child.pid if child else None
        self._hold: int | None = None

    @property
    def pid(self) -> int | None:
        """The launcher's pid, which is its group; None until an adopted launcher has written it."""
        if self._pid is None:
            self._pid = read_pid(self.directory)
        return self._pid

    def fileno(self) -> int | None:
        """A pidfd, readable when the launcher is gone; None where there is no such thing, or nobody to hold."""
        if self._hold is None and sweep.HAS_PIDFD and self.pid is not None:
            self._hold = self._take_hold(self.pid)
        return self._hold

    def _take_hold(self, pid: int) -> int | None:
        try:
            hold = os.pidfd_open(pid)
        except OSError:
            return None
        if self._child is not None or locked(self.directory):
            return hold  # alive from before the pidfd until after it: the pid is the launcher's
        os.close(hold)
        return None

    def alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        if self._hold is not None:
            return not _readable(self._hold)
        return locked(self.directory)

    def exit_code(self) -> int | None:
        return read_exit(self.directory)

    def signal(self, sig: signal.Signals) -> None:
        """Signals the whole group, if its launcher is still alive."""
        if self.pid is None:
            sweep.sweep(self.id, sig)  # not yet written: the launcher itself carries the id
        elif self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, sig)

    def reap(self) -> None:
        """Collects a child of ours that is gone; init does it for adopted ones."""
        if self._child is not None:
            self._child.poll()

    def close(self) -> None:
        """Lets go. A launcher that is still alive goes on."""
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0  # it outlives us on purpose: no warning about that
            self._child = None


def _readable(hold: int) -> bool:
    poll = select.poll()
    poll.register(hold, select.POLLIN)
    return bool(poll.poll(0))


def locked(directory: Path) -> bool:
    """Whether a launcher holds the lock. Shared, so that two testers do not take each other for a launcher."""
    try:
        alive = os.open(directory / "alive", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(alive, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(alive)
