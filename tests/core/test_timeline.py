"""A time line shows everything, in order, and nothing beside its axis."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.show.timeline import STEPS, axis, step_of, ticks

moments = st.floats(0, 4e9)
lengths = st.floats(0, 1e9)


@given(begin=moments, seconds=lengths, columns=st.integers(1, 300), first=st.floats(0, 1), last=st.floats(0, 1))
def test_a_span_has_a_column_and_lies_on_the_axis(
    begin: float, seconds: float, columns: int, first: float, last: float
) -> None:
    over = axis(begin, begin + seconds, columns)
    first, last = min(first, last), max(first, last)
    start, end = over.span(begin + first * seconds, begin + last * seconds)
    assert 0 <= start < end <= columns


def test_what_follows_does_not_overlap() -> None:
    over = axis(0, 100, 50)
    assert [over.span(0, 10), over.span(10, 60), over.span(60, 100)] == [(0, 5), (5, 30), (30, 50)]


@given(begin=moments, seconds=lengths, columns=st.integers(1, 300), room=st.integers(5, 15))
def test_labels_are_at_round_times_in_order_and_far_enough_apart(
    begin: float, seconds: float, columns: int, room: int
) -> None:
    over = axis(begin, begin + seconds, columns)
    step = step_of(over, room)
    found = ticks(over, step, 0)
    gaps = [after.column - before.column for before, after in pairwise(found)]
    assert step in STEPS
    assert all(gap >= room - 1 for gap in gaps) or step == STEPS[-1]
