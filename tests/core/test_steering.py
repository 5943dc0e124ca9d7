"""What a person's commands do: pause, resume, skip, retry."""

from __future__ import annotations

import pytest

from orchestrator.core.decisions import Notify, StopAttempt
from orchestrator.core.events import CannotRun
from orchestrator.core.model import PhaseEntry, PhaseStatus, Status
from orchestrator.core.times import iso
from orchestrator.errors import IllegalTransitionError
from tests.core.builders import AT, Walk, agent, of, poll, script, terminal, ticket

PHASES = (script("a", "b", max_retries=1), script("b", "done"), terminal("done"), terminal("stuck", notify=True))
WALKED = (PhaseEntry("a", PhaseStatus.FAILURE), PhaseEntry("b", PhaseStatus.FAILURE))


def running(**fields: object) -> Walk:
    walk = Walk(*PHASES, **fields)
    walk.dispatch()
    return walk


# -- pause and resume -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.QUEUED, Status.READY])
def test_pausing_what_waits_pauses_it_at_once_and_it_waits_for_no_time(status: Status) -> None:
    walk = Walk(*PHASES, start=ticket(status=status, wake_at=iso(AT + 9), wait_reason="retry 1 of 1 of a"))
    walk.pause()
    assert (walk.status, walk.t.wake_at, walk.t.wait_reason, walk.stopped) == (Status.PAUSED, None, None, [])


def test_pausing_a_running_ticket_stops_its_attempt_and_keeps_the_phase() -> None:
    walk = running()
    walk.pause()
    assert (walk.status, walk.t.current_phase, walk.attempt.stop) == (Status.PAUSED, "a", "pause")
    assert walk.decisions[1:] == (StopAttempt(walk.attempt.id, "pause"),)
    walk.end("stopped")
    assert (walk.status, walk.t.current_phase, walk.t.attempt, walk.history) == (Status.PAUSED, "a", None, [])


@pytest.mark.parametrize(
    ("kind", "phase", "status"), [("success", "b", Status.PAUSED), ("failure", "a", Status.PAUSED)]
)
def test_if_the_attempt_had_already_ended_its_outcome_counts_and_the_ticket_is_paused_in_its_next_phase(
    kind: str, phase: str, status: Status
) -> None:
    walk = running()
    walk.pause()
    walk.end(kind)
    assert (walk.status, walk.t.current_phase, walk.started, walk.t.attempt) == (status, phase, [], None)
    assert walk.history == [("a", kind)]


def test_a_paused_ticket_whose_attempt_was_the_last_is_complete() -> None:
    walk = running()
    walk.end()
    walk.pause()
    assert walk.end().status is Status.COMPLETE


def test_a_paused_ticket_waits_for_no_time_even_if_its_failure_is_retried_with_a_delay() -> None:
    walk = Walk(script("a", max_retries=1, retry_delay_seconds=60))
    walk.dispatch()
    walk.pause()
    walk.end("failure")
    assert (walk.status, walk.t.retries, walk.t.wake_at) == (Status.PAUSED, {"a": 1}, None)


@pytest.mark.parametrize(("blocked", "status"), [(False, Status.READY), (True, Status.QUEUED)])
def test_resume_makes_it_ready_or_queued_if_it_is_blocked(blocked: bool, status: Status) -> None:
    walk = Walk(*PHASES)
    walk.pause()
    assert walk.resume(blocked).status is status


def test_what_is_resumed_while_its_attempt_is_still_stopping_starts_nothing_until_that_is_gone() -> None:
    walk = running()
    walk.pause()
    walk.resume()
    assert (walk.status, walk.attempt.stop, walk.started) == (Status.READY, "pause", [])
    walk.end("stopped")
    assert (walk.status, walk.started) == (Status.READY, [])
    walk.dispatch()
    assert walk.attempt.n == 2


def test_a_resumed_ticket_goes_on_in_the_visit_that_it_was_in() -> None:
    walk = running()
    walk.end("failure")
    walk.pause()
    walk.end("stopped")
    walk.resume()
    walk.dispatch()
    assert (walk.t.retries, walk.t.visits) == ({"a": 1}, {"a": 1})


# -- skip -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.RUNNING])
def test_skip_goes_from_any_status_to_any_phase(status: Status) -> None:
    walk = Walk(*PHASES, start=ticket(status=status, current_phase="a", retries={"a": 1}, visits={"a": 3}, error="no"))
    walk.skip("b")
    assert (walk.status, walk.t.current_phase, walk.t.error) == (Status.READY, "b", None)
    assert walk.history == [("a", "skipped")]
    assert (walk.t.retries, walk.t.visits) == ({"a": 0}, {"b": 1})


def test_skip_of_a_running_ticket_stops_its_attempt_whose_outcome_no_longer_counts() -> None:
    walk = running()
    first = walk.attempt.id
    walk.skip("b")
    assert (walk.status, walk.t.current_phase, walk.attempt.stop) == (Status.READY, "b", "skip")
    assert walk.decisions[1:] == (StopAttempt(first, "skip"),)
    walk.end("failure", captured={"x": "1"})
    assert (walk.status, walk.t.current_phase, walk.t.attempt) == (Status.READY, "b", None)
    assert (walk.history, walk.t.context, walk.t.retries) == ([("a", "skipped")], {}, {})
    walk.dispatch()
    assert (walk.attempt.n, walk.attempt.phase) == (2, "b")


def test_skip_to_the_phase_that_is_running_begins_it_anew() -> None:
    walk = running()
    walk.skip("a")
    assert (walk.t.current_phase, walk.attempt.stop) == ("a", "skip")
    walk.end("success")
    assert (walk.status, walk.t.current_phase, walk.history) == (Status.READY, "a", [("a", "skipped")])


def test_the_skipped_entry_began_when_the_visit_began() -> None:
    walk = running()
    at = walk.at
    walk.skip("b")
    assert (walk.t.phase_history[0].started_at, walk.t.phase_history[0].completed_at) == (iso(AT), iso(at))


def test_skip_to_a_terminal_phase_ends_the_ticket() -> None:
    walk = Walk(*PHASES)
    walk.skip("done")
    assert (walk.status, walk.history) == (Status.COMPLETE, [("a", "skipped"), ("done", "success")])
    walk = running()
    walk.skip("stuck")
    assert (walk.status, walk.attempt.stop, walk.t.error) == (Status.NEEDS_ATTENTION, "skip", "reached stuck")
    assert walk.decisions[1:] == (
        StopAttempt(walk.attempt.id, "skip"),
        Notify("needs_attention", "reached stuck"),
    )
    walk.end("stopped")
    assert (walk.status, walk.t.attempt) == (Status.NEEDS_ATTENTION, None)


def test_skip_to_an_unknown_phase_is_refused_with_a_suggestion() -> None:
    walk = Walk(script("implement"), script("verify"))
    with pytest.raises(IllegalTransitionError, match=r'no phase "verfy" \(did you mean verify\?\)'):
        walk.skip("verfy")
    with pytest.raises(IllegalTransitionError, match="it has implement, verify"):
        walk.skip("zzz")


def test_skip_of_a_blocked_ticket_leaves_it_queued() -> None:
    walk = Walk(*PHASES, start=ticket(status=Status.QUEUED))
    assert walk.skip("b", blocked=True).status is Status.QUEUED


def test_skip_forgets_every_poll_clock() -> None:
    walk = Walk(script("a"), poll("w"), start=ticket(context={"_pollStart_w": "x", "_pollNextCheck_w": "y", "z": "1"}))
    assert walk.skip("w").context == {"z": "1"}


def test_after_a_skip_a_session_is_not_continued() -> None:
    walk = Walk(agent("a"), agent("b"), chooses_session=frozenset({"claude"}))
    walk.dispatch()
    walk.skip("a")
    walk.end("stopped")
    walk.dispatch()
    assert (walk.attempt.session, walk.attempt.resume) == ("session-3", False)


# -- retry ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.FAILED, Status.NEEDS_ATTENTION, Status.PAUSED])
def test_retry_restarts_the_counters_of_the_phase(status: Status) -> None:
    counted = ticket(
        status=status, current_phase="a", retries={"a": 1, "b": 1}, visits={"a": 9, "b": 2}, error="broken",
    )  # fmt: skip
    walk = Walk(*PHASES, start=counted)
    walk.retry()
    assert (walk.status, walk.t.current_phase, walk.t.error) == (Status.READY, "a", None)
    assert (walk.t.retries, walk.t.visits, walk.t.visit) == ({"a": 0, "b": 1}, {"b": 2}, None)
    assert walk.history == []


def test_retry_from_a_terminal_phase_goes_back_to_the_last_other_one_of_the_history() -> None:
    stuck = PhaseEntry("stuck", PhaseStatus.SUCCESS)
    start = ticket(status=Status.NEEDS_ATTENTION, current_phase="stuck", phase_history=(*WALKED, stuck))
    walk = Walk(*PHASES, start=start)
    walk.retry()
    assert (walk.status, walk.t.current_phase, walk.t.retries) == (Status.READY, "b", {"b": 0})


def test_retry_from_a_terminal_phase_without_a_history_goes_to_the_first_phase() -> None:
    walk = Walk(*PHASES, start=ticket(status=Status.NEEDS_ATTENTION, current_phase="stuck"))
    assert walk.retry().current_phase == "a"


def test_retry_of_what_is_still_stopping_starts_after_that_is_gone_and_its_outcome_no_longer_counts() -> None:
    walk = running()
    walk.pause()
    walk.retry()
    assert (walk.status, walk.attempt.stop, walk.stopped) == (Status.READY, "retry", ["retry"])
    walk.end("failure")
    assert (walk.status, walk.t.retries, walk.history) == (Status.READY, {"a": 0}, [])


def test_retry_of_a_blocked_ticket_leaves_it_queued() -> None:
    walk = Walk(*PHASES, start=ticket(status=Status.FAILED))
    assert walk.retry(blocked=True).status is Status.QUEUED


# -- twice, and never -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("say", ["pause", "resume", "retry", "skip b", "skip done", "skip stuck"])
@pytest.mark.parametrize("is_open", [False, True])
def test_saying_the_same_twice_is_a_no_op(say: str, is_open: bool) -> None:
    walk = running() if is_open else Walk(*PHASES, start=ticket(current_phase="a"))
    if say in ("resume", "retry"):
        walk.pause()
    command, _, phase = say.partition(" ")
    args = [phase] if phase else []
    getattr(walk, command)(*args)
    assert walk.decisions != ()
    before = walk.t
    getattr(walk, command)(*args)
    assert (walk.decisions, walk.t) == ((), before)


@pytest.mark.parametrize("say", ["resume", "retry"])
def test_saying_the_same_again_once_it_runs_is_a_no_op_until_an_outcome_has_counted(say: str) -> None:
    walk = Walk(*PHASES)
    walk.pause()
    getattr(walk, say)()
    walk.dispatch()
    getattr(walk, say)()
    assert walk.decisions == ()
    walk.end()
    with pytest.raises(IllegalTransitionError, match="running"):
        getattr(walk, say)()


def test_a_skip_that_failed_can_be_said_again() -> None:
    walk = Walk(*PHASES)
    walk.skip("b")
    walk.do(CannotRun(at=AT, reason="unknown agent"))
    assert walk.skip("b").status is Status.READY


@pytest.mark.parametrize(
    ("say", "status", "possible"),
    [
        ("pause", Status.COMPLETE, "skip"),
        ("pause", Status.FAILED, "skip, retry"),
        ("resume", Status.READY, "pause, skip"),
        ("resume", Status.QUEUED, "pause, skip"),
        ("resume", Status.FAILED, "skip, retry"),
        ("retry", Status.COMPLETE, "skip"),
        ("retry", Status.READY, "pause, skip"),
        ("retry", Status.QUEUED, "pause, skip"),
    ],
)
def test_anything_else_is_refused_with_what_would_be_possible(say: str, status: Status, possible: str) -> None:
    walk = Walk(*PHASES, start=ticket(status=status))
    with pytest.raises(IllegalTransitionError) as caught:
        getattr(walk, say)()
    assert str(caught.value) == f"cannot {say} ticket p1/T-1: it is {status} (possible: {possible})"


def test_a_running_ticket_can_be_paused_and_skipped_but_not_resumed_or_retried() -> None:
    walk = running()
    for say in (walk.resume, walk.retry):
        with pytest.raises(IllegalTransitionError, match=r"it is running \(possible: pause, skip\)"):
            say()


def test_a_notification_goes_out_once() -> None:
    walk = Walk(*PHASES)
    walk.skip("stuck")
    assert len(of(Notify, walk.decisions)) == 1
