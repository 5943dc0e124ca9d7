"""How soon something follows from something: a dependent from its blocker, a start from an edit, a signal from a pause.

From one line of a script to a line of another, so the start of a shell is part of it; it is of the bare equivalent too.
The files say nothing of a poll interval: each program keeps its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from random import Random

from benchmarks.bare import spawned
from benchmarks.errors import Unable
from benchmarks.figures import Figure, most
from benchmarks.gates import gate
from benchmarks.home import Home, Mark, Ticket
from benchmarks.program import Daemon, Program, daemon, environment
from benchmarks.room import Room, Sample
from benchmarks.scenarios.scenario import Scenario
from benchmarks.scripts import BOTH, HOLD
from benchmarks.stats import median

MS = 1e3
PATIENCE = 60.0
ENOUGH = 40.0
"""Seconds after which a slow program is asked no further."""
REST = 0.35
"""Between two questions: nothing of the one before is under way, and no timer of whole seconds is met."""


def gap(home: Home) -> float:
    """From the end of one script to the start of the next, milliseconds: the median over neighbours in time."""
    ends, starts = home.marks("end"), home.marks("start")[1:]
    return median([(start.at - end.at) * MS for end, start in zip(ends, starts, strict=False)])


# --- blocker → dependent


def bare_dependent(room: Room) -> Sample:
    home = room.home(1)
    spawned(room.of(50, 20), [str(home.script("both.sh", BOTH)), "T", "only"])
    return {"dependent": [gap(home)]}


def dependent(program: Program, room: Room, _: Sample) -> Sample:
    """A chain of tickets, each blocked by the one before."""
    home, tickets = room.home(4), room.of(21, 6)
    home.script("both.sh", BOTH)
    home.chain("one", ["only"], "both.sh")
    home.plan("plan", "one", [Ticket(f"T{i}", "only", (f"T{i - 1}",) if i else ()) for i in range(tickets)])
    with daemon(program, home) as running:
        running.wait_for(lambda: home.marked() > 1, PATIENCE, "first ticket")
        running.reaches(lambda: home.marked() >= 2 * tickets, ENOUGH)
    ends, starts = ({mark.ticket: mark.at for mark in home.marks(word)} for word in ("end", "start"))
    found = [(starts[f"T{i}"] - ends[f"T{i - 1}"]) * MS for i in range(1, tickets) if f"T{i}" in starts]
    if not found:
        raise Unable(f"the dependent did not start within {ENOUGH:g} s")
    return {"dependent": found}


# --- edit → start


def bare_edit(room: Room) -> Sample:
    """From the call that starts a script to its first line."""
    home = room.home(1)
    script, begun = str(home.script()), []
    for i in range(room.of(20, 5)):
        begun.append(time.time())
        subprocess.run([script, f"T{i}", "only"], check=True)
    return {"edit": [median([(mark.at - at) * MS for mark, at in zip(home.marks(), begun, strict=True)])]}


def edit(program: Program, room: Room, _: Sample) -> Sample:
    """Tickets that are paused are made ready, one after the other, in place as most editors do it."""
    home, tickets = room.home(4), room.of(10, 4)
    home.script()
    home.chain("one", ["only"])
    held = [Ticket(f"T{i}", "only", status="paused") for i in range(1, tickets + 1)]
    home.plan("plan", "one", [Ticket("T0", "only"), *held])
    with daemon(program, home) as running:
        running.wait_for(lambda: home.marked() > 0, PATIENCE, "first ticket")

        def make_ready(ticket: str) -> float:
            text = home.ticket_file("plan", ticket).read_text()
            home.ticket_file("plan", ticket).write_text(text.replace('"paused"', '"ready"'))
            return time.time()

        found = _asked(running, [ticket.id for ticket in held], make_ready, "start")
    return {"edit": [(mark.at - at) * MS for at, mark in found]}


def _asked(running: Daemon, tickets: list[str], act: Callable[[str], float], word: str) -> list[tuple[float, Mark]]:
    """For each ticket: when something was done to it, and the mark that followed. As many as there is time for."""
    home, found, end, last = running.home, [], time.monotonic() + ENOUGH, 0.0
    moment = Random(1)
    for ticket in tickets:
        time.sleep(REST + last * moment.random())  # a program that polls is not always asked right after it did

        def answer(ticket: str = ticket) -> list[Mark]:
            return [mark for mark in home.marks(word) if mark.ticket == ticket]

        at = act(ticket)
        running.wait_for(lambda: bool(answer()), PATIENCE, f"no {word} after it was asked for", look=0.01)
        found.append((at, answer()[0]))
        last = found[-1][1].at - at
        if time.monotonic() > end:
            break
    return found


# --- pause → signal


def bare_pause(room: Room) -> Sample:
    """A signal sent by hand."""
    home = room.home(1)
    gate(home, "T")
    holding = subprocess.Popen([home.script("hold.sh", HOLD), "T", "only"], start_new_session=True)
    while not home.marked():
        time.sleep(0.001)
    at = time.time()
    os.kill(holding.pid, signal.SIGINT)
    holding.wait()
    return {"pause.saved": [(home.marks("signal")[0].at - at) * MS]}


def pause(program: Program, room: Room, _: Sample) -> Sample:
    """`pause PLAN TICKET` for several that run: from its start, and from the moment when the file says paused."""
    home, tickets = room.home(8), [f"T{i}" for i in range(room.of(8, 3))]
    home.script("hold.sh", HOLD)
    home.chain("one", ["only"], "hold.sh")
    for ticket in tickets:
        gate(home, ticket)
    home.plan("plan", "one", [Ticket(ticket, "only") for ticket in tickets])
    saved: list[float] = []
    with daemon(program, home) as running:
        running.wait_for(lambda: home.marked() >= len(tickets), PATIENCE, "all running")

        def paused(ticket: str) -> float:
            at = time.time()
            saved.append(_commanded(program, home, ticket))
            return at

        found = _asked(running, tickets, paused, "signal")
    return {
        "pause.command": [(mark.at - at) * MS for at, mark in found],
        "pause.saved": [(mark.at - at) * MS for at, (_, mark) in zip(saved, found, strict=True)],
    }


def _commanded(program: Program, home: Home, ticket: str) -> float:
    """Runs `pause`; when the ticket's file changed."""
    file = home.ticket_file("plan", ticket)
    before, at = file.stat().st_mtime_ns, 0.0
    words = program.words(home, "pause", "plan", ticket)
    command = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(home))
    while not at:
        if file.stat().st_mtime_ns != before:
            at = time.time()
        elif command.poll() is not None:
            said = (command.stderr.read() if command.stderr else b"").decode(errors="replace").strip()
            raise Unable(f"pause: exit code {command.returncode}, nothing changed: {said[:120]}")
        time.sleep(0.0005)
    command.communicate()
    return at


SCENARIOS = (
    Scenario(
        "dependent",
        "Latency: a blocker ends → its dependent's process starts",
        "the next in a loop",
        (Figure("dependent", "blocker's end → dependent's start", "ms", most(50), original=10_000, beat=200),),
        bare_dependent,
        dependent,
        runs=3,
    ),
    Scenario(
        "edit",
        "Latency: a ticket's file is edited by hand → its process starts",
        "starting it",
        (Figure("edit", "edit → start", "ms", most(50)),),
        bare_edit,
        edit,
        runs=3,
    ),
    Scenario(
        "pause",
        "Latency: pause → the first signal that the process gets",
        "sending it",
        (
            Figure("pause.saved", "file says paused → signal", "ms", most(50)),
            Figure("pause.command", "  from the start of the command", "ms"),
        ),
        bare_pause,
        pause,
        runs=3,
    ),
)
