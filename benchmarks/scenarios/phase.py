"""What a phase costs above the script that it runs: one ticket through many script phases, one after the other."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from benchmarks.accounting import per_phase
from benchmarks.bare import spawned
from benchmarks.figures import Figure, most
from benchmarks.home import Mark, Ticket
from benchmarks.program import Program, daemon
from benchmarks.room import Room, Sample
from benchmarks.scenarios.scenario import Scenario
from benchmarks.stats import median

MS = 1e3
PATIENCE = 60.0


def bare(phases: int, room: Room) -> Sample:
    """The same script as often, by a loop."""
    home = room.home(1)
    done = spawned(phases, [str(home.script()), "T1", "p"])
    cpu = (sum(run.cpu for run in done.runs) + done.own_cpu) / phases
    key = f"phase{phases}"
    return {f"{key}.each": [done.seconds / phases * MS], f"{key}.children": [cpu * MS]}


def measure(phases: int, program: Program, room: Room, alone: Sample) -> Sample:
    home, key = room.home(1, 1), f"phase{phases}"
    home.script()
    names = [f"p{i:03}" for i in range(1, phases + 1)]
    home.chain("chain", names)
    home.plan("plan", "chain", [Ticket("T1", names[0])])
    with daemon(program, home) as running:
        running.wait_for(lambda: home.marked() > 0, PATIENCE, "first phase")
        before = running.cpu()
        running.wait_for(lambda: home.marked() >= phases, PATIENCE, f"{phases} phases")
        cpu = per_phase(key, before, running.cpu(), phases)
        running.wait_for(lambda: home.ticket("plan", "T1").get("status") == "complete", 10, "ticket complete")
    return {**_overhead(key, home.marks(), alone), **cpu}


def _overhead(key: str, marks: list[Mark], alone: Sample) -> Sample:
    gaps = [(after.at - before.at) * MS for before, after in pairwise(marks)]
    each = sum(gaps) / len(gaps)
    floor = alone[f"{key}.each"][0]
    tenth = max(len(gaps) // 10, 1)
    growth = (median(gaps[-tenth:]) - floor) / max(median(gaps[:tenth]) - floor, 0.001)
    return {f"{key}.each": [each], f"{key}.overhead": [each - floor], f"{key}.growth": [growth]}


def _scenario(phases: int, runs: int, more: tuple[Figure, ...]) -> Scenario:
    key = f"phase{phases}"
    figures = (
        Figure(f"{key}.overhead", f"overhead per phase, {phases} in a row", "ms", most(4), original=8.2, beat=2),
        Figure(f"{key}.each", "  phase, all in all", "ms"),
        *more,
    )
    title = f"{phases} script phases in a row"
    return Scenario(
        f"phase-{phases}", title, "the same script in a loop", figures, partial(bare, phases), partial(measure, phases),
        runs, quick_runs=2,
    )  # fmt: skip


SCENARIOS = (
    _scenario(50, 7, ()),
    _scenario(
        500,
        3,
        (
            Figure("phase500.growth", "  last 50 against first 50", "×"),
            Figure("phase500.user", "  CPU of the daemon, user", "ms"),
            Figure("phase500.system", "  CPU of the daemon, system", "ms"),
            Figure("phase500.children", "  CPU of what it starts", "ms"),
        ),
    ),
)
