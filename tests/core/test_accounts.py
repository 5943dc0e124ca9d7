"""What an account meets, and until when it is held."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core import accounts
from orchestrator.core.accounts import Account, Met, agent_in, hold_of, wait_reason
from orchestrator.core.decisions import HoldAccount
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.times import epoch, iso
from tests.core.builders import AT

NOTHING = Account(account="claude")
HOUR = 3600.0


def limit(began: float = AT - 60, at: float = AT, **fields: Any) -> Met:
    return Met("claude", began, at, Outcome(kind=OutcomeKind.RATE_LIMITED, ended="rate_limited", **fields))


def refused(began: float = AT - 60, at: float = AT) -> Met:
    return Met("claude", began, at, Outcome(kind=OutcomeKind.FAILURE, ended="needs_login", reason="log in"))


def success(at: float = AT) -> Met:
    return Met("claude", at - 60, at, Outcome(kind=OutcomeKind.SUCCESS, ended="success"))


def met(known: Account, one: Met, share: float = 0) -> Account:
    """What is known of the account afterwards, as the governor has it."""
    hold = hold_of(known, one)
    return accounts.held(known, hold, one.at, share)[0] if hold is not None else accounts.passed(known, one)


def until(known: Account) -> float:
    """Seconds from AT."""
    assert known.until is not None
    return epoch(known.until) - AT


# --- how long


def test_a_reset_that_was_told_counts_however_it_is_known() -> None:
    found = met(NOTHING, limit(until=AT + HOUR + 1, told="text", limit="five-hour limit", reason="said so"))
    assert (until(found), found.told, found.limit, found.reason) == (HOUR + 1, "text", "five-hour limit", "said so")
    assert (found.agent, found.since, found.guesses) == ("claude", iso(AT), 0)


@pytest.mark.parametrize("told", [None, 0, AT - 200])
def test_without_a_reset_to_come_it_is_a_guess(told: float | None) -> None:
    found = met(NOTHING, limit(until=told, told="structured"))
    assert (until(found), found.told, found.guesses) == (30, "guess", 1)


def test_a_reset_that_came_while_the_attempt_ran_or_clocks_differ_holds_three_seconds() -> None:
    for told in (AT, AT - 30, AT - 110):
        assert until(met(NOTHING, limit(until=told))) == 3


def test_a_reset_farther_away_than_eight_days_is_not_believed() -> None:
    assert until(met(NOTHING, limit(until=AT + 1e9))) == 8 * 86_400
    assert until(met(NOTHING, limit(until=AT + 7 * 86_400))) == 7 * 86_400


def test_guesses_double_from_half_a_minute_to_half_an_hour_until_something_succeeds() -> None:
    known, at, seconds = NOTHING, AT, []
    for _ in range(9):
        known = met(known, limit(began=at, at=at))
        seconds.append(epoch(known.until or "") - at)
        at = (known.frees_at or 0) + 1
        known = accounts.released(known, by_person=False)
    assert seconds == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    known = met(known, success(at))
    assert until(met(known, limit(began=at, at=AT))) == 30


def test_a_limit_that_was_told_and_one_that_was_guessed_count_apart() -> None:
    known = accounts.released(met(NOTHING, limit(until=AT + HOUR)), by_person=False)
    assert met(known, limit(began=AT + HOUR, at=AT + HOUR + 9)).guesses == 1


# --- one hold, however many meet it


def test_what_began_before_neither_lengthens_a_guess_nor_counts_as_another() -> None:
    known = met(NOTHING, limit(at=AT))
    for at in (AT + 1, AT + 20):
        assert met(known, limit(began=AT - 9, at=at)) == known
    free = accounts.released(known, by_person=False)
    late = met(free, limit(began=AT - 9, at=AT + 40))
    assert (until(late), late.guesses) == (70, 1), "over meanwhile: held again, and no longer"


def test_a_ticket_that_meets_a_hold_waits_for_its_end() -> None:
    known = met(NOTHING, limit(until=AT + HOUR, told="structured"))
    hold = hold_of(known, limit(at=AT + 60))
    assert hold is not None and (hold.until, hold.told) == (AT + HOUR, "structured")


def test_a_later_reset_extends_the_hold_and_an_earlier_one_only_corrects_a_guess() -> None:
    known = met(NOTHING, limit(until=AT + HOUR, told="structured", limit="five-hour limit"))
    assert until(met(known, limit(until=AT + 60, told="structured"))) == HOUR
    longer = met(known, limit(at=AT + 5, until=AT + 9 * HOUR, told="file", limit="weekly limit"))
    assert (until(longer), longer.limit, longer.since) == (9 * HOUR, "weekly limit", known.since)
    assert until(met(met(NOTHING, limit()), limit(at=AT + 1, until=AT + 12, told="structured"))) == 12


def test_only_the_first_is_a_new_hold() -> None:
    one = limit(until=AT + HOUR, told="structured")
    hold = hold_of(NOTHING, one)
    assert hold is not None
    known, is_new = accounts.held(NOTHING, hold, AT, 0)
    assert is_new
    assert accounts.held(known, hold, AT + 1, 0) == (known, False)


@pytest.mark.parametrize(("seconds", "most"), [(3.0, 0.15), (60.0, 3.0), (HOUR, 30.0)])
def test_it_is_tried_again_a_little_after_the_reset(seconds: float, most: float) -> None:
    for share in (0.0, 0.5, 1.0):
        known = met(NOTHING, limit(until=AT + seconds), share)
        assert (known.frees_at or 0) - AT - seconds == pytest.approx(1 + most * share, abs=0.001)
        assert until(known) == seconds, "what is told stays as it was told"


def test_a_guess_is_tried_as_soon_as_it_is_over() -> None:
    known = met(NOTHING, limit())
    assert (known.frees_at or 0) - AT == until(known)


@pytest.mark.parametrize("before", [NOTHING, met(NOTHING, limit())], ids=["free", "guessed"])
def test_of_words_the_minute_is_told_and_its_end_awaited(before: Account) -> None:
    assert AT % 60 == 0
    known = met(before, limit(at=AT + 5, until=AT + 600, told="text"))
    assert (until(known), known.frees_at) == (540, AT + 600)
    hold = hold_of(known, limit(at=AT + 6, until=AT + 600, told="text"))
    assert hold is not None and accounts.held(known, hold, AT + 6, 0) == (known, False)


def test_of_the_minute_that_is_under_way_the_end_is_told() -> None:
    known = met(NOTHING, limit(began=AT - 9, at=AT + 10, until=AT + 60, told="text"))
    assert (until(known), known.frees_at) == (60, AT + 61)


# --- logins


def test_three_refusals_in_a_row_hold_the_account_for_five_minutes_doubling_to_an_hour() -> None:
    known = met(met(NOTHING, refused()), refused())
    assert (known.until, known.logins, known.must_prove) == (None, 2, False)
    seconds, at = [], AT
    for _ in range(6):
        known = met(known, refused(began=at, at=at))
        seconds.append(epoch(known.until or "") - at)
        at = (known.frees_at or 0) + 1
        known = accounts.released(known, by_person=False)
        assert known.must_prove, "then one attempt at a time shows whether it works again"
    assert seconds == [300, 600, 1200, 2400, 3600, 3600]
    assert met(known, success(at)).is_plain


def test_a_success_in_between_begins_the_count_anew() -> None:
    known = met(met(met(NOTHING, refused()), refused()), success())
    assert met(known, refused()).until is None


def test_those_that_began_before_the_hold_say_nothing_new() -> None:
    known = NOTHING
    for at in range(6):
        known = met(known, refused(began=AT - 60, at=AT + at))
    assert (known.logins, until(known)) == (3, 302)
    assert (known.limit, known.reason, known.told) == ("needs login", "needs login: log in", "guess")


# --- a person, and files


def test_who_lets_it_go_on_begins_anew_but_a_refusal_holds_it_again_at_once() -> None:
    known = met(met(met(NOTHING, refused()), refused()), refused())
    free = accounts.released(known, by_person=True)
    assert (free.until, free.must_prove) == (None, False)
    assert met(free, refused(began=AT + 9, at=AT + 10)).until is not None
    assert accounts.released(met(NOTHING, limit()), by_person=True).is_plain


def test_other_endings_call_for_nothing() -> None:
    for kind in (OutcomeKind.FAILURE, OutcomeKind.TIMEOUT, OutcomeKind.STOPPED, OutcomeKind.LOST):
        one = Met("claude", AT, AT, Outcome(kind=kind, ended="failure"))
        assert hold_of(NOTHING, one) is None and met(NOTHING, one) == NOTHING


def test_a_ticket_says_whose_limit_it_waits_for() -> None:
    for reason in (wait_reason("claude", ""), wait_reason("claude", "five-hour limit")):
        assert reason.startswith("usage limit of claude") and agent_in(reason) == "claude"
    assert agent_in(None) is None and agent_in("retry 1 of 2 of work") is None


def test_the_hold_of_an_account_can_be_told_again() -> None:
    hold = hold_of(NOTHING, limit(until=AT + HOUR, told="structured", reason="r", limit="l"))
    assert hold is not None
    assert accounts.as_hold(accounts.held(NOTHING, hold, AT, 0)[0]) == HoldAccount(
        "claude", "claude", AT + HOUR, "r", "l", told="structured"
    ), "without the seconds that are of no interest to who hears of it"
