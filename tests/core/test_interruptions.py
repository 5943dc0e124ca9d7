"""Attempts that did not fail but were cut short: stopped, lost, at a usage limit. And the sessions that they leave."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from orchestrator.core.accounts import Account
from orchestrator.core.decisions import HoldAccount, Notify
from orchestrator.core.events import AccountReleased, AttemptEnded, Dispatched
from orchestrator.core.model import Status
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.times import iso
from tests.core.builders import AT, Walk, agent, grant, open_ticket, script, terminal, ticket

CHOOSES = frozenset({"claude"})


def working(**fields: object) -> Walk:
    """An agent of ours at work, in a session of our choice."""
    walk = Walk(agent("a", "b", **{"max_retries": 1, **fields}), script("b"), chooses_session=CHOOSES)
    walk.dispatch()
    return walk


# -- stopped ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["shutdown", "plan paused"])
def test_a_stopped_attempt_counts_nowhere_and_its_ticket_is_ready_in_the_same_phase(reason: str) -> None:
    walk = working()
    walk.request_stop(reason)
    walk.end("stopped")
    assert (walk.status, walk.t.current_phase, walk.t.attempt, walk.started) == (Status.READY, "a", None, [])
    assert (walk.t.retries, walk.history, walk.t.error) == ({}, [], None)


def test_the_first_reason_of_a_stop_stays() -> None:
    walk = working()
    walk.request_stop("shutdown")
    walk.pause()
    assert (walk.attempt.stop, walk.status) == ("shutdown", Status.PAUSED)


def test_a_skip_outranks_the_reason_of_a_stop() -> None:
    walk = working()
    walk.pause()
    walk.skip("b")
    assert walk.attempt.stop == "skip"
    walk.pause()
    assert (walk.attempt.stop, walk.status) == ("skip", Status.PAUSED)
    walk.end("success")
    assert (walk.status, walk.t.current_phase, walk.history) == (Status.PAUSED, "b", [("a", "skipped")])


def test_nothing_is_started_with_a_grant_after_a_stop_although_the_outcome_counts() -> None:
    walk = working()
    walk.request_stop("shutdown")
    walk.end("success")
    assert (walk.status, walk.t.current_phase, walk.started) == (Status.READY, "b", [])


# -- lost -------------------------------------------------------------------------------------------------------------


def test_lost_attempts_are_counted_apart_and_more_than_five_in_a_visit_need_attention() -> None:
    walk = working()
    for n in range(1, 6):
        walk.end("lost")
        assert (walk.status, walk.t.retries, walk.history) == (Status.READY, {}, [])
        assert walk.t.visit is not None and walk.t.visit.losses == n
        walk.dispatch()
    walk.end("lost", reason="the machine went down")
    assert (walk.status, walk.t.current_phase, walk.notified) == (Status.NEEDS_ATTENTION, "a", ["needs_attention"])
    assert "lost 6 attempts" in (walk.t.error or "") and "the machine went down" in (walk.t.error or "")


def test_a_new_visit_counts_its_losses_anew() -> None:
    walk = Walk(script("a", "a"))
    walk.dispatch()
    walk.end("lost")
    walk.dispatch()
    walk.end("success")
    assert walk.t.visit is not None and walk.t.visit.losses == 0


def test_a_retry_counts_the_losses_anew() -> None:
    walk = working()
    for _ in range(6):
        walk.end("lost")
        if walk.status is Status.READY:
            walk.dispatch()
    walk.retry()
    walk.dispatch()
    assert walk.end("lost").status is Status.READY


def test_an_attempt_that_was_to_be_stopped_is_not_counted_as_lost() -> None:
    walk = working()
    walk.pause()
    walk.end("lost")
    assert walk.status is Status.PAUSED
    assert walk.t.visit is not None and walk.t.visit.losses == 0


# -- usage limits -----------------------------------------------------------------------------------------------------


def test_a_usage_limit_holds_the_account_until_the_reset_and_spends_no_retry() -> None:
    walk = working()
    walk.end("rate_limited", until=AT + 3600, reason="limit reached", session="s-7")
    assert (walk.status, walk.t.wake_at, walk.t.wait_reason) == (Status.READY, iso(AT + 3600), "usage limit of claude")
    hold = HoldAccount("claude", "claude", AT + 3600, "limit reached", told="structured", slack=1)
    assert walk.decisions[1:] == (hold,)
    assert (walk.t.retries, walk.history, walk.t.attempt) == ({}, [], None)
    walk.dispatch()
    assert (walk.attempt.session, walk.attempt.resume, walk.t.wake_at) == ("s-7", True, None)


@pytest.mark.parametrize("until", [None, 0, AT - 120])
def test_of_a_limit_without_a_reset_to_come_half_a_minute_is_guessed(until: float | None) -> None:
    walk = working()
    at = walk.at
    walk.end("rate_limited", until=until)
    assert walk.t.wake_at == iso(at + 30)
    guess = HoldAccount("claude", "claude", at + 30, "usage limit of claude", told="guess", guesses=1)
    assert walk.decisions[1:] == (guess,)


def test_a_limit_whose_reset_came_while_the_attempt_ran_is_over() -> None:
    walk = working()
    at = walk.at
    walk.end("rate_limited", until=at)
    assert walk.t.wake_at == iso(at + 3)


@pytest.mark.parametrize("say", ["pause", "skip"])
def test_the_account_is_held_even_if_nobody_wants_that_attempt_any_more(say: str) -> None:
    walk = working()
    walk.pause() if say == "pause" else walk.skip("b")
    walk.end("rate_limited", until=AT + 3600)
    assert [type(decision) for decision in walk.decisions[1:]] == [HoldAccount]
    assert walk.t.wake_at is None
    assert walk.status is (Status.PAUSED if say == "pause" else Status.READY)


def test_a_ticket_whose_work_others_may_do_waits_for_nothing_but_its_account_is_held() -> None:
    accounts, stand_ins = {"claude": "claude", "codex": "codex", "two": "claude"}, {"claude": ("two", "codex")}
    walk = Walk(agent("a", "b"), script("b"), chooses_session=CHOOSES, accounts=accounts, stand_ins=stand_ins)
    walk.dispatch()
    walk.end("rate_limited", until=AT + 3600, session="s-7")
    assert (walk.status, walk.t.wake_at, walk.t.wait_reason) == (Status.READY, None, None)
    assert [type(decision) for decision in walk.decisions[1:]] == [HoldAccount]
    walk.do(Dispatched(at=AT + 9, grant=replace(walk.give(), agent="codex")))
    assert (walk.attempt.agent, walk.attempt.account, walk.attempt.resume) == ("codex", "codex", False)
    walk.end("success")
    assert walk.t.phase_history[0].agent == "codex"


def test_a_stand_in_of_the_same_account_is_none() -> None:
    walk = Walk(agent("a", "b"), script("b"), accounts={"two": "claude"}, stand_ins={"claude": ("two",)})
    walk.dispatch()
    walk.end("rate_limited", until=AT + 3600)
    assert walk.t.wake_at == iso(AT + 3600)


def test_the_third_refused_login_fails_the_ticket_as_any_failure_and_holds_the_account() -> None:
    walk = working()
    at, known = walk.at, Account(account="claude", logins=2)
    outcome = Outcome(kind=OutcomeKind.FAILURE, ended="needs_login", reason="log in")
    walk.do(AttemptEnded(at=at, attempt_id=walk.attempt.id, outcome=outcome, account=known))
    assert (walk.status, walk.t.retries, walk.t.wake_at) == (Status.READY, {"a": 1}, None)
    (hold,) = [one for one in walk.decisions if isinstance(one, HoldAccount)]
    assert (hold.until, hold.reason, hold.logins, hold.guessed) == (at + 300, "needs login: log in", 3, True)


def test_a_released_account_wakes_whoever_waits_for_its_limit_and_nobody_else() -> None:
    walk = Walk(agent("a", "b"), script("b"), accounts={"claude": "work"})
    walk.dispatch()
    walk.end("rate_limited", until=AT + 3600, limit="five-hour limit")
    for account in ("claude", "other"):
        walk.do(AccountReleased(at=AT, account=account))
        assert walk.t.wake_at is not None
    walk.do(AccountReleased(at=AT, account="work"))
    assert (walk.t.wake_at, walk.t.wait_reason, walk.status) == (None, None, Status.READY)


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_is_chosen_only_for_an_agent_that_lets_us() -> None:
    walk = Walk(agent("a", "b", agent="claude"), agent("b", "c", agent="codex"), script("c"), chooses_session=CHOOSES)
    walk.dispatch()
    assert (walk.attempt.session, walk.attempt.agent, walk.attempt.resume) == ("session-1", "claude", False)
    walk.end()
    assert (walk.attempt.session, walk.attempt.agent) == (None, "codex")
    walk.end()
    assert (walk.attempt.session, walk.attempt.agent) == (None, None)


@pytest.mark.parametrize("how", ["stopped", "lost", "rate_limited"])
def test_what_was_cut_short_is_continued_in_its_session(how: str) -> None:
    walk = working()
    if how == "stopped":
        walk.request_stop("shutdown")
    walk.end(how)
    walk.dispatch()
    assert (walk.attempt.n, walk.attempt.session, walk.attempt.resume) == (2, "session-1", True)
    walk.request_stop("shutdown")
    walk.end("stopped")
    walk.dispatch()
    assert (walk.attempt.session, walk.attempt.resume) == ("session-1", True)


def test_a_session_that_cannot_be_continued_is_not() -> None:
    walk = working()
    walk.end("lost")
    walk.dispatch()
    walk.end("lost", fresh=True, session="session-1")
    walk.dispatch()
    assert (walk.attempt.resume, walk.attempt.session) == (False, f"session-{walk.n}")


def test_a_session_is_not_continued_by_another_agent() -> None:
    walk = working()
    walk.request_stop("shutdown")
    walk.end("stopped")
    walk.edit(agent="codex")
    walk.dispatch()
    assert (walk.attempt.agent, walk.attempt.session, walk.attempt.resume) == ("codex", None, False)


def test_a_failure_is_retried_in_a_session_of_its_own() -> None:
    walk = working()
    walk.end("failure")
    assert (walk.attempt.session, walk.attempt.resume) == ("session-2", False)


def test_the_session_of_another_visit_is_not_continued() -> None:
    walk = working()
    walk.request_stop("shutdown")
    walk.end("stopped")
    walk.skip("a")
    walk.dispatch()
    assert walk.attempt.resume is False


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_attempt_numbers_never_repeat_whatever_happens_to_the_attempts() -> None:
    walk = Walk(agent("a", "a", max_retries=9), terminal("done"), start=ticket(attempts=41))
    numbers = []
    for how in ("lost", "failure", "rate_limited", "success", "stopped"):
        if walk.t.attempt is None:
            walk.dispatch()
        numbers.append(walk.attempt.n)
        walk.end(how)
    walk.skip("a")
    walk.dispatch()
    assert [*numbers, walk.attempt.n] == [42, 43, 44, 45, 46, 47]
    assert walk.t.attempts == 47


def test_the_id_of_an_attempt_is_the_one_that_was_granted() -> None:
    walk = Walk(script("a"))
    walk.dispatch()
    assert (walk.attempt.id, walk.started[0]) == (grant(1).attempt_id, walk.attempt)


def test_a_lost_attempt_of_an_ended_ticket_notifies_nobody() -> None:
    walk = Walk(script("work"), start=open_ticket(Status.COMPLETE))
    walk.end("lost")
    assert (walk.status, [d for d in walk.decisions if isinstance(d, Notify)]) == (Status.COMPLETE, [])
