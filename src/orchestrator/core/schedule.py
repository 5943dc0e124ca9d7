"""Whose turn it is. Pure: the board, what is under way, the limits and the time in; tickets in order out.

Tickets under way go first; then the plan with the fewest attempts in flight, then its createdAt; within a plan `order`,
then position. A slot is an open attempt, counted once over all plans; poll checks and arrivals take none. No slot stays
free while a ticket waits that could take it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from enum import Enum
from heapq import heapify, heappop, heappush

import msgspec

from orchestrator.core.board import Board
from orchestrator.core.model import Key, PlanStatus, Ticket
from orchestrator.core.ready import Spot, under_way
from orchestrator.core.times import epoch_or

__all__ = ["MAX_CHECKS", "Limits", "Needs", "Step", "next_up", "next_wake", "under_way"]

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
    """The next step of a ticket. It may depend on its plan, workflow, current phase and agent, and on nothing else of
    the ticket: one answer is used for all that agree in these."""

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
    board.ready.wake(now)
    room = _Room(board, limits, now, checks)
    in_flight = Counter(key.plan for key in board.open)
    waiting = [(line.rank(in_flight), line) for line in _lines(board, step, room, busy, now)]
    heapify(waiting)
    chosen: list[Key] = []
    while waiting:
        rank, line = heappop(waiting)
        if not room.has(line.step):
            continue  # room only shrinks
        if rank == line.rank(in_flight):
            chosen.append(line.head.key)
            room.take(line.step)
            in_flight[line.plan] += line.step.needs is Needs.SLOT
            if not line.advance():
                continue
        heappush(waiting, (line.rank(in_flight), line))
    return chosen


class _Room:
    """What is still free."""

    def __init__(self, board: Board, limits: Limits, now: float, checks: int) -> None:
        self._limits, self._now = limits, now
        self._slots = limits.max_concurrency - len(board.open)
        self._checks = MAX_CHECKS - checks
        self._agents = Counter(a.agent for key in board.open if (a := board.tickets[key].attempt))

    def has(self, step: Step) -> bool:
        if step.needs is Needs.SLOT:
            return self._slots > 0 and self._is_free(step.agent)
        return step.needs is Needs.NOTHING or self._checks > 0

    def take(self, step: Step) -> None:
        if step.needs is Needs.SLOT:
            self._slots -= 1
            self._agents[step.agent] += 1
        elif step.needs is Needs.CHECK:
            self._checks -= 1

    def _is_free(self, agent: str | None) -> bool:
        if agent is None:
            return True
        most = self._limits.agents.get(agent)
        return self._limits.held.get(agent, 0) <= self._now and (most is None or self._agents[agent] < most)


class _Line:
    """One group of a plan, with the ticket whose turn is next in it."""

    def __init__(self, plan: str, created_at: str, under_way: bool, step: Step, spots: Iterator[Spot]) -> None:
        self.plan, self.step = plan, step
        self._age, self._fresh, self._spots = (epoch_or(created_at, 0), created_at), not under_way, spots

    def advance(self) -> bool:
        head = next(self._spots, None)
        if head is not None:
            self.head = head
        return head is not None

    def rank(self, in_flight: Counter[str]) -> tuple[bool, int, tuple[float, str], str, Spot]:
        return (self._fresh, in_flight[self.plan], self._age, self.plan, self.head)


def _lines(board: Board, step: Callable[[Ticket], Step], room: _Room, busy: Set[Key], now: float) -> Iterator[_Line]:
    """The groups that have room and somebody who may start."""
    for plan_id, groups in board.ready.plans.items():
        plan = board.plans[plan_id]
        for group, spots in groups.items() if plan.status is PlanStatus.ACTIVE else ():
            wanted = step(board.tickets[spots[0].key])
            may = (spot for spot in spots if spot.key not in busy and _is_due(board, spot.key, now))
            line = _Line(plan_id, plan.created_at, group.under_way, wanted, may)
            if room.has(wanted) and line.advance():
                yield line


def _is_due(board: Board, key: Key, now: float) -> bool:
    """No time holds it: the clock may have gone back since it woke."""
    wake_at = board.tickets[key].wake_at
    return wake_at is None or epoch_or(wake_at, 0) <= now


def next_wake(board: Board, limits: Limits, now: float) -> float | None:
    """When the next waiting ticket or account is due (epoch seconds), later than `now`."""
    wakes = [board.ready.next_wake(now), *limits.held.values()]
    return min((wake for wake in wakes if wake is not None and wake > now), default=None)


def agent_free(board: Board, agent: str | None, limits: Limits, now: float, but: Key) -> bool:
    """Whether one more attempt of an agent may start beside those of other tickets than `but`."""
    if agent is None:
        return True
    others = [board.tickets[key].attempt for key in board.open if key != but]
    most = limits.agents.get(agent)
    in_use = sum(a is not None and a.agent == agent for a in others)
    return limits.held.get(agent, 0) <= now and (most is None or in_use < most)
