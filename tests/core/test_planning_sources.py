"""When each source is looked at."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.planning.sources import LONGEST, Looked, due, due_at, next_at, rest
from orchestrator.core.settings import SourceSettings

SHOP = SourceSettings(type="github", repository="acme/shop", every=300)
BLOG = SourceSettings(type="github", repository="acme/blog", every=7200)


def test_what_was_never_looked_at_is_due() -> None:
    assert due([SHOP], {}, 1000) == [SHOP] and next_at([SHOP], {}, 1000) == 1000


def test_it_is_looked_at_again_when_its_time_has_passed_and_not_before() -> None:
    known = {SHOP.name: Looked(at=1000)}
    assert due([SHOP], known, 1299) == [] and next_at([SHOP], known, 1299) == 1300
    assert due([SHOP], known, 1300) == [SHOP]


def test_whoever_waits_longest_comes_first() -> None:
    known = {SHOP.name: Looked(at=9000), BLOG.name: Looked(at=1000)}
    assert due([SHOP, BLOG], known, 20_000) == [BLOG, SHOP]


def test_one_that_fails_is_asked_more_and_more_seldom_an_hour_at_most() -> None:
    rests = [rest(SHOP, Looked(at=1, failures=n)) for n in range(8)]
    assert rests == [300, 300, 600, 1200, 2400, LONGEST, LONGEST, LONGEST]
    assert rest(BLOG, Looked(at=1, failures=9)) == BLOG.every


def test_a_tracker_that_wants_to_be_left_alone_is_for_a_day_at_most() -> None:
    assert due_at(SHOP, {SHOP.name: Looked(at=1000, failures=1, until=5000)}, 1001) == 5000
    assert due_at(SHOP, {SHOP.name: Looked(at=1000, failures=1, until=9e9)}, 1001) == 1000 + 86_400
    assert due_at(SHOP, {SHOP.name: Looked(at=1000, until=1001)}, 1001) == 1300


def test_a_clock_that_was_set_back_keeps_nobody_waiting() -> None:
    assert due_at(SHOP, {SHOP.name: Looked(at=5000)}, 1000) == 1000


def test_without_sources_nobody_has_to_look() -> None:
    assert next_at([], {}, 1000) is None


@given(st.floats(0, 1e9), st.integers(0, 50), st.floats(10, 1e6))
def test_a_source_is_never_looked_at_more_often_than_it_asks_for(at: float, failures: int, every: float) -> None:
    source = SourceSettings(type="linear", team="X", every=every)
    assert rest(source, Looked(at=at, failures=failures)) >= every
