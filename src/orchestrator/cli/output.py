"""What goes to the terminal: text that cannot harm it, colour only where there is one, tables that fit.

The law: what comes from a file is shown, never obeyed: control characters are taken out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

COLOURS = {
    "red": "31", "green": "32", "yellow": "33", "blue": "34", "magenta": "35", "cyan": "36", "dim": "2", "bold": "1",
}  # fmt: skip
STATE_COLOURS = {
    "running": "cyan", "ready": "blue", "queued": "dim", "paused": "yellow", "complete": "green",
    "needs_attention": "red", "failed": "red", "missing": "red", "unreadable": "red", "active": "bold",
}  # fmt: skip
NARROWEST = 40
_CONTROLS = dict.fromkeys((*range(32), 127, *range(128, 160), *range(8234, 8239), *range(8294, 8298)), " ")
_CONTROLS_BUT_LINES = {code: to for code, to in _CONTROLS.items() if code not in (9, 10)}


def clean(text: object) -> str:
    """One line without control characters, and without what they told a terminal: of a colour nothing is left."""
    line = str(text)
    if "\x1b" in line:
        from orchestrator.cli.columns import without_escapes

        line = without_escapes(line)
    return line.translate(_CONTROLS)


def clean_lines(text: str) -> str:
    """The same for text of several lines."""
    return text.translate(_CONTROLS_BUT_LINES)


def has_colour(stream: TextIO | None = None) -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)


def is_terminal(stream: TextIO | None = None) -> bool:
    try:
        return (stream or sys.stdout).isatty()
    except ValueError:
        return False  # closed


def paint(text: str, colour: str | None, on: bool) -> str:
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if on and colour and text else text


def say(*lines: str) -> None:
    """To stdout, at once."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def complain(*lines: str) -> None:
    """To stderr."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def show_json(value: Any) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8", "replace") + "\n")


def show_json_line(value: Any) -> None:
    """One line of a stream, out at once."""
    import msgspec

    say(msgspec.json.encode(value).decode("utf-8", "replace"))


def width() -> int | None:
    """Columns of the terminal; None: there is none, so nothing is wrapped."""
    return max(_columns(), NARROWEST) if is_terminal() else None


def _columns() -> int:
    """(`shutil.get_terminal_size` would do, but takes long to import.)"""
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size(sys.stdout.fileno()).columns)
    except (ValueError, OSError):
        return 80


Cell = str | tuple[str, str | None]
"""Text, or text with its colour."""


def table(rows: Sequence[Sequence[Cell]], indent: str = "  ") -> list[str]:
    """Columns as wide as their content; the last one is wrapped on a terminal."""
    if not rows:
        return []
    colour, columns = has_colour(), width()
    widths = [max(len(_text(row[i])) for row in rows) for i in range(len(rows[0]) - 1)]
    start = len(indent) + sum(widths) + 2 * len(widths)
    lines = []
    for row in rows:
        parts = [paint(_text(cell).ljust(size), _colour(cell), colour) for cell, size in zip(row, widths, strict=False)]
        first, *more = _wrapped(_text(row[-1]), columns - start if columns else None)
        lines.append((indent + "  ".join([*parts, paint(first, _colour(row[-1]), colour)])).rstrip())
        lines += [" " * start + paint(line, _colour(row[-1]), colour) for line in more]
    return lines


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _colour(cell: Cell) -> str | None:
    return None if isinstance(cell, str) else cell[1]


def _wrapped(text: str, room: int | None) -> list[str]:
    if room is None or len(text) <= room:
        return [text]
    import textwrap

    return textwrap.wrap(text, max(room, 24), break_long_words=False, break_on_hyphens=False) or [""]


def paragraph(text: str, indent: str = "  ") -> list[str]:
    """Text of one line, wrapped on a terminal."""
    columns = width()
    return [
        (indent if i == 0 else indent + "  ") + line
        for i, line in enumerate(_wrapped(clean(text), columns - len(indent) - 2 if columns else None))
    ]


def problem_lines(problems: Iterable[Any]) -> list[str]:
    """One paragraph per problem, errors first."""
    colour = has_colour()
    lines: list[str] = []
    for problem in sorted(problems, key=lambda one: one.severity != "error"):
        first, *more = paragraph(f"{problem.severity}: {problem}")
        mark = "red" if problem.severity == "error" else "yellow"
        lines += [first.replace(f"{problem.severity}:", paint(f"{problem.severity}:", mark, colour), 1), *more]
    return lines
