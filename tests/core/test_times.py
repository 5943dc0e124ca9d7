"""Times on disk and for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.times import duration, epoch, epoch_or, iso


def test_a_time_is_written_as_the_original_writes_it() -> None:
    assert iso(epoch("2026-02-28T10:01:02.114Z")) == "2026-02-28T10:01:02.114Z"
    assert iso(0) == "1970-01-01T00:00:00.000Z"


@given(st.floats(0, 4e9))
def test_a_time_that_was_written_is_read_within_a_millisecond_and_never_drifts(at: float) -> None:
    once = epoch(iso(at))
    assert at - 0.001001 < once < at + 0.000001
    assert epoch(iso(once)) == once


@pytest.mark.parametrize("at", [1e12, 1.8e15, float("inf")])
def test_a_time_beyond_the_calendar_is_its_last_day(at: float) -> None:
    assert iso(at).startswith("9999-12-31")


def test_a_time_without_a_zone_is_utc() -> None:
    assert epoch("2026-02-28T10:01:02") == epoch("2026-02-28T10:01:02Z") == epoch("2026-02-28T12:01:02+02:00")


@pytest.mark.parametrize("text", [None, "", "soon", "2026-13-01"])
def test_what_is_not_a_time_has_a_default(text: str | None) -> None:
    assert epoch_or(text, 7) == 7


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0.0s"), (0.44, "0.4s"), (9.99, "10.0s"), (12.9, "12s"), (185, "3m05s"), (7800, "2h10m"), (90_000, "25h00m")],
)
def test_a_duration_is_short(seconds: float, said: str) -> None:
    assert duration(seconds) == said
