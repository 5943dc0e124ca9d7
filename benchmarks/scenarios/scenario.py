"""What a scenario is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from benchmarks.figures import Figure
from benchmarks.program import Program
from benchmarks.room import Room, Sample


class Scenario(NamedTuple):
    name: str
    """`family` or `family-variant`."""
    title: str
    bare_title: str
    """What the bare equivalent is."""
    figures: tuple[Figure, ...]
    bare: Callable[[Room], Sample]
    """Under the same keys where it has an equivalent; under others what `measure` wants to know of it."""
    measure: Callable[[Program, Room, Sample], Sample]
    """One run of a program, right after `bare`, whose sample it gets. Raises Unable."""
    runs: int
    warm_up: bool = False
    """Whether the first run is thrown away: where caches of files matter."""
    quick_runs: int = 1
