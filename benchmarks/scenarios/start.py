"""Start-up: the commands that people and scripts call often, from the first instruction to the last."""

from __future__ import annotations

import json
from functools import partial

from benchmarks.bare import PYTHON, Spent, once
from benchmarks.errors import Unable
from benchmarks.figures import Figure, most
from benchmarks.home import Home, Ticket
from benchmarks.program import Program, environment
from benchmarks.room import Room, Sample
from benchmarks.scenarios.scenario import Scenario

MS, MB = 1e3, 1e-6
PLAN_SIZE = 1000


def bare(key: str, room: Room) -> Sample:
    return _sample(key, once([PYTHON, "-c", "pass"]))


def help_page(program: Program, room: Room, _: Sample) -> Sample:
    return _called("help", program, room.home(2), "--help")


def status(key: str, tickets: int, program: Program, room: Room, _: Sample) -> Sample:
    home = room.home(2)
    fill(home, tickets)
    return _called(key, program, home, "status")


def check(key: str, tickets: int, program: Program, room: Room, _: Sample) -> Sample:
    """One plan: each ticket waits for the one ten places before it."""
    home = room.home(2)
    home.script()
    home.chain("one", ["only"])
    home.plan("large", "one", [Ticket(f"T{i}", "only", (f"T{i - 10}",) if i >= 10 else ()) for i in range(tickets)])
    for file in (home.root / "state/plans/large/tickets").iterdir():
        ticket = json.loads(file.read_bytes())
        file.write_text(json.dumps({**ticket, "branch": file.stem, "worktree": str(home.root / "trees" / file.stem)}))
    return _called(key, program, home, "plan", "check", "large")


def fill(home: Home, tickets: int) -> None:
    """Plans of a thousand tickets each: half is complete, one is paused, and the rest waits for that one."""
    home.script()
    home.chain("one", ["only"])
    for number in range(0, tickets, PLAN_SIZE):
        size = min(PLAN_SIZE, tickets - number)
        home.plan(f"plan{number // PLAN_SIZE}", "one", [_resting(i, size) for i in range(size)])


def _resting(i: int, size: int) -> Ticket:
    if i == 0:
        return Ticket("T0", "only", status="paused", passed=2)
    if i < size // 2:
        return Ticket(f"T{i}", "done", status="complete", passed=4)
    return Ticket(f"T{i}", "only", ("T0",))


def _called(key: str, program: Program, home: Home, *command: str) -> Sample:
    spent = once(program.words(home, *command), environment(home))
    if spent.code:
        raise Unable(f"{' '.join(command)}: exit code {spent.code}")
    return _sample(key, spent)


def _sample(key: str, spent: Spent) -> Sample:
    return {f"{key}.wall": [spent.wall * MS], f"{key}.cpu": [spent.cpu * MS], f"{key}.peak": [spent.peak * MB]}


def _scenario(key: str, title: str, measure: object, figures: tuple[Figure, ...], runs: int) -> Scenario:
    return Scenario(
        f"start-{key}", f"Start-up: {title}", "python -c pass", figures, partial(bare, key), measure, runs,  # type: ignore[arg-type]
        warm_up=True, quick_runs=3,
    )  # fmt: skip


SCENARIOS = (
    _scenario(
        "help",
        "--help",
        help_page,
        (
            Figure("help.wall", "--help", "ms", most(5, of="ratio"), original=157, beat=2.5),
            Figure("help.cpu", "  CPU", "ms"),
            Figure("help.peak", "  peak memory", "MB", original=66, beat=2.5),
        ),
        15,
    ),
    _scenario(
        "status10",
        "status of 10 tickets",
        partial(status, "status10", 10),
        (
            Figure("status10.wall", "status, 10 tickets", "ms", most(6, of="ratio"), beat=2.5),
            Figure("status10.peak", "  peak memory", "MB"),
        ),
        15,
    ),
    _scenario(
        "status10000",
        "status of 10,000 tickets",
        partial(status, "status10000", 10_000),
        (
            Figure("status10000.wall", "status, 10,000 tickets", "ms", most(45, of="ratio"), original=3900, beat=6),
            Figure("status10000.cpu", "  CPU", "ms"),
            Figure("status10000.peak", "  peak memory", "MB"),
        ),
        5,
    ),
    _scenario(
        "check2000",
        "plan check of 2,000 tickets",
        partial(check, "check2000", 2_000),
        (
            Figure("check2000.wall", "plan check, 2,000 tickets", "ms", most(1000)),
            Figure("check2000.cpu", "  CPU", "ms"),
        ),
        5,
    ),
)
