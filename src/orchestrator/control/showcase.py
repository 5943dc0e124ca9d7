"""The demo: a plan walked to its end, and what came of it."""

from __future__ import annotations

import os
import subprocess
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from orchestrator.adapters.environment import BOUND
from orchestrator.control.walking import Load, Onlook
from orchestrator.core.board import Board
from orchestrator.core.model import Key, PhaseEntry, PhaseStatus, Status, Ticket, should_be
from orchestrator.core.times import epoch_or
from orchestrator.core.workflow import PollPhase, ScriptPhase, Workflow
from orchestrator.engine import locks
from orchestrator.engine.home import Home
from orchestrator.errors import OrchestratorError
from orchestrator.planner.demo import DemoHome, make_demo

__all__ = ["DemoHome", "Row", "graph", "make_demo", "rows", "walk_to_end"]


class Row(NamedTuple):
    """What became of one ticket."""

    key: Key
    title: str
    status: str
    phases: int
    attempts: int
    failures: int
    seconds: float
    error: str | None


def walk_to_end(home: Home, plan_id: str, load: Load, onlook: Onlook | None = None) -> int | None:
    """Like a daemon, until nothing of the plan can go on. Returns the signal that ended it. `onlook`: looks on."""
    from orchestrator.engine.daemon import walk
    from orchestrator.engine.loop import Mode

    taken = locks.take(home.places)
    if isinstance(taken, str):
        raise OrchestratorError(taken)
    try:
        return walk(home, Mode.DAEMON, load, until=lambda board: _is_over(board, plan_id), onlook=onlook)
    finally:
        taken.release()


def _is_over(board: Board, plan_id: str) -> bool:
    """Asked when nothing is under way: no ticket can go on, now or later."""
    return not any(
        should_be(ticket) in (Status.READY, Status.RUNNING)
        or (ticket.status is Status.QUEUED and _can_go_on(board, ticket))
        for ticket in board.of_plan(plan_id)
    )


def _can_go_on(board: Board, ticket: Ticket) -> bool:
    return not board.waits_for(ticket.key)


def rows(home: Home, plan_id: str) -> list[Row]:
    plan = home.store.read_plan(plan_id).record
    keys = [Key(plan_id, entry.ticket_id) for entry in plan.tickets]
    tickets = [home.store.read_ticket(key).record for key in keys]
    return [_row(ticket, home.rules(ticket).workflow) for ticket in tickets]


def _row(ticket: Ticket, workflow: Workflow) -> Row:
    entries = ticket.phase_history
    started = epoch_or(entries[0].started_at, 0) if entries else 0.0
    ended = epoch_or(entries[-1].completed_at, started) if entries else started
    steps = zip_longest(entries, entries[1:])
    return Row(
        key=ticket.key,
        title=ticket.title,
        status=str(ticket.status),
        phases=len({entry.phase for entry in entries}),
        attempts=ticket.attempts,
        failures=sum(one.status is PhaseStatus.FAILURE and not _routed(workflow, one, after) for one, after in steps),
        seconds=ended - started,
        error=ticket.error,
    )


def _routed(workflow: Workflow, entry: PhaseEntry, after: PhaseEntry | None) -> bool:
    """An exit code for which the workflow has a way of its own (`onExit`) is no failure."""
    phase = workflow.phase(entry.phase)
    routes = set(phase.on_exit.values()) - {phase.on_failure} if isinstance(phase, ScriptPhase | PollPhase) else set()
    return after is not None and after.phase in routes


def graph(repo: Path, branch: str = "main") -> str:
    """`git log --graph` of what was merged; empty when git cannot say."""
    free = {name: value for name, value in os.environ.items() if name not in BOUND}
    done = subprocess.run(
        ["git", "log", "--graph", "--oneline", "--no-decorate", "--no-color", branch, "--"],
        cwd=repo, env=free, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout
