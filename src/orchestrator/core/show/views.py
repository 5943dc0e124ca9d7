"""What a person is shown of plans and tickets, as records. Pure: a view decides nothing and changes nothing.

The law: a view names things as the files do and leaves out nothing that explains why a ticket stands where it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from typing import NamedTuple

import msgspec

from orchestrator.core.board import Board
from orchestrator.core.model import Key, Plan, Status, Ticket, should_be
from orchestrator.core.show.held import Held, HeldOf, nobody
from orchestrator.core.show.reviews import WordsOf, untold
from orchestrator.core.workflow import Workflow

MISSING = "missing"
UNREADABLE = "unreadable"
"""States of a ticket that a plan lists, beside those of `Status`: it has no file, or one that cannot be used."""

WorkflowOf = Callable[[Ticket], Workflow | None]
"""The workflow that a ticket goes by; None when there is none that can be used."""
IsHeld = Callable[[Key], bool]
"""Whether a ticket has a file that cannot be used."""

STUCK = frozenset({Status.FAILED, Status.NEEDS_ATTENTION, Status.PAUSED, MISSING, UNREADABLE})


class Blocker(msgspec.Struct, frozen=True):
    """A ticket that another one waits for."""

    key: Key
    state: str

    @property
    def is_stuck(self) -> bool:
        """It will not be complete by itself."""
        return self.state in STUCK


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
    state: str
    """Its status, `missing` or `unreadable`."""
    title: str = ""
    phase: str | None = None
    position: int | None = None
    """1-based place of the phase in its workflow."""
    phases: int | None = None
    """How many phases the workflow has."""
    blockers: tuple[Blocker, ...] = ()
    """What it waits for, while it is queued."""
    wake_at: str | None = None
    wait_reason: str | None = None
    held: Held | None = None
    """The account that it waits for."""
    error: str | None = None
    pr: str | None = None
    """Its address."""
    review: str = ""
    """What is known of the pull request, in words."""
    session: str | None = None
    """The latest session of an agent."""
    running: Running | None = None
    cost_usd: float | None = None
    """Of all its attempts; None: nobody told."""
    is_listed: bool = True
    """plan.json lists it; else it never starts."""


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    status: str
    workflow: str | None
    counts: dict[str, int]
    """How many tickets there are of each state."""
    tickets: tuple[TicketView, ...]
    cost_usd: float | None = None
    """Of all its tickets; None: nobody told."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Place(NamedTuple):
    """A phase in its workflow."""

    phase: str | None
    position: int | None
    phases: int | None


def plan_view(
    board: Board,
    plan: Plan,
    workflow_of: WorkflowOf,
    is_held: IsHeld,
    states: Collection[str] = (),
    held_of: HeldOf = nobody,
    review_of: WordsOf = untold,
) -> PlanView:
    """Its tickets in the order of plan.json, then those that it does not list; if `states` are named, only those."""
    found = states_of(board, plan, is_held)
    seen = Views(board, workflow_of, is_held, held_of, review_of)
    keys = [(Key(plan.id, name), state) for name, state in found.items()]
    shown = [seen.of(key) for key, state in keys if fits(board.tickets.get(key), state, states)]
    usage = board.spent(plan.id)
    return PlanView(
        id=plan.id,
        name=plan.name,
        status=plan.status,
        workflow=plan.workflow,
        counts=dict(Counter(found.values())),
        tickets=tuple(shown),
        cost_usd=usage.cost_usd if usage is not None else None,
    )


def states_of(board: Board, plan: Plan, is_held: IsHeld) -> dict[str, str]:
    """The state of each ticket of a plan, in the order in which they are shown."""
    present = {ticket.ticket_id: should_be(ticket) for ticket in board.of_plan(plan.id)}
    names = dict.fromkeys(entry.ticket_id for entry in plan.tickets)
    if names.keys() == present.keys():
        return {name: present[name] for name in names}
    states = {name: present.get(name) or _state_of(Key(plan.id, name), None, is_held) for name in names}
    return {**states, **present}


def fits(ticket: Ticket | None, state: str, states: Collection[str]) -> bool:
    """Whether a ticket is one of those that are asked for: by what it is, or by what its file says."""
    return not states or state in states or (ticket is not None and ticket.status in states)


class Views:
    """Tickets as they are shown. Many stand in the same place of a workflow, which is looked up once."""

    def __init__(
        self,
        board: Board,
        workflow_of: WorkflowOf,
        is_held: IsHeld,
        held_of: HeldOf = nobody,
        review_of: WordsOf = untold,
    ) -> None:
        self._board, self._workflow_of, self._is_held, self._held_of = board, workflow_of, is_held, held_of
        self._review_of = review_of
        self._places: dict[tuple[str, str | None, str | None], Place] = {}

    def of(self, key: Key) -> TicketView:
        ticket = self._board.tickets.get(key)
        if ticket is None:
            return TicketView(key=key, state=_state(self._board, key, self._is_held))
        where = (key.plan, ticket.workflow, ticket.current_phase)
        if where not in self._places:
            self._places[where] = place_of(ticket, self._workflow_of(ticket))
        seen = ticket_view(self._board, ticket, self._places[where], self._is_held, self._held_of)
        review = self._review_of(ticket) if ticket.context else ""
        return msgspec.structs.replace(seen, review=review) if review else seen


def place_of(ticket: Ticket, workflow: Workflow | None) -> Place:
    if workflow is None:
        return Place(ticket.current_phase, None, None)
    phase = ticket.current_phase or workflow.first
    if phase is None:
        return Place(None, None, len(workflow.phases))
    return Place(workflow.resolve(phase), workflow.position(phase), len(workflow.phases))


def ticket_view(board: Board, ticket: Ticket, place: Place, is_held: IsHeld, held_of: HeldOf = nobody) -> TicketView:
    state, key = should_be(ticket), ticket.key
    ready = state is Status.READY
    blockers = blockers_of(board, key, is_held) if state is Status.QUEUED else ()
    return TicketView(
        key=key,
        state=state,
        title=ticket.title,
        phase=place.phase,
        position=place.position,
        phases=place.phases,
        blockers=blockers,
        wake_at=ticket.wake_at if ready else None,
        wait_reason=board.claims.reason_now(ticket) if ready else None,
        held=held_of(ticket) if not blockers else None,
        error=ticket.error,
        pr=ticket.context.get("pr_url") or None,
        session=latest_session(ticket),
        running=_running(ticket) if ticket.attempt is not None else None,
        cost_usd=ticket.usage.cost_usd if ticket.usage is not None else None,
        is_listed=key in board.places,
    )


def blockers_of(board: Board, key: Key, is_held: IsHeld) -> tuple[Blocker, ...]:
    """What it waits for."""
    return tuple(Blocker(one, _state(board, one, is_held)) for one in board.waits_for(key))


def _running(ticket: Ticket) -> Running | None:
    a = ticket.attempt
    if a is None:
        return None
    return Running(n=a.n, phase=a.phase, since=a.started_at, agent=a.agent, session=a.session, stopping=a.stop)


def _state(board: Board, key: Key, is_held: IsHeld) -> str:
    return _state_of(key, board.tickets.get(key), is_held)


def _state_of(key: Key, ticket: Ticket | None, is_held: IsHeld) -> str:
    if ticket is not None:
        return should_be(ticket)
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
