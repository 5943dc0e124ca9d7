"""Poll phases: a check is not an attempt; the clock is the visit's."""

from __future__ import annotations

import pytest

from orchestrator.core.model import Status, Ticket
from orchestrator.core.times import iso
from tests.core.builders import AT, Walk, poll, script, terminal, ticket

REST = (script("acted"), script("failed"), terminal("done"))


def waiting(start: Ticket | None = None, **fields: object) -> Walk:
    """In the poll phase `wait`, its first check about to run at AT."""
    given = {"on_success": "acted", "on_failure": "failed", "interval_seconds": 60, **fields}
    walk = Walk(poll("wait", **given), *REST, start=start or ticket(current_phase="wait"))
    walk.start_check()
    return walk


def test_a_check_is_not_an_attempt() -> None:
    walk = waiting()
    assert (walk.status, walk.t.attempt, walk.started) == (Status.READY, None, [])


def test_a_dispatch_of_a_poll_phase_starts_no_attempt() -> None:
    walk = Walk(poll("wait"), start=ticket())
    walk.dispatch()
    assert (walk.status, walk.t.attempt, walk.started, walk.t.current_phase) == (Status.READY, None, [], "wait")


def test_not_yet_asks_again_after_the_interval_of_the_phase() -> None:
    walk = waiting()
    at = walk.at
    walk.check("not_yet", reason="nothing new", exit_code=1)
    assert (walk.status, walk.t.wake_at) == (Status.READY, iso(at + 60))
    assert walk.t.wait_reason == "wait said not yet: nothing new"
    assert walk.history == [] and walk.t.retries == {}


def test_without_an_interval_the_poll_interval_counts() -> None:
    walk = Walk(poll("wait"), start=ticket(), poll_interval=7)
    walk.start_check()
    at = walk.at
    assert walk.check("not_yet").wake_at == iso(at + 7)


def test_the_next_check_is_never_later_than_the_deadline_of_the_visit() -> None:
    walk = waiting(timeout_seconds=30)
    assert walk.check("not_yet").wake_at == iso(AT + 30)


def test_a_visit_that_is_not_answered_in_time_follows_on_failure_without_a_retry() -> None:
    walk = waiting(timeout_seconds=30, max_retries=5)
    walk.at = AT + 29.9
    assert walk.check("not_yet").current_phase == "wait"
    walk.at = AT + 30
    walk.check("not_yet", granted=True, output="still open", captured={"state": "open"}, exit_code=1)
    assert (walk.t.current_phase, walk.history, walk.t.retries) == ("failed", [("wait", "failure")], {})
    assert (walk.t.context, walk.t.wake_at) == ({"state": "open"}, None)
    assert (walk.t.phase_history[0].output or "").startswith("still open\ntimed out: wait")
    assert walk.attempt.phase == "failed"


def test_a_visit_lasts_a_day_when_nothing_else_is_said() -> None:
    walk = waiting()
    walk.at = AT + 86_399
    assert walk.check("not_yet").current_phase == "wait"
    walk.at = AT + 86_400
    assert walk.check("not_yet").current_phase == "failed"


def test_a_check_that_hangs_is_asked_again_until_the_visit_is_over() -> None:
    walk = waiting(timeout_seconds=1000)
    assert walk.check("timeout", reason="killed after 300 s").status is Status.READY
    assert (walk.t.current_phase, walk.history) == ("wait", [])
    walk.at = AT + 1000
    assert walk.check("timeout").current_phase == "failed"


def test_an_answer_leads_on_and_takes_the_slot_that_it_is_given() -> None:
    walk = waiting()
    walk.check("success", exit_code=0, granted=True)
    assert (walk.status, walk.t.current_phase, walk.attempt.phase) == (Status.RUNNING, "acted", "acted")
    assert walk.history == [("wait", "success")]
    walk = waiting()
    assert walk.check("success", exit_code=0).status is Status.READY
    assert (walk.t.current_phase, walk.t.attempt) == ("acted", None)


def test_a_check_that_fails_follows_on_failure() -> None:
    walk = waiting()
    assert walk.check("failure", exit_code=2).current_phase == "failed"
    assert walk.history == [("wait", "failure")]


def test_a_failing_check_is_retried_like_any_failure() -> None:
    walk = waiting(max_retries=1)
    walk.check("failure", exit_code=2)
    assert (walk.t.current_phase, walk.t.retries, walk.t.wake_at) == ("wait", {"wait": 1}, None)
    assert walk.check("failure", exit_code=2).current_phase == "failed"


def test_a_failing_check_is_retried_after_retry_delay_seconds() -> None:
    walk = waiting(max_retries=1, retry_delay_seconds=5)
    at = walk.at
    assert walk.check("failure", exit_code=2).wake_at == iso(at + 5)


@pytest.mark.parametrize(("kind", "code"), [("success", 0), ("not_yet", 1), ("failure", 2)])
def test_an_exit_route_of_a_poll_wins_over_what_the_code_means_otherwise(kind: str, code: int) -> None:
    walk = waiting(on_exit={code: "done"})
    walk.check(kind, exit_code=code)
    assert (walk.t.current_phase, walk.status) == ("done", Status.COMPLETE)
    assert walk.history[0] == ("wait", "success" if code == 0 else "failure")


def test_a_check_that_cannot_be_run_fails_the_ticket() -> None:
    walk = waiting(max_retries=3)
    walk.check("error", reason="script nope.sh does not exist")
    assert (walk.status, walk.t.error) == (Status.FAILED, "wait: script nope.sh does not exist")


@pytest.mark.parametrize("kind", ["stopped", "lost", "rate_limited"])
def test_a_check_without_an_answer_changes_nothing(kind: str) -> None:
    walk = waiting()
    walk.check(kind)
    assert walk.decisions == ()


# -- the clock and the log directory ----------------------------------------------------------------------------------


def test_a_visit_has_one_log_directory_whose_number_no_attempt_has() -> None:
    walk = Walk(script("a", "wait"), poll("wait", "acted", on_failure="a"), *REST)
    walk.dispatch()
    walk.end()
    assert walk.t.visit is not None and walk.t.visit.first == 2
    walk.start_check()
    assert walk.decisions == (), "the number is given once"
    walk.check("not_yet")
    walk.start_check()
    assert walk.t.visit.first == 2
    walk.check("failure", granted=True)
    assert walk.attempt.n == 3


def test_a_check_that_begins_waits_for_no_time_any_more() -> None:
    walk = waiting()
    walk.check("not_yet")
    assert walk.start_check().wake_at is None


def test_the_clock_of_an_originals_file_goes_on() -> None:
    started = iso(AT - 1000)
    begun = ticket(current_phase="wait", context={"_pollStart_wait": started, "_pollNextCheck_wait": iso(AT)})
    walk = waiting(start=begun, timeout_seconds=1100)
    assert walk.t.visit is not None and walk.t.visit.started_at == started
    assert walk.t.context == begun.context
    assert walk.check("not_yet").wake_at == iso(AT + 61)
    walk.at = AT + 100
    assert walk.check("not_yet").current_phase == "failed"


def test_the_clock_that_the_original_kept_counts_for_its_visit_only() -> None:
    begun = ticket(current_phase="a", context={"_pollStart_wait": iso(AT - 1000)})
    walk = Walk(script("a", "wait"), poll("wait"), start=begun)
    walk.dispatch()
    at = walk.at
    walk.end()
    assert walk.t.visit is not None and walk.t.visit.started_at == iso(at)


def test_a_retry_starts_the_clock_again() -> None:
    begun = ticket(current_phase="wait", context={"_pollStart_wait": iso(AT - 1000), "kept": "1"})
    walk = waiting(start=begun)
    walk.pause()
    walk.retry()
    assert walk.t.context == {"kept": "1"}
    at = walk.at
    walk.start_check()
    assert walk.t.visit is not None and walk.t.visit.started_at == iso(at)


def test_a_pause_does_not_stop_the_clock() -> None:
    walk = waiting(timeout_seconds=100)
    walk.pause()
    assert walk.t.wake_at is None
    walk.resume()
    walk.start_check()
    assert walk.t.visit is not None and walk.t.visit.started_at == iso(AT)
