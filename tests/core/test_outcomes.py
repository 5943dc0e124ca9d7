"""Where the outcome of an attempt leads: retries, routes, endings (scripts and agents; polls have their own file)."""

from __future__ import annotations

import pytest

from orchestrator.core.decisions import Save, StartAttempt
from orchestrator.core.model import Status
from orchestrator.core.times import epoch, iso
from tests.core.builders import AT, Walk, agent, open_ticket, poll, script, terminal, ticket


def test_outcome_next_phase_and_next_attempt_are_one_save() -> None:
    walk = Walk(script("a", "b"), script("b", "done"), terminal("done"))
    walk.dispatch()
    first = walk.attempt
    walk.end("success", output="did a")
    save, start = walk.decisions
    assert isinstance(save, Save) and isinstance(start, StartAttempt)
    assert (save.ticket.status, save.ticket.current_phase, save.ticket.attempt) == (Status.RUNNING, "b", start.attempt)
    assert (first.n, start.attempt.n, start.attempt.phase) == (1, 2, "b")
    assert walk.history == [("a", "success")]


def test_without_a_grant_the_next_phase_waits_as_ready() -> None:
    walk = Walk(script("a", "b"), script("b"))
    walk.dispatch()
    walk.end(granted=False)
    assert (walk.status, walk.t.current_phase, walk.t.attempt, walk.started) == (Status.READY, "b", None, [])


@pytest.mark.parametrize("kind", ["failure", "timeout", "stalled"])
@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_failure_is_retried_up_to_max_retries_times_then_follows_on_failure(kind: str, retries: int) -> None:
    walk = Walk(script("a", max_retries=retries, on_failure="b"), script("b"))
    walk.dispatch()
    for n in range(1, retries + 1):
        walk.end(kind)
        assert (walk.t.current_phase, walk.t.retries, walk.attempt.n) == ("a", {"a": n}, n + 1)
    walk.end(kind)
    assert (walk.t.current_phase, walk.attempt.phase, walk.t.retries.get("a", 0)) == ("b", "b", retries)
    assert walk.history == [("a", "failure")] * (retries + 1)


def test_a_retry_waits_for_retry_delay_seconds_without_a_slot() -> None:
    walk = Walk(script("a", max_retries=1, retry_delay_seconds=30))
    walk.dispatch()
    at = walk.at
    walk.end("failure")
    assert (walk.status, walk.t.attempt, walk.started) == (Status.READY, None, [])
    assert walk.t.wake_at == iso(at + 30)
    assert walk.t.wait_reason == "retry 1 of 1 of a"
    walk.dispatch()
    assert (walk.t.wake_at, walk.t.wait_reason, walk.t.retries) == (None, None, {"a": 1})


@pytest.mark.parametrize("target", ["retry", "a"])
@pytest.mark.parametrize("retries", [0, 2])
def test_on_failure_retry_or_the_phase_itself_fails_the_ticket_when_the_retries_are_used_up(
    target: str, retries: int
) -> None:
    walk = Walk(script("a", max_retries=retries, on_failure=target))
    walk.dispatch()
    for _ in range(retries):
        assert walk.end("failure").status is Status.RUNNING
    walk.end("failure", reason="tests are red")
    assert (walk.status, walk.t.current_phase, walk.t.error) == (Status.FAILED, "a", "a: tests are red")
    assert walk.notified == ["failed"]


def test_without_on_failure_a_failure_fails_the_ticket() -> None:
    walk = Walk(script("a", "b"), script("b"))
    walk.dispatch()
    walk.end("failure", reason="exit 1")
    assert (walk.status, walk.t.error, walk.t.attempt) == (Status.FAILED, "a: exit 1", None)


def test_without_on_success_a_success_completes_the_ticket() -> None:
    walk = Walk(script("a"))
    walk.dispatch()
    walk.end()
    assert (walk.status, walk.t.current_phase, walk.t.error, walk.t.attempt) == (Status.COMPLETE, "a", None, None)
    assert walk.history == [("a", "success")]


def test_what_is_complete_has_no_error_whatever_was_there_before() -> None:
    walk = Walk(script("work"), start=open_ticket(error="old news"))
    assert walk.end().error is None
    walk = Walk(script("work"), terminal("done"), start=ticket(current_phase="done", error="old news"))
    walk.dispatch()
    assert (walk.status, walk.t.error) == (Status.COMPLETE, None)


def test_what_could_not_be_run_fails_at_once_without_a_retry() -> None:
    walk = Walk(script("a", max_retries=3, on_failure="b"), script("b"))
    walk.dispatch()
    walk.end("error", reason="script nope.sh does not exist")
    assert (walk.status, walk.t.error) == (Status.FAILED, "a: script nope.sh does not exist")
    assert (walk.t.retries, walk.history) == ({}, [("a", "failure")])


def test_a_success_clears_the_retries_of_the_next_visit_only() -> None:
    walk = Walk(script("a", "b", max_retries=2), script("b", "a", on_failure="a"))
    walk.dispatch()
    walk.end("failure")
    walk.end("success")
    assert walk.t.retries == {"a": 1}
    walk.end("success")
    assert (walk.t.current_phase, walk.t.retries) == ("a", {"a": 0})


# -- onExit -----------------------------------------------------------------------------------------------------------


def test_an_exit_route_spends_no_retry_and_is_a_success_in_the_history_only_for_exit_code_0() -> None:
    walk = Walk(script("a", "b", max_retries=1, on_exit={3: "c", 0: "d"}), script("b"), script("c"), script("d"))
    walk.dispatch()
    walk.end("failure", exit_code=3, captured={"why": "conflict"})
    assert (walk.t.current_phase, walk.t.retries, walk.history) == ("c", {}, [("a", "failure")])
    assert walk.t.context == {"why": "conflict"}
    walk = Walk(script("a", "b", on_exit={0: "d"}), script("b"), script("d"))
    walk.dispatch()
    walk.end("success", exit_code=0)
    assert (walk.t.current_phase, walk.history) == ("d", [("a", "success")])


def test_an_exit_code_without_a_route_is_a_failure_like_any_other() -> None:
    walk = Walk(script("a", max_retries=1, on_exit={3: "c"}, on_failure="b"), script("b"), script("c"))
    walk.dispatch()
    assert walk.end("failure", exit_code=4).retries == {"a": 1}


@pytest.mark.parametrize(("kind", "code"), [("timeout", None), ("timeout", 3), ("stalled", 3), ("failure", None)])
def test_time_outs_and_signals_never_match_an_exit_route(kind: str, code: int | None) -> None:
    walk = Walk(script("a", on_exit={3: "c"}, on_failure="b"), script("b"), script("c"))
    walk.dispatch()
    assert walk.end(kind, exit_code=code).current_phase == "b"


def test_an_exit_route_to_the_phase_itself_is_a_visit() -> None:
    walk = Walk(script("a", on_exit={3: "a"}, max_visits=2))
    walk.dispatch()
    assert walk.end("failure", exit_code=3).visits == {"a": 2}
    assert walk.end("failure", exit_code=3).status is Status.NEEDS_ATTENTION


# -- terminal phases --------------------------------------------------------------------------------------------------


def test_entering_a_terminal_phase_ends_the_ticket_in_the_same_save_with_one_history_entry() -> None:
    walk = Walk(script("a", "done"), terminal("done"))
    walk.dispatch()
    walk.end()
    assert (walk.status, walk.t.current_phase, walk.t.error, walk.t.attempt) == (Status.COMPLETE, "done", None, None)
    assert walk.history == [("a", "success"), ("done", "success")]
    assert (len(walk.decisions), walk.started) == (1, [])


def test_a_terminal_phase_that_notifies_needs_attention_and_says_what_led_there() -> None:
    walk = Walk(script("a", on_failure="stuck"), terminal("stuck", notify=True))
    walk.dispatch()
    walk.end("failure", reason="exit 7")
    assert (walk.status, walk.t.error, walk.notified) == (Status.NEEDS_ATTENTION, "a: exit 7", ["needs_attention"])
    assert walk.history == [("a", "failure"), ("stuck", "success")]
    walk = Walk(script("a", "stuck"), terminal("stuck", notify=True))
    walk.dispatch()
    walk.end()
    assert (walk.status, walk.t.error) == (Status.NEEDS_ATTENTION, "reached stuck")


def test_a_ticket_that_is_put_into_a_terminal_phase_ends_at_its_dispatch() -> None:
    walk = Walk(script("a"), terminal("done"), start=ticket(current_phase="done"))
    walk.dispatch()
    assert (walk.status, walk.history, walk.started) == (Status.COMPLETE, [("done", "success")], [])


def test_after_an_outcome_the_slot_is_free_when_the_next_phase_polls() -> None:
    walk = Walk(script("a", "wait"), poll("wait"))
    walk.dispatch()
    walk.end()
    assert (walk.status, walk.t.current_phase, walk.t.attempt, walk.started) == (Status.READY, "wait", None, [])


# -- what is kept -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["success", "failure", "timeout"])
def test_captured_values_are_stored_on_success_and_on_failure(kind: str) -> None:
    walk = Walk(script("a", on_failure="b", on_success="b"), script("b"), start=ticket(context={"old": "1", "x": "0"}))
    walk.dispatch()
    assert walk.end(kind, captured={"x": "2"}).context == {"old": "1", "x": "2"}


def test_the_history_keeps_the_first_4096_characters_of_a_success_and_the_last_of_a_failure() -> None:
    text = "b" * 10 + "m" * 5000 + "e" * 10
    walk = Walk(script("a", "b", max_retries=1), script("b"))
    walk.dispatch()
    walk.end("failure", output=text)
    walk.end("success", output=text)
    failure, success = (entry.output or "" for entry in walk.t.phase_history)
    assert (len(failure), failure[-10:]) == (4096, "e" * 10)
    assert (len(success), success[:10]) == (4096, "b" * 10)


def test_the_history_of_a_time_out_says_so_after_what_was_printed() -> None:
    walk = Walk(script("a"))
    walk.dispatch()
    walk.end("timeout", output="x" * 5000 + "\n", reason="timed out after 3 s")
    assert (walk.t.phase_history[0].output or "").endswith("x\ntimed out after 3 s")


def test_a_failure_that_printed_nothing_has_its_reason_as_output() -> None:
    walk = Walk(script("a"))
    walk.dispatch()
    walk.end("failure", reason="exit code 1")
    assert walk.t.phase_history[0].output == "exit code 1"


def test_a_history_entry_has_the_times_the_session_and_the_agent_of_its_attempt() -> None:
    walk = Walk(agent("a", agent="codex"), chooses_session=frozenset({"codex"}))
    walk.dispatch()
    walk.end()
    entry = walk.t.phase_history[0]
    assert (epoch(entry.started_at), entry.completed_at) == (AT, iso(AT + 1))
    assert (entry.session_id, entry.agent) == ("session-1", "codex")
