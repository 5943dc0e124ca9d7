"""What is under way, for somebody who looks on: who is in flight, what waits and why, and how far everything is. Pure.

The law: a look costs by what is shown, not by how many tickets there are. Of a state that many tickets are in only the
number is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from itertools import islice
from typing import NamedTuple

import msgspec

from orchestrator.core.board import Board
from orchestrator.core.model import Attempt, Key, PlanStatus, Status, Ticket, should_be
from orchestrator.core.outcome import Usage, total_of
from orchestrator.core.show.held import Held, HeldOf, nobody
from orchestrator.core.show.reviews import number_of
from orchestrator.core.show.views import Blocker, IsHeld, WorkflowOf, blockers_of
from orchestrator.core.times import epoch_or

MANY = 300
"""So many tickets of one state are put in order; of more only the number is told."""


class Seen(NamedTuple):
    """What a runner knows. It is lent for the moment of a look, and nobody changes it."""

    board: Board
    workflow_of: WorkflowOf
    is_held: IsHeld
    slots: int | None = None
    """How many attempts there may be at a time; None: they are not counted."""
    held: Sequence[Held] = ()
    """Accounts."""
    held_of: HeldOf = nobody
    """The one that a ticket waits for."""
    stopping: str | None = None
    """Why the runner is about to leave."""
    problems: int = 0
    """Files that cannot be used."""
    is_over: bool = False
    """The runner will not be seen again."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket in flight."""

    key: Key
    title: str
    attempt: Attempt
    position: int | None
    """1-based place of its phase in the workflow."""
    phases: int | None
    said: str = ""
    """The last thing that its program printed."""
    cost: float | None = None
    """In dollars, what the ticket's attempts have cost that have ended."""

    @property
    def since(self) -> float | None:
        """None: nobody knows."""
        return epoch_or(self.attempt.started_at, 0) or None


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that does not go on now."""

    key: Key
    state: Status
    phase: str | None
    why: str = ""
    """In words; empty where the rest says it."""
    until: float | None = None
    blockers: tuple[Blocker, ...] = ()
    held: Held | None = None
    """The account that it waits for."""
    pr: int | None = None
    review: str = ""
    """What is known of its pull request, in words."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    rows: tuple[Row, ...]
    in_flight: int
    """How many there are, shown or not."""
    waits: tuple[Wait, ...]
    counts: dict[Status, int]
    waiting: dict[Status, int]
    """How many tickets of each state wait, among `waits` or not."""
    slots_used: int
    slots: int | None
    held: tuple[Held, ...]
    stopping: str | None
    problems: int
    plans: tuple[str, ...]
    """The plans that it is about."""
    only: Key | None
    """The one ticket that it is about."""
    at: float
    cost: float | None = None
    """In dollars, the same of its tickets."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Scope(NamedTuple):
    """What a look is about."""

    plans: Set[str]
    only: Key | None = None


def in_scope(board: Board, before: Set[str]) -> Set[str]:
    """Plans that are to be walked, and those that were so before: what is complete by now stays to the end.

    When there are none, every plan.
    """
    now = {plan.id for plan in board.plans.values() if plan.status is not PlanStatus.COMPLETE}
    return (now | before) & board.plans.keys() or frozenset(board.plans)


def view(seen: Seen, scope: Scope, most: int, now: float) -> View:
    """At most `most` tickets in flight, and as many that wait of each state."""
    board = seen.board
    flying = _ordered(board, (key for key in board.open if _is_meant(key, scope)))
    counts = _counts(board, scope)
    return View(
        rows=tuple(_rows(seen, flying[:most])),
        in_flight=len(flying),
        waits=tuple(_waits(seen, scope, most, now)),
        counts=counts,
        waiting=_waiting(board, counts, flying),
        slots_used=len(board.open),
        slots=None if seen.is_over else seen.slots,
        held=tuple(one for one in seen.held if not one.is_over(now)),
        stopping=None if seen.is_over else seen.stopping,
        problems=seen.problems,
        plans=tuple(sorted(scope.plans)),
        only=scope.only,
        at=now,
        cost=_total(board, scope),
    )


def _total(board: Board, scope: Scope) -> float | None:
    if scope.only is not None:
        ticket = board.tickets.get(scope.only)
        return _cost(ticket.usage) if ticket is not None else None
    return _cost(total_of(board.spent(plan) for plan in scope.plans))


def _cost(usage: Usage | None) -> float | None:
    return usage.cost_usd if usage is not None else None


def _is_meant(key: Key, scope: Scope) -> bool:
    return key.plan in scope.plans and scope.only in (None, key)


def _ordered(board: Board, keys: Iterable[Key]) -> list[Key]:
    """As their plan lists them: a ticket keeps its line while it goes through its phases."""

    def rank(key: Key) -> tuple[str, str, float, int, str]:
        plan, place = board.plans.get(key.plan), board.places.get(key)
        order = (place.order, place.position) if place else (float("inf"), 0)
        return (plan.created_at if plan else "", key.plan, *order, key.ticket)

    return sorted(keys, key=rank)


def _counts(board: Board, scope: Scope) -> dict[Status, int]:
    if scope.only is not None:
        return {state: int(scope.only in board.by_status[state]) for state in Status}
    counts = {state: len(board.by_status[state]) for state in Status}
    for plan in board.plans.keys() - scope.plans:
        if board.plans[plan].status is PlanStatus.COMPLETE:
            counts[Status.COMPLETE] -= board.completed(plan)
        else:
            for ticket in board.of_plan(plan):
                counts[should_be(ticket)] -= 1
    return counts


def _waiting(board: Board, counts: dict[Status, int], flying: list[Key]) -> dict[Status, int]:
    """Those without an open attempt that have not come to their end."""
    busy = Counter(should_be(board.tickets[key]) for key in flying)
    rest = {state: number - busy[state] for state, number in counts.items() if state is not Status.COMPLETE}
    return {state: number for state, number in rest.items() if number > 0}


# -- in flight --------------------------------------------------------------------------------------------------------


def _rows(seen: Seen, keys: Iterable[Key]) -> Iterator[Row]:
    places: dict[tuple[str, str | None, str], tuple[int | None, int | None]] = {}
    for key in keys:
        ticket = seen.board.tickets[key]
        attempt = ticket.attempt
        if attempt is None:
            continue
        where = (key.plan, ticket.workflow, attempt.phase)
        if where not in places:
            places[where] = _place(seen, ticket, attempt.phase)
        position, phases = places[where]
        cost = _cost(ticket.usage)
        yield Row(key=key, title=ticket.title, attempt=attempt, position=position, phases=phases, cost=cost)


def _place(seen: Seen, ticket: Ticket, phase: str) -> tuple[int | None, int | None]:
    workflow = seen.workflow_of(ticket)
    return (workflow.position(phase), len(workflow.phases)) if workflow is not None else (None, None)


# -- what waits -------------------------------------------------------------------------------------------------------


def _waits(seen: Seen, scope: Scope, most: int, now: float) -> Iterator[Wait]:
    """Those that wait for a person first, then for a time, for leave, for a slot, for others."""
    board, by_status = seen.board, seen.board.by_status
    timed = [key for key in islice(board.ready.waiting(), MANY) if _is_meant(key, scope)]
    is_few = len(by_status[Status.READY]) <= MANY or scope.only in by_status[Status.READY]
    lined_up = by_status[Status.READY].difference(timed) if is_few else set()
    groups: list[tuple[Collection[Key], Callable[[Ticket], Wait | None]]] = [
        (by_status[Status.NEEDS_ATTENTION], lambda ticket: _told(seen, ticket)),
        (by_status[Status.FAILED], lambda ticket: _told(seen, ticket)),
        (timed, lambda ticket: _timed(seen, ticket, now)),
        (by_status[Status.PAUSED], lambda ticket: _told(seen, ticket)),
        (lined_up, lambda ticket: _lined_up(seen, ticket, now)),
        (by_status[Status.QUEUED], lambda ticket: _queued(seen, ticket)),
    ]
    for keys, wait in groups:
        chosen = keys if keys is timed else _some(board, scope, keys)
        found = (wait(board.tickets[key]) for key in chosen)
        yield from islice((one for one in found if one is not None), most)


def _some(board: Board, scope: Scope, keys: Collection[Key]) -> list[Key]:
    few = [scope.only] if scope.only is not None and scope.only in keys else list(islice(keys, MANY + 1))
    if len(few) > MANY:
        return []
    return _ordered(board, (key for key in few if _is_meant(key, scope) and board.tickets[key].attempt is None))


def _wait(ticket: Ticket, state: Status, why: str = "", until: float | None = None) -> Wait:
    return Wait(key=ticket.key, state=state, phase=ticket.current_phase, why=why, until=until, pr=number_of(ticket))


def _told(seen: Seen, ticket: Ticket) -> Wait:
    return msgspec.structs.replace(_wait(ticket, ticket.status, ticket.error or ""), held=seen.held_of(ticket))


def _timed(seen: Seen, ticket: Ticket, now: float) -> Wait:
    """The time that counts may have passed: then it waits for its turn."""
    until = epoch_or(ticket.wake_at, 0)
    if until <= now or _stays(seen, ticket):
        return _lined_up(seen, ticket, now)
    if (held := seen.held_of(ticket)) is not None:
        return msgspec.structs.replace(_wait(ticket, Status.READY), held=held)
    return _wait(ticket, Status.READY, ticket.wait_reason or "waits", until)


def _lined_up(seen: Seen, ticket: Ticket, now: float) -> Wait:
    blockers = blockers_of(seen.board, ticket.key, seen.is_held)
    if blockers:
        return msgspec.structs.replace(_wait(ticket, Status.READY), blockers=blockers)
    stays = _stays(seen, ticket)
    held = seen.held_of(ticket) if stays is None else None
    if held is not None:
        return msgspec.structs.replace(_wait(ticket, Status.READY), held=held)
    claimed = "" if ticket.wake_at else seen.board.claims.reason_now(ticket)
    return _wait(ticket, Status.READY, stays or claimed or _turn(seen))


def _stays(seen: Seen, ticket: Ticket) -> str | None:
    """Why it does not start whatever the time is."""
    plan = seen.board.plans.get(ticket.plan_id)
    if plan is None:
        return "its plan cannot be used"
    if plan.status is PlanStatus.PAUSED:
        return "its plan is paused"
    return None if ticket.key in seen.board.places else "not listed in plan.json, so it never starts"


def _turn(seen: Seen) -> str:
    if seen.slots is None:
        return "waits for its turn"
    return "waits for a slot" if len(seen.board.open) >= seen.slots else ""


def _queued(seen: Seen, ticket: Ticket) -> Wait | None:
    blockers = blockers_of(seen.board, ticket.key, seen.is_held)
    stays = _stays(seen, ticket)
    held = seen.held_of(ticket) if stays is None and not blockers else None
    why = stays or ("" if blockers or held else _turn(seen))
    return msgspec.structs.replace(_wait(ticket, Status.QUEUED, why), blockers=blockers, held=held)
