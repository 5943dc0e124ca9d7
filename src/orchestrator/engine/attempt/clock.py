"""When the limits of an attempt are reached: its time, and its silence.

The law: an attempt has stalled when for `idle_timeout` it wrote nothing *and* its processes did nothing. Silence alone
is no sign, for an agent says nothing while its tests run; idleness alone is none, for it waits for its model. Processes
are looked at only after it was silent for a part of that time; while it writes, a look at two files is all.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from orchestrator.adapters.attempts import activity
from orchestrator.adapters.attempts.running import Running

PARTS = 8
"""So often is a silent attempt looked at within its idle timeout."""
LEAST = 0.05
"""Seconds between two looks, at least."""


class Limits(msgspec.Struct, frozen=True):
    """Seconds; None is no limit."""

    timeout: float | None = None
    idle_timeout: float | None = None


class Clock:
    """Counted on the monotonic clock from the first look on, so that neither a corrected system time nor a laptop that
    slept ends an attempt; only what was before comes from the system time."""

    def __init__(self, running: Running, limits: Limits, started_at: float) -> None:
        self.limits = limits
        self._running = running
        self._logs = (running.directory / "stdout.log", running.directory / "stderr.log")
        self._started = time.monotonic() - max(0.0, time.time() - started_at)
        self._seen = self._signature()
        self._looked = time.monotonic()
        self._live = max(self._started, self._last_write())
        """The last sign of life."""
        self._work: activity.Work | None = {}
        """What its processes had done at that time; nothing counts as done before it began, nor before it was adopted,
        so that who was busy then gets its time anew. None: they are not looked at, for it writes."""
        self._work_at = self._live
        self._part = max((limits.idle_timeout or 0) / PARTS, LEAST)

    def wait(self) -> float | None:
        """Seconds until the next look is worthwhile."""
        due = []
        if self.limits.timeout is not None:
            due.append(self._started + self.limits.timeout)
        if self.limits.idle_timeout is not None:
            end = self._live + self.limits.idle_timeout
            due.append(min(max(self._looked, self._live) + self._part, max(end, self._looked)))
        return max(0.0, min(due) - time.monotonic()) if due else None

    def overrun(self) -> str | None:
        now = time.monotonic()
        if self.limits.timeout is not None and now >= self._started + self.limits.timeout:
            return "timeout"
        if self.limits.idle_timeout is None or now < self._live + self._part:
            return None
        self._look(now)
        self._looked = now
        return None if now < self._live + self.limits.idle_timeout else "stalled"

    def _look(self, now: float) -> None:
        before, self._seen = self._seen, self._signature()
        if before != self._seen:
            self._live = min(max(self._last_write(), self._looked), now)
            self._work = None
            return
        work = activity.work_of(self._running.pid, self._running.id)
        if self._work is None:
            self._work, self._work_at = work, now
        elif activity.worked(self._work, work, now - self._work_at):
            self._live, self._work, self._work_at = now, work, now

    def _signature(self) -> tuple[tuple[int, int], ...]:
        return tuple((stat.st_size, stat.st_mtime_ns) for stat in map(_stat, self._logs) if stat)

    def _last_write(self) -> float:
        written = max((stat.st_mtime for stat in map(_stat, self._logs) if stat), default=0.0)
        return time.monotonic() - max(0.0, time.time() - written)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
