"""The loop compares what the files say should be with what is under way, and closes the difference.

Level-triggered: it looks at what changed, and now and then at everything; a command, a hand edit and a crash look the
same. It alone owns what is in flight (`Desk.walks`). What becomes of a ticket is not decided here but by the transition
table.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from orchestrator.adapters.files import Lock
from orchestrator.adapters.state import persons
from orchestrator.adapters.state.index import Index
from orchestrator.core.board import Board
from orchestrator.core.model import ENDED, Key, Status
from orchestrator.core.show.holds import as_held, held_now, held_of
from orchestrator.core.show.live import Seen
from orchestrator.core.turns.schedule import next_wake
from orchestrator.engine.attend import Attendance
from orchestrator.engine.completion import Completion
from orchestrator.engine.desk import Desk, Mode
from orchestrator.engine.dispatch import Dispatch
from orchestrator.engine.home import Home
from orchestrator.engine.sight import Scanned

CHECK_SECONDS = 1.0
"""How often to look at what is not watched: the config file, and a workflow that was being written a moment ago."""
LEAVE_SECONDS = 1.0
"""How long closing may take beyond the graces of stopping. What is then not done is found by the next runner."""

__all__ = ["Loop", "Mode"]


class Loop:
    def __init__(
        self,
        home: Home,
        mode: Mode = Mode.DAEMON,
        only: tuple[Key, Lock] | None = None,
        housekeeping: Callable[[bool], bool] = lambda _: False,
        until: Callable[[Board], bool] = lambda _: False,
    ) -> None:
        self._desk = Desk(home, mode, only)
        self._attendance = Attendance(self._desk)
        self._dispatching = Dispatch(self._desk)
        self._completion = Completion(self._desk)
        self._housekeeping, self._until = housekeeping, until
        self._leave_due: float | None = None
        """When to leave, whatever is still waited for."""

    @property
    def index(self) -> Index:
        return self._desk.index

    def seen(self) -> Seen:
        """What there is to be seen just now."""
        desk, now = self._desk, time.time()
        accounts = desk.governor.accounts
        return Seen(
            board=desk.board,
            workflow_of=lambda ticket: desk.home.rules(ticket).workflow,
            is_held=desk.index.is_held,
            slots=desk.home.settings.max_concurrency if desk.mode is not Mode.RUN else None,
            held=[*(as_held(one) for one in held_now(accounts, now)), *(one.shown for one in desk.home.purse.holds())],
            held_of=persons.held_of(desk.home.places, desk.home.purse.held_of(held_of(accounts, desk.home.rules, now))),
            stopping=desk.close_reason,
            problems=len(desk.index.problems),
        )

    def begin(self) -> None:
        """See everything once."""
        self._desk.sight.begin()

    def tell_paths(self, paths: set[str]) -> None:
        """Files changed (called in the loop's thread)."""
        self._desk.sight.tell(paths)
        self._desk.wake.set()

    def close(self, reason: str) -> None:
        """Stop dispatching, stop what is under way (also that whose file cannot be read or saved now), then leave."""
        self._desk.close_reason = reason = self._desk.close_reason or reason
        for walk in self._desk.walks.values():
            walk.ask_stop(reason)
        if self._leave_due is None:
            self._leave_due = time.monotonic() + 2 * self._desk.home.settings.grace + LEAVE_SECONDS
        self._desk.wake.set()

    def kill(self) -> None:
        """Do not wait for grace any more."""
        for walk in self._desk.walks.values():
            walk.hurry()

    async def run(self) -> None:
        self._attendance.merge_edited()
        self._attendance.end_orphans()
        self._desk.governor.derive(self._desk.board.tickets.values(), time.time())
        while True:
            self._look()
            self._reconcile()
            if self._is_done():
                return
            await self._sleep()

    def _is_done(self) -> bool:
        if self._desk.walks:
            return False
        if self._desk.closing or self._until(self._desk.board):
            return True
        if self._dispatching.has_more:
            return False
        if self._desk.mode is Mode.TICK:
            return not self._desk.index.doubtful and self._unblock_due() is None
        if self._desk.mode is Mode.RUN and self._desk.only is not None:
            key = self._desk.only[0]
            ticket = self._desk.board.tickets.get(key)
            plan = self._desk.board.plans.get(key.plan)
            if ticket is None or plan is None:
                return not (self._desk.index.is_held(key) or self._desk.index.is_plan_held(key.plan))
            if plan.status == "paused" or (ticket.attempt is None and self._dispatching.waits_for_person(ticket)):
                return ticket.attempt is None
            blocked = ticket.status is Status.QUEUED and bool(self._desk.board.waits_for(key))
            return ticket.attempt is None and (blocked or ticket.status in (*ENDED, Status.PAUSED))
        return False

    async def _sleep(self) -> None:
        now = time.monotonic()
        dues = [self._desk.sight.due(), now + CHECK_SECONDS, *self._desk.foreign.values(), *self._completion.dues()]
        dues.extend(due for due in (self._leave_due, self._unblock_due()) if due is not None)
        if (
            not self._desk.closing
            and (wake := next_wake(self._desk.board, self._desk.limits(), time.time())) is not None
        ):
            dues.append(now + wake - time.time())
        timeout = max(min(dues) - now, 0.001)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._desk.wake.wait(), timeout)
        self._desk.wake.clear()

    def _unblock_due(self) -> float | None:
        return None if self._desk.closing else self._attendance.unblock_due()

    def _look(self) -> None:
        """Bring the board up to date with the files."""
        scanned = self._desk.sight.look()
        self._attendance.merge_rewritten()
        if scanned:
            self._desk.touched |= self._desk.board.open | self._desk.walks.keys()
        if scanned is Scanned.FILES:
            self._desk.touched |= self._desk.board.by_status[Status.QUEUED]
        # after the look: who writes a workflow and then a ticket that needs it finds both taken
        if self._housekeeping(self._desk.sight.has_news or scanned is not Scanned.NOTHING):
            self._desk.touched |= self._desk.board.open
            self._desk.lanes.look_again()
        now = time.monotonic()
        for key in [key for key, due in self._desk.foreign.items() if due <= now]:
            del self._desk.foreign[key]
            self._desk.touched.add(key)
        if self._leave_due is not None and self._leave_due <= now:
            self._leave()

    def _reconcile(self) -> None:
        changed, plans = self._desk.index.take_changes()
        for plan_id in plans:
            changed |= {ticket.key for ticket in self._desk.board.of_plan(plan_id)}
        changed |= self._desk.touched
        self._desk.touched = set()
        waiting = {dependent for key in changed for dependent in self._desk.board.dependents.get(key, ())}
        for key in self._desk.within(changed | waiting):
            self._attendance.attend(key)
        for plan_id in plans | {key.plan for key in changed} | self._completion.late():
            self._completion.complete(plan_id)
        self._desk.governor.let_go(time.time(), self._desk.board)
        if not self._desk.closing:
            if self._dispatching.dispatch():
                self._attendance.rest()
            self._attendance.unblock()

    def _leave(self) -> None:
        """Wait no longer, neither for room on the disk nor for a file to be mended."""
        for walk in self._desk.walks.values():
            if walk.task is not None:
                walk.task.cancel()
