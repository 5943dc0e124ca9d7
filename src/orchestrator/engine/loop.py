"""The loop compares what the files say should be with what is under way, and closes the difference.

Level-triggered: it looks at what changed, and now and then at everything; a command, a hand edit and a crash look the
same. It alone owns what is in flight (`walks`). What becomes of a ticket is not decided here but by the transition
table.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
import uuid
from collections.abc import Callable, Iterable
from enum import Enum

from orchestrator.adapters.files import Lock, try_lock
from orchestrator.adapters.store import Applied, Decide, starts
from orchestrator.core.board import Board
from orchestrator.core.decisions import HoldAccount, Notify, StopAttempt
from orchestrator.core.events import (
    AttemptEnded,
    CannotRun,
    CheckEnded,
    Dispatched,
    Event,
    Grant,
    PhaseEdited,
    StopRequested,
    Unblocked,
)
from orchestrator.core.model import ENDED, Key, Plan, Status, Ticket, should_be
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.peek import next_agent
from orchestrator.core.rules import agent_of
from orchestrator.core.schedule import Limits, Needs, Step, agent_free, next_up, next_wake
from orchestrator.core.workflow import AgentPhase, PollPhase, TerminalPhase
from orchestrator.engine.checks import check
from orchestrator.engine.home import Home
from orchestrator.engine.recover import holds, orphans
from orchestrator.engine.reports import report
from orchestrator.engine.sight import Scanned, Sight
from orchestrator.engine.walk import Walk
from orchestrator.errors import CannotRunError, IllegalTransitionError, NotFoundError, StoreError, UnreadableError

CHECK_SECONDS = 1.0
"""How often to look at what is not watched: the config file, and a workflow that was being written a moment ago."""
LEAVE_SECONDS = 1.0
"""How long closing may take beyond the graces of stopping. What is then not done is found by the next runner."""
FOREIGN_SECONDS = 1.0
"""How soon to ask again for a ticket that somebody else walks."""
BROKEN_SECONDS = 30.0


class Mode(Enum):
    DAEMON = "daemon"
    TICK = "tick"
    """One round of dispatch, then until everything ends or waits."""
    RUN = "run"
    """One ticket, to its end."""


class Loop:
    def __init__(
        self,
        home: Home,
        mode: Mode = Mode.DAEMON,
        only: tuple[Key, Lock] | None = None,
        housekeeping: Callable[[bool], bool] = lambda _: False,
        until: Callable[[Board], bool] = lambda _: False,
    ) -> None:
        self.home, self.mode = home, mode
        self.sight = Sight(home)
        self.index = self.sight.index
        self.board = self.index.board
        home.plans, home.patience = self.board.plans, 0
        self.walks: dict[Key, Walk] = {}
        self.held: dict[str, float] = {}
        """Accounts (by agent) that wait for their limit, until when."""
        self._only = only
        self._housekeeping, self._until = housekeeping, until
        self._foreign: dict[Key, float] = {}
        self._touched: set[Key] = set()
        self._wake = asyncio.Event()
        self._closing: str | None = None
        self._round: set[Key] | None = None
        """TICK: the tickets that were dispatched; no others are."""
        self._unsaved: set[Key] = set()
        """Tickets that could not be saved lately; told once."""
        self._uncompleted: dict[str, float] = {}
        """Plans whose completion could not be saved, and when to try again."""
        self._leave_due: float | None = None
        """When to leave, whatever is still waited for."""

    # -- being told ---------------------------------------------------------------------------------------------------

    def tell_paths(self, paths: set[str]) -> None:
        """Files changed (called in the loop's thread)."""
        self.sight.tell(paths)
        self._wake.set()

    @property
    def closing(self) -> bool:
        return self._closing is not None

    def close(self, reason: str) -> None:
        """Stop dispatching, stop what is under way (also that whose file cannot be read or saved now), then leave."""
        self._closing = self._closing or reason
        for walk in self.walks.values():
            walk.ask_stop(self._closing)
        if self._leave_due is None:
            self._leave_due = time.monotonic() + 2 * self.home.settings.grace + LEAVE_SECONDS
        self._wake.set()

    def kill(self) -> None:
        """Do not wait for grace any more."""
        for walk in self.walks.values():
            walk.hurry()

    # -- the loop -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        self._merge_edited()
        self._end_orphans()
        self.held |= holds(self.index, time.time())
        while True:
            self._look()
            self._reconcile()
            if self._is_done():
                return
            await self._sleep()

    def _is_done(self) -> bool:
        if self.walks:
            return False
        if self._closing or self._until(self.board):
            return True
        if self.mode is Mode.TICK:
            return not self.index.doubtful
        if self.mode is Mode.RUN and self._only is not None:
            key = self._only[0]
            ticket = self.board.tickets.get(key)
            plan = self.board.plans.get(key.plan)
            if ticket is None or plan is None:
                return not (self.index.is_held(key) or self.index.is_plan_held(key.plan))
            if plan.status == "paused":
                return ticket.attempt is None
            return ticket.attempt is None and ticket.status in (*ENDED, Status.PAUSED, Status.QUEUED)
        return False

    async def _sleep(self) -> None:
        now = time.monotonic()
        dues = [self.sight.due(), now + CHECK_SECONDS, *self._foreign.values(), *self._uncompleted.values()]
        dues.extend([self._leave_due] if self._leave_due is not None else [])
        if not self._closing and (wake := next_wake(self.board, self._limits(), time.time())) is not None:
            dues.append(now + wake - time.time())
        timeout = max(min(dues) - now, 0.001)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout)
        self._wake.clear()

    def _look(self) -> None:
        """Bring the board up to date with the files."""
        told = self.sight.is_told
        scanned = self.sight.look()
        self._merge_rewritten()
        if scanned:
            self._touched |= self.board.open | self.walks.keys()
        if scanned is Scanned.FILES:
            self._touched |= self.board.by_status[Status.QUEUED]
        # after the look: who writes a workflow and then a ticket that needs it finds both taken
        if self._housekeeping(told or scanned is not Scanned.NOTHING):
            self._touched |= self.board.open
        now = time.monotonic()
        for key in [key for key, due in self._foreign.items() if due <= now]:
            del self._foreign[key]
            self._touched.add(key)
        if self._leave_due is not None and self._leave_due <= now:
            self._leave()

    def _merge_rewritten(self) -> None:
        """Before anything follows: old copies are laid over what was written since, edits are written down."""
        for key in self.index.rewritten - self._foreign.keys():
            self._merge(key)
            if key not in self._foreign:
                self.index.rewritten.discard(key)

    def _merge_edited(self) -> None:
        """At the start: what others wrote while no runner looked, where that may be from an old copy."""
        changed = dict(self.index.changed_at())
        for key in self._within(changed):
            if key in self.board.open or self.home.store.edited_since(key, changed[key]):
                self._merge(key)

    def _merge(self, key: Key) -> None:
        applied = self._try(key, lambda _: None)
        if applied is not None and applied.ticket != self.board.tickets.get(key):
            self.board.put_ticket(applied.ticket)
            self._touched.add(key)

    def _reconcile(self) -> None:
        changed, plans = self.index.take_changes()
        for plan_id in plans:
            changed |= {ticket.key for ticket in self.board.of_plan(plan_id)}
        changed |= self._touched
        self._touched = set()
        waiting = {dependent for key in changed for dependent in self.board.dependents.get(key, ())}
        for key in self._within(changed | waiting):
            self._attend(key)
        late = {plan_id for plan_id, due in self._uncompleted.items() if due <= time.monotonic()}
        for plan_id in plans | {key.plan for key in changed} | late:
            self._complete(plan_id)
        if not self._closing:
            self._dispatch()

    def _within(self, keys: Iterable[Key]) -> list[Key]:
        return [key for key in keys if self._only is None or key == self._only[0]]

    # -- one ticket ---------------------------------------------------------------------------------------------------

    def _attend(self, key: Key) -> None:
        """Close the difference between what should be and what is, for one ticket."""
        if self._closing:
            return  # what is under way is being stopped, and nothing else begins
        ticket, walk = self.board.tickets.get(key), self.walks.get(key)
        if ticket is None:
            self._attend_absent(key, walk)
            return
        if ticket.status is Status.QUEUED and key in self.board.places and not self.board.waits_for(key):
            self._try(key, lambda t: Unblocked(at=time.time()) if t.status is Status.QUEUED else None)
        if ticket.attempt is not None:
            self._attend_open(ticket, walk)
        elif (
            walk is not None and walk.is_check and (self._unwanted(ticket) is not None or self._has_left(ticket, walk))
        ):
            walk.ask_stop("no longer asked for")

    def _attend_absent(self, key: Key, walk: Walk | None) -> None:
        if self.index.is_held(key):
            return
        self.home.store.note_deleted(key)
        if walk is not None:
            walk.ask_stop("deleted")

    def _attend_open(self, ticket: Ticket, walk: Walk | None) -> None:
        key, attempt = ticket.key, ticket.attempt
        assert attempt is not None
        if walk is None:
            if self.index.is_plan_held(key.plan):
                return  # it goes on; how it is to be looked after depends on that file
            walk = self._adopt(key)
            if walk is None:
                return
        if attempt.stop is not None:
            walk.ask_stop(attempt.stop)
        elif ticket.current_phase and self._resolve(ticket, attempt.phase) != self._resolve(
            ticket, ticket.current_phase
        ):
            self._try(key, lambda t: PhaseEdited(at=time.time()) if t.attempt else None)
        elif (reason := self._unwanted(ticket)) is not None:
            # asked again, of the file as it is: what was seen may have been merged or put right since
            self._try(key, lambda t: self._stop_of(t, reason))

    def _unwanted(self, ticket: Ticket) -> str | None:
        """Why what is under way for this ticket should not be; None when it should."""
        if ticket.status is Status.PAUSED:
            return "pause"
        if ticket.status in ENDED:
            return f"status was set to {ticket.status}"
        plan = self.board.plans.get(ticket.plan_id)
        if plan is None:
            return None if self.index.is_plan_held(ticket.plan_id) else "its plan was deleted"
        return "plan paused" if plan.status == "paused" else None

    def _resolve(self, ticket: Ticket, phase: str) -> str:
        return self.home.rules(ticket).workflow.resolve(phase)

    def _stop_of(self, ticket: Ticket, reason: str) -> Event | None:
        wanted = ticket.attempt is None or self._unwanted(ticket) is None
        return None if wanted else StopRequested(at=time.time(), reason=reason)

    def _has_left(self, ticket: Ticket, walk: Walk) -> bool:
        """Whether the ticket is no longer in the visit for which a check asks."""
        if walk.visit is None or ticket.current_phase is None:
            return False
        elsewhere = self._resolve(ticket, ticket.current_phase) != self._resolve(ticket, walk.visit.phase)
        return elsewhere or ticket.visit != walk.visit

    def _adopt(self, key: Key) -> Walk | None:
        """Take over an open attempt that nobody walks."""
        walk = self._take(key)
        if walk is None:
            return None
        self.index.look(str(self.home.places.ticket_file(key)))  # whoever walked it until now may just have ended it
        ticket = self.board.tickets.get(key)
        if ticket is None or ticket.attempt is None:
            walk.release()
            return None
        self._fly(walk, walk.attempts(ticket.attempt, adopt=True))
        return walk

    def _end_orphans(self) -> None:
        """What runs for an attempt that is no longer open: its ticket was changed or deleted while no runner looked."""
        for key, directory, attempt_id in orphans(self.home, self.index):
            walk = self._take(key) if self._within([key]) and key not in self.walks else None
            if walk is not None:
                self._fly(walk, walk.orphan(directory, attempt_id))

    def _take(self, key: Key) -> Walk | None:
        if key in self._foreign:
            return None
        if self._only is not None:
            return Walk(self, key, self._only[1], owned=False)
        try:
            lock = try_lock(self.home.places.walk_lock(key))
        except StoreError as error:
            self.home.logs.event("cannot_lock", key, "error", reason=str(error))
            lock = None
        if lock is None:
            self._foreign[key] = time.monotonic() + FOREIGN_SECONDS
            return None
        return Walk(self, key, lock)

    def _fly(self, walk: Walk, flight: Callable[..., object] | object) -> None:
        assert asyncio.iscoroutine(flight)
        self.walks[walk.key] = walk
        walk.task = asyncio.ensure_future(flight)
        walk.task.add_done_callback(lambda task: self._landed(walk, task))

    def _landed(self, walk: Walk, task: asyncio.Task[None]) -> None:
        self.walks.pop(walk.key, None)
        walk.release()
        self._touched.add(walk.key)
        if not task.cancelled() and (error := task.exception()) is not None:
            text = "".join(traceback.format_exception(error))
            self.home.logs.event("bug", walk.key, "error", reason=repr(error), traceback=text)
            self._foreign[walk.key] = time.monotonic() + BROKEN_SECONDS
        self._wake.set()

    # -- dispatch -----------------------------------------------------------------------------------------------------

    def _limits(self) -> Limits:
        agents = {name: s.max_concurrency for name, s in self.home.settings.agents.items() if s.max_concurrency}
        unseen = sum(1 for key, walk in self.walks.items() if key not in self.board.open and not walk.is_check)
        slots = self.home.settings.max_concurrency - unseen
        if self.mode is Mode.RUN:
            slots = len(self.board.open) + 1  # a person asked for this one
        return Limits(max_concurrency=slots, agents=agents, held=self.held)

    def _dispatch(self) -> None:
        checks = sum(walk.is_check for walk in self.walks.values())
        busy = self.walks.keys() | self._foreign.keys()
        if self._only is not None:
            busy |= self.board.tickets.keys() - {self._only[0]}
        if self._round is not None:
            busy |= self.board.tickets.keys() - self._round
        chosen = next_up(self.board, self._step, self._limits(), time.time(), busy, checks)
        if self.mode is Mode.TICK and self._round is None:
            self._round = set(chosen) | set(self.walks)
        for key in chosen:
            walk = self._take(key)
            if walk is not None and not self._launch(walk):
                walk.release()

    def _step(self, ticket: Ticket) -> Step:
        """What the next step of a ticket takes; what cannot be run takes nothing and fails at once."""
        if self._blocked_by_config(ticket) is not None:
            return Step(Needs.NOTHING)
        rules = self.home.rules(ticket)
        phase = rules.workflow.phase(ticket.current_phase or rules.workflow.first or "")
        if phase is None or isinstance(phase, TerminalPhase):
            return Step(Needs.NOTHING)
        if isinstance(phase, PollPhase):
            return Step(Needs.CHECK)
        agent = agent_of(phase, ticket, rules.plan, rules.default_agent) if isinstance(phase, AgentPhase) else None
        return Step(Needs.SLOT, agent)

    def _blocked_by_config(self, ticket: Ticket) -> str | None:
        """Why the phase cannot be run at all, as far as that is known before anything starts."""
        plan = self.board.plans[ticket.plan_id]
        try:
            workflow = self.home.workflow(ticket, plan)
            phase = workflow.phase(ticket.current_phase or workflow.first or "")
            if isinstance(phase, AgentPhase):
                self.home.agent(agent_of(phase, ticket, plan, self.home.settings.default_agent))
        except CannotRunError as error:
            return str(error)
        return None

    def _launch(self, walk: Walk) -> bool:
        """Start what a ticket needs next. False: there is nothing to walk."""
        ticket = self.board.tickets[walk.key]
        reason = self._blocked_by_config(ticket)
        if reason is not None:
            self._try(walk.key, lambda t: CannotRun(at=time.time(), reason=reason) if _waits(t) else None)
            return False
        if self._step(ticket).needs is Needs.CHECK:
            walk.is_check = True
            self._fly(walk, check(walk))
            return True
        event = Dispatched(at=time.time(), grant=_grant())
        applied = self._try(walk.key, lambda t: event if _waits(t) else None)
        begun = starts(applied.decisions) if applied is not None else None
        if begun is None:
            return False
        self._fly(walk, walk.attempts(begun.attempt))
        return True

    # -- what walks ask ------------------------------------------------------------------------------------------------

    def apply(self, key: Key, decide: Decide) -> Applied:
        """`Store.apply`, with the board kept up to date and the remaining decisions carried out."""
        named: list[Event] = []

        def deciding(ticket: Ticket) -> Event | None:
            event = decide(ticket)
            if self.index.is_plan_held(key.plan) and _leads_on(event):
                raise UnreadableError(
                    f"plan {key.plan} cannot be used now; mend {self.home.places.plan_file(key.plan)}"
                )
            named.extend([event] if event is not None else [])
            return event

        applied = self.home.store.apply(key, deciding, patience=0)
        self._unsaved.discard(key)
        if applied.changed:
            self.board.put_ticket(applied.ticket)
            self._touched.add(key)
            self._wake.set()
        for text in applied.reports:
            self.home.logs.event("stale_write", key, "warning", reason=text)
        if applied.changed and named:
            workflow = self.home.rules(applied.ticket).workflow
            report(self.home.logs, workflow, applied.before, applied.ticket, named[-1], applied.decisions)
            self._carry_out(key, applied)
        return applied

    def _leave(self) -> None:
        """Wait no longer, neither for room on the disk nor for a file to be mended."""
        for walk in self.walks.values():
            if walk.task is not None:
                walk.task.cancel()

    def _carry_out(self, key: Key, applied: Applied) -> None:
        """Everything but starting, which the walk does."""
        for decision in applied.decisions:
            if isinstance(decision, StopAttempt) and key in self.walks:
                self.walks[key].ask_stop(decision.reason)
            elif isinstance(decision, HoldAccount):
                self.held[decision.agent] = max(self.held.get(decision.agent, 0), decision.until)
            elif isinstance(decision, Notify):
                self.home.store.note(key, "notified", decision.text)

    def grant(self, ticket: Ticket, outcome: Outcome) -> Grant | None:
        """Leave to go straight on to the next attempt, in the slot that is held; a check needs a free one."""
        if self._closing or self._unwanted(ticket) is not None or not self.board.is_live(ticket.key):
            return None
        if ticket.attempt is None and len(self.board.open) >= self._limits().max_concurrency:
            return None
        agent = next_agent(self.home.rules(ticket), ticket, outcome)
        if agent is not None and agent not in self.home.settings.agents:
            return None  # the dispatch says so
        return _grant() if agent_free(self.board, agent, self._limits(), time.time(), ticket.key) else None

    def _try(self, key: Key, decide: Decide) -> Applied | None:
        """Apply, unless the file cannot be used or written now: then the next look tries again."""
        try:
            return self.apply(key, decide)
        except (IllegalTransitionError, NotFoundError, UnreadableError):
            self.index.look(str(self.home.places.ticket_file(key)))
        except StoreError as error:
            if key not in self._unsaved:
                self._unsaved.add(key)
                self.home.logs.event("cannot_save", key, "error", reason=str(error), will="try again")
            self._foreign[key] = time.monotonic() + FOREIGN_SECONDS
        return None

    def _complete(self, plan_id: str) -> None:
        plan = self.board.plans.get(plan_id)
        if plan is None or plan.status == "complete" or not self.board.all_complete(plan_id):
            self._uncompleted.pop(plan_id, None)
            return
        try:
            after = self.home.store.apply_plan(plan_id, "complete", self._is_complete, patience=0)
        except (IllegalTransitionError, NotFoundError, UnreadableError, StoreError) as error:
            if plan_id not in self._uncompleted:
                self.home.logs.event("plan_not_completed", None, "warning", plan=plan_id, reason=str(error))
            self._uncompleted[plan_id] = time.monotonic() + FOREIGN_SECONDS
            return
        self._uncompleted.pop(plan_id, None)
        if after.status == "complete":
            self.board.put_plan(after)
            self.home.logs.event("plan_complete", None, plan=plan_id)

    def _is_complete(self, plan: Plan) -> bool:
        """Asked under the plan's lock, after another look at the files. A retry saves the ticket and then reopens the
        plan: either it is seen here, or it finds the plan complete and reopens it."""
        for entry in plan.tickets:
            self.index.look(str(self.home.places.ticket_file(Key(plan.id, entry.ticket_id))))
        known = self.board.plans.get(plan.id)
        return known is not None and known.tickets == plan.tickets and self.board.all_complete(plan.id)


def _grant() -> Grant:
    return Grant(attempt_id=uuid.uuid4().hex, session=str(uuid.uuid4()))


def _waits(ticket: Ticket) -> bool:
    return should_be(ticket) is Status.READY and ticket.attempt is None


def _leads_on(event: Event | None) -> bool:
    """It may lead to another phase: there the plan has a say."""
    stays = (OutcomeKind.STOPPED, OutcomeKind.LOST)
    return isinstance(event, AttemptEnded | CheckEnded) and event.outcome.kind not in stays
