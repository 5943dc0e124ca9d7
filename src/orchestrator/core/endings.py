"""How attempts and poll checks end: what an outcome makes of a ticket."""

from __future__ import annotations

from msgspec.structs import replace

from orchestrator.core import moves
from orchestrator.core.accounts import GUESS_SECONDS, Account, Met, hold_of, wait_reason
from orchestrator.core.again import asked, may_ask
from orchestrator.core.decisions import HoldAccount, Save
from orchestrator.core.events import AttemptEnded, CheckEnded
from orchestrator.core.model import ENDED, Attempt, Status, Ticket
from orchestrator.core.moves import Decisions
from orchestrator.core.outcome import OutcomeKind, added
from orchestrator.core.route import route_of
from orchestrator.core.rules import Rules, agent_of
from orchestrator.core.times import epoch_or
from orchestrator.core.workflow import DEFAULT_POLL_TIMEOUT, AgentPhase, PollPhase
from orchestrator.errors import IllegalTransitionError

MAX_LOSSES = 5
"""More lost attempts than this in one visit need a person."""
SUPERSEDED = frozenset({"skip", "retry"})
"""Reasons of a stop after which the outcome of the attempt no longer counts."""


def check_ended(rules: Rules, t: Ticket, e: CheckEnded) -> Decisions:
    phase = rules.workflow.phase(t.current_phase or "")
    if not isinstance(phase, PollPhase) or t.visit is None or phase.id != rules.workflow.resolve(e.phase):
        raise IllegalTransitionError(f"ticket {t.key}: is no longer in the poll phase {e.phase}; its answer is ignored")
    outcome, kind = e.outcome, e.outcome.kind
    if kind in (OutcomeKind.STOPPED, OutcomeKind.LOST, OutcomeKind.RATE_LIMITED):
        return ()
    # one check that hangs says nothing; the time that counts is the visit's
    if kind in (OutcomeKind.NOT_YET, OutcomeKind.TIMEOUT) and route_of(phase, outcome) is None:
        return _not_yet(rules, t, phase, e)
    started = t.visit.started_at
    t = replace(t, steered=None)
    if kind is OutcomeKind.ERROR:
        return moves.fail(moves.record(t, phase.id, outcome, started, e.at), f"{phase.id}: {outcome.reason}")
    return moves.follow(rules, t, phase, outcome, started, e.at, e.grant, Status.READY)


def _not_yet(rules: Rules, t: Ticket, phase: PollPhase, e: CheckEnded) -> Decisions:
    assert t.visit is not None
    deadline = epoch_or(t.visit.started_at, e.at) + (phase.timeout_seconds or DEFAULT_POLL_TIMEOUT)
    if e.at >= deadline:
        reason = f"timed out: {phase.id} said not yet until its time was up"
        late = replace(e.outcome, kind=OutcomeKind.TIMEOUT, exit_code=None, reason=reason)
        return moves.follow(rules, t, phase, late, t.visit.started_at, e.at, e.grant, Status.READY)
    wake = min(e.at + (phase.interval_seconds or rules.poll_interval), deadline)
    said = f": {e.outcome.reason}" if e.outcome.reason else ""
    return (Save(moves.wait(t, wake, f"{phase.id} said not yet{said}")),)


def attempt_ended(rules: Rules, t: Ticket, e: AttemptEnded) -> Decisions:
    a = t.attempt
    assert a is not None
    if e.attempt_id != a.id:
        raise IllegalTransitionError(f"ticket {t.key}: attempt {e.attempt_id} is not the open one ({a.id})")
    hold = _hold(rules, a, e)
    decisions = _ended(rules, t, a, e, hold)
    return (*decisions, hold) if hold is not None else decisions


def _ended(rules: Rules, t: Ticket, a: Attempt, e: AttemptEnded, hold: HoldAccount | None) -> Decisions:
    outcome, kind = e.outcome, e.outcome.kind
    if outcome.session or outcome.fresh:
        a = replace(a, session=None if outcome.fresh else outcome.session)
    t = replace(t, usage=added(t.usage, outcome.usage))
    moved = rules.workflow.resolve(a.phase) != t.current_phase
    if moved and a.stop not in SUPERSEDED:
        t = moves.abandon(t, rules.workflow.resolve(a.phase), e.at)
    t = replace(t, attempt=None)
    if t.status is Status.RUNNING and (moved or a.stop is not None or kind not in moves.COUNTS):
        t = replace(t, status=Status.READY)
    if moved or a.stop in SUPERSEDED or t.status in ENDED:
        return (Save(t),)
    if kind is OutcomeKind.STOPPED or (kind is OutcomeKind.LOST and a.stop is not None):
        return (Save(moves.keep_session(t, a)),)
    if kind is OutcomeKind.LOST:
        return _lost(moves.keep_session(t, a), e)
    if kind is OutcomeKind.RATE_LIMITED:
        return (Save(_wait_for(rules, moves.keep_session(t, a), a, hold, e)),)
    phase = rules.workflow.phase(a.phase)
    t = replace(t, steered=None)
    if phase is None or kind is OutcomeKind.ERROR:
        reason = outcome.reason if phase is not None else moves.unknown_phase(rules, a.phase)
        return moves.fail(moves.record(t, a.phase, outcome, a.started_at, e.at, a), f"{a.phase}: {reason}")
    grant = e.grant if a.stop is None and t.status in (Status.RUNNING, Status.READY) else None
    resting = t.status if t.status in (Status.PAUSED, Status.QUEUED) else Status.READY
    if may_ask(rules, t, a, outcome):
        return moves.start(rules, asked(t, a, outcome), phase, grant, e.at, resting)
    return moves.follow(rules, t, phase, outcome, a.started_at, e.at, grant, resting, a)


def _lost(t: Ticket, e: AttemptEnded) -> Decisions:
    visit = t.visit
    if visit is None:
        return (Save(t),)
    t = replace(t, visit=replace(visit, losses=visit.losses + 1))
    if visit.losses + 1 <= MAX_LOSSES:
        return (Save(t),)
    text = (
        f"{visit.phase}: lost {visit.losses + 1} attempts in a row ({e.outcome.reason}); look at its logs, then retry"
    )
    return moves.needs_attention(t, text)


def _hold(rules: Rules, a: Attempt, e: AttemptEnded) -> HoldAccount | None:
    """What its account has met holds it, whatever becomes of the ticket."""
    if a.agent is None:
        return None
    known = e.account or Account(account=a.account or rules.account_of(a.agent))
    return hold_of(known, Met(a.agent, epoch_or(a.started_at, e.at), e.at, e.outcome))


def _wait_for(rules: Rules, t: Ticket, a: Attempt, hold: HoldAccount | None, e: AttemptEnded) -> Ticket:
    """Until its account is free; whose work somebody else may do is ready."""
    phase = rules.workflow.phase(a.phase)
    if isinstance(phase, AgentPhase) and rules.has_stand_ins(agent_of(rules, phase, t)):
        return moves.rest(t)
    until = hold.until if hold is not None else e.at + GUESS_SECONDS
    return moves.wait(t, until, wait_reason(a.agent or "the agent", e.outcome.limit))
