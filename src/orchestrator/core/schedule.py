"""Whose turn it is. Pure: the board, what is under way, the limits and the time in; tickets in order out.

Tickets under way go first; then the plan with the fewest attempts in flight, then its createdAt; within a plan `order`,
then position. A slot is an open attempt, counted once over all plans; poll checks and arrivals take none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Set
from enum import Enum

import msgspec

from orchestrator.core.board import Board
from orchestrator.core.model import Key, Status, Ticket
from orchestrator.core.times import epoch_or

MAX_CHECKS = 8
"""Poll checks at the same time."""


class Needs(Enum):
    """What a ticket's next step takes."""

    SLOT = "slot"
    CHECK = "check"
    NOTHING = "nothing"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    max_concurrency: int
    agents: Mapping[str, int] = {}
    """`maxConcurrency` of single agents."""
    held: Mapping[str, float] = {}
    """Accounts that wait for their limit: agent → epoch seconds."""


class Step(msgspec.Struct, frozen=True):
    needs: Needs
    agent: str | None = None


def next_up(
    board: Board,
    step: Callable[[Ticket], Step],
    limits: Limits,
    now: float,
    busy: Set[Key] = frozenset(),
    checks: int = 0,
) -> list[Key]:
    """The tickets that start now. `busy`: walked or checked by somebody already; `checks`: checks in flight."""
    due = [key for key in board.by_status[Status.READY] - board.open - busy if _is_due(board, key, now)]
    if not due:
        return []
    per_plan = Counter(key.plan for key in board.open)
    per_agent = Counter(t.attempt.agent for key in board.open if (t := board.tickets[key]).attempt)
    slots = limits.max_concurrency - len(board.open)
    checks_left = MAX_CHECKS - checks
    queues = _queues(board, due)
    chosen: list[Key] = []
    while queues:
        head = min(queues, key=lambda queue: _plan_rank(board, queue[0], per_plan))
        key = head.pop(0)
        if not head:
            queues.remove(head)
        wanted = step(board.tickets[key])
        if wanted.needs is Needs.CHECK:
            if checks_left <= 0:
                continue
            checks_left -= 1
        elif wanted.needs is Needs.SLOT:
            if slots <= 0 and not _others(queues, board, step):
                break
            if slots <= 0 or not _agent_free(wanted.agent, limits, per_agent, now):
                continue
            slots -= 1
            per_plan[key.plan] += 1
            per_agent[wanted.agent] += 1
        chosen.append(key)
    return chosen


def _others(queues: list[list[Key]], board: Board, step: Callable[[Ticket], Step]) -> bool:
    """Whether anything waits that needs no slot."""
    return any(step(board.tickets[key]).needs is not Needs.SLOT for queue in queues for key in queue)


def _is_due(board: Board, key: Key, now: float) -> bool:
    wake_at = board.tickets[key].wake_at
    return board.is_live(key) and (wake_at is None or epoch_or(wake_at, 0) <= now)


def _queues(board: Board, due: list[Key]) -> list[list[Key]]:
    """One queue per plan and class (under way, fresh), each in the plan's order."""
    groups: dict[tuple[str, bool], list[Key]] = {}
    for key in due:
        groups.setdefault((key.plan, under_way(board.tickets[key])), []).append(key)
    for group in groups.values():
        group.sort(key=lambda key: board.places[key][:2])
    return list(groups.values())


def _plan_rank(board: Board, key: Key, in_flight: Counter[str]) -> tuple[bool, int, str, str]:
    return (not under_way(board.tickets[key]), in_flight[key.plan], board.plans[key.plan].created_at, key.plan)


def _agent_free(agent: str | None, limits: Limits, per_agent: Counter[str | None], now: float) -> bool:
    if agent is None:
        return True
    return limits.held.get(agent, 0) <= now and per_agent[agent] < limits.agents.get(agent, per_agent[agent] + 1)


def under_way(ticket: Ticket) -> bool:
    return ticket.attempts > 0 or bool(ticket.phase_history)


def next_wake(board: Board, limits: Limits, now: float) -> float | None:
    """When the next waiting ticket or account is due (epoch seconds), later than `now`."""
    wakes = [epoch_or(t.wake_at, now) for key in board.by_status[Status.READY] if (t := board.tickets[key]).wake_at]
    return min((wake for wake in [*wakes, *limits.held.values()] if wake > now), default=None)
