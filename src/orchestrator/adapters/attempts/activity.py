"""What the processes of an attempt do: the processor time they have used, and the bytes they have moved.

An attempt's processes are those of its launcher's session and group, whatever they have started, and whatever carries
its id. Everything here looks once and never waits; a look costs some milliseconds, so nobody looks without a reason.

What tells work from waiting was measured of agent CLIs that wait for an answer that does not come, over minutes: claude
uses 0.1 to 0.5 % of a core, codex 0.3 %, gemini up to 1 %, opencode up to 1.7 %, and they write at most 3 KB a second,
to wake themselves. Compilers and tests use a core or more.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from orchestrator.adapters.attempts import sweep

BUSY_CORES = 0.05
"""More of a core than this, over the time, is work."""
LEAST_CPU = 0.05
"""Seconds of processor time, below which it is not said of any time that there was work: the kernel counts in 0.01."""
BUSY_BYTES = 32 * 1024
"""More bytes a second than this, written or read from a disk, are work: a download needs little of a processor."""
LEAST_BYTES = 64 * 1024
_TICKS = os.sysconf("SC_CLK_TCK")


class Done(NamedTuple):
    """What a process has done in its life, and its dead children with it."""

    cpu: float = 0.0
    moved: int = 0


Work = Mapping[tuple[int, float], Done]
"""By pid and time of starting, so that a recycled pid is another process."""


def worked(before: Work, now: Work, seconds: float) -> bool:
    """Whether there was more than waiting between two looks. Of a process that is new all counts."""
    cpu, moved = 0.0, 0
    for process, done in now.items():
        then = before.get(process, Done())
        cpu += max(0.0, done.cpu - then.cpu)
        moved += max(0, done.moved - then.moved)
    if not sweep.HAS_PROC and before and now.keys() - before.keys():
        return True  # there, nobody tells what dead children have used
    return cpu >= max(LEAST_CPU, BUSY_CORES * seconds) or moved >= max(LEAST_BYTES, BUSY_BYTES * seconds)


def work_of(group: int | None, attempt_id: str) -> Work:
    """What the attempt's processes have done so far. `group`: its launcher's, when that is known."""
    if not sweep.HAS_PROC:
        return _by_ps(group, attempt_id)
    rows = dict(_rows())
    oldest = rows[group].start if group in rows else 0.0
    ours = {pid for pid, row in rows.items() if group is not None and group in (pid, row.group, row.session)}
    since = (pid for pid, row in rows.items() if pid not in ours and row.start >= oldest)
    ours |= {pid for pid in since if pid != os.getpid() and sweep.carries(pid, attempt_id)}
    ours = _with_children(ours, {pid: row.parent for pid, row in rows.items()})
    return {(pid, rows[pid].start): Done(rows[pid].cpu, _moved(pid)) for pid in ours}


class _Row(NamedTuple):
    parent: int
    group: int
    session: int
    cpu: float
    start: float


def _rows() -> Iterable[tuple[int, _Row]]:
    for name in os.listdir("/proc"):
        if name.isdigit() and (row := _row(name)):
            yield int(name), row


def _row(pid: str) -> _Row | None:
    """None: it is gone, or dead and only not yet collected."""
    with suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        if fields[0] not in (b"Z", b"X"):
            used = sum(map(int, fields[11:15]))  # user and system, its own and that of children it has waited for
            return _Row(int(fields[1]), int(fields[2]), int(fields[3]), used / _TICKS, float(fields[19]))
    return None


def _moved(pid: int) -> int:
    """Bytes that it wrote, to whatever, and that it read from a disk; what it reads from others they have written."""
    with suppress(OSError, ValueError):
        rows = (line.split(b":") for line in Path(f"/proc/{pid}/io").read_bytes().splitlines())
        return sum(int(count) for name, count in rows if name in (b"wchar", b"read_bytes"))
    return 0  # not ours to ask


def _with_children(ours: set[int], parents: Mapping[int, int]) -> set[int]:
    found = set(ours)
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= more
    return found


def _by_ps(group: int | None, attempt_id: str) -> Work:
    listing = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,pgid=,time="], capture_output=True, text=True, check=False
    ).stdout
    rows = {int(words[0]): words for words in map(str.split, listing.splitlines()) if len(words) == 4}
    ours = {pid for pid, words in rows.items() if group is not None and group in (pid, int(words[2]))}
    ours = _with_children(ours | set(sweep.carrying(attempt_id)), {pid: int(words[1]) for pid, words in rows.items()})
    return {(pid, 0.0): Done(_seconds(rows[pid][3])) for pid in ours if pid in rows}


def _seconds(text: str) -> float:
    """`1-02:03:04` or `3:04.56`"""
    days, _, rest = text.rpartition("-")
    seconds = 0.0
    for part in rest.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + 86_400 * int(days or 0)
