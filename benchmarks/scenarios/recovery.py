"""Killed -9 with twenty attempts open: how soon a new daemon has everything in hand again, and that nothing ran twice.

Half of the attempts end while no daemon lives, the other half go on.
"""

from __future__ import annotations

import time
from collections import Counter

from benchmarks.bare import PYTHON, SPAWNER, once
from benchmarks.figures import Figure, least, most
from benchmarks.gates import gate, open_gate
from benchmarks.home import Home, Ticket
from benchmarks.program import Daemon, Program, daemon
from benchmarks.room import Room, Sample
from benchmarks.scenarios.scenario import Scenario
from benchmarks.scripts import HOLD, MARK

MS = 1e3
OPEN = 20
HALF = OPEN // 2
PATIENCE = 30.0


def bare(room: Room) -> Sample:
    """A Python that is started and starts as many scripts as have ended."""
    script = str(room.home(1).script("mark.sh", MARK))
    return {"recovery": [once([PYTHON, "-I", "-S", str(SPAWNER), str(HALF), script, "T", "only"]).wall * MS]}


def measure(program: Program, room: Room, _: Sample) -> Sample:
    home, tickets = room.home(OPEN, 1), [f"T{i:02}" for i in range(OPEN + HALF + HALF)]
    _lay_out(home, tickets)
    with daemon(program, home) as first:
        first.wait_for(lambda: len(home.marks()) == OPEN, PATIENCE, f"{OPEN} running")
        first.kill()
        ended, going = _halves([mark.ticket for mark in home.marks()])
        _end(home, ended)
        with daemon(program, home) as second:
            what = f"{HALF} more in the slots of those that ended"
            second.wait_for(lambda: len(home.marks()) >= OPEN + HALF, PATIENCE, what)
            recovered = home.marks()[OPEN + HALF - 1].at - second.started
            follows = [_follow(second, home, ticket) for ticket in going]
            kept = _kept(second, home, [*ended, *going])
    runs = Counter(mark.ticket for mark in home.marks())
    twice = sum(count - 1 for count in runs.values())
    return {
        "recovery": [recovered * MS],
        "recovery.follow": follows,
        "recovery.kept": [kept],
        "recovery.twice": [twice],
    }


def _lay_out(home: Home, tickets: list[str]) -> None:
    home.script("hold.sh", HOLD)
    home.chain("one", ["only"], "hold.sh")
    for ticket in tickets:
        gate(home, ticket)
    home.plan("plan", "one", [Ticket(ticket, "only") for ticket in tickets])


def _halves(tickets: list[str]) -> tuple[list[str], list[str]]:
    return tickets[:HALF], tickets[HALF:]


def _end(home: Home, tickets: list[str]) -> None:
    """While no daemon lives."""
    for ticket in tickets:
        open_gate(home, ticket)
    while len(home.marks("end")) < len(tickets):
        time.sleep(0.005)
    time.sleep(0.2)  # for what started them to write down how they ended


def _follow(running: Daemon, home: Home, ticket: str) -> float:
    """An attempt that was adopted ends: milliseconds until its slot is used again."""
    before = len(home.marks())
    open_gate(home, ticket)
    running.wait_for(lambda: len(home.marks()) > before, PATIENCE, f"a start after the end of {ticket}")
    end = next(mark for mark in home.marks("end") if mark.ticket == ticket)
    return (home.marks()[before].at - end.at) * MS


def _kept(running: Daemon, home: Home, tickets: list[str]) -> int:
    """How many of the attempts that were open have counted."""

    def complete() -> int:
        return sum(home.ticket("plan", ticket).get("status") == "complete" for ticket in tickets)

    running.reaches(lambda: complete() == len(tickets), 5)
    return complete()


SCENARIOS = (
    Scenario(
        "recovery",
        f"kill -9 with {OPEN} attempts open, half of which end meanwhile",
        f"a new Python starts {HALF} scripts",
        (
            Figure("recovery", "daemon's start → all slots used again", "ms"),
            Figure("recovery.follow", "  an adopted one ends → next start", "ms", most(50)),
            Figure("recovery.kept", f"  attempts of {OPEN} whose result counted", "", least(OPEN)),
            Figure("recovery.twice", "  run twice", "", most(0)),
        ),
        bare,
        measure,
        runs=3,
    ),
)
