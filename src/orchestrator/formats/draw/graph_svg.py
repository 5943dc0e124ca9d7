"""A workflow's graph as a picture: phases down a spine, and lanes beside it for the ways that skip or go back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.core.draw.graph import Edge, Graph, Node
from orchestrator.core.draw.lanes import Block, Exit, Lane, Layout, layout
from orchestrator.core.widths import cut
from orchestrator.formats.draw import svg as shapes

FILLS = {
    "script": ("#eff6ff", "#3b76d6"), "agent": ("#ecfeff", "#0e93a8"), "poll": ("#fffbeb", "#c08a1e"),
    "complete": ("#f0fdf4", "#2c9a52"), "needs_attention": ("#fff7ed", "#d9732b"), "failed": ("#fef2f2", "#d24545"),
    "unknown": ("#fef2f2", "#d24545"),
}  # fmt: skip
WAYS = {"success": "#1f8a4c", "failure": "#c93c3c", "exit": "#b26a10", "retry": "#6b7280", "not_yet": "#6b7280"}
LANES = ("#4f7fd9", "#9a6ad6", "#c7782a", "#2f9c8f", "#c4569b")
NAME, SMALL = 13.5, 11.0
LONGEST = 64
"""Letters of a name or of what stands below it."""
LEFT, TOP = 14.0, 16.0
PORT, GAP, PITCH = 24.0, 34.0, 18.0
"""Height of a way out of a box; from box to box; from lane to lane."""


class Sheet:
    """Where rows and columns of the layout are on the paper."""

    def __init__(self, graph: Graph, placed: Layout) -> None:
        self.graph, self.placed = graph, placed
        self.entered = {lane.target for lane in placed.lanes}
        self.box = max((_box_width(graph, i) for i in range(len(graph.nodes))), default=120.0)
        words = [words_of(way) for block in placed.blocks for way in block.exits]
        pills = max((shapes.pill_width(one) for one in words), default=0.0)
        self.lanes = LEFT + self.box + 14 + pills + 26
        self.tops: dict[int, float] = {}
        y = TOP + (46.0 if graph.description else 26.0)
        for block in placed.blocks:
            self.tops[block.node] = y
            y += self.height(block) + GAP
        self.bottom = y - GAP / 3

    def height(self, block: Block) -> float:
        return max(46.0, PORT * self.ports(block) + 4)

    def ports(self, block: Block) -> int:
        return len(block.exits) + (block.node in self.entered)

    def port(self, block: Block, row: int) -> float:
        """The height at which a line of this row meets its box."""
        index = row - block.row - (block.node not in self.entered)
        return self.tops[block.node] + self.height(block) * (index + 0.5) / max(self.ports(block), 1)

    @property
    def right(self) -> float:
        return LEFT + self.box

    def lane(self, lane: Lane) -> float:
        return self.lanes + lane.column * PITCH


def svg(graph: Graph) -> str:
    placed = layout(graph)
    sheet = Sheet(graph, placed)
    drawn = sheet.lanes + placed.columns * PITCH if placed.lanes else sheet.right + LEFT
    words = max(shapes.width_of(graph.description, SMALL), shapes.width_of(graph.name, 17))
    width = max(drawn, words + 2 * LEFT)
    pieces = [*_titles(graph), *_lanes(sheet), *(piece for block in placed.blocks for piece in _block(sheet, block))]
    return shapes.picture(width, sheet.bottom, f"workflow {graph.name}", pieces)


def _titles(graph: Graph) -> Iterator[str]:
    yield shapes.text(LEFT, TOP + 10, graph.name, 17.0, shapes.GREY, font_weight=700)
    if graph.description:
        yield shapes.text(LEFT, TOP + 28, graph.description, SMALL, shapes.GREY)


# -- boxes ------------------------------------------------------------------------------------------------------------


def _lines_of(graph: Graph, index: int) -> tuple[str, str]:
    node = graph.nodes[index]
    about = [*_about(node), *(f"↻ {_word(edge)}" for edge in _loops(graph.out_of(index)))]
    return cut(node.name or "?", LONGEST), cut(" · ".join(about), LONGEST)


def _loops(edges: Iterable[Edge]) -> list[Edge]:
    """Visits of the phase that it leads to itself."""
    return [edge for edge in edges if edge.source == edge.target and edge.kind not in ("retry", "not_yet")]


def _about(node: Node) -> Iterator[str]:
    if node.kind == "unknown":
        yield "there is no such phase"
    elif node.ends is not None:
        yield f"{'ends' if node.kind == 'end' else node.kind}: {node.ends}"
    else:
        yield node.kind
        yield node.runs or "?"
    if node.max_retries:
        yield f"{node.max_retries} {'retry' if node.max_retries == 1 else 'retries'}"
    if node.interval:
        yield f"every {node.interval:g} s"
    if node.max_visits is not None:
        yield f"≤ {node.max_visits} visit{'' if node.max_visits == 1 else 's'}"
    if node.is_in_lane:
        yield "lane"
    if node.is_duplicate:
        yield "id twice"
    elif not node.is_reachable:
        yield "unreachable"


def _box_width(graph: Graph, index: int) -> float:
    name, about = _lines_of(graph, index)
    return max(shapes.width_of(name, NAME), shapes.width_of(about, SMALL)) + 30


def _block(sheet: Sheet, block: Block) -> Iterator[str]:
    node, top, height = sheet.graph.nodes[block.node], sheet.tops[block.node], sheet.height(block)
    fill, stroke = FILLS[node.ends or node.kind]
    is_solid = node.is_reachable and node.is_phase
    name, about = _lines_of(sheet.graph, block.node)
    middle = top + height / 2
    yield shapes.box(
        LEFT, top, sheet.box, height, fill, stroke,
        rx=height / 2 if node.ends else 7, stroke_dasharray=None if is_solid else "5 4",
        opacity=None if node.is_reachable else 0.75,
    )  # fmt: skip
    yield shapes.text(LEFT + 15, middle - 3, name, NAME, font_weight=700)
    yield shapes.text(LEFT + 15, middle + 13, about, SMALL, "#475569")
    if block.down is not None:
        yield from _down(top + height, block.down)
    if _loops(block.loops):
        yield from _loop(sheet, top + height)
    for i, way in enumerate(block.exits):
        colour = _way_colour(way)
        yield shapes.pill(sheet.right + 12, sheet.port(block, block.exit_row(i)), words_of(way), colour)


def _down(y: float, way: Exit) -> Iterator[str]:
    x, colour = LEFT + 30, _way_colour(way)
    yield shapes.line(f"M{x} {y:.1f}V{y + GAP - 6:.1f}", shapes.GREY)
    yield shapes.arrow(x, y + GAP, "down", shapes.GREY)
    yield shapes.pill(x + 10, y + GAP / 2, words_of(way), colour)


def _loop(sheet: Sheet, y: float) -> Iterator[str]:
    """Back into the same box: out of its floor, and in again."""
    x = sheet.right - 50
    yield shapes.line(f"M{x:.1f} {y:.1f}v4a6 6 0 0 0 6 6h18a6 6 0 0 0 6 -6v-2", shapes.GREY)
    yield shapes.arrow(x + 30, y, "up", shapes.GREY)


def _word(edge: Edge) -> str:
    return f"exit {edge.code}" if edge.kind == "exit" else edge.kind


def words_of(way: Exit) -> str:
    alias = next((f" as {cut(edge.alias, 24)}" for edge in way.edges if edge.alias), "")
    return ", ".join(_word(edge) for edge in way.edges) + alias


def _way_colour(way: Exit) -> str:
    kinds = {edge.kind for edge in way.edges}
    return WAYS[way.edges[0].kind] if len(kinds) == 1 else "#6b7280"


# -- lanes ------------------------------------------------------------------------------------------------------------


def _lanes(sheet: Sheet) -> Iterator[str]:
    """The outermost first: lines that cross it are drawn over it."""
    blocks = {row: block for block in sheet.placed.blocks for row in range(block.row, block.last_row)}
    for lane in sorted(sheet.placed.lanes, key=lambda lane: -lane.column):
        colour, x = LANES[lane.column % len(LANES)], sheet.lane(lane)
        goal = sheet.port(blocks[lane.row], lane.row)
        for row in lane.sources:
            start = sheet.port(blocks[row], row)
            yield shapes.line(_way(sheet.right, start, x, goal), colour)
        yield shapes.arrow(sheet.right, goal, "left", colour)


def _way(right: float, start: float, x: float, goal: float) -> str:
    """From a box to its lane, along it, and back to another box."""
    r = min(8.0, abs(goal - start) / 2)
    v, sweep, back = (-r, 0, 0) if goal < start else (r, 1, 1)
    return (
        f"M{right:.1f} {start:.1f}H{x - r:.1f}a{r:.1f} {r:.1f} 0 0 {sweep} {r:.1f} {v:.1f}"
        f"V{goal - v:.1f}a{r:.1f} {r:.1f} 0 0 {back} {-r:.1f} {v:.1f}H{right + 7:.1f}"
    )
