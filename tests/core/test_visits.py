"""Entering a phase is a visit; how often that may happen is bounded."""

from __future__ import annotations

from orchestrator.core.model import Status
from tests.core.builders import Walk, poll, script, terminal, ticket

LOOP = (script("make", "check"), script("check", "done", on_failure="make"), terminal("done"))


def round_(walk: Walk) -> None:
    walk.end("success")
    walk.end("failure")


def test_on_success_to_itself_is_a_visit_with_retries_of_its_own() -> None:
    walk = Walk(script("a", "a", max_retries=1))
    walk.dispatch()
    walk.end("failure")
    assert (walk.t.visits, walk.t.retries) == ({"a": 1}, {"a": 1})
    walk.end("success")
    assert (walk.t.visits, walk.t.retries, walk.attempt.n) == ({"a": 2}, {"a": 0}, 3)


def test_a_retry_is_not_a_visit() -> None:
    walk = Walk(script("a", max_retries=5))
    walk.dispatch()
    for _ in range(5):
        walk.end("failure")
    assert walk.t.visits == {"a": 1}


def test_more_than_max_visits_of_the_phase_need_attention_naming_the_loop() -> None:
    walk = Walk(script("make", "check", max_visits=2), *LOOP[1:])
    walk.dispatch()
    round_(walk)
    assert walk.status is Status.RUNNING
    round_(walk)
    assert walk.status is Status.NEEDS_ATTENTION
    assert walk.t.current_phase == "make", "the phase that was not entered"
    assert "make → check → make" in (walk.t.error or "") and "entered 2 times" in (walk.t.error or "")
    assert (walk.notified, walk.started, walk.t.attempt) == (["needs_attention"], [], None)
    assert walk.history[-1] == ("check", "failure")


def test_at_the_bound_people_are_told_what_was_said_last() -> None:
    walk = Walk(script("make", "check", max_visits=1), *LOOP[1:])
    walk.dispatch()
    walk.end("success")
    walk.end("failure", output="2 threads (ann), 1 failed check (ci)\nand more")
    assert (walk.t.error or "").endswith("then retry. check said last: 2 threads (ann), 1 failed check (ci)")


def test_the_bound_of_the_workflow_is_ten() -> None:
    walk = Walk(*LOOP)
    walk.dispatch()
    for _ in range(9):
        round_(walk)
    assert (walk.status, walk.t.visits["make"]) == (Status.RUNNING, 10)
    round_(walk)
    assert (walk.status, walk.t.visits["make"]) == (Status.NEEDS_ATTENTION, 10)


def test_the_bound_of_the_workflow_counts_where_the_phase_has_none() -> None:
    walk = Walk(*LOOP, workflow_max_visits=1)
    walk.dispatch()
    round_(walk)
    assert (walk.status, walk.t.current_phase) == (Status.NEEDS_ATTENTION, "make")


def test_a_poll_phase_is_bounded_as_well() -> None:
    walk = Walk(script("a", "wait"), poll("wait", "a", max_visits=1))
    walk.dispatch()
    walk.end()
    walk.start_check()
    walk.check("success", granted=True)
    walk.end()
    assert (walk.status, walk.t.current_phase) == (Status.NEEDS_ATTENTION, "wait")


def test_a_retry_after_the_bound_counts_the_visits_of_that_phase_anew() -> None:
    walk = Walk(*LOOP, workflow_max_visits=1)
    walk.dispatch()
    round_(walk)
    walk.retry()
    walk.dispatch()
    assert (walk.status, walk.t.current_phase, walk.t.visits) == (Status.RUNNING, "make", {"make": 1, "check": 1})


def test_a_skip_counts_all_visits_anew() -> None:
    walk = Walk(*LOOP)
    walk.dispatch()
    round_(walk)
    walk.skip("check")
    assert walk.t.visits == {"check": 1}


def test_who_is_made_ready_by_hand_after_the_bound_may_go_on_with_a_new_count() -> None:
    walk = Walk(*LOOP, workflow_max_visits=2)
    walk.dispatch()
    round_(walk)
    round_(walk)
    assert walk.status is Status.NEEDS_ATTENTION
    walk.edit(status=Status.READY)
    walk.dispatch()
    assert (walk.status, walk.t.visits["make"], walk.t.error) == (Status.RUNNING, 1, None)


def test_the_counters_of_an_originals_file_go_on() -> None:
    walk = Walk(script("a", max_retries=2), start=ticket(current_phase="a", retries={"a": 1}))
    walk.dispatch()
    assert (walk.t.retries, walk.t.visits) == ({"a": 1}, {"a": 1})
    walk.end("failure")
    assert walk.end("failure").status is Status.FAILED
