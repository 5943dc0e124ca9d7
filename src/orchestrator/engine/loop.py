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
from orchestrator.adapters.index import Index
from orchestrator.adapters.store import Applied, Decide, starts
from orchestrator.core.decisions import HoldAccount, Notify, StopAttempt
from orchestrator.core.events import CannotRun, Dispatched, Event, Grant, PhaseEdited, StopRequested, Unblocked
from orchestrator.core.model import ENDED, Key, Status, Ticket, should_be
from orchestrator.core.outcome import Outcome
from orchestrator.core.peek import next_agent
from orchestrator.core.problems import Problem
from orchestrator.core.rules import agent_of
from orchestrator.core.schedule import Limits, Needs, Step, agent_free, next_up, next_wake
from orchestrator.core.workflow import AgentPhase, PollPhase, TerminalPhase
from orchestrator.engine.home import Home
from orchestrator.engine.reports import report
from orchestrator.engine.walk import Walk
from orchestrator.errors import CannotRunError, IllegalTransitionError, NotFoundError, StoreError, UnreadableError

FILES_EVERY = 60.0
"""Seconds between looks at every file; a change is normally told by the watch."""
DOUBT_SECONDS = 0.25
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
        housekeeping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.home, self.mode = home, mode
        self.index = Index(home.places)
        self.board = self.index.board
        home.plans = self.board.plans
        self.walks: dict[Key, Walk] = {}
        self.held: dict[str, float] = {}
        """Accounts (by agent) that wait for their limit, until when."""
        self._only = only
        self._housekeeping = housekeeping
        self._foreign: dict[Key, float] = {}
        self._told: dict[str, tuple[Problem, ...]] = {}
        self._touched: set[Key] = set()
        self._paths: set[str] = set()
        self._wake = asyncio.Event()
        self._closing: str | None = None
        self._round: set[Key] | None = None
        """TICK: the tickets that were dispatched; no others are."""
        self._scanned_folders = self._scanned_files = -FILES_EVERY

    # -- being told ---------------------------------------------------------------------------------------------------

    def tell_paths(self, paths: set[str]) -> None:
        """Files changed (called in the loop's thread)."""
        self._paths |= paths
        self._wake.set()

    def close(self, reason: str) -> None:
        """Stop dispatching, stop what is under way, then leave."""
        self._closing = self._closing or reason
        self._wake.set()

    def kill(self) -> None:
        """Do not wait for grace any more."""
        for walk in self.walks.values():
            walk.hurry()

    # -- the loop -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        while True:
            self._look()
            self._reconcile()
            if self._is_done():
                return
            await self._sleep()

    def _is_done(self) -> bool:
        if self.walks:
            return False
        if self._closing or self.mode is Mode.TICK:
            return True
        if self.mode is Mode.RUN and self._only is not None:
            key = self._only[0]
            ticket = self.board.tickets.get(key)
            plan = self.board.plans.get(key.plan)
            if ticket is None or plan is None:
                return not self.index.is_held(key)
            if plan.status == "paused":
                return ticket.attempt is None
            return ticket.attempt is None and ticket.status in (*ENDED, Status.PAUSED, Status.QUEUED)
        return False

    async def _sleep(self) -> None:
        now = time.monotonic()
        dues = [self._scanned_folders + self.home.settings.poll_interval, self._scanned_files + FILES_EVERY]
        if self.index.doubtful:
            dues.append(now + DOUBT_SECONDS)
        dues.extend(self._foreign.values())
        if not self._closing and (wake := next_wake(self.board, self._limits(), time.time())) is not None:
            dues.append(now + wake - time.time())
        timeout = max(min(dues) - now, 0.001)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout)
        self._wake.clear()

    def _look(self) -> None:
        """Bring the board up to date with the files."""
        now = time.monotonic()
        paths, self._paths = self._paths, set()
        if now >= self._scanned_files + FILES_EVERY:
            self._scanned_files = self._scanned_folders = now
            self.index.scan(files=True)
            self._touched |= self.board.open | self.board.by_status[Status.QUEUED] | set(self.walks)
        elif now >= self._scanned_folders + self.home.settings.poll_interval:
            self._scanned_folders = now
            self.index.scan(files=False)
            self._touched |= self.board.open | set(self.walks)
        if paths:
            self.index.touch(paths)
        if self.index.doubtful:
            self.index.settle()
        if self._housekeeping():
            self._touched |= self.board.open
        self._tell_problems()
        for key in [key for key, due in self._foreign.items() if due <= now]:
            del self._foreign[key]
            self._touched.add(key)

    def _tell_problems(self) -> None:
        """Log each file that cannot be used, once, and when it can be again."""
        for path in [path for path in self._told if path not in self.index.problems]:
            del self._told[path]
            self.home.logs.event("usable_again", None, file=path)
        for path, problems in self.index.problems.items():
            if self._told.get(path) != problems:
                self._told[path] = problems
                self.home.logs.event("held", None, "error", file=path, reason="; ".join(map(str, problems)))

    def _reconcile(self) -> None:
        changed, plans = self.index.take_changes()
        for plan_id in plans:
            changed |= {ticket.key for ticket in self.board.of_plan(plan_id)}
        changed |= self._touched
        self._touched = set()
        waiting = {dependent for key in changed for dependent in self.board.dependents.get(key, ())}
        for key in self._within(changed | waiting):
            self._attend(key)
        for plan_id in plans | {key.plan for key in changed}:
            self._complete(plan_id)
        if not self._closing:
            self._dispatch()

    def _within(self, keys: Iterable[Key]) -> list[Key]:
        return [key for key in keys if self._only is None or key == self._only[0]]

    # -- one ticket ---------------------------------------------------------------------------------------------------

    def _attend(self, key: Key) -> None:
        """Close the difference between what should be and what is, for one ticket."""
        ticket, walk = self.board.tickets.get(key), self.walks.get(key)
        if ticket is None:
            if walk is not None and not self.index.is_held(key):
                walk.ask_stop("deleted")
            return
        if ticket.status is Status.QUEUED and key in self.board.places and not self.board.waits_for(key):
            self._try(key, lambda t: Unblocked(at=time.time()) if t.status is Status.QUEUED else None)
        if ticket.attempt is not None:
            self._attend_open(ticket, walk)
        elif walk is not None and walk.is_check and self._unwanted(ticket) is not None:
            walk.ask_stop("no longer asked for")

    def _attend_open(self, ticket: Ticket, walk: Walk | None) -> None:
        key, attempt = ticket.key, ticket.attempt
        assert attempt is not None
        if walk is None:
            walk = self._adopt(ticket)
            if walk is None:
                return
        if attempt.stop is not None:
            walk.ask_stop(attempt.stop)
        elif ticket.current_phase and self._resolve(ticket, attempt.phase) != self._resolve(
            ticket, ticket.current_phase
        ):
            self._try(key, lambda t: PhaseEdited(at=time.time()) if t.attempt else None)
        elif (reason := self._unwanted(ticket)) is not None:
            self._try(key, lambda t: StopRequested(at=time.time(), reason=reason) if t.attempt else None)

    def _unwanted(self, ticket: Ticket) -> str | None:
        """Why what is under way for this ticket should not be; None when it should."""
        if self._closing:
            return self._closing
        if ticket.status is Status.PAUSED:
            return "pause"
        if ticket.status in ENDED:
            return f"status was set to {ticket.status}"
        plan = self.board.plans.get(ticket.plan_id)
        return "plan paused" if plan is not None and plan.status == "paused" else None

    def _resolve(self, ticket: Ticket, phase: str) -> str:
        return self.home.rules(ticket).workflow.resolve(phase)

    def _adopt(self, ticket: Ticket) -> Walk | None:
        """Take over an open attempt that nobody walks."""
        walk = self._take(ticket.key)
        if walk is None:
            return None
        self._fly(walk, walk.attempts(ticket.attempt, adopt=True))
        return walk

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
            self._fly(walk, walk.check())
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
            named.extend([event] if event is not None else [])
            return event

        applied = self.home.store.apply(key, deciding, patience=0)
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
        if self._closing or self._unwanted(ticket) is not None:
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
            if key not in self._foreign:
                self.home.logs.event("cannot_save", key, "error", reason=str(error), will="try again")
            self._foreign[key] = time.monotonic() + FOREIGN_SECONDS
        return None

    def _complete(self, plan_id: str) -> None:
        plan = self.board.plans.get(plan_id)
        if plan is None or plan.status != "active" or not self.board.all_complete(plan_id):
            return
        try:
            after = self.home.store.apply_plan(plan_id, "complete", lambda now: now.tickets == plan.tickets)
        except (IllegalTransitionError, NotFoundError, UnreadableError, StoreError) as error:
            self.home.logs.event("plan_not_completed", None, "warning", plan=plan_id, reason=str(error))
            return
        if after.status == "complete":
            self.board.put_plan(after)
            self.home.logs.event("plan_complete", None, plan=plan_id)


def _grant() -> Grant:
    return Grant(attempt_id=uuid.uuid4().hex, session=str(uuid.uuid4()))


def _waits(ticket: Ticket) -> bool:
    return should_be(ticket) is Status.READY and ticket.attempt is None
