"""Lines of coloured text that are measured in columns of the terminal, and cut to fit.

The law: a line that was fitted is never wider than its room, whatever letters it is written in.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import NamedTuple

from orchestrator.cli.output import has_colour, is_terminal, paint
from orchestrator.core.widths import cells, shortened


class Piece(NamedTuple):
    text: str
    colour: str | None = None


Line = list[Piece]


def can_draw() -> bool:
    """Whether the terminal, or whoever reads what is printed, understands more than ASCII."""
    if os.environ.get("LC_ALL") in ("C", "POSIX"):
        return False  # Python would write UTF-8 all the same
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def columns_or(default: int) -> int:
    """Columns of the terminal, narrow ones too; `default` where there is none."""
    if not is_terminal():
        return default
    try:
        return max(int(os.environ.get("COLUMNS") or os.get_terminal_size(sys.stdout.fileno()).columns), 1)
    except (ValueError, OSError):
        return 80


def length(line: Iterable[Piece]) -> int:
    return sum(cells(piece.text) for piece in line)


def fitted(line: Line, room: int, mark: str = "…") -> Line:
    """Cut at the end if need be."""
    if length(line) <= room:
        return line
    kept: Line = []
    for piece in line:
        left = room - length(kept)
        if cells(piece.text) >= left:
            return [*kept, Piece(shortened(f"{piece.text}{mark}", left, mark), piece.colour)] if left > 0 else kept
        kept.append(piece)
    return kept


def painted(line: Line) -> str:
    colour = has_colour()
    return "".join(paint(piece.text, piece.colour, colour) for piece in _joined(line)).rstrip()


def _joined(line: Line) -> Line:
    """Neighbours of one colour as one piece: fewer escape codes."""
    found: Line = []
    for piece in line:
        if found and found[-1].colour == piece.colour:
            found[-1] = Piece(found[-1].text + piece.text, piece.colour)
        else:
            found.append(piece)
    return found
