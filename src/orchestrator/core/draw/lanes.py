"""Where everything of a drawn graph goes: nodes down a spine, and lanes beside it for the ways that skip or go back.

The law: a lane belongs to the one node that it leads to, and all ways there share it; so a line that is followed from
any of its ends leads to one place. Rows and columns are numbers: whoever draws says how large they are.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from orchestrator.core.draw.graph import COMPLETE, Edge, EdgeKind, Graph

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
    for node, following in zip_longest(order, order[1:]):
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
    """From the first phase along what succeeds, to the end; then what branches off from there, each branch in the same
    way; then the bad ends, and last what cannot be reached."""
    seen: set[int] = set()
    order: list[int] = []
    for start in _starts(graph):
        ahead = deque([start])
        while ahead:
            for node in _chain(graph, ahead.popleft(), seen):
                order.append(node)
                ahead.extend(_successors(graph, node))
    lost = [node for node in order if not graph.nodes[node].is_reachable]
    there = [node for node in order if graph.nodes[node].is_reachable]
    ends = [node for node in range(len(graph.nodes)) if node not in seen]
    return there + sorted(ends, key=lambda node: not graph.nodes[node].is_reachable) + lost


def _starts(graph: Graph) -> Iterable[int]:
    """The first phase; then those that nothing leads to, then all."""
    phases = [i for i, node in enumerate(graph.nodes) if node.is_phase and not _is_bad_end(graph, i)]
    entered = {edge.target for edge in graph.edges if edge.target != edge.source}
    return [*phases[:1], *(i for i in phases if i not in entered), *phases]


def _chain(graph: Graph, start: int, seen: set[int]) -> Iterable[int]:
    following: int | None = None if start in seen else start
    while following is not None:
        seen.add(following)
        yield following
        following = next((one for one in _successors(graph, following) if one not in seen), None)


def _successors(graph: Graph, node: int) -> list[int]:
    """Where it goes on from here, what succeeds first."""
    forth = [edge for edge in graph.out_of(node) if edge.kind in NEAREST and not _is_bad_end(graph, edge.target)]
    return [edge.target for edge in sorted(forth, key=lambda edge: NEAREST.index(edge.kind))]


def _is_bad_end(graph: Graph, node: int) -> bool:
    return graph.nodes[node].kind == "unknown" or graph.nodes[node].ends not in (None, COMPLETE)


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
