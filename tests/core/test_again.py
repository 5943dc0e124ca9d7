"""Asking again: an agent may put something right in its own session, once, before an outcome counts."""

from __future__ import annotations

import pytest

from orchestrator.core.model import Status
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.peek import next_agent
from tests.core.builders import Walk, agent, script, terminal

SAY = "the answer has no summary; give it again"
KINDS = ["failure", "stalled"]


def begun(**fields: object) -> Walk:
    """In an agent's phase, in session s."""
    phase = agent("a", agent="claude", on_success="done", on_failure="b", **fields)
    walk = Walk(phase, script("b"), terminal("done"), chooses_session=frozenset({"claude"}))
    walk.dispatch()
    return walk


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_told_in_the_same_session_without_a_retry_and_without_a_line_in_the_history(kind: str) -> None:
    walk = begun(max_retries=1, retry_delay_seconds=30)
    walk.end(kind, again=SAY, captured={"x": "1"})
    a = walk.attempt
    assert walk.started == [a] and (a.n, a.session, a.resume, a.say) == (2, "session-1", True, SAY)
    assert (walk.status, walk.t.current_phase, walk.history) == (Status.RUNNING, "a", [])
    assert (walk.t.retries, walk.t.context, walk.t.wake_at, walk.notified) == ({}, {}, None, [])
    assert walk.end().status is Status.COMPLETE
    assert walk.history == [("a", "success"), ("done", "success")]


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_time_it_counts(kind: str) -> None:
    walk = begun()
    walk.end(kind, again=SAY)
    walk.end(kind, again=SAY, reason="still none")
    assert (walk.history, walk.t.current_phase) == ([("a", "failure")], "b")


def test_a_retry_begins_a_new_session_in_which_it_may_be_told_again() -> None:
    walk = begun(max_retries=1)
    walk.end("failure", again=SAY)
    walk.end("failure", again=SAY)
    assert (walk.attempt.session, walk.attempt.resume, walk.attempt.say) == ("session-3", False, None)
    walk.end("failure", again=SAY)
    assert (walk.attempt.resume, walk.attempt.say, walk.t.retries) == (True, SAY, {"a": 1})
    walk.end("failure", again=SAY)
    assert (walk.history, walk.t.current_phase) == ([("a", "failure")] * 2, "b")


@pytest.mark.parametrize("ended", [{"fresh": True}, {"kind": "timeout", "again": ""}])
def test_a_session_that_cannot_be_continued_and_an_outcome_without_words_count_at_once(
    ended: dict[str, object],
) -> None:
    walk = begun()
    walk.end(**{"kind": "failure", "again": SAY, **ended})  # type: ignore[arg-type]
    assert walk.history == [("a", "failure")]


def test_an_agent_without_a_session_is_not_told() -> None:
    walk = Walk(agent("a", agent="generic"))
    walk.dispatch()
    walk.end("failure", again=SAY)
    assert (walk.history, walk.status) == ([("a", "failure")], Status.FAILED)


def test_a_session_that_the_agent_told_only_at_its_end_goes_on() -> None:
    walk = Walk(agent("a", agent="codex"))
    walk.dispatch()
    walk.end("stalled", again=SAY, session="thread-1")
    assert (walk.attempt.session, walk.attempt.resume, walk.attempt.say) == ("thread-1", True, SAY)


def test_without_a_grant_the_words_wait_in_the_visit() -> None:
    walk = begun()
    walk.end("stalled", again=SAY, granted=False)
    assert (walk.status, walk.t.attempt, walk.started, walk.history) == (Status.READY, None, [], [])
    walk.dispatch()
    assert (walk.attempt.session, walk.attempt.say) == ("session-1", SAY)
    assert walk.t.visit is not None and (walk.t.visit.say, walk.t.visit.asked) == (None, True)


@pytest.mark.parametrize("kind", ["stopped", "lost", "rate_limited"])
def test_who_is_cut_off_while_he_puts_it_right_is_told_the_same_again(kind: str) -> None:
    walk = begun()
    walk.end("failure", again=SAY)
    walk.end(kind, granted=False)
    walk.dispatch()
    assert (walk.attempt.session, walk.attempt.resume, walk.attempt.say) == ("session-1", True, SAY)
    walk.end("failure", again=SAY)
    assert (walk.history, walk.t.current_phase) == ([("a", "failure")], "b")


def test_a_pause_meanwhile_keeps_the_words_until_it_is_resumed() -> None:
    walk = begun()
    walk.pause()
    walk.end("failure", again=SAY)
    assert (walk.status, walk.t.current_phase, walk.history, walk.started) == (Status.PAUSED, "a", [], [])
    walk.resume()
    walk.dispatch()
    assert (walk.attempt.session, walk.attempt.say) == ("session-1", SAY)


def test_after_a_skip_nothing_of_it_is_left() -> None:
    walk = begun()
    walk.skip("b")
    walk.end("failure", again=SAY)
    assert (walk.t.current_phase, walk.started) == ("b", [])
    walk.skip("a")
    walk.dispatch()
    assert (walk.attempt.resume, walk.attempt.say) == (False, None)


def test_another_agent_begins_anew() -> None:
    walk = Walk(agent("a"), chooses_session=frozenset({"claude"}))
    walk.dispatch()
    walk.end("stalled", again=SAY, granted=False)
    walk.edit(agent="codex")
    walk.dispatch()
    assert (walk.attempt.agent, walk.attempt.session, walk.attempt.say) == ("codex", None, None)


def test_the_agent_that_is_needed_next_is_the_one_that_is_told() -> None:
    walk = begun()
    told = Outcome(kind=OutcomeKind.FAILURE, again=SAY)
    assert next_agent(walk.rules, walk.t, told) == "claude"
    assert next_agent(walk.rules, walk.t, Outcome(kind=OutcomeKind.FAILURE)) is None
