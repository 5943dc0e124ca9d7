"""Runs of a scenario: the bare equivalent, then each program, then again; so that a machine that is slow for a while is
slow for all of them.

What a program cannot do ends its part in that scenario, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.errors import Unable
from benchmarks.program import Program
from benchmarks.room import Room, Sample
from benchmarks.scenarios.scenario import Scenario

BARE = "bare"
LARGE = 1_000_000
"""Bytes."""
SLOW_SECONDS = 35.0
"""A program whose run takes so long is measured once."""


class Course(NamedTuple):
    """How the runs are to be made."""

    folder: Path
    quick: bool = False
    runs: int | None = None
    """Instead of what the scenario says."""
    tell: Callable[[str], None] = lambda _: None


class Measured(NamedTuple):
    """What a scenario came to: the runs of each program by its name, and of `bare`."""

    scenario: str
    runs: dict[str, list[Sample]]
    unable: dict[str, str]
    """Why a program could not go on."""


def measure(scenario: Scenario, programs: Sequence[Program], course: Course) -> Measured:
    measured = Measured(scenario.name, {name: [] for name in (BARE, *(one.name for one in programs))}, {})
    count = course.runs or (scenario.quick_runs if course.quick else scenario.runs)
    slow: set[str] = set()
    for number in range(-int(scenario.warm_up and not course.quick), count):
        course.tell(f"{scenario.name}: {f'run {number + 1} of {count}' if number >= 0 else 'warming up'}")
        going = [one for one in programs if one.name not in measured.unable and one.name not in slow]
        if not going:
            break
        floor = _in_room(course, lambda room: scenario.bare(room))
        if number >= 0:
            measured.runs[BARE].append(floor)
        for program in going:
            began = time.monotonic()
            sample = _sample(scenario, program, course, floor, measured)
            if sample is not None and number >= 0:
                measured.runs[program.name].append(sample)
            if time.monotonic() - began > SLOW_SECONDS and number >= 0:
                slow.add(program.name)
    return measured


def _sample(scenario: Scenario, program: Program, course: Course, floor: Sample, measured: Measured) -> Sample | None:
    try:
        return _in_room(course, lambda room: scenario.measure(program, room, floor))
    except Unable as error:
        measured.unable[program.name] = str(error)
    except OSError as error:
        measured.unable[program.name] = f"{error.filename or ''} {error.strerror}".strip()
    return None


def _in_room(course: Course, act: Callable[[Room], Sample]) -> Sample:
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=course.folder))
    try:
        return act(Room(folder, course.quick))
    finally:
        _make_small(folder)


def _make_small(folder: Path) -> None:
    """Its files stay until the end: ext4 does not use an inode again for minutes after its file was deleted, and looks
    at each of them whenever it makes a file. A run would pay for the tidying up after those before it."""
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file() and path.stat().st_size > LARGE:
                os.truncate(path, 0)
