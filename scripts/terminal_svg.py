"""Screens of a terminal as a picture: one of them, or a film of several in one file that needs nothing else.

The law: every run of characters is put into its columns, whatever font shows it, so that tables stay tables and wide
characters take two. Who cannot or will not play a film sees the screen that was chosen to stand for it; with that one
it also begins, for who takes its first moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from pyte.screens import Char, Screen

FONT = 14
WIDTH, HEIGHT = 8.4, 18
"""Of one cell."""
MARGIN, BAR = 14, 34
"""Around the text; height of the frame's upper edge."""
COLOURS = {
    "black": "#6e7681", "red": "#ff7b72", "green": "#7ee787", "brown": "#e3b341", "blue": "#79c0ff",
    "magenta": "#d2a8ff", "cyan": "#56d4dd", "white": "#d7dae0", "brightblack": "#8b949e",
}  # fmt: skip
"""By their names in pyte; each can be read on GROUND."""
GROUND, TEXT, EDGE = "#161b22", "#d7dae0", "#30363d"
EMPTY = "\0"
WORDS = re.compile(r"[^ ]+(?: [^ ]+)*")
"""Who shows a picture may make one space of several."""
FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"


class Run(NamedTuple):
    """Characters side by side that look alike."""

    column: int
    cells: int
    text: str
    look: str
    """Classes of the style sheet."""


Frame = tuple[tuple[Run, ...], ...]
"""The rows of one screen."""


class Shown(NamedTuple):
    frame: Frame
    seconds: float
    """How long it is shown."""


def frame_of(screen: Screen) -> Frame:
    return tuple(tuple(_runs(screen, line)) for line in range(screen.lines))


def text_of(frame: Frame) -> str:
    """As somebody would copy it."""
    return "\n".join(_line(row) for row in frame)


def _line(row: Sequence[Run]) -> str:
    line, at = "", 0
    for run in row:
        line += " " * (run.column - at) + run.text
        at = run.column + run.cells
    return line


def _runs(screen: Screen, line: int) -> Iterator[Run]:
    """A wide character leaves the cell behind it empty."""
    cells = [screen.buffer[line][column] for column in range(screen.columns)]
    begin = 0
    for end in range(1, len(cells) + 1):
        if end < len(cells) and (cells[end].data == "" or _look(cells[end]) == _look(cells[begin])):
            continue
        text = "".join(cell.data[:1] or EMPTY for cell in cells[begin:end])
        for found in WORDS.finditer(text):
            yield Run(begin + found.start(), len(found[0]), found[0].replace(EMPTY, ""), _look(cells[begin]))
        begin = end


def _look(cell: Char) -> str:
    colour = "" if cell.fg == "default" else cell.fg
    return " ".join(filter(None, (colour, "bold" if cell.bold else "")))


# -- the picture ------------------------------------------------------------------------------------------------------


def svg(film: Sequence[Shown], chosen: int, title: str, said: str) -> str:
    """`chosen`: the screen that stands for all of them. `said`: what there is to see, for who cannot see it."""
    lines = max(len(one.frame) for one in film)
    columns = max(run.column + run.cells for one in film for row in one.frame for run in row)
    width, height = round(columns * WIDTH + 2 * MARGIN), BAR + lines * HEIGHT + MARGIN
    dots = "".join(
        f'<circle cx="{MARGIN + 6 + 20 * i}" cy="17" r="6" fill="{colour}"/>'
        for i, colour in enumerate(("#ff7b72", "#e3b341", "#7ee787"))
    )
    style = _style(film, chosen)
    frames = "".join(_frame(one.frame, i, i == chosen) for i, one in enumerate(film))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(said)}">\n<title>{escape(said)}</title>\n<style>{style}</style>\n'
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="9" fill="{GROUND}" stroke="{EDGE}"/>{dots}'
        f'<text class="title" x="{width / 2:g}" y="22" text-anchor="middle">{escape(title)}</text>\n{frames}</svg>\n'
    )


def _style(film: Sequence[Shown], chosen: int) -> str:
    colours = "".join(f".{name}{{fill:{colour}}}" for name, colour in COLOURS.items())
    text = f"text{{font:{FONT}px {FONTS};fill:{TEXT};white-space:pre}}.title{{font-size:13px;fill:#8b949e}}"
    still = f"{text}tspan{{white-space:pre}}{colours}.bold{{font-weight:700}}.off{{visibility:hidden}}"
    if len(film) == 1:
        return still
    return f"{still}@media (prefers-reduced-motion:no-preference){{{_motion(film, chosen)}}}"


def _motion(film: Sequence[Shown], chosen: int) -> str:
    """Each frame is seen in its time, from the chosen one on, and all begins again."""
    whole, begin, rules = sum(one.seconds for one in film), 0.0, []
    passed = sum(one.seconds for one in film[:chosen]) + film[chosen].seconds / 10
    for i, one in enumerate(film):
        first, last = 100 * begin / whole, 100 * (begin + one.seconds) / whole
        hidden = "0%{visibility:hidden}" if i else ""
        after = f"{last:.2f}%{{visibility:hidden}}" if i + 1 < len(film) else ""
        rules.append(f"@keyframes k{i}{{{hidden}{first:.2f}%{{visibility:visible}}{after}}}")
        rules.append(f"#f{i}{{animation:k{i} {whole:.2f}s step-end -{passed:.2f}s infinite}}")
        begin += one.seconds
    return "".join(rules)


def _frame(frame: Frame, number: int, is_chosen: bool) -> str:
    hidden = "" if is_chosen else ' class="off"'
    rows = "".join(_row(row, BAR + i * HEIGHT + FONT) for i, row in enumerate(frame) if row)
    return f'<g id="f{number}"{hidden}>\n{rows}</g>\n'


def _row(row: Sequence[Run], y: int) -> str:
    return f'<text y="{y}">' + "".join(map(_span, row)) + "</text>\n"


def _span(run: Run) -> str:
    look = f' class="{run.look}"' if run.look else ""
    x, length = MARGIN + run.column * WIDTH, run.cells * WIDTH
    return f'<tspan x="{x:.4g}" textLength="{length:.4g}"{look}>{escape(run.text, quote=False)}</tspan>'
