"""What the parts of the loop share: the board, what is under way, and the one way to save and to carry out.

`Desk.apply` is `Store.apply` with the board kept up to date and every decision but starting carried out.
"""

from __future__ import annotations

import asyncio
import time
import traceback
import uuid
from collections import ChainMap
from collections.abc import Coroutine, Iterable, Mapping
from enum import Enum
from threading import Thread

from msgspec.structs import replace

from orchestrator.adapters.files import Lock, try_lock
from orchestrator.adapters.state.store import Applied, Decide
from orchestrator.core import spending
from orchestrator.core.decisions import HoldAccount, Notify, StopAttempt
from orchestrator.core.events import AttemptEnded, CheckEnded, CheckStarted, Event, Grant
from orchestrator.core.model import ENDED, Key, Status, Ticket, should_be
from orchestrator.core.moves import COUNTS
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.peek import next_agent, next_phase
from orchestrator.core.turns.schedule import Limits, Step, taker
from orchestrator.engine.home import Home
from orchestrator.engine.limits import reached
from orchestrator.engine.limits.governor import Governor
from orchestrator.engine.limits.purse import Purse
from orchestrator.engine.sight import Sight
from orchestrator.engine.telling import notices
from orchestrator.engine.telling.reports import report
from orchestrator.engine.turns import belongings, slots, stacks
from orchestrator.engine.turns.lanes import Lanes
from orchestrator.engine.walk import Walk
from orchestrator.errors import IllegalTransitionError, NotFoundError, StoreError, UnreadableError

FOREIGN_SECONDS = 1.0
"""How soon to ask again for a ticket that somebody else walks."""
BROKEN_SECONDS = 30.0


class Mode(Enum):
    DAEMON = "daemon"
    TICK = "tick"
    """One round of dispatch, then until everything ends or waits."""
    RUN = "run"
    """One ticket, to its end."""


class Desk:
    def __init__(self, home: Home, mode: Mode, only: tuple[Key, Lock] | None) -> None:
        self.home, self.mode, self.only = home, mode, only
        self.sight = Sight(home)
        self.index = self.sight.index
        self.board = self.index.board
        home.plans, home.patience, home.purse = self.board.plans, 0, Purse(home, self.board)
        self.walks: dict[Key, Walk] = {}
        """All that is in flight; nobody else owns any of it."""
        self.governor = Governor(home)
        self.lanes = Lanes(home, self.index, mode is Mode.RUN)
        self.foreign: dict[Key, float] = {}
        """Tickets to be left alone, until when (monotonic): somebody else walks them, or they could not be saved."""
        self.touched: set[Key] = set()
        """Tickets to be looked at in the next round."""
        self.wake = asyncio.Event()
        self.close_reason: str | None = None
        self._unsaved: set[Key] = set()
        """Tickets that could not be saved lately; told once."""

    @property
    def closing(self) -> bool:
        return self.close_reason is not None

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

        try:
            applied = self.home.store.apply(key, deciding, patience=0)
        finally:
            self.lanes.shut()
        self._unsaved.discard(key)
        if applied.changed:
            self.board.put_ticket(applied.ticket)
            self.index.wrote(key, applied.mark)
            self.touched.add(key)
            self.wake.set()
        for text in applied.reports:
            self.home.logs.event("stale_write", key, "warning", reason=text)
        if applied.changed and named:
            workflow = self.home.rules(applied.ticket).workflow
            report(self.home.logs, workflow, applied.before, applied.ticket, named[-1], applied.decisions)
            if isinstance(named[-1], AttemptEnded):
                self._look_for_work(applied)
                self.governor.ended(applied.before, named[-1], applied.decisions, self.board)
            self._carry_out(key, applied)
            belongings.let_go(self.home, applied.before, applied.ticket)
        return applied

    def try_(self, key: Key, decide: Decide) -> Applied | None:
        """Apply, unless the file cannot be used or written now: then the next look tries again."""
        try:
            applied = self.apply(key, decide)
            if not applied.changed and applied.ticket != self.board.tickets.get(key):
                self._look_again(key)  # nobody told that it has changed, or not yet
            return applied
        except (IllegalTransitionError, NotFoundError, UnreadableError):
            self._look_again(key)
        except StoreError as error:
            if key not in self._unsaved:
                self._unsaved.add(key)
                self.home.logs.event("cannot_save", key, "error", reason=str(error), will="try again")
            self.foreign[key] = time.monotonic() + FOREIGN_SECONDS
        return None

    def _look_again(self, key: Key) -> None:
        self.index.look(str(self.home.places.ticket_file(key)))

    def _carry_out(self, key: Key, applied: Applied) -> None:
        """Everything but starting, which the walk does."""
        for decision in applied.decisions:
            if isinstance(decision, StopAttempt) and key in self.walks:
                self.walks[key].ask_stop(decision.reason)
            elif isinstance(decision, Notify):
                notices.ticket_ended(self.home, applied.ticket, decision)
                if spending.was_refused(applied.ticket):
                    reached.tell_ticket(self.home, applied.ticket, decision.text)

    def _look_for_work(self, applied: Applied) -> None:
        """When its first phase is done, which makes the worktree: is there what its blockers have done?"""
        ticket, place = applied.ticket, self.board.places.get(applied.ticket.key)
        if place is None or not place.blockers or ticket.stacked_on is not None or applied.before.phase_history:
            return
        found = [self.board.tickets[key] for key in place.blockers if key in self.board.tickets]
        works = [stacks.Work(one.key, self.board.claims.repo(one), one.branch) for one in found if one.branch]
        if works and ticket.phase_history:
            # git may take its time, and nobody waits for what it says
            Thread(target=stacks.tell_missing, args=(self.home, ticket, works), daemon=True).start()

    def take(self, key: Key) -> Walk | None:
        if key in self.foreign:
            return None
        if self.only is not None:
            return Walk(self, key, self.only[1], owned=False)
        try:
            lock = try_lock(self.home.places.walk_lock(key))
        except StoreError as error:
            self.home.logs.event("cannot_lock", key, "error", reason=str(error))
            lock = None
        if lock is None:
            self.foreign[key] = time.monotonic() + FOREIGN_SECONDS
            return None
        return Walk(self, key, lock)

    def fly(self, walk: Walk, flight: Coroutine[None, None, None]) -> None:
        self.walks[walk.key] = walk
        walk.task = asyncio.ensure_future(flight)
        walk.task.add_done_callback(lambda task: self._landed(walk, task))

    def _landed(self, walk: Walk, task: asyncio.Task[None]) -> None:
        self.walks.pop(walk.key, None)
        walk.release()
        self.touched.add(walk.key)
        if not task.cancelled() and (error := task.exception()) is not None:
            text = "".join(traceback.format_exception(error))
            self.home.logs.event("bug", walk.key, "error", reason=repr(error), traceback=text)
            self.foreign[walk.key] = time.monotonic() + BROKEN_SECONDS
        self.wake.set()

    def limits(self) -> Limits:
        agents = {name: s.max_concurrency for name, s in self.home.settings.agents.items() if s.max_concurrency}
        unseen = sum(1 for key, walk in self.walks.items() if key not in self.board.open and not walk.is_check)
        slots = self.home.settings.max_concurrency - unseen
        if self.mode is Mode.RUN:
            slots = len(self.board.open) + 1  # a person asked for this one
        held: Mapping[str, float] = self.governor.held
        if self.home.purse.is_needed:
            held = ChainMap(self.governor.held, self.home.purse.held())  # no copy: what is seen later counts
        return Limits(max_concurrency=slots, agents=agents, held=held, alone=self.governor.alone)

    def step(self, plan_id: str, agent: str | None) -> Step:
        """What the next attempt takes when this agent shall do it; None: a script."""
        step = self.governor.step(agent)
        return step if agent is None else self.home.purse.needs(step, plan_id)

    def held_up(self, ticket: Ticket, outcome: Outcome) -> str:
        """For whom it would have to wait before it goes straight on; empty: for nobody."""
        following = next_phase(self.home.rules(ticket), ticket, outcome)
        if following is None or outcome.kind not in COUNTS:
            return ""
        then = replace(ticket, current_phase=following.id, attempt=None)
        held = self.board.claims.held_up(then) or self.board.claims.overtakes(then)
        return held.reason if held is not None else ""

    def grant(self, ticket: Ticket, outcome: Outcome) -> Grant | None:
        """Leave to go straight on to the next attempt, in the slot that is held; a check needs a free one."""
        if self.closing or self.unwanted(ticket) is not None or not self.board.is_live(ticket.key):
            return None
        if ticket.attempt is None and len(self.board.open) >= self.limits().max_concurrency:
            return None
        agent = next_agent(self.home.rules(ticket), ticket, outcome)
        if agent is not None and agent not in self.home.settings.agents:
            return None  # the dispatch says so
        if agent is not None and self.home.purse.own_is_over(ticket) is not None:
            return None
        following = next_phase(self.home.rules(ticket), ticket, outcome)
        then = replace(ticket, current_phase=following.id) if following is not None else ticket
        return self.grant_for(
            then, self.step(ticket.plan_id, agent), self.governor.foresee(ticket, outcome, time.time())
        )

    def grant_for(self, ticket: Ticket, step: Step, coming: HoldAccount | None = None) -> Grant | None:
        """Leave for a step, to whoever may take it; None: nobody is free. `coming`: a hold that is about to be."""
        limits = self.limits()
        if coming is not None:
            limits = replace(limits, held={**limits.held, coming.account: coming.until})
        takes = taker(self.board, step, limits, time.time(), ticket.key)
        if takes is None:
            return None
        stands_in = takes.agent if takes is not step else None
        lane = self.lanes.of(ticket)
        if lane is not None and lane != ticket.lane and not self.lanes.enter(ticket.key, lane):
            return None
        below = self.board.stack_base(ticket.key)
        return Grant(
            attempt_id=uuid.uuid4().hex,
            session=str(uuid.uuid4()),
            agent=stands_in,
            lane=lane,
            stacked_on=str(below) if below is not None else None,
            slot=self.slot(ticket),
        )

    def begin_check(self, ticket: Ticket) -> bool:
        """Before a check: into the lane, and what it touches claimed, if it needs that. False: not now."""
        lane = self.lanes.of(ticket)
        if lane is None and not ticket.touches:
            return True
        if lane is not None and lane != ticket.lane and not self.lanes.enter(ticket.key, lane):
            return False
        begins = CheckStarted(at=time.time(), lane=lane, slot=self.slot(ticket))
        return self.try_(ticket.key, lambda t: begins if should_be(t) is Status.READY else None) is not None

    def slot(self, ticket: Ticket) -> int:
        """The ticket's, from now on."""
        return slots.take(self.home, self.board, ticket)

    def unwanted(self, ticket: Ticket) -> str | None:
        """Why what is under way for this ticket should not be; None when it should."""
        if ticket.status is Status.PAUSED:
            return "pause"
        if ticket.status in ENDED:
            return f"status was set to {ticket.status}"
        plan = self.board.plans.get(ticket.plan_id)
        if plan is None:
            return None if self.index.is_plan_held(ticket.plan_id) else "its plan was deleted"
        return "plan paused" if plan.status == "paused" else None

    def resolve(self, ticket: Ticket, phase: str) -> str:
        return self.home.rules(ticket).workflow.resolve(phase)

    def within(self, keys: Iterable[Key]) -> list[Key]:
        return [key for key in keys if self.only is None or key == self.only[0]]


def _leads_on(event: Event | None) -> bool:
    """It may lead to another phase: there the plan has a say."""
    stays = (OutcomeKind.STOPPED, OutcomeKind.LOST)
    return isinstance(event, AttemptEnded | CheckEnded) and event.outcome.kind not in stays
