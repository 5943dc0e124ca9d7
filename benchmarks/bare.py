"""The bare equivalents: the same program started by nothing but a loop."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.program import plain_environment

SPAWNER = Path(__file__).with_name("spawner.py")
PYTHON = sys.executable
"""Python itself says where it is, so this is never a version manager's shim; and as it is the environment's own, it
reads the same start-up files as the program does."""
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

MAC = sys.platform == "darwin"


class Spent(NamedTuple):
    """What one run of a program took."""

    wall: float
    """Seconds."""
    cpu: float
    peak: float
    """Bytes."""
    code: int


class Spawned(NamedTuple):
    """A number of runs."""

    runs: list[Spent]
    seconds: float
    """From the first start to the last end."""
    own_cpu: float
    """Of those who started them."""


def spawned(count: int, argv: list[str], at_once: int = 1, env: dict[str, str] | None = None) -> Spawned:
    """Start it so many times; `at_once`: by so many spawners, each of which waits for its own."""
    spawners = [_spawner(share, argv, env) for share in _shares(count, at_once)]
    outputs = [spawner.communicate()[0].split("\n") for spawner in spawners]
    runs = [_spent(line) for lines in outputs for line in lines[:-2]]
    last = [lines[-2].split() for lines in outputs]
    seconds = (max(int(end) for _, end, _ in last) - min(int(begin) for begin, _, _ in last)) / 1e9
    return Spawned(runs, seconds, sum(float(own) for _, _, own in last))


def once(argv: list[str], env: dict[str, str] | None = None) -> Spent:
    return spawned(1, argv, env=env).runs[0]


def _shares(count: int, at_once: int) -> list[int]:
    return [count // at_once + (i < count % at_once) for i in range(min(at_once, count))]


def _spawner(count: int, argv: list[str], env: dict[str, str] | None) -> subprocess.Popen[str]:
    words = [PYTHON, "-I", "-S", str(SPAWNER), str(count), *argv]
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env or plain_environment()
    )


def _spent(line: str) -> Spent:
    wall, user, system, peak, code = line.split()
    return Spent(int(wall) / 1e9, float(user) + float(system), int(peak) * (1 if MAC else 1024), int(code))
