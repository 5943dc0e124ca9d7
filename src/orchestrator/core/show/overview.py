"""A home with more tickets than anybody reads: sums first, then what needs a person, what runs, what waits and why.

The law: of each state a few tickets are shown and the others counted, so the length does not grow with their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from orchestrator.core.board import Board
from orchestrator.core.model import Key, Plan, PlanStatus, Status
from orchestrator.core.show.held import Held, HeldOf, nobody
from orchestrator.core.show.reviews import WordsOf, untold
from orchestrator.core.show.views import MISSING, STUCK, UNREADABLE, IsHeld, TicketView, Views, WorkflowOf, states_of

ORDER: tuple[str, ...] = (
    Status.NEEDS_ATTENTION, Status.FAILED, UNREADABLE, MISSING, Status.RUNNING, Status.READY, Status.PAUSED,
    Status.QUEUED, Status.COMPLETE,
)  # fmt: skip
"""All states, as a person wants to see them."""
NEEDS_PERSON = frozenset(ORDER[:4])
SMALL = 50
"""A home with more tickets than this is shown by what matters."""
SOME = 8
"""Tickets of one state that are then shown."""
SOME_RUNNING = 24
"""More are seldom under way, and a person wants to see all that are."""
SOME_PLANS = 16
REASONS = 3


class PlanLine(msgspec.Struct, frozen=True):
    """A plan in one line."""

    id: str
    name: str
    status: str
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Reason(msgspec.Struct, frozen=True):
    """Why some of a group wait."""

    number: int
    why: str
    held: Held | None = None
    """They wait for an account; `why` is empty."""


class Group(msgspec.Struct, frozen=True):
    """Tickets of one state."""

    state: str
    total: int
    tickets: tuple[TicketView, ...]
    """The first of them."""
    reasons: tuple[Reason, ...] = ()


class Overview(msgspec.Struct, frozen=True):
    counts: dict[str, int]
    plans: tuple[PlanLine, ...]
    """Those that need a person first; the complete ones last."""
    hidden_plans: int
    groups: tuple[Group, ...]
    paused: frozenset[str]
    """Plans that are paused."""


def total(board: Board, plans: Sequence[Plan]) -> int:
    """How many tickets there are, or about as many: what a plan lists twice counts twice."""
    return max(len(board.tickets), sum(len(plan.tickets) for plan in plans))


def overview(
    board: Board,
    plans: Sequence[Plan],
    workflow_of: WorkflowOf,
    is_held: IsHeld,
    held_of: HeldOf = nobody,
    review_of: WordsOf = untold,
) -> Overview:
    lines, keys = [], {state: list[Key]() for state in ORDER}
    for plan in plans:
        states = states_of(board, plan, is_held)
        lines.append(PlanLine(plan.id, plan.name, plan.status, dict(Counter(states.values()))))
        for name, state in states.items():
            if state != Status.COMPLETE:
                keys[state].append(Key(plan.id, name))
    counts = Counter[str]()
    for line in lines:
        counts.update(line.counts)
    seen = Views(board, workflow_of, is_held, held_of, review_of)
    shown = sorted(lines, key=_urgency)[:SOME_PLANS]
    return Overview(
        counts={state: counts[state] for state in ORDER if counts[state]},
        plans=tuple(shown),
        hidden_plans=len(lines) - len(shown),
        groups=tuple(_group(board, state, found, seen, is_held, held_of) for state, found in keys.items() if found),
        paused=frozenset(plan.id for plan in plans if plan.status == PlanStatus.PAUSED),
    )


def _urgency(line: PlanLine) -> tuple[bool, bool, bool]:
    """Stable: plans that are alike stay in their order."""
    troubled = any(line.counts.get(state) for state in NEEDS_PERSON)
    return line.status == PlanStatus.COMPLETE, not troubled, not line.counts.get(Status.RUNNING)


def _group(board: Board, state: str, keys: list[Key], seen: Views, is_held: IsHeld, held_of: HeldOf) -> Group:
    reasons: tuple[Reason, ...] = ()
    if state == Status.QUEUED:
        keys, stuck = _queued(board, keys, is_held)
        held = (held_of(board.tickets[key]) for key in keys if held_of is not nobody and key in board.unblocked)
        reasons = (*stuck, *_held(held))
    elif state == Status.READY:
        keys, reasons = _ready(board, keys, held_of)
    most = SOME_RUNNING if state == Status.RUNNING else SOME
    return Group(state, len(keys), tuple(seen.of(key) for key in keys[:most]), reasons)


def _queued(board: Board, keys: list[Key], is_held: IsHeld) -> tuple[list[Key], tuple[Reason, ...]]:
    """Those first whose blockers do not move by themselves."""
    tickets = board.tickets

    def is_stuck(blocker: Key) -> bool:
        ticket = tickets.get(blocker)
        return ticket is None or ticket.status in STUCK

    stuck = [key for key in keys if any(map(is_stuck, board.waits_for(key)))]
    if not stuck:
        return keys, ()
    behind = set(stuck)
    reason = Reason(len(stuck), "wait for a ticket that does not move by itself")
    return [*stuck, *(key for key in keys if key not in behind)], (reason,)


def _ready(board: Board, keys: list[Key], held_of: HeldOf) -> tuple[list[Key], tuple[Reason, ...]]:
    """Those first that wait for a time, then those whose turn comes; at last what is paused with its plan."""
    held: dict[Key, Held] = {}
    late: dict[Key, str | None] = {}
    free: list[Key] = []
    paused: list[Key] = []
    for key in keys:
        if board.plans[key.plan].status == PlanStatus.PAUSED:
            paused.append(key)
        elif (waits := held_of(board.tickets[key])) is not None:
            held[key] = waits
        elif board.tickets[key].wake_at:
            late[key] = board.tickets[key].wait_reason
        else:
            free.append(key)
    said = Counter(reason or "wait for a time" for reason in late.values()).most_common(REASONS)
    said += [("wait for their turn", len(free)), (f"their plan is {PlanStatus.PAUSED}", len(paused))]
    reasons = [Reason(number, why) for why, number in said if number]
    return [*late, *held, *free, *paused], (*_held(held.values()), *reasons)


def _held(found: Iterable[Held | None]) -> Iterator[Reason]:
    """How many wait for which account."""
    counted = Counter(one for one in found if one is not None)
    return (Reason(number, "", one) for one, number in counted.most_common(REASONS))
