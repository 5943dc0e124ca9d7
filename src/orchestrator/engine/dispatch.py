"""Whose turn it is, and what each needs to start: a slot, a check, or nothing because it ends or fails at once."""

from __future__ import annotations

import time

from orchestrator.adapters.state.store import starts
from orchestrator.core.events import CannotRun, Dispatched
from orchestrator.core.model import Key, Status, Ticket, should_be
from orchestrator.core.rules import agent_of
from orchestrator.core.spending import Sum
from orchestrator.core.turns.schedule import Needs, Step, next_up
from orchestrator.core.workflow import AgentPhase, PollPhase, TerminalPhase
from orchestrator.engine.attend import unblocked
from orchestrator.engine.checks import check
from orchestrator.engine.desk import Desk, Mode
from orchestrator.engine.limits.reached import Crier
from orchestrator.engine.limits.room import Room
from orchestrator.engine.walk import Walk
from orchestrator.errors import CannotRunError

TURN_SECONDS = 0.1
"""Thousands of tickets may end or fail as soon as it is their turn, each with a save."""


class Dispatch:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._round: set[Key] | None = None
        """TICK: the tickets that were dispatched; no others are."""
        self.has_more = False
        """Not all whose turn it was were started: there is something else to look after, too."""
        self._has_looked = False
        """At the accounts, in this turn."""
        self._crier = Crier(desk.home)
        self._room = Room(desk)

    def dispatch(self) -> bool:
        """Start whose turn it is; whether there was anybody."""
        checks = sum(walk.is_check for walk in self._desk.walks.values())
        busy = self._desk.walks.keys() | self._desk.foreign.keys()
        if self._desk.only is not None:
            busy |= self._desk.board.tickets.keys() - {self._desk.only[0]}
        if self._round is not None:
            busy |= self._desk.board.tickets.keys() - self._round
        self._has_looked = False
        if self._desk.home.purse.is_needed:
            self._crier.tell(self._desk.home.purse.holds())
            busy |= self._kept_back()
        chosen = next_up(self._desk.board, self._step, self._desk.limits(), time.time(), busy, checks)
        if self._desk.mode is Mode.TICK and self._round is None:
            self._round = set(chosen) | set(self._desk.walks)
        self._room.tell()
        until = time.monotonic() + TURN_SECONDS
        for started, key in enumerate(chosen):
            self.has_more = started > 0 and time.monotonic() > until
            if self.has_more:
                self._desk.wake.set()
                return True
            walk = self._desk.take(key)
            if walk is not None and not self._launch(walk):
                walk.release()
        self.has_more = False
        return bool(chosen)

    def _step(self, ticket: Ticket) -> Step:
        """What the next step of a ticket takes; what cannot be run takes nothing and fails at once."""
        if self._blocked_by_config(ticket) is not None:
            return Step(Needs.NOTHING)
        rules = self._desk.home.rules(ticket)
        phase = rules.workflow.phase(ticket.current_phase or rules.workflow.first or "")
        if phase is None or isinstance(phase, TerminalPhase):
            return Step(Needs.NOTHING)
        if self._room.lacks(ticket) is not None:
            return Step(Needs.ROOM)
        if isinstance(phase, PollPhase):
            return Step(Needs.CHECK)
        if not isinstance(phase, AgentPhase):
            return Step(Needs.SLOT)
        if not self._has_looked:
            self._desk.governor.look()
            self._has_looked = True
        return self._desk.step(ticket.plan_id, agent_of(rules, phase, ticket))

    def _kept_back(self) -> set[Key]:
        """Tickets of which an agent's turn is next, and whose own budget is used up."""
        board = self._desk.board
        return {key for key in self._desk.home.purse.waiting() if self._step(board.tickets[key]).agent is not None}

    def waits_for_person(self, ticket: Ticket) -> bool:
        """Its plan's budget is used up, and without an agent it does not go on."""
        own = self._desk.home.purse.own_is_over(ticket)
        if f"plan:{ticket.plan_id}" not in self._desk.home.purse.held() and (own is None or own.sum is not Sum.PLAN):
            return False
        return ticket.plan_id in self._desk.board.plans and self._step(ticket).agent is not None

    def _blocked_by_config(self, ticket: Ticket) -> str | None:
        """Why the phase cannot be run at all, as far as that is known before anything starts."""
        plan = self._desk.board.plans[ticket.plan_id]
        try:
            workflow = self._desk.home.workflow(ticket, plan)
            phase = workflow.phase(ticket.current_phase or workflow.first or "")
            if isinstance(phase, AgentPhase):
                self._desk.home.agent(agent_of(self._desk.home.rules(ticket), phase, ticket))
        except CannotRunError as error:
            return str(error)
        return None

    def _launch(self, walk: Walk) -> bool:
        """Start what a ticket needs next. False: there is nothing to walk."""
        ticket = self._desk.board.tickets[walk.key]
        reason = self._blocked_by_config(ticket)
        if reason is not None:
            self._desk.try_(walk.key, lambda t: CannotRun(at=time.time(), reason=reason) if _waits(t) else None)
            return False
        if self._desk.board.claims.held_up(ticket) is not None:
            return False
        step = self._step(ticket)
        if step.needs is Needs.CHECK:
            self._desk.try_(walk.key, unblocked)
            if not self._desk.begin_check(ticket):
                return False
            walk.is_check = True
            self._desk.fly(walk, check(walk))
            return True
        grant = self._desk.grant_for(ticket, step)
        if grant is None:
            return False
        event = Dispatched(at=time.time(), grant=grant)
        applied = self._desk.try_(walk.key, lambda t: event if _waits(t) else None)
        begun = starts(applied.decisions) if applied is not None else None
        if begun is None:
            return False
        self._desk.fly(walk, walk.attempts(begun.attempt))
        return True


def _waits(ticket: Ticket) -> bool:
    """Queued: its blockers are complete, or it would not have been chosen."""
    return should_be(ticket) in (Status.READY, Status.QUEUED) and ticket.attempt is None
