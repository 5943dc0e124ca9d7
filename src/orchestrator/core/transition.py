"""The only place where a ticket changes.

The law: `transition(rules, ticket, event)` is pure. A (status, attempt open?, event) that is not in TABLE is illegal,
and the error says what would be possible. The decisions begin with exactly one Save, or there are none: then nothing
changes. `status` is what should be, `attempt` is what is; nothing starts while an attempt is open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from orchestrator.core import moves
from orchestrator.core.accounts import agent_in
from orchestrator.core.decisions import Decision, Save
from orchestrator.core.endings import SUPERSEDED, attempt_ended, check_ended
from orchestrator.core.events import (
    AccountReleased,
    AttemptEnded,
    CannotRun,
    CheckEnded,
    CheckStarted,
    Dispatched,
    Event,
    HeldBack,
    PauseRequested,
    PhaseEdited,
    ResumeRequested,
    RetryRequested,
    SessionKnown,
    SkipRequested,
    StopRequested,
    Unblocked,
)
from orchestrator.core.model import Status, Ticket, should_be
from orchestrator.core.moves import Decisions
from orchestrator.core.problems import did_you_mean
from orchestrator.core.rules import Rules, derive, renamed
from orchestrator.core.turns.lane import settled
from orchestrator.core.workflow import Phase, PollPhase, TerminalPhase
from orchestrator.errors import IllegalTransitionError


def transition(rules: Rules, ticket: Ticket, event: Event) -> tuple[Decision, ...]:
    """What becomes of `ticket` by `event`. Raises IllegalTransitionError."""
    ticket = renamed(rules.workflow, replace(ticket, status=should_be(ticket)))
    row = TABLE.get((ticket.status, ticket.attempt is not None, type(event)))
    if row is None:
        raise _illegal(ticket, event)
    return settled(rules.workflow, event, row(rules, ticket, event))


# -- the runner's own events ------------------------------------------------------------------------------------------


def _unblocked(rules: Rules, t: Ticket, e: Unblocked) -> Decisions:
    return (Save(replace(t, status=Status.READY)),)


def _dispatched(rules: Rules, t: Ticket, e: Dispatched) -> Decisions:
    t = moves.first_visit(rules, derive(rules, t), e.at)
    phase = rules.workflow.phase(t.current_phase or "")
    if phase is None:
        return moves.fail(t, moves.unknown_phase(rules, t.current_phase))
    if isinstance(phase, TerminalPhase):
        return moves.arrive(t, phase, e.at, because=t.error)
    if isinstance(phase, PollPhase):
        return (Save(replace(t, error=None)),)
    return moves.begin(rules, t, phase, e.grant, e.at)


def _check_started(rules: Rules, t: Ticket, e: CheckStarted) -> Decisions:
    before, t = t, replace(moves.first_visit(rules, derive(rules, t), e.at), error=None)
    if e.slot is not None:
        t = replace(t, slot=e.slot)
    saved = (Save(t),)
    return () if t == before and settled(rules.workflow, e, saved) is saved else saved


def _held_back(rules: Rules, t: Ticket, e: HeldBack) -> Decisions:
    """It stays in line: what it waits for is asked again, at each turn."""
    if t.wake_at is not None or t.wait_reason == e.reason:
        return ()
    return (Save(replace(t, wait_reason=e.reason)),)


def _session_known(rules: Rules, t: Ticket, e: SessionKnown) -> Decisions:
    a = t.attempt
    if a is None or a.id != e.attempt_id or a.session == e.session:
        return ()
    return (Save(replace(t, attempt=replace(a, session=e.session))),)


def _cannot_run(rules: Rules, t: Ticket, e: CannotRun) -> Decisions:
    return moves.fail(t, e.reason)


def _stop(rules: Rules, t: Ticket, e: StopRequested) -> Decisions:
    return moves.stop(t, t.status if t.status is not Status.RUNNING else Status.READY, e.reason)


def _phase_edited(rules: Rules, t: Ticket, e: PhaseEdited) -> Decisions:
    assert t.attempt is not None
    if t.attempt.stop in SUPERSEDED or rules.workflow.resolve(t.attempt.phase) == t.current_phase:
        return ()
    status = Status.READY if t.status is Status.RUNNING else t.status
    return moves.stop(moves.abandon(t, t.attempt.phase, e.at), status, "skip")


def _account_released(rules: Rules, t: Ticket, e: AccountReleased) -> Decisions:
    agent = agent_in(t.wait_reason)
    return (Save(moves.rest(t)),) if agent is not None and rules.account_of(agent) == e.account else ()


# -- a person's commands ----------------------------------------------------------------------------------------------


def _pause(rules: Rules, t: Ticket, e: PauseRequested) -> Decisions:
    t = replace(t, steered="pause", wake_at=None, wait_reason=None)
    if t.attempt is None:
        return (Save(replace(t, status=Status.PAUSED)),)
    return moves.stop(t, Status.PAUSED, "pause")


def _resume(rules: Rules, t: Ticket, e: ResumeRequested) -> Decisions:
    status = Status.QUEUED if e.blocked else Status.READY
    return (Save(replace(t, status=status, steered="resume", wake_at=None, wait_reason=None)),)


def _skip(rules: Rules, t: Ticket, e: SkipRequested) -> Decisions:
    phase = rules.workflow.phase(e.phase)
    if phase is None:
        ids = [p.id for p in rules.workflow.phases]
        hint = did_you_mean(e.phase, ids) or f"it has {', '.join(ids)}"
        raise IllegalTransitionError(
            f'ticket {t.key}: workflow {rules.workflow.name} has no phase "{e.phase}" ({hint})'
        )
    said = f"skip {phase.id}"
    if t.steered == said and t.current_phase == phase.id and _still_stands(t, phase):
        return ()
    t = derive(rules, t)
    t = moves.abandon(t, t.current_phase or phase.id, e.at)
    t = replace(t, current_phase=phase.id, steered=said)
    status = Status.QUEUED if e.blocked else Status.READY
    save, *rest = moves.enter(rules, t, phase.id, e.at, None, status)
    assert isinstance(save, Save)
    return _stopping(save.ticket, "skip", rest)


def _still_stands(t: Ticket, phase: Phase) -> bool:
    """Whether the skip that was said before is still in force: nothing has failed or was edited by hand since."""
    return isinstance(phase, TerminalPhase) or t.status in (Status.QUEUED, Status.READY, Status.RUNNING)


def _retry(rules: Rules, t: Ticket, e: RetryRequested) -> Decisions:
    t = derive(rules, t)
    target = moves.retry_target(rules, t)
    t = moves.reset_phase(replace(t, current_phase=target), target)
    status = Status.QUEUED if e.blocked else Status.READY
    t = replace(t, status=status, error=None, steered="retry", wake_at=None, wait_reason=None)
    return _stopping(t, "retry", [])


def _stopping(t: Ticket, reason: str, rest: list[Decision]) -> Decisions:
    if t.attempt is None:
        return (Save(t), *rest)
    save, *stops = moves.stop(t, t.status, reason)
    return (save, *stops, *rest)


def _same(rules: Rules, t: Ticket, e: Event) -> Decisions:
    """Said already: nothing changes."""
    return ()


def _repeated(word: str) -> Callable[[Rules, Ticket, Any], Decisions]:
    """A row that is legal only as a repetition of the command that led here."""

    def row(rules: Rules, t: Ticket, e: Event) -> Decisions:
        if t.steered == word:
            return ()
        raise _illegal(t, e)

    return row


# -- the table --------------------------------------------------------------------------------------------------------

Row = Callable[[Rules, Ticket, Any], Decisions]

Q, R, RUN, P, C, N, F = (
    Status.QUEUED, Status.READY, Status.RUNNING, Status.PAUSED, Status.COMPLETE, Status.NEEDS_ATTENTION, Status.FAILED,
)  # fmt: skip
OPEN, CLOSED = True, False

TABLE: dict[tuple[Status, bool, type], Row] = {
    (Q, CLOSED, Unblocked): _unblocked,
    (Q, OPEN, Unblocked): _unblocked,
    (R, CLOSED, Dispatched): _dispatched,
    (Q, CLOSED, Dispatched): _dispatched,
    (R, CLOSED, HeldBack): _held_back,
    (R, CLOSED, CheckStarted): _check_started,
    (R, CLOSED, CheckEnded): check_ended,
    (R, CLOSED, CannotRun): _cannot_run,
    (Q, CLOSED, CannotRun): _cannot_run,
    (R, CLOSED, AccountReleased): _account_released,
    (Q, CLOSED, AccountReleased): _account_released,
    **{(status, OPEN, AttemptEnded): attempt_ended for status in Status},
    **{(status, OPEN, SessionKnown): _session_known for status in Status},
    **{(status, OPEN, StopRequested): _stop for status in Status},
    **{(status, OPEN, PhaseEdited): _phase_edited for status in Status},
    **{(status, is_open, PauseRequested): _pause for status in (Q, R) for is_open in (OPEN, CLOSED)},
    (RUN, OPEN, PauseRequested): _pause,
    (P, CLOSED, PauseRequested): _same,
    (P, OPEN, PauseRequested): _same,
    (P, CLOSED, ResumeRequested): _resume,
    (P, OPEN, ResumeRequested): _resume,
    **{(status, is_open, ResumeRequested): _repeated("resume") for status in (Q, R) for is_open in (OPEN, CLOSED)},
    (RUN, OPEN, ResumeRequested): _repeated("resume"),
    **{(status, is_open, RetryRequested): _retry for status in (F, N, P) for is_open in (OPEN, CLOSED)},
    **{(status, is_open, RetryRequested): _repeated("retry") for status in (Q, R) for is_open in (OPEN, CLOSED)},
    (RUN, OPEN, RetryRequested): _repeated("retry"),
    **{
        (status, is_open, SkipRequested): _skip
        for status in Status
        for is_open in (OPEN, CLOSED)
        if is_open or status != RUN
    },
}

COMMANDS: dict[type, str] = {
    PauseRequested: "pause",
    ResumeRequested: "resume",
    SkipRequested: "skip",
    RetryRequested: "retry",
}


def possible(status: Status, is_open: bool) -> list[str]:
    """The commands that this state allows, by name."""
    legal = {event for (s, o, event), row in TABLE.items() if s is status and o is is_open and row in _ACTING}
    return [name for event, name in COMMANDS.items() if event in legal]


_ACTING: tuple[Row, ...] = (_pause, _resume, _skip, _retry)


def _illegal(t: Ticket, event: Event) -> IllegalTransitionError:
    name = COMMANDS.get(type(event))
    if name is None:
        where = "an open attempt" if t.attempt is not None else "no open attempt"
        can = ", ".join(e.__name__ for (s, o, e) in TABLE if s is t.status and o is (t.attempt is not None))
        return IllegalTransitionError(
            f"ticket {t.key}: {type(event).__name__} is not possible, it is {t.status} with {where} (possible: {can})"
        )
    can = ", ".join(possible(t.status, t.attempt is not None))
    return IllegalTransitionError(f"cannot {name} ticket {t.key}: it is {t.status} (possible: {can})")
