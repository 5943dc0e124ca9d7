"""Reset times in prose."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from orchestrator.agents.kit.resets import reset_time
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
        "resets 3",
        "resets 3 times",
        "resets 3pm (local time)",
        "resets 25:00 (UTC)",
        "resets 3:99pm (UTC)",
        "resets Feb 30, 9am (UTC)",
        "resets 3pm (No/Where)",
        "resets 3pm (../../etc/passwd)",
        "resets 3pm (/etc/passwd)",
        "try again at 3",
        "try again at 25:00",
        "try again at 3:99 PM",
        "try again 3 times",
        "try again later.",
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


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kolkata"])
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    """The zone of this machine."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield ZoneInfo(request.param)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("written", "words", "moment"),
    [
        ("2026-11-22T12:23", "or try again at 2:33 PM.", "2026-11-22T14:34"),
        ("2026-11-22T00:10", "or try again at 12:40 AM.", "2026-11-22T00:41"),
        ("2026-11-22T12:23", "try again at 14:33", "2026-11-22T14:34"),
        ("2026-11-22T12:23", "or try again at Nov 25th, 2026 11:30 AM.", "2026-11-25T11:31"),
        ("2026-12-30T12:23", "try again at Jan 2nd, 2027 8:05 PM.", "2027-01-02T20:06"),
        ("2026-11-22T12:23", "try again at 12:20 PM", "2026-11-22T12:21"),  # over by now: not tomorrow
        ("2026-11-22T12:23", "You've hit your 5-hour limit · resets 2:33pm", "2026-11-22T14:34"),
        ("2026-11-22T22:23", "You’ve hit your 5-hour limit · resets 1am", "2026-11-23T01:01"),
        ("2026-11-22T12:23", "weekly limit · resets Nov 25, 11am", "2026-11-25T11:01"),
        (
            "2026-03-07T20:00",
            "try again at Mar 8th, 2026 5:00 PM",
            "2026-03-08T17:01",
        ),  # summer time begins
    ],
)
def test_a_time_without_a_zone_is_meant_on_the_clock_of_this_machine(
    here: ZoneInfo, written: str, words: str, moment: str
) -> None:
    now = datetime.fromisoformat(written).replace(tzinfo=here).timestamp()
    assert reset_time(words, now) == datetime.fromisoformat(moment).replace(tzinfo=here).timestamp()
