"""What a person is shown of plans and tickets, as records. Pure: a view decides nothing and changes nothing.

The law: a view names things as the files do and leaves out nothing that explains why a ticket stands where it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from orchestrator.core.board import Board
from orchestrator.core.model import Key, Plan, Status, Ticket, should_be
from orchestrator.core.workflow import Workflow

MISSING = "missing"
UNREADABLE = "unreadable"

WorkflowOf = Callable[[Ticket], Workflow | None]
"""The workflow that a ticket goes by; None when there is none that can be used."""


class Blocker(msgspec.Struct, frozen=True):
    """A ticket that another one waits for."""

    key: Key
    state: str
    """Its status, `missing` or `unreadable`."""

    @property
    def is_stuck(self) -> bool:
        """It will not be complete by itself."""
        return self.state in (Status.FAILED, Status.NEEDS_ATTENTION, Status.PAUSED, MISSING, UNREADABLE)


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The open attempt."""

    n: int
    phase: str
    since: str
    agent: str | None
    session: str | None
    stopping: str | None
    """Why it is being stopped."""


class TicketView(msgspec.Struct, frozen=True, kw_only=True):
    key: Key
    title: str
    state: Status
    phase: str | None
    position: int | None
    """1-based place of the phase in its workflow."""
    phases: int | None
    """How many phases the workflow has."""
    blockers: tuple[Blocker, ...]
    """What it waits for, while it is queued."""
    wake_at: str | None
    wait_reason: str | None
    error: str | None
    pr: str | None
    session: str | None
    """The latest session of an agent."""
    running: Running | None
    is_listed: bool
    """plan.json lists it; else it never starts."""


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    status: str
    workflow: str | None
    created_at: str
    counts: dict[Status, int]
    tickets: tuple[TicketView, ...]


def plan_view(board: Board, plan: Plan, workflow_of: WorkflowOf, is_held: Callable[[Key], bool]) -> PlanView:
    """`is_held`: the ticket has a file that cannot be used."""
    tickets = tuple(ticket_view(board, ticket, workflow_of(ticket), is_held) for ticket in board.of_plan(plan.id))
    return PlanView(
        id=plan.id,
        name=plan.name,
        status=str(plan.status),
        workflow=plan.workflow,
        created_at=plan.created_at,
        counts=dict(Counter(ticket.state for ticket in tickets)),
        tickets=tickets,
    )


def ticket_view(
    board: Board, ticket: Ticket, workflow: Workflow | None, is_held: Callable[[Key], bool] = lambda _: False
) -> TicketView:
    state, key = should_be(ticket), ticket.key
    phase = ticket.current_phase or (workflow.first if workflow else None)
    waits = board.waits_for(key) if state is Status.QUEUED else ()
    ready = state is Status.READY
    return TicketView(
        key=key,
        title=ticket.title,
        state=state,
        phase=workflow.resolve(phase) if workflow and phase else phase,
        position=workflow.position(phase) if workflow and phase else None,
        phases=len(workflow.phases) if workflow else None,
        blockers=tuple(Blocker(one, _state(board, one, is_held)) for one in waits),
        wake_at=ticket.wake_at if ready else None,
        wait_reason=ticket.wait_reason if ready else None,
        error=ticket.error,
        pr=ticket.context.get("pr_url") or None,
        session=latest_session(ticket),
        running=_running(ticket),
        is_listed=key in board.places,
    )


def _running(ticket: Ticket) -> Running | None:
    a = ticket.attempt
    if a is None:
        return None
    return Running(n=a.n, phase=a.phase, since=a.started_at, agent=a.agent, session=a.session, stopping=a.stop)


def _state(board: Board, key: Key, is_held: Callable[[Key], bool]) -> str:
    ticket = board.tickets.get(key)
    if ticket is not None:
        return str(should_be(ticket))
    return UNREADABLE if is_held(key) else MISSING


def latest_session(ticket: Ticket) -> str | None:
    if ticket.attempt is not None and ticket.attempt.session:
        return ticket.attempt.session
    if ticket.visit is not None and ticket.visit.session:
        return ticket.visit.session
    return next((entry.session_id for entry in reversed(ticket.phase_history) if entry.session_id), None)


class SessionView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One line of `sessions`."""

    phase: str
    status: str
    """As in the history; `running` for the open attempt, `stopped` for a session that the next attempt continues."""
    started_at: str
    completed_at: str | None
    session_id: str
    agent: str | None


def sessions(ticket: Ticket, phase: str | None = None) -> list[SessionView]:
    """The sessions of a ticket, oldest first."""
    found = [
        SessionView(
            phase=entry.phase,
            status=str(entry.status),
            started_at=entry.started_at,
            completed_at=entry.completed_at,
            session_id=entry.session_id,
            agent=entry.agent,
        )
        for entry in ticket.phase_history
        if entry.session_id
    ]
    found += _unfinished(ticket)
    return [one for one in found if phase is None or one.phase == phase]


def _unfinished(ticket: Ticket) -> list[SessionView]:
    a, visit = ticket.attempt, ticket.visit
    if a is not None:
        status, phase, since, session, agent = "running", a.phase, a.started_at, a.session, a.agent
    elif visit is not None:
        status, phase, since, session, agent = "stopped", visit.phase, visit.started_at, visit.session, visit.agent
    else:
        return []
    if not session:
        return []
    return [
        SessionView(phase=phase, status=status, started_at=since, completed_at=None, session_id=session, agent=agent)
    ]
