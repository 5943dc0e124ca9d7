"""How what an agent says is shown on a terminal or in a pipe: a mark for what it is, its details below.

Prose is wrapped, everything else is cut; where nobody looks nothing is either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.agents.base import Kind, Said
from orchestrator.cli import output
from orchestrator.cli.columns import cut, has_utf8, screen, without_escapes, wrapped
from orchestrator.cli.output import clean, paint

MARKS = {
    Kind.TOOL: ("▸", ">"),
    Kind.EDIT: ("▸", ">"),
    Kind.ERROR: ("✗", "!"),
    Kind.NOTE: ("·", "-"),
    Kind.DONE: ("✓", "="),
    Kind.THINKING: ("~", "~"),
}
COLOURS = {Kind.TOOL: "cyan", Kind.EDIT: "magenta", Kind.ERROR: "red", Kind.DONE: "green"}
QUIET = frozenset({Kind.RESULT, Kind.NOTE, Kind.THINKING})
PROSE = frozenset({Kind.TEXT, Kind.THINKING, Kind.ERROR, Kind.DONE})
DIFF = {"+": "green", "-": "red"}


class Style(NamedTuple):
    """Where it is shown."""

    colour: bool
    utf8: bool
    width: int | None
    """None: it is not cut."""

    @classmethod
    def of_stdout(cls) -> Style:
        return cls(output.has_colour(), has_utf8(), screen())


class Telling:
    """Lines of what one agent says, in order. The final message is not told twice."""

    def __init__(self, style: Style, indent: str = "", root: str = "") -> None:
        """`root`: the folder that paths are told from."""
        self._style, self._indent = style, indent
        self._root = f"{root.rstrip('/')}/" if root else ""
        self._last = ""

    def lines(self, said: Said) -> Iterator[str]:
        whole = f"{said.text}\n{said.detail}".strip()
        if said.kind is Kind.TEXT:
            self._last = whole
        detail = said.detail
        if said.kind is Kind.DONE and _same(detail, self._last):
            detail = ""
        lead = self._indent + (("│ " if self._style.utf8 else "| ") if said.inner else "")
        yield from self._first(said, lead)
        for line in detail.split("\n") if detail else ():
            yield from self._more(said.kind, line, lead)

    def _first(self, said: Said, lead: str) -> Iterator[str]:
        kind, style = said.kind, self._style
        mark = MARKS.get(kind)
        lead += f"{mark[0 if style.utf8 else 1]} " if mark else "    " if kind is Kind.RESULT else ""
        text = clean(without_escapes(said.text)).rstrip()
        if self._root and kind in (Kind.TOOL, Kind.EDIT):
            text = text.replace(self._root, "")
        for i, line in enumerate(self._fitted(text, lead, kind)):
            yield (lead if i == 0 else " " * len(lead)) + self._painted(kind, line, is_first=i == 0)

    def _painted(self, kind: Kind, line: str, is_first: bool) -> str:
        if kind in (Kind.TOOL, Kind.EDIT) and is_first:
            name, space, rest = line.partition(" ")
            return paint(name, COLOURS[kind], self._style.colour) + space + rest
        return paint(line, "dim" if kind in QUIET else COLOURS.get(kind), self._style.colour)

    def _more(self, kind: Kind, line: str, lead: str) -> Iterator[str]:
        lead += "" if kind in (Kind.TEXT, Kind.THINKING) else "    " if kind is not Kind.DONE else "  "
        colour = DIFF.get(line[:1]) if kind is Kind.EDIT else "red" if kind is Kind.ERROR else None
        if colour is None and kind not in (Kind.TEXT, Kind.DONE):
            colour = "dim"
        for part in self._fitted(clean(without_escapes(line).replace("\t", "    ")), lead, kind):
            yield (lead + paint(part, colour, self._style.colour)).rstrip()

    def _fitted(self, text: str, lead: str, kind: Kind) -> list[str]:
        if self._style.width is None:
            return [text]
        room = max(self._style.width - len(lead), 16)
        return wrapped(text, room) if kind in PROSE else [cut(text, room)]


def _same(one: str, other: str) -> bool:
    """Apart from spaces."""
    return one.split() == other.split()
