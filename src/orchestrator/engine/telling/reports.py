"""What happened, as log lines: one readable line per event, for the logs and for whoever watches."""

from __future__ import annotations

from msgspec.structs import replace

from orchestrator.adapters.logs import Logs
from orchestrator.core.again import was_asked
from orchestrator.core.decisions import Decision, Notify, StartAttempt, StopAttempt
from orchestrator.core.events import AttemptEnded, CannotRun, CheckEnded, Event, HeldBack
from orchestrator.core.model import ENDED, Ticket
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.route import exit_route
from orchestrator.core.times import epoch_or
from orchestrator.core.workflow import Workflow

CALM = frozenset({OutcomeKind.SUCCESS, OutcomeKind.NOT_YET, OutcomeKind.STOPPED})
"""Endings that nobody need worry about."""


def report(
    logs: Logs, workflow: Workflow, before: Ticket, after: Ticket, event: Event, decisions: tuple[Decision, ...]
) -> None:
    """Say what an event did to a ticket."""
    key = after.key
    if isinstance(event, AttemptEnded) and before.attempt is not None:
        a = before.attempt
        took = event.at - epoch_or(a.started_at, event.at)
        _ended(logs, workflow, before, after, a.phase, event.outcome, took, a.n)
    elif isinstance(event, CheckEnded):
        outcome = event.outcome
        if outcome.kind is OutcomeKind.NOT_YET and len(after.phase_history) > len(before.phase_history):
            reason = "timed out: it said not yet until its time was up"
            outcome = replace(outcome, kind=OutcomeKind.TIMEOUT, reason=reason, exit_code=None)
        if outcome.kind is not OutcomeKind.NOT_YET or before.wait_reason != after.wait_reason:
            _ended(logs, workflow, before, after, event.phase, outcome, None, None)
    elif isinstance(event, CannotRun):
        logs.event("cannot_run", key, "error", reason=event.reason)
    elif isinstance(event, HeldBack) and event.reason is not None and before.wait_reason is None:
        logs.event("held_back", key, "warning", reason=event.reason)
    for decision in decisions:
        _decided(logs, workflow, after, decision)
    if after.status in ENDED and before.status != after.status:
        level = "info" if after.status == "complete" else "error"
        place = position(workflow, after.current_phase or "")
        logs.event(str(after.status), key, level, phase=after.current_phase, position=place, reason=after.error)


def position(workflow: Workflow, phase: str) -> str | None:
    """`2/7`, where the workflow has the phase."""
    found = workflow.position(phase)
    return f"{found}/{len(workflow.phases)}" if found is not None else None


def _ended(
    logs: Logs,
    workflow: Workflow,
    before: Ticket,
    after: Ticket,
    phase_id: str,
    outcome: Outcome,
    took: float | None,
    n: int | None,
) -> None:
    phase = workflow.phase(phase_id)
    routed = phase is not None and outcome.exit_code != 0 and exit_route(phase, outcome.exit_code) is not None
    retries = after.retries.get(phase_id, 0)
    logs.event(
        "ended",
        after.key,
        "info" if routed or outcome.kind in CALM else "warning",
        phase=phase_id,
        position=position(workflow, phase_id),
        attempt=n,
        outcome="routed" if routed else str(outcome.kind),
        reason=outcome.reason or None,
        took=round(took, 3) if took is not None else None,
        retry=retries if retries > before.retries.get(phase_id, 0) else None,
        again="asked again in its session" if n is not None and was_asked(before, after) else None,
        next=after.current_phase if after.current_phase != phase_id else None,
        until=after.wake_at,
        cost=outcome.usage.cost_usd if outcome.usage else None,
    )


def _decided(logs: Logs, workflow: Workflow, ticket: Ticket, decision: Decision) -> None:
    if isinstance(decision, StartAttempt):
        a = decision.attempt
        logs.event(
            "started",
            ticket.key,
            phase=a.phase,
            position=position(workflow, a.phase),
            attempt=a.n,
            agent=a.agent,
            session=a.session,
            resume=a.resume or None,
        )
    elif isinstance(decision, StopAttempt):
        n = ticket.attempt.n if ticket.attempt else None
        logs.event("stopping", ticket.key, attempt=n, reason=decision.reason)
    elif isinstance(decision, Notify):
        logs.event("notify", ticket.key, "error", what=decision.what, reason=decision.text)
