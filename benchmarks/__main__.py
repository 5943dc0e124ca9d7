"""`make bench`, or `python -m benchmarks`: measures, prints the table, and writes the results down."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine, profiling, report, results
from benchmarks.errors import Unable
from benchmarks.program import Program
from benchmarks.results import Results
from benchmarks.rounds import Course, measure
from benchmarks.scenarios import SCENARIOS, chosen
from benchmarks.scenarios.scenario import Scenario
from benchmarks.scripts import find_shell

HERE = Path(__file__).resolve().parent
PUBLISHED = HERE / "results.json"
OWN, PEER = "orchestrator", "peer"
USAGE, INTERRUPTED = 2, 130


OPTIONS: tuple[tuple[str, str | None, str], ...] = (
    ("--only", "NAMES", "scenarios or families of them, with commas between"),
    ("--quick", None, "fewer and smaller: under two minutes, for a first look"),
    ("--runs", "N", "so many of each, instead of what the scenario says"),
    ("--peer", "COMMAND", "another program beside it [$PEER]"),
    ("--program", "COMMAND", "what is measured [the orchestrator beside this Python]"),
    ("--folder", "DIR", "where to work [the temporary folder]"),
    ("--out", "FILE", "where the results go [benchmarks/results/DATE.json]"),
    ("--save", None, "publish: write benchmarks/results.json too"),
    ("--show", "FILE", "print the table of earlier results; measure nothing"),
    ("--markdown", None, "the table as Markdown"),
    ("--profile", "NAME", "one run of a scenario under the profiler: what takes longest"),
    ("--strict", None, "exit with 1 when a budget is not held"),
    ("--list", None, "the scenarios, and leave"),
)
TYPES: dict[str, type] = {"--runs": int, "--folder": Path, "--out": Path, "--show": Path}


def parser() -> argparse.ArgumentParser:
    parsing = argparse.ArgumentParser("make bench", description="Measures the program, beside bare equivalents.")
    for option, value, text in OPTIONS:
        if value is None:
            parsing.add_argument(option, action="store_true", help=text)
        else:
            parsing.add_argument(option, metavar=value, type=TYPES.get(option, str), help=text)
    parsing.set_defaults(only="", program="", peer=os.environ.get("PEER", ""))
    return parsing


def main(words: list[str] | None = None) -> int:
    parsing = parser()
    asked = parsing.parse_args(words)
    if asked.list:
        print(*(f"{scenario.name:20} {scenario.title}" for scenario in SCENARIOS), sep="\n")
        return 0
    if asked.show:
        report.show(results.load(asked.show), asked.markdown)
        return 0
    if asked.save and (asked.quick or asked.only):
        parsing.error("--save publishes a whole run: without --quick and --only")
    try:
        scenarios = chosen((asked.profile or asked.only).split(","))
    except KeyError as error:
        parsing.error(f"no scenario {error}; there are: {', '.join(scenario.name for scenario in SCENARIOS)}")
    if find_shell() is None:
        print("make bench: needs a bash of version 5 or newer, as /bin/bash or on PATH", file=sys.stderr)
        return USAGE
    return profile(asked, scenarios) if asked.profile else bench(asked, scenarios)


def profile(asked: argparse.Namespace, scenarios: Sequence[Scenario]) -> int:
    with _folder(asked) as folder:
        for scenario in scenarios:
            kept = HERE / f"results/{scenario.name}.prof"
            print(f"{scenario.title}, own time of functions (python -m pstats {kept.relative_to(HERE.parent)})\n")
            try:
                print(profiling.profile(_programs(asked)[0], scenario, Course(Path(folder), asked.quick), kept), "\n")
            except Unable as error:
                print(f"could not do it: {error}", file=sys.stderr)
                return 1
    return 0


def _folder(asked: argparse.Namespace) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="bench-", dir=asked.folder, ignore_cleanup_errors=True)


def bench(asked: argparse.Namespace, scenarios: Sequence[Scenario]) -> int:
    began = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no daemon is left behind
    programs = _programs(asked)
    with _folder(asked) as folder:
        course = Course(Path(folder), asked.quick, asked.runs, _tell)
        commands = {program.name: list(program.argv) for program in programs}
        found = Results(machine.facts(Path(folder)), commands, asked.quick, [])
        report.head(found, busy=machine.is_busy())
        interrupted = _measured(scenarios, programs, course, found)
    found.machine["load afterwards"] = machine.load()
    found.machine["seconds"] = f"{time.monotonic() - began:.0f}"
    code = finish(asked, found)
    return INTERRUPTED if interrupted else code


def _measured(scenarios: Sequence[Scenario], programs: Sequence[Program], course: Course, found: Results) -> bool:
    """One after the other, each told as soon as it is known. Whether somebody had enough of it."""
    for scenario in scenarios:
        try:
            found.measured.append(measure(scenario, programs, course))
        except KeyboardInterrupt:
            _tell("")
            print("interrupted", file=sys.stderr)
            return True
        _tell("")
        report.block(*found.blocks()[-1], peer=found.peer)
    return False


def finish(asked: argparse.Namespace, found: Results) -> int:
    missed = report.foot(found)
    name = time.strftime("%Y-%m-%d-%H%M%S")
    publish = asked.save and len(found.measured) == len(SCENARIOS)
    for file in [asked.out or HERE / f"results/{name}.json", *([PUBLISHED] if publish else [])]:
        results.save(found, file)
        print(f"written: {file}")
    if asked.markdown:
        report.show(found, True)
    measured = all(one.runs[found.own] for one in found.measured)
    return 1 if not measured or (asked.strict and missed) else 0


def _programs(asked: argparse.Namespace) -> list[Program]:
    own = shlex.split(asked.program) or [str(Path(sys.executable).parent / "orchestrator")]
    peer = [Program(PEER, tuple(shlex.split(asked.peer)))] if asked.peer.strip() else []
    return [Program(OWN, tuple(own)), *peer]


def _tell(text: str) -> None:
    """What is under way, on a line that goes away again."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
