"""Lines of coloured text that are measured in columns of the terminal, and cut to fit.

The law: a line that was fitted is never wider than its room, whatever letters it is written in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from orchestrator.cli.columns import cells, cut
from orchestrator.cli.output import has_colour, paint


class Piece(NamedTuple):
    text: str
    colour: str | None = None


Line = list[Piece]


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
            return [*kept, Piece(cut(f"{piece.text}{mark}", left, mark), piece.colour)] if left > 0 else kept
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
