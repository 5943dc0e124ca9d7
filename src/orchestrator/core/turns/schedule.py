"""Whose turn it is. Pure: the board, what is under way, the limits and the time in; tickets in order out.

Tickets under way go first; then the plan with the fewest attempts in flight, then its createdAt; within a plan `order`,
then position. A slot is an open attempt, counted once over all plans; poll checks and arrivals take none. No slot stays
free while a ticket waits that could take it. Nothing starts that needs an account which is held; while its agent's
account is held, the first free stand-in takes the step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from enum import Enum
from heapq import heapify, heappop, heappush
from itertools import islice
from math import inf

import msgspec

from orchestrator.core.board import Board
from orchestrator.core.model import Key, PlanStatus, Ticket
from orchestrator.core.times import epoch_or
from orchestrator.core.turns.claims import LOOKED_AT
from orchestrator.core.turns.ready import Spot, under_way

__all__ = ["MAX_CHECKS", "Limits", "Needs", "Step", "next_up", "next_wake", "taker", "under_way"]

MAX_CHECKS = 8
"""Poll checks at the same time."""


class Needs(Enum):
    """What a ticket's next step takes."""

    SLOT = "slot"
    CHECK = "check"
    NOTHING = "nothing"
    ROOM = "room"
    """On a disk, where there is none: it does not start now."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    max_concurrency: int
    agents: Mapping[str, int] = {}
    """`maxConcurrency` of single agents."""
    held: Mapping[str, float] = {}
    """What is held, of whatever `Step.accounts` names: until when (epoch seconds); `inf`: nobody knows."""
    alone: Set[str] = frozenset()
    """Accounts that nobody knows to work: one attempt at a time, until one has succeeded."""


class Step(msgspec.Struct, frozen=True):
    """The next step of a ticket. It may depend on its plan, workflow, current phase and agent, and on nothing else of
    the ticket: one answer is used for all that agree in these."""

    needs: Needs
    agent: str | None = None
    accounts: tuple[str, ...] = ()
    """What must be free for it: the account of its agent, and whatever else may be held."""
    stand_ins: tuple[Step, ...] = ()
    """Who does it while one of its accounts is held, in this order."""


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
    board.release()
    room = _Room(board, limits, now, checks)
    in_flight = Counter(key.plan for key in board.open)
    lines = [*_lines(board, step, room, busy, now), *_in_lanes(board, step, room, busy, now)]
    waiting = [(line.rank(in_flight), line) for line in lines]
    heapify(waiting)
    chosen: list[Key] = []
    parked: dict[Key, Key] = {}
    """Who waits for somebody's files, and has no turn until those are free."""
    while waiting:
        rank, line = heappop(waiting)
        if not room.has(line.step):
            continue  # room only shrinks
        if rank == line.rank(in_flight):
            ticket = board.tickets[line.head.key]
            before = [*chosen, *islice(parked, LOOKED_AT)] if ticket.touches else chosen
            held = board.claims.held_up(ticket, before)
            if held is None:
                chosen.append(line.head.key)
                room.take(line.step)
                in_flight[line.plan] += line.step.needs is Needs.SLOT
            elif held.is_for_files and held.by not in chosen:
                parked[line.head.key] = held.by
            if not line.advance():
                continue
        heappush(waiting, (line.rank(in_flight), line))
    for key, keeper in parked.items():
        board.park(key, keeper)
    return chosen


class _Room:
    """What is still free. `but`: a ticket whose own attempt does not count."""

    def __init__(self, board: Board, limits: Limits, now: float, checks: int = 0, but: Key | None = None) -> None:
        self._limits, self._now = limits, now
        self._slots = limits.max_concurrency - len(board.open)
        self._checks = MAX_CHECKS - checks
        attempts = [a for key in board.open if key != but and (a := board.tickets[key].attempt)]
        self._agents = Counter(a.agent for a in attempts)
        self._accounts = Counter(a.account for a in attempts) if limits.alone else Counter[str | None]()

    def has(self, step: Step) -> bool:
        if step.needs is Needs.SLOT:
            return self._slots > 0 and self.taker(step) is not None
        if step.needs is Needs.ROOM:
            return False
        return step.needs is Needs.NOTHING or self._checks > 0

    def take(self, step: Step) -> None:
        if step.needs is Needs.SLOT:
            takes = self.taker(step) or step
            self._slots -= 1
            self._agents[takes.agent] += 1
            self._accounts.update(takes.accounts)
        elif step.needs is Needs.CHECK:
            self._checks -= 1

    def taker(self, step: Step) -> Step | None:
        """The step itself, or one of its stand-ins."""
        if not self._is_held(step):
            return step if self._is_free(step) else None
        return next((one for one in step.stand_ins if not self._is_held(one) and self._is_free(one)), None)

    def _is_held(self, step: Step) -> bool:
        return any(self._limits.held.get(account, 0) > self._now for account in step.accounts)

    def _is_free(self, step: Step) -> bool:
        most = self._limits.agents.get(step.agent) if step.agent is not None else None
        if most is not None and self._agents[step.agent] >= most:
            return False
        return not any(account in self._limits.alone and self._accounts[account] for account in step.accounts)


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


def _in_lanes(board: Board, step: Callable[[Ticket], Step], room: _Room, busy: Set[Key], now: float) -> Iterator[_Line]:
    """Who may enter a lane that is free, a line of its own for each."""

    def can_start(ticket: Ticket) -> bool:
        key = ticket.key
        live = board.plans[key.plan].status is PlanStatus.ACTIVE and _is_due(board, key, now)
        return live and room.has(step(ticket)) and board.claims.held_up(ticket) is None

    for key in board.claims.next_in_lanes(busy, can_start):
        ticket, place = board.tickets[key], board.places[key]
        spot = Spot(place.order, place.position, key)
        created_at = board.plans[key.plan].created_at
        line = _Line(key.plan, created_at, under_way(ticket), step(ticket), iter([spot]))
        if line.advance():
            yield line


def _is_due(board: Board, key: Key, now: float) -> bool:
    """No time holds it: the clock may have gone back since it woke."""
    wake_at = board.tickets[key].wake_at
    return wake_at is None or epoch_or(wake_at, 0) <= now


def next_wake(board: Board, limits: Limits, now: float) -> float | None:
    """When the next waiting ticket or account is due (epoch seconds), later than `now`."""
    wakes = [board.ready.next_wake(now), *board.claims.wakes(), *limits.held.values()]
    return min((wake for wake in wakes if wake is not None and now < wake < inf), default=None)


def taker(board: Board, step: Step, limits: Limits, now: float, but: Key) -> Step | None:
    """Who may take one more step now, beside the attempts of other tickets than `but`: the step itself or a stand-in,
    None when nobody is free. Slots are not counted."""
    if step.agent is None and not step.accounts:
        return step
    return _Room(board, limits, now, but=but).taker(step)
