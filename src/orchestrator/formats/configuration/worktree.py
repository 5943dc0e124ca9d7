"""What `worktree` and `ports` of the configuration may say, beyond the types of their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.core.settings import PortSettings, WorktreeSettings
from orchestrator.core.turns.slots import PORTS
from orchestrator.formats.problem_list import Reading, Where

WHERE = Where("config")


def check_around(reading: Reading, fields: Mapping[str, Any], written: Mapping[str, Any]) -> None:
    """`fields`: what was read of the settings."""
    _check_worktree(reading, fields.get("worktree", WorktreeSettings()))
    _check_ports(reading, fields.get("ports", PortSettings()), written.get("ports"))


def _check_worktree(reading: Reading, worktree: WorktreeSettings) -> None:
    """`cacheKey` names files of the worktree, so that two worktrees of one commit have one key."""
    for i, pattern in enumerate(worktree.cache_key):
        if reason := _outside(pattern):
            what = f'worktree.cacheKey[{i}] "{pattern}" {reason}'
            reading.report(WHERE, ("worktree", "cacheKey", i), what, "name files as seen from the top of the worktree")


def _outside(pattern: str) -> str | None:
    if not pattern.strip():
        return "is empty"
    if pattern.startswith(("/", "~")):
        return "is no path inside the worktree"
    return "leads out of the worktree" if ".." in pattern.split("/") else None


def _check_ports(reading: Reading, ports: PortSettings, written: Any) -> None:
    """There is room for at least one ticket."""
    if ports.first + ports.count <= PORTS:
        return
    key = "first" if isinstance(written, dict) and "first" in written else "count"
    last = ports.first + ports.count - 1
    what = f"ports: {ports.count} ports from {ports.first} on end at {last}, and the last port is {PORTS - 1}"
    reading.report(WHERE, ("ports", key), what, f"write first: {PORTS - ports.count} or less")
