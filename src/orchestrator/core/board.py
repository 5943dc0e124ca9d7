"""Plans and tickets as the files say, with the questions that the loop asks often answered without a scan.

A value is replaced with `put_…` and forgotten with `drop_…`; everything else is derived from that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.core.model import Key, Plan, PlanStatus, Status, Ticket, should_be
from orchestrator.core.outcome import Usage, total_of
from orchestrator.core.turns.claims import Claims
from orchestrator.core.turns.ready import Ready
from orchestrator.core.turns.slots import Slots
from orchestrator.core.turns.stack import carries, has_begun, is_on, may_stack


class Place(NamedTuple):
    """Where a plan lists a ticket."""

    order: float
    position: int
    blockers: tuple[Key, ...]


class Board:
    """Everything that is known of the files. Owns no resource and knows no time."""

    def __init__(self) -> None:
        self.plans: dict[str, Plan] = {}
        self.tickets: dict[Key, Ticket] = {}
        self.places: dict[Key, Place] = {}
        self.dependents: dict[Key, set[Key]] = defaultdict(set)
        self.by_status: dict[Status, set[Key]] = {status: set() for status in Status}
        self.open: set[Key] = set()
        """Tickets with an open attempt."""
        self.slots = Slots()
        self.claims = Claims(self)
        self._ready: Ready | None = None
        """None: nobody has asked yet. Whoever only shows the board need not put thousands in line."""
        self._unblocked: set[Key] = set()
        self.changes = 0
        """Grows with everything that is put or dropped: who looks now and then sees whether anything happened."""
        self._of_plan: dict[str, set[Key]] = defaultdict(set)
        self._complete: dict[str, int] = defaultdict(int)
        self.budgeted: set[str] = set()
        """Plans with budgets of their own."""
        self.dated: set[Key] = set()
        """Tickets that limit what their day or their plan may cost."""
        self._spent: dict[str, Usage | None] = {}
        """By plan; worked out when it is asked for."""

    @property
    def ready(self) -> Ready:
        """Tickets that may be dispatched, none of which has an open blocker; `schedule` asks it."""
        if self._ready is None:
            self._ready = Ready()
            for key in self.places:
                self._line_up(key)
        return self._ready

    def line_up_again(self) -> None:
        """What a phase needs may have changed: everybody is asked anew."""
        self.claims.forget()
        self._ready = None
        self._unblocked = set()

    def release(self) -> None:
        """Who waited for somebody's files that are free now may have a turn."""
        for key in self.claims.released():
            self._line_up(key)

    def park(self, key: Key, keeper: Key) -> None:
        """It has no turn until its keeper is done."""
        self._out_of_line(key)
        self.claims.park(key, keeper)

    @property
    def unblocked(self) -> set[Key]:
        """Of the tickets that are `ready` the ones whose file still says queued."""
        assert self.ready is not None
        return self._unblocked

    def put_plan(self, plan: Plan) -> None:
        self.drop_plan(plan.id)
        self.changes += 1
        self.plans[plan.id] = plan
        freed = self.claims.forget_parked()
        if plan.budgets is not None:
            self.budgeted.add(plan.id)
        for position, entry in enumerate(plan.tickets):
            key = Key(plan.id, entry.ticket_id)
            if key in self.places:
                continue
            blockers = tuple(blocker_key(plan.id, name) for name in entry.blocked_by)
            self.places[key] = Place(entry.order, position, blockers)
            for blocker in blockers:
                self.dependents[blocker].add(key)
            self._complete[plan.id] += self._is_complete(key)
            self._line_up(key)
        for key in freed:
            if key in self.places:
                self._line_up(key)

    def drop_plan(self, plan_id: str) -> None:
        self.changes += 1
        plan = self.plans.pop(plan_id, None)
        self.budgeted.discard(plan_id)
        for entry in plan.tickets if plan else ():
            key = Key(plan_id, entry.ticket_id)
            place = self.places.pop(key, None)
            self._out_of_line(key)
            for blocker in place.blockers if place else ():
                self._no_longer_blocks(blocker, key)
        self._complete.pop(plan_id, None)

    def put_ticket(self, ticket: Ticket) -> None:
        key, before = ticket.key, self.tickets.get(ticket.key)
        if before is not None:
            self._drop_ticket(key)
        self.claims.let_go(key)
        if self._spent and ticket.usage != (before.usage if before is not None else None):
            self._spent.pop(key.plan, None)
        self.changes += 1
        self.tickets[key] = ticket
        self.by_status[should_be(ticket)].add(key)
        if ticket.attempt is not None:
            self.open.add(key)
        if ticket.slot is not None:
            self.slots.put(ticket)
        if ticket.budgets is not None and ticket.budgets.may_wait:
            self.dated.add(key)
        self._of_plan[key.plan].add(key)
        self.claims.put(ticket)
        if key in self.places:
            self._complete[key.plan] += self._is_complete(key)
            self._line_up(key)
        if key in self.dependents and _frees(before) != _frees(ticket):
            self._line_up_dependents(key)

    def drop_ticket(self, key: Key) -> None:
        self.claims.let_go(key)
        self._spent.pop(key.plan, None)
        before = self.tickets.get(key)
        self._drop_ticket(key)
        if key in self.dependents and _frees(before) != _frees(None):
            self._line_up_dependents(key)

    def put_aside(self, key: Key) -> None:
        """Off the board, for its file cannot be used now; yet what it holds is not free for others (`Claims`)."""
        ticket = self.tickets.get(key)
        self.drop_ticket(key)
        if ticket is not None:
            self.claims.put_aside(ticket)

    def _drop_ticket(self, key: Key) -> None:
        if key in self.places:
            self._complete[key.plan] -= self._is_complete(key)
        ticket = self.tickets.pop(key, None)
        if ticket is not None:
            self.changes += 1
            self.by_status[should_be(ticket)].discard(key)
            self.open.discard(key)
            self.dated.discard(key)
            if ticket.slot is not None:
                self.slots.drop(ticket)
            self._out_of_line(key)
            self.claims.drop(ticket)
            self._of_plan[key.plan].discard(key)

    def _line_up(self, key: Key) -> None:
        if self._ready is None:
            return
        ticket, place = self.tickets.get(key), self.places[key]
        self._out_of_line(key)
        if ticket is None or ticket.attempt is not None or self.waits_for(key):
            return
        status = should_be(ticket)
        if status in (Status.READY, Status.QUEUED) and not self.claims.line_up(ticket, place):
            self._ready.put(ticket, place.order, place.position)
        if status is Status.QUEUED:
            self._unblocked.add(key)

    def _out_of_line(self, key: Key) -> None:
        if self._ready is not None:
            self._ready.drop(key)
            self.claims.out_of_line(key)
            self._unblocked.discard(key)

    def _line_up_dependents(self, key: Key) -> None:
        for dependent in self.dependents.get(key, ()):
            self._line_up(dependent)

    def _no_longer_blocks(self, blocker: Key, key: Key) -> None:
        self.dependents[blocker].discard(key)
        if not self.dependents[blocker]:
            del self.dependents[blocker]

    def _is_complete(self, key: Key) -> bool:
        ticket = self.tickets.get(key)
        return ticket is not None and ticket.status is Status.COMPLETE

    def waits_for(self, key: Key) -> list[Key]:
        """The blockers that are not complete, known or not; but for one that it may be stacked on."""
        blockers = self.not_complete(key)
        return blockers if not blockers or self.stack_base(key, blockers) is None else []

    def not_complete(self, key: Key) -> list[Key]:
        place = self.places.get(key)
        return [blocker for blocker in place.blockers if not self._is_complete(blocker)] if place else []

    def stack_base(self, key: Key, blockers: list[Key] | None = None) -> Key | None:
        """The blocker on whose branch it works or may start, as long as that is not complete."""
        blockers = self.not_complete(key) if blockers is None else blockers
        ticket = self.tickets.get(key)
        if len(set(blockers)) != 1 or ticket is None:
            return None
        blocker = self.tickets.get(blockers[0])
        if blocker is not None and is_on(ticket, blocker.key):
            return blocker.key
        if has_begun(ticket) or not may_stack(self.plans.get(key.plan), ticket) or not carries(blocker):
            return None
        repos = {self.claims.repo(one) for one in (ticket, blocker) if one is not None}
        return blockers[0] if len(repos) == 1 else None

    def is_live(self, key: Key) -> bool:
        """Listed by a plan that is not paused. (A ticket that no plan lists is a problem, and is held.)"""
        plan = self.plans.get(key.plan)
        return plan is not None and plan.status is PlanStatus.ACTIVE and key in self.places

    def all_complete(self, plan_id: str) -> bool:
        """At least one entry, and every entry's ticket is complete."""
        plan = self.plans.get(plan_id)
        listed = len({entry.ticket_id for entry in plan.tickets}) if plan else 0
        return listed > 0 and self._complete[plan_id] == listed

    def spent(self, plan_id: str) -> Usage | None:
        """What the tickets of a plan have used, listed or not; None: nobody told anything."""
        if plan_id not in self._spent:
            self._spent[plan_id] = total_of(self.tickets[key].usage for key in self._of_plan.get(plan_id, ()))
        return self._spent[plan_id]

    def completed(self, plan_id: str) -> int:
        """How many of the tickets that a plan lists are complete."""
        return self._complete.get(plan_id, 0)

    def of_plan(self, plan_id: str) -> Iterator[Ticket]:
        """Its tickets in the order of the plan, then those that it does not list."""
        plan = self.plans.get(plan_id)
        listed = [Key(plan_id, entry.ticket_id) for entry in plan.tickets] if plan else []
        for key in dict.fromkeys(listed):
            if key in self.tickets:
                yield self.tickets[key]
        yield from (self.tickets[key] for key in sorted(self._of_plan.get(plan_id, set()).difference(listed)))


def _frees(ticket: Ticket | None) -> tuple[bool, bool]:
    """What those look at that it blocks."""
    return ticket is not None and ticket.status is Status.COMPLETE, carries(ticket)


def blocker_key(plan_id: str, name: str) -> Key:
    """`T-1` of the same plan, or `<planId>/<ticketId>`."""
    plan, slash, ticket = name.rpartition("/")
    return Key(plan if slash else plan_id, ticket)
