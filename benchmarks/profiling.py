"""Where a scenario spends its time, function by function: the program under the profiler of Python.

Its figures are too high by what the profiler costs (calls above all), so none of them go into the results.
"""

from __future__ import annotations

import contextlib
import io
import pstats
import shutil
import sys
from pathlib import Path

from benchmarks.bare import PYTHON
from benchmarks.errors import Unable
from benchmarks.program import Program
from benchmarks.rounds import Course, measure
from benchmarks.scenarios.scenario import Scenario

TOP = 25
PROFILED = Path(__file__).with_name("profiled.py")


def profile(program: Program, scenario: Scenario, course: Course, kept: Path) -> str:
    """One run; the longest of the profiles, which is also kept there. Raises Unable."""
    out = course.folder / "profile"
    script = shutil.which(program.argv[0])
    if script is None or not _is_python(Path(script)):
        raise Unable(f"{program.argv[0]}: not a Python script")
    words = (PYTHON, str(PROFILED), str(out), script, *program.argv[1:])
    once = scenario._replace(warm_up=False)
    done = measure(once, [Program(program.name, words)], course._replace(runs=1))
    found = [file for file in course.folder.glob("profile.*") if file.stat().st_size]
    if not found:
        raise Unable(done.unable.get(program.name, "no profile was written"))
    longest = max(found, key=lambda file: _stats(file).total_tt)
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(longest, kept)
    return _top(longest)


def _is_python(script: Path) -> bool:
    with script.open("rb") as stream:
        return b"python" in stream.readline()


class _Stats(pstats.Stats):
    total_tt: float
    """Seconds of everything."""


def _stats(file: Path, stream: io.StringIO | None = None) -> _Stats:
    return _Stats(str(file), stream=stream or io.StringIO())


def _top(file: Path) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(sys.stderr):
        _stats(file, text).sort_stats("tottime").print_stats(TOP)
    prefixes = sorted({f"{path}/" for path in sys.path if path}, key=len, reverse=True)
    lines = text.getvalue()
    for prefix in prefixes:
        lines = lines.replace(prefix, "")
    return lines.strip()
