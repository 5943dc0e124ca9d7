"""One ticket at a time: close the difference between what should be and what is.

What is found is put right by events alone; where they lead is the transition table's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice

from orchestrator.core.events import Event, HeldBack, PhaseEdited, StopRequested, Unblocked
from orchestrator.core.model import Key, Status, Ticket, should_be
from orchestrator.engine.desk import Desk, Mode
from orchestrator.engine.recover import orphans
from orchestrator.engine.walk import Walk

SHOWN_READY = 100
"""So many tickets are written down as ready; those behind them say queued until it is their turn."""
UNBLOCKED_AT_ONCE = 10
SHOWN_WAITING = 20
"""Of so many that wait for another ticket is written down for which; it may be another one each time."""
REST_SECONDS = 0.2


class Attendance:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._unblock_at = 0.0
        self._told: set[Key] = set()
        """Tickets of which is written down for whom they wait."""
        self._told_at = -1

    def attend(self, key: Key) -> None:
        """Close the difference between what should be and what is, for one ticket."""
        if self._desk.closing:
            return  # what is under way is being stopped, and nothing else begins
        ticket, walk = self._desk.board.tickets.get(key), self._desk.walks.get(key)
        if ticket is None:
            self._attend_absent(key, walk)
            return
        if ticket.attempt is not None:
            self._attend_open(ticket, walk)
        elif (
            walk is not None
            and walk.is_check
            and (self._desk.unwanted(ticket) is not None or self._has_left(ticket, walk))
        ):
            walk.ask_stop("no longer asked for")

    def unblock(self) -> None:
        """Write down who is next and waits for no blocker any more. They are dispatched without that; so it is done
        when nothing starts just now, for as many as a person may look at, and not for the thousands behind them."""
        now = time.monotonic()
        if now < self._unblock_at:
            return
        for key in list(islice(self._next_unblocked(), UNBLOCKED_AT_ONCE)):
            self._desk.try_(key, unblocked)
        if self._told_at != self._desk.board.changes:
            self._tell_waiting()
            self._told_at = self._desk.board.changes
        self._unblock_at = now + REST_SECONDS / 10

    def _tell_waiting(self) -> None:
        """Write down for whom the next ones wait; and that somebody no longer does."""
        waiting = dict(islice(self._desk.board.claims.waiting(), SHOWN_WAITING))
        for key in self._desk.within(waiting.keys() | self._told):
            ticket, reason = self._desk.board.tickets.get(key), waiting.get(key)
            if ticket is None or key in self._desk.foreign or (reason is None and key not in self._told):
                continue
            (self._told.discard if reason is None else self._told.add)(key)
            if ticket.attempt is None and ticket.wake_at is None and ticket.wait_reason != reason:
                self._desk.try_(key, unblocked)
                self._desk.try_(key, _held_back(reason))

    def rest(self) -> None:
        """Something was started: what can wait waits."""
        if self._desk.mode is Mode.DAEMON:
            self._unblock_at = time.monotonic() + REST_SECONDS

    def unblock_due(self) -> float | None:
        """When to write down more of them (monotonic)."""
        return self._unblock_at if next(self._next_unblocked(), None) is not None else None

    def _next_unblocked(self) -> Iterator[Key]:
        board, only = self._desk.board, self._desk.only
        if only is not None:
            return iter(board.unblocked & {only[0]} - self._desk.foreign.keys())
        if not board.unblocked or len(board.by_status[Status.READY]) >= SHOWN_READY:
            return iter(())
        lines = (spots for groups in board.ready.plans.values() for spots in groups.values())
        keys = (spot.key for spots in lines for spot in spots)
        return (key for key in keys if key in board.unblocked and key not in self._desk.foreign)

    def _attend_absent(self, key: Key, walk: Walk | None) -> None:
        if self._desk.index.is_held(key):
            return
        self._desk.home.store.note_deleted(key)
        if walk is not None:
            walk.ask_stop("deleted")

    def _attend_open(self, ticket: Ticket, walk: Walk | None) -> None:
        key, attempt = ticket.key, ticket.attempt
        assert attempt is not None
        if walk is None:
            if self._desk.index.is_plan_held(key.plan):
                return  # it goes on; how it is to be looked after depends on that file
            walk = self._adopt(key)
            if walk is None:
                return
        if attempt.stop is not None:
            walk.ask_stop(attempt.stop)
        elif ticket.current_phase and self._desk.resolve(ticket, attempt.phase) != self._desk.resolve(
            ticket, ticket.current_phase
        ):
            self._desk.try_(key, lambda t: PhaseEdited(at=time.time()) if t.attempt else None)
        elif (reason := self._desk.unwanted(ticket)) is not None:
            # asked again, of the file as it is: what was seen may have been merged or put right since
            self._desk.try_(key, lambda t: self._stop_of(t, reason))

    def _stop_of(self, ticket: Ticket, reason: str) -> Event | None:
        wanted = ticket.attempt is None or self._desk.unwanted(ticket) is None
        return None if wanted else StopRequested(at=time.time(), reason=reason)

    def _has_left(self, ticket: Ticket, walk: Walk) -> bool:
        """Whether the ticket is no longer in the visit for which a check asks."""
        if walk.visit is None or ticket.current_phase is None:
            return False
        elsewhere = self._desk.resolve(ticket, ticket.current_phase) != self._desk.resolve(ticket, walk.visit.phase)
        return elsewhere or ticket.visit != walk.visit

    def _adopt(self, key: Key) -> Walk | None:
        """Take over an open attempt that nobody walks."""
        walk = self._desk.take(key)
        if walk is None:
            return None
        self._desk.index.look(
            str(self._desk.home.places.ticket_file(key))
        )  # whoever walked it until now may just have ended it
        ticket = self._desk.board.tickets.get(key)
        if ticket is None or ticket.attempt is None:
            walk.release()
            return None
        self._desk.fly(walk, walk.attempts(ticket.attempt, adopt=True))
        return walk

    def end_orphans(self) -> None:
        """What runs for an attempt that is no longer open: its ticket was changed or deleted while no runner looked."""
        for key, directory, attempt_id in orphans(self._desk.home, self._desk.index):
            walk = self._desk.take(key) if self._desk.within([key]) and key not in self._desk.walks else None
            if walk is not None:
                self._desk.fly(walk, walk.orphan(directory, attempt_id))

    def merge_rewritten(self) -> None:
        """Before anything follows: old copies are laid over what was written since, edits are written down."""
        for key in self._desk.index.rewritten - self._desk.foreign.keys():
            self._merge(key)
            if key not in self._desk.foreign:
                self._desk.index.rewritten.discard(key)

    def merge_edited(self) -> None:
        """At the start: what others wrote while no runner looked, where that may be from an old copy."""
        changed = dict(self._desk.index.changed_at())
        for key in self._desk.within(changed):
            if key in self._desk.board.open or self._desk.home.store.edited_since(key, changed[key]):
                self._merge(key)

    def _merge(self, key: Key) -> None:
        applied = self._desk.try_(key, lambda _: None)
        if applied is not None and applied.ticket != self._desk.board.tickets.get(key):
            self._desk.board.put_ticket(applied.ticket)
            self._desk.touched.add(key)


def _held_back(reason: str | None) -> Callable[[Ticket], Event | None]:
    def decide(ticket: Ticket) -> Event | None:
        may = should_be(ticket) is Status.READY and ticket.attempt is None
        return HeldBack(at=time.time(), reason=reason) if may else None

    return decide


def unblocked(ticket: Ticket) -> Event | None:
    return Unblocked(at=time.time()) if ticket.status is Status.QUEUED else None
