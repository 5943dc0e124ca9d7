"""The lane: one ticket of a repository and base at a time is in phases that have `lane: true`. What tickets write down
of it, and of what they claim. Pure.

The law: a ticket is in the lane from the save that begins in such a phase to the save that leaves such phases, and
claims what it touches from its first attempt to its end; whoever is paused or has ended holds neither. While an attempt
is open both stay, for its processes are still there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from orchestrator.core.decisions import Save, StartAttempt
from orchestrator.core.events import AttemptEnded, CheckEnded, CheckStarted, Dispatched, Event
from orchestrator.core.model import Status, Ticket
from orchestrator.core.times import iso
from orchestrator.core.workflow import TerminalPhase, Workflow

if TYPE_CHECKING:
    from orchestrator.core.moves import Decisions


def is_in_lane_phase(workflow: Workflow, ticket: Ticket) -> bool:
    """Whether what comes next of it belongs into the lane."""
    phase = workflow.phase(ticket.current_phase or workflow.first or "")
    return phase is not None and phase.lane and not isinstance(phase, TerminalPhase)


def lane_name(repo: str, base: str | None) -> str:
    """As people read it, too."""
    return f"{repo} {base}" if base else repo


def settled(workflow: Workflow, event: Event, decisions: Decisions) -> Decisions:
    """The decisions, with what the ticket then holds."""
    if not decisions or not isinstance(decisions[0], Save):
        return decisions
    before = decisions[0].ticket
    begins = isinstance(event, CheckStarted) or any(isinstance(one, StartAttempt) for one in decisions)
    after = _begun(workflow, event, before) if begins else _rested(workflow, event, before)
    return decisions if after is before else (Save(after), *decisions[1:])


def _begun(workflow: Workflow, event: Event, t: Ticket) -> Ticket:
    lane, claim = None, t.claim
    if is_in_lane_phase(workflow, t):
        lane = _given(event) or t.lane
    if t.touches and claim is None:
        claim = iso(event.at)
    grant = event.grant if isinstance(event, Dispatched) else None
    if grant is not None and grant.stacked_on is not None:
        t = replace(t, stacked_on=grant.stacked_on)
    return _with(t, lane, claim)


def _given(event: Event) -> str | None:
    """The lane that it was let into."""
    if isinstance(event, CheckStarted):
        return event.lane
    grant = event.grant if isinstance(event, Dispatched | AttemptEnded | CheckEnded) else None
    return grant.lane if grant is not None else None


def _rested(workflow: Workflow, event: Event, t: Ticket) -> Ticket:
    if t.attempt is not None:
        return t
    if t.status is not Status.READY:
        return _with(t, None, None)
    held_up = event.held_up if isinstance(event, AttemptEnded | CheckEnded) else ""
    if held_up and t.wake_at is None and t.wait_reason is None:
        t = replace(t, wait_reason=held_up)
    if t.lane is None:
        return t
    return _with(t, t.lane if is_in_lane_phase(workflow, t) else None, t.claim)


def _with(t: Ticket, lane: str | None, claim: str | None) -> Ticket:
    return t if (lane, claim) == (t.lane, t.claim) else replace(t, lane=lane, claim=claim)
