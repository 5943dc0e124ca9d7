"""Ten thousand tickets: how long until a daemon starts something, and what it costs while nothing is to be done."""

from __future__ import annotations

import time

from benchmarks.bare import PYTHON, once
from benchmarks.errors import Unable
from benchmarks.figures import Figure, most
from benchmarks.home import Home, Ticket
from benchmarks.procfs import memory, proportional
from benchmarks.program import Daemon, Program, daemon
from benchmarks.room import Room, Sample
from benchmarks.scenarios.scenario import Scenario
from benchmarks.scenarios.start import fill

TICKETS = 10_000
PATIENCE = 60.0
SETTLE = 4.0
"""Seconds before idleness is measured: what follows from the start is over."""
MB = 1e-6
READ = (
    "import json,pathlib,sys\nfor f in pathlib.Path(sys.argv[1]).glob('*/tickets/*.json'): json.loads(f.read_bytes())"
)


def home_of_many(room: Room) -> Home:
    """They rest, but for one ticket."""
    home = room.home(4)
    fill(home, TICKETS)
    home.plan("probe", "one", [Ticket("P1", "only")])
    return home


def bare_boot(room: Room) -> Sample:
    """A Python that reads the same files."""
    home = home_of_many(room)
    return {"boot": [once([PYTHON, "-I", "-S", "-c", READ, str(home.root / "state/plans")]).wall]}


def boot(program: Program, room: Room, _: Sample) -> Sample:
    home = home_of_many(room)
    with daemon(program, home) as running:
        running.wait_for(lambda: home.marked() > 0, PATIENCE, "first dispatch")
        return {"boot": [home.marks()[0].at - running.started]}


def bare_idle(_: Room) -> Sample:
    """An interpreter that does nothing."""
    return {"idle.rss": [once([PYTHON, "-c", "pass"]).peak * MB]}


def idle(program: Program, room: Room, _: Sample) -> Sample:
    """The full window is longer than a minute, so that what is done once a minute is in it."""
    home = home_of_many(room)
    with daemon(program, home) as running:
        running.wait_for(lambda: home.ticket("probe", "P1").get("status") == "complete", PATIENCE, "probe complete")
        time.sleep(SETTLE)
        busy = _busy(running, room.of(65.0, 10.0))
        resident, share = memory(running.pid), proportional(running.pid)
    shared = {"idle.pss": [share * MB]} if share else {}
    return {"idle.cpu": [busy * 100], "idle.rss": [(resident or 0) * MB], **shared}


def _busy(running: Daemon, seconds: float) -> float:
    """The share of a core."""
    before, began = running.cpu(), time.monotonic()
    running.reaches(lambda: time.monotonic() - began > seconds, seconds + 1, look=0.5)
    after = running.cpu()
    if before is None or after is None:
        raise Unable("this system does not tell the CPU time of a process (no /proc)")
    spent = after.since(before)
    return (spent.own + spent.children) / (time.monotonic() - began)


SCENARIOS = (
    Scenario(
        "boot",
        "Daemon start with 10,000 tickets",
        "reading the files in Python",
        (Figure("boot", "start → first dispatch", "s", most(1.5)),),
        bare_boot,
        boot,
        runs=3,
    ),
    Scenario(
        "idle",
        "Idle daemon with 10,000 tickets",
        "an idle Python",
        (
            Figure("idle.cpu", "CPU, of one core", "%", most(0.5), original=31, beat=6),
            Figure("idle.rss", "  resident memory", "MB", most(120)),
            Figure("idle.pss", "  proportional share of it", "MB"),
        ),
        bare_idle,
        idle,
        runs=1,
    ),
)
