"""Where everything of a drawn graph goes: nodes down a spine, and lanes beside it for the ways that skip or go back.

The law: a lane belongs to the one node that it leads to, and all ways there share it; so a line that is followed from
any of its ends leads to one place. Rows and columns are numbers: whoever draws says how large they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from orchestrator.core.graph import COMPLETE, Edge, EdgeKind, Graph

NEAREST: tuple[EdgeKind, ...] = ("success", "exit", "failure")
"""Which of several ways the spine follows."""


class Exit(NamedTuple):
    """The edges from one node to one other, drawn as one line."""

    target: int
    edges: tuple[Edge, ...]


class Block(NamedTuple):
    """A node, and what leaves it. Takes a row for itself, one for each exit, and one that leads on or is empty."""

    node: int
    row: int
    exits: tuple[Exit, ...]
    """Through lanes."""
    down: Exit | None
    """Straight to the next block."""
    loops: tuple[Edge, ...]
    """Back to itself."""

    def exit_row(self, index: int) -> int:
        return self.row + 1 + index

    @property
    def last_row(self) -> int:
        return self.row + 1 + len(self.exits)


class Lane(NamedTuple):
    target: int
    column: int
    """0 is nearest to the nodes."""
    row: int
    """Of the target."""
    sources: tuple[int, ...]
    """Rows of the exits that flow into it."""

    @property
    def top(self) -> int:
        return min(self.row, *self.sources)

    @property
    def bottom(self) -> int:
        return max(self.row, *self.sources)


class Layout(NamedTuple):
    blocks: tuple[Block, ...]
    lanes: tuple[Lane, ...]

    @property
    def columns(self) -> int:
        return max((lane.column + 1 for lane in self.lanes), default=0)

    @property
    def rows(self) -> int:
        return self.blocks[-1].last_row + 1 if self.blocks else 0


def layout(graph: Graph) -> Layout:
    order = order_of(graph)
    blocks: list[Block] = []
    row = 0
    for node, following in zip(order, [*order[1:], None], strict=True):
        block = _block(graph, node, following, row)
        blocks.append(block)
        row = block.last_row + 1
    return Layout(tuple(blocks), tuple(_lanes(blocks)))


def _block(graph: Graph, node: int, following: int | None, row: int) -> Block:
    loops: list[Edge] = []
    ways: dict[int, list[Edge]] = {}
    for edge in graph.out_of(node):
        if edge.target == node:
            loops.append(edge)
        else:
            ways.setdefault(edge.target, []).append(edge)
    exits = [Exit(target, tuple(edges)) for target, edges in ways.items()]
    down = next((way for way in exits if way.target == following), None)
    return Block(node, row, tuple(way for way in exits if way is not down), down, tuple(loops))


# -- the order of the spine -------------------------------------------------------------------------------------------


def order_of(graph: Graph) -> list[int]:
    """From the first phase along what succeeds; then what branches off from there, as near as its ways allow."""
    ahead = {node: _successors(graph, node) for node in range(len(graph.nodes))}
    entered = {edge.target for edge in graph.edges if edge.target != edge.source}
    reached = [i for i, node in enumerate(graph.nodes) if node.is_phase]
    starts = [*reached[:1], *(i for i in reached[1:] if i not in entered), *reached[1:]]
    parts: list[list[int]] = []
    seen: set[int] = set()
    for start in starts:
        if start not in seen:
            parts.append(_finished(start, ahead, seen)[::-1])
    return [node for part in parts for node in part]


def _successors(graph: Graph, node: int) -> list[int]:
    """The way that is gone last comes right behind its source: what succeeds, and no bad end if there is a choice."""
    rank = {kind: i for i, kind in enumerate(NEAREST)}
    forth = [edge for edge in reversed(graph.out_of(node)) if edge.kind in rank and edge.target != node]
    forth.sort(key=lambda edge: (graph.nodes[edge.target].ends in (None, COMPLETE), -rank[edge.kind]))
    return [edge.target for edge in forth]


def _finished(start: int, ahead: dict[int, list[int]], seen: set[int]) -> list[int]:
    """Depth first, in the order in which nodes are left; without recursion, for a workflow may be long."""
    seen.add(start)
    way, left = [(start, iter(ahead[start]))], []
    while way:
        following = next((one for one in way[-1][1] if one not in seen), None)
        if following is None:
            left.append(way.pop()[0])
        else:
            seen.add(following)
            way.append((following, iter(ahead[following])))
    return left


# -- lanes ------------------------------------------------------------------------------------------------------------


def _lanes(blocks: Sequence[Block]) -> Iterable[Lane]:
    """Short ones are near the nodes; those that do not meet share a column."""
    rows = {block.node: block.row for block in blocks}
    sources: dict[int, list[int]] = defaultdict(list)
    for block in blocks:
        for i, way in enumerate(block.exits):
            sources[way.target].append(block.exit_row(i))
    wanted = [Lane(target, 0, rows[target], tuple(found)) for target, found in sources.items()]
    taken: list[list[Lane]] = []
    for lane in sorted(wanted, key=lambda lane: (lane.bottom - lane.top, lane.top)):
        column = next((i for i, others in enumerate(taken) if not any(_meet(lane, one) for one in others)), len(taken))
        if column == len(taken):
            taken.append([])
        taken[column].append(lane._replace(column=column))
    return (lane for column in taken for lane in column)


def _meet(one: Lane, other: Lane) -> bool:
    """Also when one begins right below the other: it would look like one."""
    return one.top <= other.bottom + 1 and other.top <= one.bottom + 1
