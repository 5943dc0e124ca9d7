"""Where CPU time goes: the daemon's own, and that of what it started and waited for."""

from __future__ import annotations

from benchmarks.procfs import Cpu
from benchmarks.room import Sample

MS = 1e3


def per_phase(key: str, before: Cpu | None, after: Cpu | None, phases: int) -> Sample:
    """Nothing where the system does not tell."""
    if before is None or after is None:
        return {}
    spent = after.since(before)
    return {
        f"{key}.user": [spent.user / phases * MS],
        f"{key}.system": [spent.system / phases * MS],
        f"{key}.children": [spent.children / phases * MS],
    }
