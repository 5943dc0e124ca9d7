"""Who keeps whom from going on: the lane, and files that two tickets touch. Pure.

The law: a ticket is held up only by one that is under way and can go on, and looked at only when its turn comes. Who
was let in first goes on first; of two that are both let in (a hand edit, a paused plan) never both have an open
attempt. Nobody who has to wait is overtaken for ever: in a lane who has waited longest is next, and what overlaps with
a ticket that waits already waits, too.
"""

from __future__ import annotations

import posixpath
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Set
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.core.model import Key, Status, Ticket, should_be
from orchestrator.core.times import epoch_or
from orchestrator.core.turns.stack import merge_reason
from orchestrator.core.turns.wait_words import lane_in, lane_reason, touch_reason

if TYPE_CHECKING:
    from orchestrator.core.board import Board, Place

LOOKED_AT = 200
"""So many that wait for a lane are asked whether they can start; and so many that wait for files keep others back."""


class Held(NamedTuple):
    """Why a ticket does not go on."""

    by: Key
    reason: str
    is_for_files: bool = False


class _Waiting(NamedTuple):
    """In the order in which a lane is given out."""

    since: float
    order: float
    position: int
    key: Key


class Claims:
    def __init__(self, board: Board) -> None:
        self._board = board
        self.lane_of: Callable[[Ticket], str | None] | None = None
        """The lane that the next phase of a ticket belongs into. None: nobody here walks anything."""
        self.repo_of: Callable[[str], str] = posixpath.normpath
        """One name for one repository."""
        self.counts: Callable[[Key], bool] = lambda _: True
        """Whether anybody walks it, so that it is worth waiting for."""
        self._in_lane: dict[str, set[Key]] = defaultdict(set)
        self._claimed: dict[str, set[Key]] = defaultdict(set)
        """By repository: who claims what it touches."""
        self._aside: dict[Key, Ticket] = {}
        """Off the board, as they were last: their files cannot be used now, so nobody knows that they have let go."""
        self._queues: dict[str, list[_Waiting]] = {}
        self._queued: dict[Key, tuple[str, _Waiting]] = {}
        self._parked: dict[Key, Key] = {}
        """Who waits for somebody's files → for whose. Who has waited longest comes first."""
        self._keepers: dict[Key, dict[Key, None]] = {}
        """The other way round."""

    # -- what the files say -------------------------------------------------------------------------------------------

    def put(self, ticket: Ticket) -> None:
        if ticket.lane is not None:
            self._in_lane[ticket.lane].add(ticket.key)
        if ticket.claim is not None and ticket.touches:
            self._claimed[self.repo(ticket)].add(ticket.key)

    def drop(self, ticket: Ticket) -> None:
        if ticket.lane is not None:
            self._in_lane[ticket.lane].discard(ticket.key)
        if ticket.claim is not None and ticket.touches:
            for keys in self._claimed.values():
                keys.discard(ticket.key)

    def put_aside(self, ticket: Ticket) -> None:
        """Keep for it what it holds, until `let_go` or its file is read again."""
        if ticket.lane is not None or ticket.claim is not None:
            self._aside[ticket.key] = ticket
            self.put(ticket)

    def let_go(self, key: Key, but_open: bool = False) -> None:
        """Of one that was put aside. `but_open`: unless it has an open attempt, whose processes may be there still."""
        ticket = self._aside.get(key)
        if ticket is not None and not (but_open and ticket.attempt is not None):
            del self._aside[key]
            self.drop(ticket)

    def _ticket(self, key: Key) -> Ticket | None:
        return self._board.tickets.get(key) or self._aside.get(key)

    def repo(self, ticket: Ticket) -> str:
        plan = self._board.plans.get(ticket.plan_id)
        return self.repo_of(ticket.repo or (plan.repo if plan else None) or "")

    def in_lane(self, name: str) -> list[Key]:
        """Who is there and goes on."""
        return sorted(key for key in self._in_lane.get(name, ()) if self._is_there(key, name))

    def _is_there(self, key: Key, name: str) -> bool:
        ticket = self._ticket(key)
        if ticket is None or not self._goes_on(key):
            return False
        return ticket.attempt is not None or self.lane_of is None or self.lane_of(ticket) == name

    def _goes_on(self, key: Key) -> bool:
        """Under way, and by nothing but time, slots and limits kept from going on."""
        board, ticket = self._board, self._ticket(key)
        if ticket is None or not self.counts(key):
            return False
        if ticket.attempt is not None:
            return True
        return should_be(ticket) is Status.READY and board.is_live(key) and not board.waits_for(key)

    # -- who waits ----------------------------------------------------------------------------------------------------

    def line_up(self, ticket: Ticket, place: Place) -> bool:
        """Put it in line for a lane, if that is what it needs; else it may have a turn like everybody."""
        lane = self.lane_of(ticket) if self.lane_of is not None else None
        if lane is None or ticket.lane == lane:
            return False
        visit = ticket.visit
        since = epoch_or(visit.started_at, inf) if visit and visit.phase == ticket.current_phase else inf
        waiting = _Waiting(since, place.order, place.position, ticket.key)
        insort(self._queues.setdefault(lane, []), waiting)
        self._queued[ticket.key] = (lane, waiting)
        return True

    def out_of_line(self, key: Key) -> None:
        found = self._queued.pop(key, None)
        if found is not None:
            lane, waiting = found
            self._queues[lane].remove(waiting)
            if not self._queues[lane]:
                del self._queues[lane]
        keeper = self._parked.pop(key, None)
        if keeper is not None:
            kept = self._keepers[keeper]
            del kept[key]
            if not kept:
                del self._keepers[keeper]

    def park(self, key: Key, keeper: Key) -> None:
        """It has no turn until its keeper is done. (It is out of line.)"""
        self._parked[key] = keeper
        self._keepers.setdefault(keeper, {})[key] = None

    def released(self) -> list[Key]:
        """Who may have a turn again, and is out of line: their keepers are done, or no longer in their way."""
        freed: list[Key] = []
        while gone := [keeper for keeper in self._keepers if keeper not in self._parked and not self._keeps(keeper)]:
            for keeper in gone:
                for key in list(self._keepers[keeper]):
                    self.out_of_line(key)
                    freed.append(key)
        return freed

    def _keeps(self, keeper: Key) -> bool:
        """Still in the way of the first that waits for it; the others are asked again with it."""
        ticket, first = self._ticket(keeper), next(iter(self._keepers[keeper]))
        return ticket is not None and self._is_rival(self._board.tickets[first], ticket)

    def forget(self) -> None:
        """Everybody who waits, out of line: what they need is to be asked anew."""
        for key in [*self._queued, *self._parked]:
            self.out_of_line(key)

    def forget_parked(self) -> list[Key]:
        """Who waits for files, out of line: a plan has changed, and with it perhaps what may overlap."""
        keys = list(self._parked)
        for key in keys:
            self.out_of_line(key)
        return keys

    def next_in_lanes(self, busy: Set[Key], can_start: Callable[[Ticket], bool]) -> list[Key]:
        """For each free lane the one that has waited longest, of those that can start."""
        found = []
        for lane, queue in list(self._queues.items()):
            if self.in_lane(lane):
                continue
            keys = (one.key for one in queue if one.key not in busy)
            first = next((key for key in islice(keys, LOOKED_AT) if can_start(self._board.tickets[key])), None)
            if first is not None:
                found.append(first)
        return found

    def wakes(self) -> Iterator[float]:
        """When those are due that are in line for a lane and wait for a time besides."""
        for key in self._queued:
            wake_at = self._board.tickets[key].wake_at
            if wake_at is not None:
                yield epoch_or(wake_at, 0)

    # -- who is held up -----------------------------------------------------------------------------------------------

    def held_up(self, ticket: Ticket, chosen: Collection[Key] = ()) -> Held | None:
        """By whom its next attempt is kept from starting. `chosen`: start before it."""
        return self._in_lane_before(ticket, chosen) or self._touching_before(ticket, chosen)

    def overtakes(self, ticket: Ticket) -> Held | None:
        """By somebody who has waited longer for the lane that it is about to enter."""
        lane = self.lane_of(ticket) if self.lane_of is not None else None
        if lane is None or ticket.lane == lane:
            return None
        waits = (one.key for one in self._queues.get(lane, ()) if one.key != ticket.key)
        board = self._board
        first = next((key for key in islice(waits, LOOKED_AT) if board.is_live(key) and self.counts(key)), None)
        return Held(first, lane_reason(lane, None)) if first is not None else None

    def _in_lane_before(self, ticket: Ticket, chosen: Collection[Key]) -> Held | None:
        lane = self.lane_of(ticket) if self.lane_of is not None else None
        if lane is None:
            return None
        tickets, below = self._board.tickets, self._board.stack_base(ticket.key)
        if below is not None:
            return Held(below, merge_reason(below, ticket))
        for other in self.in_lane(lane):
            there = self._ticket(other)
            is_both = ticket.lane == lane and there is not None and there.attempt is None
            if other != ticket.key and not (is_both and ticket.key < other):
                return Held(other, lane_reason(lane, str(other)))
        for other in chosen:
            if other != ticket.key and self.lane_of is not None and self.lane_of(tickets[other]) == lane:
                return Held(other, lane_reason(lane, str(other)))
        return None

    def _touching_before(self, ticket: Ticket, chosen: Collection[Key]) -> Held | None:
        if not ticket.touches or ticket.lane is not None:
            return None
        tickets = self._board.tickets
        rivals: Iterable[Key] = sorted(self._claimed.get(self.repo(ticket), ()))
        for other in rivals:
            rival = self._ticket(other)
            if rival is not None and self._is_rival(ticket, rival):
                return self._held_by(ticket, rival)
        if ticket.claim is not None:
            return None
        for other in [*chosen, *islice(self._parked, LOOKED_AT)]:
            if self._overlaps(ticket, tickets[other]) is not None:
                return self._held_by(ticket, tickets[other])
        return None

    def _is_rival(self, ticket: Ticket, other: Ticket) -> bool:
        """Whether `other` is under way with files that `ticket` touches, and goes first."""
        if other.claim is None or other.key == ticket.key or not self._goes_on(other.key):
            return False
        if ticket.claim is not None and other.attempt is None and (ticket.claim, ticket.key) < (other.claim, other.key):
            return False
        return self._overlaps(ticket, other) is not None

    def _overlaps(self, one: Ticket, other: Ticket) -> tuple[str, str] | None:
        if one.key == other.key or not other.touches or self.repo(one) != self.repo(other):
            return None
        plans = [self._board.plans.get(ticket.plan_id) for ticket in (one, other)]
        if all(plan is not None and plan.allow_overlap for plan in plans):
            return None
        from orchestrator.core.turns.globs import (
            overlap,  # not at the top: few tickets need it, and every look would load it
        )

        return overlap(one.touches, other.touches)

    def _held_by(self, ticket: Ticket, other: Ticket) -> Held:
        globs = self._overlaps(ticket, other)
        name = other.ticket_id if other.plan_id == ticket.plan_id else str(other.key)
        return Held(other.key, touch_reason(name, globs[1] if globs else ""), is_for_files=True)

    def reason_now(self, ticket: Ticket) -> str | None:
        """Its `waitReason`, with who is in the lane by now: not every file is written anew when that changes."""
        lane = lane_in(ticket.wait_reason)
        there = self.in_lane(lane) if lane is not None else []
        return lane_reason(lane, str(there[0])) if lane is not None and there else ticket.wait_reason

    def waiting(self) -> Iterator[tuple[Key, str | None]]:
        """Who waits for somebody, and the reason to tell."""
        for key in self._queued:
            held = self.held_up(self._board.tickets[key])
            yield key, held.reason if held else None
        for key, keeper in self._parked.items():
            other = self._ticket(keeper)
            yield key, self._held_by(self._board.tickets[key], other).reason if other is not None else None
