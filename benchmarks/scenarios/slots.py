"""Whether the slots that there are are used: tickets of 1 to 5 seconds, and how many of them really run at a time."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from functools import partial

from benchmarks.errors import Unable
from benchmarks.figures import Figure, least, most
from benchmarks.home import Home, Ticket
from benchmarks.program import Program, daemon
from benchmarks.room import Room, Sample
from benchmarks.scenarios.scenario import Scenario
from benchmarks.scripts import WORK

SECONDS = (1, 1, 2, 1.5, 1, 5) * 4
"""Of each ticket, in the order of the plan: 24."""
QUICK = 0.3
PATIENCE = 120.0
ORIGINAL = {4: 2.4}
USED = 0.95
"""Between the end of one and the start of the next there is always something."""


def ideal(seconds: Sequence[float], slots: int) -> float:
    """How long it takes when each starts, in order, as soon as a slot is free."""
    free = [0.0] * slots
    for duration in seconds:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


def mean_running(runs: Sequence[tuple[float, float]]) -> float:
    """How many ran on average between the first start and the last one, which is when the queue is empty."""
    first, last = min(start for start, _ in runs), max(start for start, _ in runs)
    inside = sum(min(end, last) - start for start, end in runs)
    return inside / (last - first)


def bare(slots: int, room: Room) -> Sample:
    """On paper."""
    seconds = [duration * room.of(1, QUICK) for duration in SECONDS]
    return {f"slots{slots}.used": [slots], f"slots{slots}.makespan": [ideal(seconds, slots)]}


def measure(slots: int, program: Program, room: Room, _: Sample) -> Sample:
    home, key = room.home(slots, 1), f"slots{slots}"
    tickets = [f"T{i:02}" for i in range(len(SECONDS))]
    _lay_out(home, dict(zip(tickets, SECONDS, strict=True)), room.of(1, QUICK))
    with daemon(program, home) as running:
        done = running.reaches(lambda: home.marked() >= 2 * len(tickets), PATIENCE, look=0.02)
    starts, ends = ({mark.ticket: mark.at for mark in home.marks(word)} for word in ("start", "end"))
    if not done:
        raise Unable(f"{len(ends)} of {len(tickets)} tickets within {PATIENCE:g} s")
    runs = [(starts[ticket], ends[ticket]) for ticket in tickets]
    makespan = max(ends.values()) - min(starts.values())
    return {f"{key}.used": [mean_running(runs)], f"{key}.makespan": [makespan]}


def _lay_out(home: Home, seconds: dict[str, float], scale: float) -> None:
    home.script("work.sh", WORK)
    (home.root / "seconds").mkdir()
    for ticket, duration in seconds.items():
        (home.root / "seconds" / ticket).write_text(f"{duration * scale:g}\n")
    home.chain("one", ["only"], "work.sh")
    home.plan("plan", "one", [Ticket(ticket, "only") for ticket in seconds])


def _scenario(slots: int) -> Scenario:
    key = f"slots{slots}"
    figures = (
        Figure(
            f"{key}.used", f"slots used of {slots}", "", least(slots * USED), ORIGINAL.get(slots), more_is_better=True
        ),
        Figure(f"{key}.makespan", "  until all are done", "s", most(1.1, of="ratio")),
    )
    return Scenario(
        f"slots-{slots}",
        f"24 tickets of 1–5 s, limit {slots}",
        "the ideal schedule",
        figures,
        partial(bare, slots),
        partial(measure, slots),
        runs=2,
    )


SCENARIOS = tuple(_scenario(slots) for slots in (2, 4, 8))
