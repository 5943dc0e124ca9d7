"""Rules of the picture in the README: what a terminal showed, put where it was."""

from __future__ import annotations

import os
import re
import sys
from xml.etree import ElementTree

import pyte
import pytest

from scripts import picture
from scripts.terminal_svg import Run, Shown, frame_of, svg, text_of

NAMESPACE = {"s": "http://www.w3.org/2000/svg"}


def screen(text: str, columns: int = 40, lines: int = 3) -> pyte.Screen:
    made = pyte.Screen(columns, lines)
    pyte.ByteStream(made).feed(picture.plain(text.encode()))
    return made


def spans(source: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(source).findall(".//s:tspan", NAMESPACE)


def test_wide_characters_take_two_columns_and_what_follows_stands_behind_them() -> None:
    (row, *_) = frame_of(screen("漢字  x"))
    assert row == (Run(0, 4, "漢字", ""), Run(6, 1, "x", ""))
    assert text_of(frame_of(screen("漢字  x"))).splitlines()[0] == "漢字  x"


def test_colours_and_bold_are_kept_and_faint_becomes_grey() -> None:
    (row, *_) = frame_of(screen("\x1b[1mA\x1b[0m \x1b[31mB\x1b[0m \x1b[2mC\x1b[0m"))
    assert [(run.text, run.look) for run in row] == [("A", "bold"), ("B", "red"), ("C", "brightblack")]


def test_every_run_is_put_into_its_columns_whatever_font_shows_it() -> None:
    made = svg([Shown(frame_of(screen("ab      <&>")), 1)], 0, "t", "s")
    assert [(one.text, float(one.attrib["textLength"])) for one in spans(made)] == [("ab", 16.8), ("<&>", 25.2)]
    first, second = (float(one.attrib["x"]) for one in spans(made))
    assert abs(second - first - 8 * 8.4) < 0.1


def test_a_film_shows_one_screen_to_who_cannot_play_it_and_loads_nothing() -> None:
    film = [Shown(frame_of(screen(text)), 1) for text in ("one", "two", "three")]
    made = svg(film, 1, "t", "s")
    groups = ElementTree.fromstring(made).findall("s:g", NAMESPACE)
    assert [group.get("class") for group in groups] == ["off", None, "off"]
    assert "prefers-reduced-motion" in made
    assert set(re.findall(r"https?://[^\"]+", made)) == {"http://www.w3.org/2000/svg"}


def test_a_film_begins_with_the_screen_that_stands_for_it_for_a_preview_takes_the_first_moment() -> None:
    film = [Shown(frame_of(screen(text)), 2) for text in ("one", "two", "three")]
    made = svg(film, 1, "t", "s")
    delays = {float(found) for found in re.findall(r"step-end (-?[\d.]+)s infinite", made)}
    assert len(delays) == 1
    assert all(2 < -delay < 4 for delay in delays)


def test_the_screen_that_stands_for_all_is_one_of_the_middle() -> None:
    texts = ("$ demo", "0 of 6 complete · 3 running", "2 of 6 complete · 3 running", "5 of 6 complete · 1 running")
    assert picture.best([frame_of(screen(text)) for text in texts]) == 2


def test_what_a_real_program_writes_to_its_terminal_is_on_the_last_screen() -> None:
    program = "import os; print('\\x1b[32mgreen', *os.get_terminal_size())"
    taken = picture.film((sys.executable, "-c", program), {**os.environ, "TERM": "xterm-256color"})
    assert "green 100 30" in text_of(taken[-1].frame)


def test_a_program_that_fails_makes_no_picture() -> None:
    with pytest.raises(SystemExit, match="ended with 3"):
        picture.film((sys.executable, "-c", "raise SystemExit(3)"), dict(os.environ))


def test_what_runs_until_it_is_left_is_left_by_its_key() -> None:
    program = "import sys, tty; tty.setcbreak(0); print('waits', flush=True); print(sys.stdin.read(1))"
    taken = picture.film((sys.executable, "-c", program), dict(os.environ), is_over=lambda: True)
    lines = text_of(taken[-1].frame).splitlines()
    assert lines[lines.index("waits") + 1] == "q"


def test_a_film_of_too_many_screens_is_made_smaller_and_keeps_its_end() -> None:
    taken = [picture.Taken(float(i), ((Run(0, 2_000, f"{i} {'x' * 2_000}", ""),),)) for i in range(200)]
    made = picture.smaller(taken)
    assert len(made) < picture.LIMIT
    assert "199 x" in made


@pytest.mark.parametrize("name", ["demo", "watch", "status", "history", "logs"])
def test_a_picture_of_the_docs_is_small_and_tells_nothing_of_the_machine_it_was_taken_on(name: str) -> None:
    made = (picture.IMAGES / f"{name}.svg").read_text(encoding="utf-8")
    assert len(made.encode()) < 1.1 * picture.LIMIT
    assert len(spans(made)) > 5
    assert str(picture.ROOT) not in made and "/home" not in made
