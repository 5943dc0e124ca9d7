"""The ledger: each attempt once, whatever a crash, a full disk or another runner left in it."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.places import Places
from orchestrator.adapters.state.ledger import Day, Line, append, day_of, days, lines, next_midnight
from orchestrator.core.model import Key
from tests.adapters.shelf import config_of


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(config_of(tmp_path))


def line(attempt: str, cost: float | None = 1.0, plan: str = "p", ticket: str = "T") -> Line:
    return Line(at="x", plan=plan, ticket=ticket, phase="work", n=1, attempt=attempt, cost_usd=cost, input_tokens=10)


NOON = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))


def test_what_is_booked_is_read_with_its_day_from_a_day_on(places: Places) -> None:
    append(places, line("a"), NOON - 86_400)
    append(places, line("b"), NOON)
    assert [(day, one.attempt) for day, one in lines(places)] == [("2026-11-21", "a"), ("2026-11-22", "b")]
    assert [one.attempt for _, one in lines(places, date(2026, 11, 22))] == ["b"]
    assert [path.name for path in days(places)] == ["2026-11-21.jsonl", "2026-11-22.jsonl"]


def test_no_ledger_is_an_empty_one(places: Places) -> None:
    today = Day(places)
    today.read_on(NOON)
    assert (list(lines(places)), today.total) == ([], None)


def test_a_line_that_was_cut_off_is_closed_and_passed_over(places: Places) -> None:
    append(places, line("a"), NOON)
    path, today = days(places)[0], Day(places)
    with path.open("ab") as stream:
        stream.write(b'{"at":"x","plan":"p","tick')
    today.read_on(NOON)
    assert today.total is not None and today.total.cost_usd == 1.0
    append(places, line("b"), NOON)
    with path.open("ab") as stream:
        stream.write(b"\xff\n[]\n\n")
    today.read_on(NOON)
    assert [one.attempt for _, one in lines(places)] == ["a", "b"]
    assert today.total is not None and today.total.cost_usd == 2.0


def test_a_full_disk_is_told(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda fd, content: len(content) - 1)
    with pytest.raises(OSError, match="No space left"):
        append(places, line("a"), NOON)


def test_another_day_begins_with_nothing_and_so_does_a_file_made_anew(places: Places) -> None:
    today = Day(places)
    append(places, line("a"), NOON)
    append(places, line("b"), NOON)
    today.read_on(NOON)
    assert today.attempts == {"a", "b"}
    days(places)[0].unlink()
    append(places, line("c"), NOON)
    today.read_on(NOON)
    assert today.attempts == {"c"}
    today.read_on(NOON + 86_400)
    assert (today.attempts, today.total) == (set(), None)


def test_midnight_is_where_we_are_and_a_day_of_23_hours_ends_an_hour_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        at = 1_774_650_600.0  # 2026-03-27T22:30Z: an hour and a half before midnight by the sun, half an hour here
        assert (day_of(at), next_midnight(at) - at) == ("2026-03-27", 1800.0)
        assert next_midnight(at + 86_400 * 1.5) - next_midnight(at + 86_400 * 0.5) == 23 * 3600
    finally:
        monkeypatch.undo()
        time.tzset()


BOOKINGS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.none() | st.integers(0, 10**6), st.sampled_from("pq"), st.booleans()),
    max_size=30,
)


@given(BOOKINGS)
def test_sums_are_those_of_each_attempt_once_however_often_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, bookings: list[tuple[str, int | None, str, bool]]
) -> None:
    """Some are read in between, so that reading on and reading anew agree."""
    places = Places(config_of(tmp_path_factory.mktemp("ledger")))
    today, known = Day(places), {}
    for attempt, cost, plan, looks in bookings:
        amount = None if cost is None else cost / 1000
        append(places, line(attempt, amount, plan), NOON)
        known.setdefault(attempt, (plan, amount))
        if looks:
            today.read_on(NOON)
    today.read_on(NOON)
    for plan in "pq":
        costs = [cost for of, cost in known.values() if of == plan and cost is not None]
        found = today.of_plan.get(plan)
        assert (found.cost_usd if found else None) == (pytest.approx(sum(costs)) if costs else None)
        assert today.of_ticket.get(Key(plan, "T")) == found
    assert (today.total.input_tokens if today.total else 0) == 10 * len(known)
    assert [one.attempt for _, one in lines(places)] == list(known)
