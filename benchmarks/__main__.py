"""`make bench`, or `python -m benchmarks`: measures, prints the table, and writes the results down."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine, results, table
from benchmarks.program import Program
from benchmarks.results import Results
from benchmarks.rounds import Course, Measured, measure
from benchmarks.rows import Row
from benchmarks.scenarios import SCENARIOS, chosen
from benchmarks.scenarios.scenario import Scenario

HERE = Path(__file__).resolve().parent
PUBLISHED = HERE / "results.json"
OWN, PEER = "orchestrator", "peer"
USAGE = 2


def parser() -> argparse.ArgumentParser:
    parsing = argparse.ArgumentParser("make bench", description="Measure the program, beside bare equivalents.")
    parsing.add_argument("--only", metavar="NAMES", default="", help="scenarios or families of them, with commas")
    parsing.add_argument("--runs", type=int, metavar="N", help="so many of each, instead of what the scenario says")
    parsing.add_argument("--quick", action="store_true", help="fewer and smaller: under two minutes, for a first look")
    parsing.add_argument(
        "--peer", metavar="COMMAND", default=os.environ.get("PEER", ""), help="another program beside it"
    )
    parsing.add_argument(
        "--program", metavar="COMMAND", default="", help="what is measured [the orchestrator of this .venv]"
    )
    parsing.add_argument("--folder", type=Path, help="where to work [a temporary folder]")
    parsing.add_argument("--save", action="store_true", help=f"publish: write {PUBLISHED.relative_to(HERE.parent)} too")
    parsing.add_argument(
        "--show", type=Path, metavar="FILE", help="print the table of earlier results, measure nothing"
    )
    parsing.add_argument("--markdown", action="store_true", help="the table as Markdown")
    parsing.add_argument("--list", action="store_true", help="the scenarios, and leave")
    parsing.add_argument("--strict", action="store_true", help="exit with 1 when a budget is not held")
    return parsing


def main(words: list[str] | None = None) -> int:
    parsing = parser()
    asked = parsing.parse_args(words)
    if asked.list:
        print(*(f"{scenario.name:20} {scenario.title}" for scenario in SCENARIOS), sep="\n")
        return 0
    if asked.show:
        show(results.load(asked.show), asked.markdown)
        return 0
    if asked.save and (asked.quick or asked.only):
        parsing.error("--save publishes a whole run: without --quick and --only")
    try:
        scenarios = chosen(asked.only.split(","))
    except KeyError as error:
        parsing.error(f"no scenario {error}; there are: {', '.join(scenario.name for scenario in SCENARIOS)}")
    return bench(asked, scenarios)


def bench(asked: argparse.Namespace, scenarios: Sequence[Scenario]) -> int:
    began = time.monotonic()
    programs = _programs(asked)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=asked.folder, ignore_cleanup_errors=True) as folder:
        course = Course(Path(folder), asked.quick, asked.runs, _tell)
        commands = {program.name: list(program.argv) for program in programs}
        found = Results(machine.facts(Path(folder)), commands, asked.quick, [])
        print_head(found)
        for scenario in scenarios:
            one = measure(scenario, programs, course)
            found.measured.append(one)
            _tell("")
            print_block(*found.blocks()[-1], peer=found.peer)
    found.machine["load afterwards"] = machine.load()
    found.machine["seconds"] = f"{time.monotonic() - began:.0f}"
    return finish(asked, found)


def finish(asked: argparse.Namespace, found: Results) -> int:
    missed = print_foot(found)
    name = time.strftime("%Y-%m-%d-%H%M%S")
    for file in [HERE / f"results/{name}.json", *([PUBLISHED] if asked.save else [])]:
        results.save(found, file)
        print(f"written: {file.relative_to(HERE.parent)}")
    if asked.markdown:
        show(found, True)
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


def show(found: Results, as_markdown: bool) -> None:
    if as_markdown:
        print(table.markdown([(scenario.title, rows) for scenario, _, rows in found.blocks()], bool(found.peer)))
        return
    print_head(found)
    for block in found.blocks():
        print_block(*block, peer=found.peer)
    print_foot(found)


def print_head(found: Results) -> None:
    print(*(f"{name:10}{value}" for name, value in found.machine.items()), sep="\n")
    print(*(f"{name:10}{shlex.join(words)}" for name, words in found.commands.items()), sep="\n")
    if machine.is_busy():
        print("\nThe machine is busy: wall times are too long, the ratios and CPU times tell more.")
    print(f"\n{table.header(bool(found.peer))}", flush=True)


def print_block(scenario: Scenario, one: Measured, rows: Sequence[Row], peer: str | None) -> None:
    print(f"{scenario.title} (bare: {scenario.bare_title})")
    for row in rows:
        if row.own or row.peer:
            print(table.line(row, bool(peer)))
    for name, reason in one.unable.items():
        print(f"  {name}: {'could not do it' if not one.runs[name] else 'could not go on'}: {reason}")
    sys.stdout.flush()


def print_foot(found: Results) -> list[Row]:
    rows = [row for _, _, block in found.blocks() for row in block]
    missed, not_beaten = [row for row in rows if row.held is False], [row for row in rows if row.beaten is False]
    if not found.peer:
        print("\n* the original as recorded on a machine of two cores; beside a PEER it is measured in the same run")
    print(f"\nbudgets held: {sum(row.held is True for row in rows)} of {sum(row.held is not None for row in rows)}")
    for row in missed:
        print(f"  missed: {row.figure.title.strip()}")
    for row in not_beaten:
        print(f"  not beaten by {row.figure.beat:g} ×: {row.figure.title.strip()}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
