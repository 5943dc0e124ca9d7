"""A workflow drawn in the terminal: phases down a spine, and lanes beside it for the ways that skip or go back.

The law: every way names where it leads to, so that the drawing can be read even where there is no room for its lane.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.cli.columns import cells, cut, pad
from orchestrator.cli.glyphs import Glyphs
from orchestrator.cli.output import clean
from orchestrator.cli.pieces import Line, Piece, fitted, length
from orchestrator.core.draw.graph import Edge, Graph, Node
from orchestrator.core.draw.lanes import Block, Exit, Lane, Layout, layout

LANE_COLOURS = ("cyan", "magenta", "yellow", "blue", "green")
WAY_COLOURS = {"success": "green", "failure": "red", "exit": "yellow", "retry": "dim", "not_yet": "dim"}
KIND_COLOURS = {"script": "blue", "agent": "cyan", "poll": "yellow", "unknown": "red"}
END_COLOURS = {"complete": "green", "needs_attention": "yellow", "failed": "red"}
LONGEST_NAME = 32
NARROWEST_TEXT = 30
PITCHES = (4, 3, 2)
"""Columns from lane to lane, the widest that fits."""
BREVITIES = (0, 1, 2)
"""How little a row says, the first that fits: 1: no nouns with limits; 2: no kinds (the signs tell), dots and spaces
either."""


def drawing(graph: Graph, room: int, signs: Glyphs) -> list[Line]:
    placed = layout(graph)
    longest = min(LONGEST_NAME, max(room // 3, 8))
    zone = _zone(placed.lanes, PITCHES[-1])
    for brevity in BREVITIES:
        texts = _texts(graph, placed, signs, longest, brevity)
        if _wanted(texts) + zone <= room:
            break
    wanted = _wanted(texts)
    lanes, pitch = _lanes_that_fit(placed, room, wanted)
    width = max(room - _zone(lanes, pitch), 1) if lanes else room
    return _Rows(graph, placed, lanes, signs, min(width, wanted), pitch).draw(texts)


def _wanted(texts: dict[int, Line]) -> int:
    return max((length(line) for line in texts.values()), default=0) + 2


def _zone(lanes: Sequence[Lane], pitch: int) -> int:
    return max((lane.column for lane in lanes), default=-1) * pitch + 3 if lanes else 0


def _lanes_that_fit(placed: Layout, room: int, wanted: int) -> tuple[list[Lane], int]:
    """Words are cut before lanes are left out; the outermost lanes go first."""
    for pitch in PITCHES:
        if room - _zone(placed.lanes, pitch) >= wanted:
            return list(placed.lanes), pitch
    pitch = PITCHES[-1]
    columns = max((room - min(wanted, NARROWEST_TEXT) - 3) // pitch + 1, 0)
    return [lane for lane in placed.lanes if lane.column < columns], pitch


# -- words ------------------------------------------------------------------------------------------------------------


def _texts(graph: Graph, placed: Layout, signs: Glyphs, longest: int, brevity: int) -> dict[int, Line]:
    """What each row says, by its number."""
    widest = max((min(cells(clean(node.name)), longest) for node in graph.nodes), default=0)
    texts: dict[int, Line] = {}
    for block in placed.blocks:
        texts[block.row] = _header(graph, block, signs, widest, brevity)
        for i, way in enumerate(block.exits):
            is_last = i == len(block.exits) - 1 and block.down is None
            texts[block.exit_row(i)] = _exit(graph, way, signs, is_last)
        texts[block.last_row] = _down(block.down, signs)
    return texts


def _header(graph: Graph, block: Block, signs: Glyphs, widest: int, brevity: int) -> Line:
    node = graph.nodes[block.node]
    colour = END_COLOURS.get(node.ends or "") or KIND_COLOURS.get(node.kind)
    name = pad(cut(clean(node.name) or "?", widest, signs.cut), widest)
    faint = None if node.is_reachable else "dim"
    return [
        Piece(signs.nodes[node.kind], faint or colour),
        Piece(" "),
        Piece(name, faint or "bold"),
        Piece("  "),
        *_about(node, block.loops, signs, faint or colour, brevity),
    ]


def _about(node: Node, loops: Sequence[Edge], signs: Glyphs, colour: str | None, brevity: int) -> Line:
    if node.kind == "unknown":
        return [Piece("there is no such phase", "red")]
    if node.ends is not None:
        what = "a ticket ends here" if node.kind == "end" else node.kind
        return [Piece(f"{what}: {node.ends}", colour), *_marks(node)]
    runs = clean(node.runs) or "?"
    if node.agent:
        runs += f" by {clean(node.agent)}"
    dot = " " if brevity > 1 else f" {signs.dot} "
    rest = "".join(dot + words for words in _limits(node, loops, signs, brevity))
    kind = [] if brevity > 1 else [Piece(f"{node.kind:<6} ", colour)]
    return [*kind, Piece(runs), Piece(rest, "dim"), *_marks(node)]


def _marks(node: Node) -> Line:
    if node.is_duplicate:
        return [Piece("  this id is there twice", "red")]
    return [] if node.is_reachable else [Piece("  unreachable", "yellow")]


def _limits(node: Node, loops: Sequence[Edge], signs: Glyphs, brevity: int) -> list[str]:
    found = []
    space = "" if brevity > 1 else " "
    for edge in loops:
        if edge.kind == "retry":
            words = "" if brevity else " retry" if node.max_retries == 1 else " retries"
            found.append(f"{signs.again}{space}{node.max_retries}{words}")
        elif edge.kind == "not_yet" and node.interval:
            found.append(f"{signs.again}{space}{'' if brevity else 'every '}{node.interval:g}s")
        else:
            found.append(f"{signs.again} {'not yet' if edge.kind == 'not_yet' else way_word(edge, signs)}")
    if node.max_visits is not None:
        words = "" if brevity else " visit" if node.max_visits == 1 else " visits"
        found.append(f"{signs.most}{space}{node.max_visits}{words}")
    if node.is_in_lane:
        found.append("lane")
    return found


def way_word(edge: Edge, signs: Glyphs) -> str:
    words = {"success": signs.success, "failure": signs.failure, "exit": f"exit {edge.code}"}
    return words.get(edge.kind, edge.kind)


def _labels(way: Exit, signs: Glyphs) -> Line:
    line: Line = []
    for edge in way.edges:
        line += [Piece(way_word(edge, signs), WAY_COLOURS[edge.kind]), Piece(" ")]
    return line


def _exit(graph: Graph, way: Exit, signs: Glyphs, is_last: bool) -> Line:
    target = graph.nodes[way.target]
    colour = "red" if target.kind == "unknown" else None
    alias = f" (as {clean(way.edges[0].alias)})" if way.edges[0].alias else ""
    name = f"{clean(target.name) or '?'}{alias}"
    return [Piece(signs.last if is_last else signs.branch), Piece(" "), *_labels(way, signs), Piece(name, colour)]


def _down(way: Exit | None, signs: Glyphs) -> Line:
    return [Piece(signs.down), Piece(" "), *_labels(way, signs)] if way else []


# -- lines ------------------------------------------------------------------------------------------------------------


class _Rows:
    """Puts the lanes beside the words."""

    def __init__(
        self, graph: Graph, placed: Layout, lanes: Sequence[Lane], signs: Glyphs, width: int, pitch: int
    ) -> None:
        self.graph, self.placed, self.lanes, self.signs = graph, placed, lanes, signs
        self.width, self.pitch = width, pitch
        self.columns = max((lane.column + 1 for lane in lanes), default=0)
        self.into = {lane.row: lane for lane in lanes}
        self.out_of = {row: lane for lane in lanes for row in lane.sources}

    def draw(self, texts: dict[int, Line]) -> list[Line]:
        lines = [self._row(row, texts.get(row, [])) for row in range(self.placed.rows)]
        while lines and not "".join(piece.text for piece in lines[-1]).strip():
            lines.pop()
        return lines

    def _row(self, row: int, text: Line) -> Line:
        lane = self.into.get(row) or self.out_of.get(row)
        room = self.width - (2 if lane else 0)
        text = fitted(text, room, self.signs.cut)
        if lane is None:
            return [*text, Piece(" " * (self.width - length(text))), *self._lanes(row, None)]
        colour = LANE_COLOURS[lane.column % len(LANE_COLOURS)]
        gap = self.width - length(text) - 1
        start = self.signs.into if row == lane.row else self.signs.across
        line = Piece(start + self.signs.across * (gap - 1), colour)
        return [*text, Piece(" "), line, *self._lanes(row, lane)]

    def _lanes(self, row: int, met: Lane | None) -> Line:
        """The zone of the lanes in one row; `met`: the one that a line of this row leads to."""
        colour = LANE_COLOURS[met.column % len(LANE_COLOURS)] if met else None
        line: Line = []
        for column in range(self.columns):
            is_before = met is not None and column < met.column
            is_met = met is not None and column == met.column
            if column or met:
                gap = self.pitch - 1 if column else 1
                line.append(Piece((self.signs.across if is_before or is_met else " ") * gap, colour))
            else:
                line.append(Piece(" "))
            if is_met and met is not None:
                line.append(Piece(self._joint(row, met), colour))
                continue
            passing = self._passing(row, column)
            if passing is not None:
                sign = self.signs.cross if is_before else self.signs.along
                line.append(Piece(sign, LANE_COLOURS[passing.column % len(LANE_COLOURS)]))
            else:
                line.append(Piece(self.signs.across if is_before else " ", colour))
        return line

    def _joint(self, row: int, lane: Lane) -> str:
        if lane.top == row == lane.bottom:
            return self.signs.across
        if row == lane.top:
            return self.signs.top
        return self.signs.bottom if row == lane.bottom else self.signs.meet

    def _passing(self, row: int, column: int) -> Lane | None:
        return next((one for one in self.lanes if one.column == column and one.top <= row <= one.bottom), None)
