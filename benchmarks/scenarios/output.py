"""An agent that prints a gigabyte: what it does to the daemon's memory, and how long it takes."""

from __future__ import annotations

import shutil
import subprocess
import time

from benchmarks.errors import Unable
from benchmarks.figures import Figure, most
from benchmarks.home import Home, Ticket
from benchmarks.procfs import memory
from benchmarks.program import Daemon, Program, daemon
from benchmarks.room import Room, Sample
from benchmarks.scenarios.scenario import Scenario
from benchmarks.scripts import AGENT

MEGABYTES, QUICK = 1000, 100
MB = 1e-6
PATIENCE = 120.0
FREE = 4e9
"""Bytes on the disk: for what it prints, and for a program that writes it down twice."""


def bare(room: Room) -> Sample:
    """The same agent, printing into a file."""
    home, size = room.home(1), room.of(MEGABYTES, QUICK)
    if shutil.disk_usage(home.root).free < FREE:
        raise Unable(f"needs {FREE / 1e9:g} GB of disk in {room.folder}")
    began = time.monotonic()
    with (home.root / "out").open("wb") as out:
        subprocess.run([home.script("agent.sh", AGENT), str(size)], stdout=out, check=True)
    return {"output.seconds": [time.monotonic() - began]}


def measure(program: Program, room: Room, _: Sample) -> Sample:
    """First a little, so that everything that is needed for it is loaded; then a lot."""
    home, size = room.home(1, 1), room.of(MEGABYTES, QUICK)
    home.script("agent.sh", AGENT)
    steps = [("little", 1, "much"), ("much", size, "done")]
    for phase, megabytes, _after in steps:
        (home.root / f"prompts/{phase}.md").write_text(str(megabytes))
    home.workflow("print", [_step(phase, after) for phase, _, after in steps])
    home.plan("plan", "print", [Ticket("T1", "little")])
    with daemon(program, home) as running:
        return _printed(running, home, size)


def _step(phase: str, after: str) -> str:
    return f"{{ id: {phase}, type: agent, promptTemplate: {phase}.md, onSuccess: {after}, onFailure: bad }}"


def _printed(running: Daemon, home: Home, size: int) -> Sample:
    def status() -> str:
        return str(home.ticket("plan", "T1").get("status"))

    running.wait_for(lambda: len(home.marks()) >= 2, PATIENCE, "second phase")
    began, before = home.marks()[1].at, memory(running.pid, "VmHWM")
    running.wait_for(lambda: status() in ("complete", "failed", "needs_attention"), PATIENCE, f"{size} MB", look=0.02)
    seconds, after = time.time() - began, memory(running.pid, "VmHWM")
    if status() != "complete":
        raise Unable(f"the ticket is {status()}: {home.ticket('plan', 'T1').get('error')}")
    grown = {} if before is None or after is None else {"output.growth": [(after - before) * MB]}
    return {"output.seconds": [seconds], **grown}


SCENARIOS = (
    Scenario(
        "output",
        "An agent that prints 1 GB",
        "printing it into a file",
        (
            Figure("output.growth", "growth of the daemon's peak memory", "MB", most(5)),
            Figure("output.seconds", "  until the ticket is complete", "s"),
        ),
        bare,
        measure,
        runs=3,
    ),
)
