"""The tickets of a plan as `plan show` draws them: in tiers, with the longest chain marked.

The law: a line is never wider than the terminal; a ticket takes one line, two where there is little room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from orchestrator.cli.columns import cells, cut, pad, wrapped
from orchestrator.cli.output import STATE_COLOURS, clean, has_colour, paint
from orchestrator.cli.pieces import Line, Piece, fitted, length, painted
from orchestrator.cli.verdict import counted
from orchestrator.core.model import Status
from orchestrator.core.show.views import MISSING
from orchestrator.core.times import duration

if TYPE_CHECKING:
    from orchestrator.cli.glyphs import Glyphs
    from orchestrator.control.outlining import Outline
    from orchestrator.core.model import Key

UNBOUNDED = 160
"""Columns where there is no terminal."""
NARROW = 64
LONGEST_ID = 24
LEAST_TITLE = 28
"""Columns of a title that the blockers leave to it."""
NAMED = 6
"""Blockers that are named; of more the number."""


def tier_lines(outline: Outline, signs: Glyphs, columns: int | None, differs: dict[Key, str]) -> list[str]:
    """`differs`: what is to be told of a ticket in a line of its own."""
    drawn = _Drawn(outline, signs, columns or UNBOUNDED, differs)
    return [*drawn.chain(), *drawn.tiers()]


class _Drawn:
    def __init__(self, outline: Outline, signs: Glyphs, room: int, differs: dict[Key, str]) -> None:
        self.outline, self.signs, self.room, self.differs = outline, signs, room, differs
        self.critical = set(outline.tiers.critical) if len(outline.tiers.critical) > 1 else set()
        widest = max((cells(clean(key.ticket)) for key in outline.states if self._is_own(key)), default=0)
        self.id_width = min(widest, LONGEST_ID, max(room // 3, 8))
        self.state_width = max((len(outline.states[key]) for key in outline.states if self._is_own(key)), default=0)

    def _is_own(self, key: Key) -> bool:
        return key.plan == self.outline.plan.id

    def _name(self, key: Key) -> str:
        return clean(key.ticket if self._is_own(key) else key)

    # -- the longest chain --------------------------------------------------------------------------------------------

    def chain(self) -> Iterator[str]:
        chain, states = self.outline.tiers.critical, self.outline.states
        if len(chain) < 2:
            return
        own = [key for key in chain if self._is_own(key)]
        done = [key for key in own if states[key] == Status.COMPLETE]
        took = sum(self.outline.seconds.get(key, 0) for key in done)
        about = f"{len(own)} of {counted(len(self.outline.blockers), 'ticket')}, {len(done)} complete"
        about += f" ({duration(took)})" if took else ""
        colour = has_colour()
        first, *more = wrapped(f"critical path: {about}; the longest chain, counted in tickets", self.room)
        yield first.replace("critical path", paint("critical path", "bold", colour), 1)
        yield from more
        names = f" {self.signs.to} ".join(self._name(key) for key in chain)
        yield from (paint(line, "magenta", colour) for line in wrapped(f"  {names}", self.room))
        yield ""

    # -- tiers --------------------------------------------------------------------------------------------------------

    def tiers(self) -> Iterator[str]:
        groups = list(self._groups())
        for i, (title, colour, keys) in enumerate(groups):
            corner = self.signs.tier if i else self.signs.first_tier
            yield self._line([Piece(f"{corner}{self.signs.across} "), Piece(title, colour)])
            for key in keys:
                yield from self._ticket(key)
        if groups:
            yield self.signs.last_tier + self.signs.across

    def _groups(self) -> Iterator[tuple[str, str, Sequence[Key]]]:
        """Title, its colour, tickets."""
        for number, keys in enumerate(self.outline.tiers.tiers, 1):
            together = f", {len(keys)} side by side" if len(keys) > 1 else ""
            yield f"tier {number}{together}{self._progress(keys)}", "bold", keys
        if self.outline.tiers.cyclic:
            yield "in a cycle or behind one: these never start", "red", self.outline.tiers.cyclic
        if self.outline.unlisted:
            yield "not listed in plan.json: these never start", "red", self.outline.unlisted

    def _progress(self, keys: Sequence[Key]) -> str:
        done = sum(self.outline.states[key] == Status.COMPLETE for key in keys)
        if not done:
            return ""
        return ", complete" if done == len(keys) else f", {done} complete"

    def _line(self, line: Line) -> str:
        return painted(fitted(line, self.room, self.signs.cut))

    def _ticket(self, key: Key) -> Iterator[str]:
        ticket, state = self.outline.tickets.get(key), self.outline.states[key]
        is_critical = key in self.critical
        mark = Piece(f"{self.signs.critical if is_critical else ' '} ", "magenta")
        name = pad(self._cut(clean(key.ticket), self.id_width), self.id_width)
        margin = Piece(f"{self.signs.along} ")
        start = [margin, mark, Piece(name, "bold" if is_critical else None), Piece("  ")]
        start.append(Piece(pad(state, self.state_width), STATE_COLOURS.get(state)))
        title, rest = clean(ticket.title) if ticket else "", self._rest(key)
        below = [margin, Piece("    ")]
        yield from self._words(start, below, title, rest)
        if key in self.differs:
            yield self._line([*below, Piece(clean(self.differs[key]), "dim")])

    def _words(self, start: Line, below: Line, title: str, rest: str) -> Iterator[str]:
        """The title and the rest where there is room for them: behind the state, or below."""
        left = self.room - length(start) - 2
        beside = left - cells(rest) - 2 if rest else left
        if self.room < NARROW:
            yield self._line(start)
            yield from (self._line([*below, Piece(title)]) for _ in title[:1])
        elif not rest or beside >= min(cells(title), LEAST_TITLE):
            more = [Piece("  "), Piece(rest, "dim")] if rest else []
            yield self._line([*start, Piece("  "), Piece(self._cut(title, beside)), *more])
            return
        else:
            yield self._line([*start, Piece("  "), Piece(title)])
        yield from (self._line([*below, Piece(rest, "dim")]) for _ in rest[:1])

    def _rest(self, key: Key) -> str:
        found = []
        blockers = self.outline.blockers.get(key, ())
        if len(blockers) > NAMED:
            found.append(f"after {len(blockers)} tickets")
        elif blockers:
            found.append(f"after {', '.join(self._blocker(one) for one in blockers)}")
        if key in self.outline.seconds:
            found.append(duration(self.outline.seconds[key]))
        return f" {self.signs.dot} ".join(found)

    def _blocker(self, key: Key) -> str:
        """A ticket of another plan with its state, since it is drawn nowhere else; so is one that does not exist."""
        if key in self.outline.blockers:
            return self._name(key)
        return f"{self._name(key)} ({self.outline.states.get(key, MISSING)})"

    def _cut(self, text: str, width: int) -> str:
        return cut(text, width, self.signs.cut)
