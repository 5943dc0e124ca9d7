"""Throughput: a thousand tickets of three script phases each, at several concurrencies.

A program that does not get through in time is measured by what it did until then.
"""

from __future__ import annotations

from functools import partial

from benchmarks.accounting import per_phase
from benchmarks.bare import CORES, spawned
from benchmarks.errors import Unable
from benchmarks.figures import Figure, least
from benchmarks.home import Home, Ticket
from benchmarks.program import Daemon, Program, daemon
from benchmarks.room import Room, Sample
from benchmarks.scenarios.scenario import Scenario

MS = 1e3
PHASES = ["one", "two", "three"]
PATIENCE = 60.0
FEW = 3
"""So many tickets must get through, or there is nothing to divide by."""
ORIGINAL = {2: 1.25, 8: 4.2, 32: 10.6}
BEAT = 6.0


def bare(key: str, room: Room) -> Sample:
    """The floor: as many spawners as there are cores, each starting the script again and again."""
    home = room.home(1)
    count = room.of(1000, 300)
    done = spawned(count, [str(home.script()), "T1", "p"], at_once=CORES)
    cpu = (sum(run.cpu for run in done.runs) + done.own_cpu) / count
    return {f"{key}.phases": [count / done.seconds], f"{key}.children": [cpu * MS]}


def measure(concurrency: int, program: Program, room: Room, floor: Sample) -> Sample:
    key, tickets = f"load{concurrency}", room.of(1000, 150)
    home = room.home(concurrency, 1)
    home.script()
    home.chain("three", PHASES)
    home.plan("plan", "three", [Ticket(f"T{i}", PHASES[0]) for i in range(tickets)])
    with daemon(program, home) as running:
        running.wait_for(lambda: home.marked() > 0, PATIENCE, "first phase")
        before = running.cpu()
        seconds, phases = _until_done(running, home, tickets)
        spent = per_phase(key, before, running.cpu(), phases)
        busy = _busy(spent, key, phases / seconds)
        complete = _complete(running, home, tickets) if phases == tickets * len(PHASES) else 0
    rate = phases / seconds
    share = rate / floor[f"{key}.phases"][0] * 100
    done = {f"{key}.complete": [complete / tickets * 100]} if complete else {}
    return {
        f"{key}.tickets": [rate / len(PHASES)],
        f"{key}.phases": [rate],
        f"{key}.share": [share],
        **spent,
        **busy,
        **done,
    }


def _busy(spent: Sample, key: str, rate: float) -> Sample:
    """How much of one core the daemon itself takes: near 100, it is what limits."""
    if not spent:
        return {}
    own = spent[f"{key}.user"][0] + spent[f"{key}.system"][0]
    return {f"{key}.core": [own / MS * rate * 100]}


def _until_done(running: Daemon, home: Home, tickets: int) -> tuple[float, int]:
    """From the first phase to the last one, or to the end of patience."""
    wanted = tickets * len(PHASES)
    if running.reaches(lambda: home.marked() >= wanted, PATIENCE, look=0.02):
        moments = [mark.at for mark in home.marks()]
        return max(moments) - min(moments), wanted
    marks = home.marks()
    if len(marks) < FEW * len(PHASES):
        raise Unable(f"only {len(marks)} of {wanted} phases within {PATIENCE:g} s")
    return PATIENCE, len(marks)


def _complete(running: Daemon, home: Home, tickets: int) -> int:
    def count() -> int:
        return sum(ticket.get("status") == "complete" for ticket in home.tickets())

    running.wait_for(lambda: count() == tickets, 15, "every ticket complete", look=0.2)
    return tickets


def _scenario(concurrency: int) -> Scenario:
    key, original = f"load{concurrency}", ORIGINAL[concurrency]
    figures = (
        Figure(f"{key}.tickets", f"tickets × 3 phases, concurrency {concurrency}", "/s", least(original * BEAT),
               original, BEAT, more_is_better=True),
        Figure(f"{key}.phases", "  phases", "/s", more_is_better=True),
        Figure(f"{key}.share", "  share of the spawn floor", "%", more_is_better=True),
        Figure(f"{key}.core", "  the daemon's share of one core", "%"),
        Figure(f"{key}.user", "  CPU per phase of the daemon, user", "ms"),
        Figure(f"{key}.system", "  CPU per phase of the daemon, system", "ms"),
        Figure(f"{key}.children", "  CPU per phase of what it starts", "ms"),
    )  # fmt: skip
    return Scenario(
        f"load-{concurrency}", f"1,000 tickets of three phases, concurrency {concurrency}",
        "the script alone, a loop per core", figures, partial(bare, key), partial(measure, concurrency), runs=3,
    )  # fmt: skip


SCENARIOS = tuple(_scenario(concurrency) for concurrency in ORIGINAL)
