"""What is printed: on what it was measured, the table, and what it comes to."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence

from benchmarks import table
from benchmarks.results import Results
from benchmarks.rounds import Measured
from benchmarks.rows import Row
from benchmarks.scenarios.scenario import Scenario

QUICK = (
    "\nQuick: 150 tickets for 1,000, 100 MB for 1 GB, 0.3 s for 1 s of work, 10 s of idleness for 65, and fewer runs."
)

WIDE = 1000


def show(found: Results, as_markdown: bool) -> None:
    if as_markdown:
        print(table.markdown([(scenario.title, rows) for scenario, _, rows in found.blocks()], bool(found.peer)))
        return
    head(found)
    for one in found.blocks():
        block(*one, peer=found.peer)
    foot(found)


def room() -> int:
    """Columns for the table: those of the terminal; into a file or a pipe, as many as it takes."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDE


def head(found: Results, busy: bool = False) -> None:
    print(*(f"{name:18}{value}" for name, value in found.machine.items()), sep="\n")
    print(*(f"{name:18}{shlex.join(words)}" for name, words in found.commands.items()), sep="\n")
    if found.quick:
        print(QUICK)
    if busy:
        print("\nThe machine is busy: wall times are too long; the ratios and the CPU times tell more.")
    print(f"\n{table.header(bool(found.peer), room())}", flush=True)


def block(scenario: Scenario, one: Measured, rows: Sequence[Row], peer: str | None) -> None:
    print(f"{scenario.title} (bare: {scenario.bare_title})")
    for row in rows:
        if row.own or row.peer:
            print(table.line(row, bool(peer), room()))
    for name, reason in one.unable.items():
        print(f"  {name}: {'could not do it' if not one.runs[name] else 'could not go on'}: {reason}")
    sys.stdout.flush()


def foot(found: Results) -> list[Row]:
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
