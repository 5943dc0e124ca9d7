"""Reset times in prose."""

from __future__ import annotations

import pytest

from orchestrator.agents.resets import reset_time
from orchestrator.core.times import epoch, iso

NOW = epoch("2026-11-22T12:23:35Z")


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("You've hit your limit · resets 3:23pm (UTC)", "2026-11-22T15:24"),
        ("resets 3pm (UTC)", "2026-11-22T15:01"),
        ("resets at 15:30 (UTC)", "2026-11-22T15:31"),
        ("resets 12:23pm (UTC)", "2026-11-22T12:24"),  # the minute that is under way
        ("resets 12:22pm (UTC)", "2026-11-23T12:23"),
        ("resets 12am (UTC)", "2026-11-23T00:01"),
        ("resets 1:05am (America/New_York)", "2026-11-23T06:06"),
        ("resets Nov 25, 9am (UTC)", "2026-11-25T09:01"),
        ("resets Nov 25 at 9:30am (Europe/Berlin)", "2026-11-25T08:31"),
        ("resets January 2, 9am (UTC)", "2027-01-02T09:01"),
        ("resets Jan 2, 2028, 9am (UTC)", "2028-01-02T09:01"),
        ("resets Nov 22, 9am (UTC)", "2026-11-22T09:01"),  # just over: may go on at once
    ],
)
def test_it_is_the_end_of_the_next_minute_that_is_named(words: str, moment: str) -> None:
    found = reset_time(words, NOW)
    assert found is not None
    assert iso(found) == f"{moment}:00.000Z"


@pytest.mark.parametrize(
    "words",
    [
        "",
        "resets soon",
        "resets 3pm",
        "resets 3pm (local time)",
        "resets 25:00 (UTC)",
        "resets 3:99pm (UTC)",
        "resets Feb 30, 9am (UTC)",
        "resets 3pm (No/Where)",
        "resets 3pm (../../etc/passwd)",
        "resets 3pm (/etc/passwd)",
    ],
)
def test_what_names_no_moment_gives_none(words: str) -> None:
    assert reset_time(words, NOW) is None


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("You have hit your usage limit. Try again in ~123 min.", 123 * 60),
        ("Please retry in 3h12m41.5s.", 3 * 3600 + 12 * 60 + 41.5),
        ("Please try again in 20s.", 20),
        ("try again in 1 day, 2 hours", 26 * 3600),
        ("your quota resets after 90 seconds", 90),
    ],
)
def test_a_span_begins_when_it_was_written(words: str, seconds: float) -> None:
    assert reset_time(words, NOW) == NOW + seconds
    assert reset_time(words, None) is None


@pytest.mark.parametrize("words", ["try again in a minute", "wait for 3 commits", "retry in 999999 days", "in 5s"])
def test_words_without_a_span_name_no_moment(words: str) -> None:
    assert reset_time(words, NOW) is None
