"""The drawing in the terminal: whoever follows a line with a finger comes to what its words say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from orchestrator.cli.columns import cells
from orchestrator.cli.draw.graph_text import drawing
from orchestrator.cli.glyphs import DRAWN, PLAIN, Glyphs
from orchestrator.core.draw.graph import Graph, graph_of
from orchestrator.core.draw.lanes import layout
from tests.core.workflows import workflows
from tests.factories import script, terminal, workflow


def lines(graph: Graph, room: int, signs: Glyphs = DRAWN) -> list[str]:
    return ["".join(piece.text for piece in line).rstrip() for line in drawing(graph, room, signs)]


def leads_to(rows: list[str], row: int) -> int:
    """The row to which the line that leaves this row leads."""
    start = rows[row].index("─", 4)
    column = next(i for i in range(start, len(rows[row])) if rows[row][i] in "╮╯┤")
    joints = {row}
    for step in (-1, 1):
        here = row
        while rows[here][column] not in ("╮" if step < 0 else "╯"):
            here += step
            assert column < len(rows[here]), f"the lane of row {row} breaks off in row {here}"
            assert rows[here][column] in "│┼┤╮╯", f"the lane of row {row} breaks off in row {here}"
            if rows[here][column] in "┤╮╯":
                joints.add(here)
    arrows = [one for one in joints if "◀" in rows[one]]
    assert len(arrows) == 1, "a lane has one arrow"
    return arrows[0]


@given(workflows())
@settings(max_examples=80, deadline=None)
def test_every_line_leads_to_the_phase_that_it_names(graph: Graph) -> None:
    rows = lines(graph, 200)
    placed = layout(graph)
    headers = {block.row: block.node for block in placed.blocks}
    for block in placed.blocks:
        for i, way in enumerate(block.exits):
            assert headers[leads_to(rows, block.exit_row(i))] == way.target
        below = rows[block.last_row] if block.last_row < len(rows) else ""
        assert below.startswith("▼") == (block.down is not None)


@given(workflows())
@settings(max_examples=40, deadline=None)
def test_no_line_is_wider_than_the_terminal(graph: Graph) -> None:
    for room in (20, 40, 80, 200):
        for signs in (DRAWN, PLAIN):
            assert max(cells(line) for line in lines(graph, room, signs)) <= room


@given(workflows())
@settings(max_examples=20, deadline=None)
def test_without_utf8_nothing_but_ascii_is_drawn(graph: Graph) -> None:
    assert all(line.isascii() for line in lines(graph, 80, PLAIN))


def test_where_there_is_no_room_for_lanes_the_ways_still_say_where_they_lead() -> None:
    phases = [script(f"p{i}", f"p{i + 1}", on_failure=f"p{(i * 17 + 5) % 40}") for i in range(40)]
    rows = lines(graph_of(workflow(*phases, terminal("p40"))), 50)
    assert [i for i in range(40) if (i * 17 + 5) % 40 not in (i, i + 1)
            if not any(f"✗ p{(i * 17 + 5) % 40}" in row for row in rows)] == []  # fmt: skip


@pytest.mark.parametrize("name", ["日本語", "a" * 128, "\x1b[31mred", "\u202ex"])
def test_an_odd_name_neither_breaks_the_lines_nor_reaches_the_terminal_as_it_is(name: str) -> None:
    graph = graph_of(workflow(script(name, "done", on_failure=name), terminal()))
    rows = lines(graph, 60)
    assert max(cells(row) for row in rows) <= 60
    assert not set("".join(rows)) & {"\x1b", "\u202e"}
