"""The transition table: every row, and every missing row."""

from __future__ import annotations

import itertools
import typing
from typing import Any

import pytest

from orchestrator.core import events
from orchestrator.core.decisions import Save, StopAttempt
from orchestrator.core.events import Event
from orchestrator.core.model import Status, Ticket
from orchestrator.core.times import iso
from orchestrator.core.transition import COMMANDS, TABLE, transition
from orchestrator.errors import IllegalTransitionError
from tests.core.builders import AT, Walk, grant, open_ticket, outcome, poll, rules, script, terminal, ticket

PHASES = (script("work", "wait"), poll("wait", "done"), terminal("done"))
ALL = tuple(itertools.product(Status, (False, True), typing.get_args(Event)))
# `running` without an attempt means `ready`: it has no rows of its own
STATES = tuple(combination for combination in ALL if combination[:2] != (Status.RUNNING, False))
LEGAL = tuple(combination for combination in STATES if combination in TABLE)
MISSING = tuple(combination for combination in STATES if combination not in TABLE)


def event(kind: type) -> Event:
    fields: dict[type, dict[str, Any]] = {
        events.Dispatched: {"grant": grant()},
        events.CheckEnded: {"phase": "wait", "outcome": outcome()},
        events.AttemptEnded: {"attempt_id": "a1", "outcome": outcome()},
        events.SessionKnown: {"attempt_id": "a1", "session": "s"},
        events.CannotRun: {"reason": "no such agent"},
        events.AccountReleased: {"account": "claude"},
        events.StopRequested: {"reason": "shutdown"},
        events.SkipRequested: {"phase": "done"},
        events.HeldBack: {"reason": "not enough room"},
    }
    made: Event = kind(at=AT, **fields.get(kind, {}))
    return made


def in_state(status: Status, is_open: bool, kind: type) -> Ticket:
    if is_open:
        return open_ticket(status, current_phase="wait" if kind is events.PhaseEdited else "work")
    walk = Walk(*PHASES, start=ticket(current_phase="wait" if kind is events.CheckEnded else "work"))
    if kind is events.CheckEnded:
        walk.start_check()
    return walk.edit(status=status, steered=STEERED.get((status, kind)))


STEERED = {
    (Status.QUEUED, events.ResumeRequested): "resume",
    (Status.READY, events.ResumeRequested): "resume",
    (Status.QUEUED, events.RetryRequested): "retry",
    (Status.READY, events.RetryRequested): "retry",
}


def name(value: object) -> str:
    return value.__name__ if isinstance(value, type) else str(value)


@pytest.mark.parametrize(("status", "is_open", "kind"), MISSING, ids=name)
def test_what_is_not_in_the_table_is_refused_and_the_error_says_what_would_be_possible(
    status: Status, is_open: bool, kind: type
) -> None:
    with pytest.raises(IllegalTransitionError) as caught:
        transition(rules(*PHASES), in_state(status, is_open, kind), event(kind))
    message = str(caught.value)
    assert "p1/T-1" in message and status in message
    possible = message.partition("(possible: ")[2].rstrip(")").split(", ")
    assert possible[0]
    rows = {other for s, o, other in TABLE if (s, o) == (status, is_open)}
    if kind in COMMANDS:
        assert set(possible) <= {COMMANDS[other] for other in rows if other in COMMANDS}
    else:
        assert set(possible) == {other.__name__ for other in rows}
    assert (COMMANDS.get(kind) or kind.__name__) not in possible


@pytest.mark.parametrize(("status", "is_open", "kind"), LEGAL, ids=name)
def test_what_is_in_the_table_saves_first_and_once_or_changes_nothing(
    status: Status, is_open: bool, kind: type
) -> None:
    before = in_state(status, is_open, kind)
    if is_open and kind in (events.ResumeRequested, events.RetryRequested):
        before = open_ticket(status, steered=COMMANDS[kind])
    decisions = transition(rules(*PHASES), before, event(kind))
    assert [isinstance(decision, Save) for decision in decisions] in ([], [True, *[False] * (len(decisions) - 1)])


def test_no_state_is_without_a_way_out() -> None:
    assert {(status, is_open) for status, is_open, kind in TABLE if kind is events.SkipRequested} == {
        (status, is_open) for status, is_open, _ in STATES
    }


def test_running_without_an_attempt_has_the_rows_of_ready() -> None:
    for kind in typing.get_args(Event):
        ready = in_state(Status.READY, False, kind)
        running = Walk(*PHASES, start=ready).edit(status=Status.RUNNING)
        if (Status.READY, False, kind) in TABLE:
            assert transition(rules(*PHASES), running, event(kind)) == transition(rules(*PHASES), ready, event(kind))
        else:
            with pytest.raises(IllegalTransitionError):
                transition(rules(*PHASES), running, event(kind))


@pytest.mark.parametrize("is_open", [False, True])
def test_a_queued_ticket_whose_blockers_are_complete_is_ready(is_open: bool) -> None:
    before = open_ticket(Status.QUEUED, stop="skip") if is_open else ticket(status=Status.QUEUED)
    walk = Walk(*PHASES, start=before)
    assert walk.do(events.Unblocked(at=AT)).status is Status.READY
    assert walk.t.attempt == before.attempt


def test_what_cannot_be_run_has_failed_saying_why() -> None:
    for status in (Status.QUEUED, Status.READY):
        walk = Walk(*PHASES, start=ticket(status=status))
        walk.do(events.CannotRun(at=AT, reason="unknown workflow nope"))
        assert (walk.status, walk.t.error, walk.notified) == (Status.FAILED, "unknown workflow nope", ["failed"])
        assert walk.history == []
    walk = Walk(*PHASES, start=ticket(wake_at=iso(AT + 60), wait_reason="usage limit of claude"))
    walk.do(events.CannotRun(at=AT, reason="unknown agent"))
    assert (walk.t.wake_at, walk.t.wait_reason) == (None, None)


@pytest.mark.parametrize("status", list(Status))
def test_a_stop_of_the_runner_keeps_what_should_be_except_that_running_becomes_ready(status: Status) -> None:
    walk = Walk(*PHASES, start=open_ticket(status))
    walk.request_stop("plan paused")
    assert walk.status is (Status.READY if status is Status.RUNNING else status)
    assert walk.attempt.stop == "plan paused"
    assert walk.decisions[1:] == (StopAttempt("a1", "plan paused"),)


@pytest.mark.parametrize("status", list(Status))
def test_the_session_that_an_agent_tells_is_saved_with_its_attempt_once(status: Status) -> None:
    walk = Walk(*PHASES, start=open_ticket(status))
    walk.do(events.SessionKnown(at=AT, attempt_id="a1", session="s-9"))
    assert (walk.attempt.session, walk.status) == ("s-9", status)
    walk.do(events.SessionKnown(at=AT, attempt_id="a1", session="s-9"))
    assert walk.decisions == ()
    walk.do(events.SessionKnown(at=AT, attempt_id="another", session="s-0"))
    assert walk.decisions == ()


@pytest.mark.parametrize("status", list(Status))
def test_the_end_of_another_attempt_is_refused(status: Status) -> None:
    ended = events.AttemptEnded(at=AT, attempt_id="a0", outcome=outcome())
    with pytest.raises(IllegalTransitionError, match="a0 is not the open one"):
        transition(rules(*PHASES), open_ticket(status), ended)


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.FAILED, Status.NEEDS_ATTENTION])
def test_the_outcome_of_an_attempt_of_an_ended_ticket_only_closes_it(status: Status) -> None:
    walk = Walk(*PHASES, start=open_ticket(status))
    walk.end("failure")
    assert (walk.status, walk.t.attempt, walk.history, walk.started) == (status, None, [], [])


def test_the_answer_of_a_check_that_nobody_waits_for_is_refused() -> None:
    late = events.CheckEnded(at=AT, phase="wait", outcome=outcome())
    with pytest.raises(IllegalTransitionError, match="no longer in the poll phase wait"):
        transition(rules(*PHASES), ticket(current_phase="work"), late)
