"""What the system tells of a process: CPU time and memory. Without /proc (macOS) none of it, and no failure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
KIB = 1024


class Cpu(NamedTuple):
    """Seconds. `children` are those that have ended and were waited for, with theirs."""

    user: float
    system: float
    children: float

    @property
    def own(self) -> float:
        return self.user + self.system

    def since(self, before: Cpu) -> Cpu:
        return Cpu(*(now - then for now, then in zip(self, before, strict=True)))


def cpu(pid: int) -> Cpu | None:
    """None when there is no such process, or nobody tells."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    user, system, children_user, children_system = (int(field) / TICKS for field in fields[11:15])
    return Cpu(user, system, children_user + children_system)


def memory(pid: int, what: str = "VmRSS") -> int | None:
    """Bytes: `VmRSS` now, `VmHWM` at its highest."""
    return _field(Path(f"/proc/{pid}/status"), what)


def proportional(pid: int) -> int | None:
    """Bytes, with what is shared with other processes counted by its share."""
    return _field(Path(f"/proc/{pid}/smaps_rollup"), "Pss")


def _field(file: Path, name: str) -> int | None:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(found[0]) * KIB if found else None
