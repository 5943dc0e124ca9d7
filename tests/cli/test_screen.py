"""What is drawn again in place: after any frames a terminal shows what the last one says, and nothing of the others."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.cli.live.screen import Page, Region, Size

WORDS = st.text("abc 中🚀é", max_size=12)
LINES = st.lists(WORDS, max_size=7)
SIZES = st.builds(Size, st.integers(26, 40), st.integers(8, 14))
FRAMES = st.lists(st.tuples(LINES, LINES, SIZES), min_size=1, max_size=6)


class Emulator:
    def __init__(self) -> None:
        self._screen = pyte.Screen(40, 14)
        self._stream = pyte.Stream(self._screen)

    def feed(self, text: str, size: Size) -> None:
        """A terminal is resized before the program notices."""
        if (self._screen.lines, self._screen.columns) != (size.lines, size.columns):
            self._screen.resize(size.lines, size.columns)
        self._stream.feed(text)

    @property
    def lines(self) -> list[str]:
        """(pyte keeps an empty cell behind a wide character.)"""
        return [line.rstrip() for line in self._screen.display]

    @property
    def cursor(self) -> int:
        return int(self._screen.cursor.y)


def stripped(lines: list[str]) -> list[str]:
    return [line.rstrip() for line in lines]


@settings(max_examples=60)
@given(FRAMES)
def test_a_region_stands_below_the_newest_lines_whatever_came_before(
    frames: list[tuple[list[str], list[str], Size]],
) -> None:
    emulator, region, printed = Emulator(), Region(), []
    for above, lines, size in frames:
        emulator.feed(region.frame(above, lines, size), size)
        printed += above
    end = emulator.cursor + 1
    wanted = stripped([*printed, *(lines or [""])])
    shown = emulator.lines[:end]
    assert shown == wanted[-len(shown) :]
    assert not any(emulator.lines[end:])


def test_a_line_that_has_not_changed_is_not_written_again() -> None:
    region, size = Region(), Size(40, 10)
    region.frame([], ["first", "second", "third"], size)
    text = region.frame([], ["first", "changed", "third"], size)
    assert "changed" in text and "first" not in text


def test_what_has_not_changed_at_all_writes_nothing() -> None:
    region, size = Region(), Size(40, 10)
    region.frame(["event"], ["line"], size)
    assert region.frame([], ["line"], size) == ""


def test_a_line_above_may_be_longer_than_the_terminal() -> None:
    emulator, region, size = Emulator(), Region(), Size(30, 8)
    emulator.feed(region.frame([], ["region"], size), size)
    emulator.feed(region.frame(["x" * 70], ["region"], size), size)
    assert emulator.lines[:4] == ["x" * 30, "x" * 30, "x" * 10, "region"]


def test_a_region_that_is_erased_leaves_the_lines_above() -> None:
    emulator, region, size = Emulator(), Region(), Size(30, 8)
    emulator.feed(region.frame(["event"], ["one", "two"], size), size)
    emulator.feed(region.erased() + "after", size)
    assert emulator.lines[:3] == ["event", "after", ""]


@pytest.mark.parametrize("size", [Size(30, 9), Size(60, 20), Size(30, 20), Size(60, 9)])
def test_after_a_change_of_size_the_newest_lines_and_the_region_are_there_once(size: Size) -> None:
    emulator, region = Emulator(), Region()
    emulator.feed(region.frame([f"event {i}" for i in range(30)], ["a" * 38, "b" * 38], Size(40, 14)), Size(40, 14))
    emulator.feed(region.frame([], ["A", "B"], size), size)
    shown = [line for line in emulator.lines if line]
    assert shown[-2:] == ["A", "B"] and shown[:-2] == [f"event {i}" for i in range(30)][2 - size.lines :]


@settings(max_examples=60)
@given(FRAMES)
def test_a_page_is_the_last_frame_as_far_as_it_fits(frames: list[tuple[list[str], list[str], Size]]) -> None:
    emulator, page = Emulator(), Page()
    for above, lines, size in frames:
        emulator.feed(page.frame([*above, *lines], size), size)
    wanted = stripped([*above, *lines][: size.lines])
    assert emulator.lines == wanted + [""] * (size.lines - len(wanted))
