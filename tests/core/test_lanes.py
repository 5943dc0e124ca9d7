"""Where a drawn graph's pieces go: the way of success straight down, lanes that never meet."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings

from orchestrator.core.draw.graph import Graph, graph_of
from orchestrator.core.draw.lanes import layout, order_of
from orchestrator.core.workflow import Workflow
from tests.core.workflows import workflows
from tests.factories import script, terminal, workflow


def names(graph: Graph) -> list[str]:
    return [graph.nodes[node].name for node in order_of(graph)]


def test_the_way_of_success_is_one_line_whatever_the_order_of_the_file() -> None:
    graph = graph_of(workflow(script("a", "b"), terminal("z"), script("c", "z"), script("b", "c")))
    assert names(graph)[:4] == ["a", "b", "c", "z"]


def test_branches_follow_and_bad_ends_and_unreachable_phases_come_last() -> None:
    graph = graph_of(
        workflow(
            script("a", "b", on_failure="stop"), terminal("stop", notify=True), terminal("lost"),
            script("b", "done", on_exit={3: "fix"}, on_failure="stop"),
            script("fix", "b", on_failure="stop"), terminal(),
        )
    )  # fmt: skip
    assert names(graph) == ["a", "b", "done", "fix", "stop", "lost"]


def test_a_workflow_without_phases_has_an_empty_layout() -> None:
    assert layout(graph_of(Workflow(name="w", phases=()))).rows == 0


def test_a_very_long_workflow_is_laid_out() -> None:
    phases = [script(f"p{i}", f"p{i + 1}") for i in range(3000)]
    assert len(layout(graph_of(workflow(*phases, terminal("p3000")))).blocks) == 3002


@given(workflows())
@settings(max_examples=60, deadline=None)
def test_every_node_has_one_place_and_every_edge_is_drawn_once(graph: Graph) -> None:
    placed = layout(graph)
    assert sorted(block.node for block in placed.blocks) == list(range(len(graph.nodes)))
    drawn = [edge for block in placed.blocks for edge in block.loops]
    drawn += [edge for block in placed.blocks for way in (*block.exits, block.down) if way for edge in way.edges]
    assert sorted(map(repr, drawn)) == sorted(map(repr, graph.edges))


@given(workflows())
@settings(max_examples=60, deadline=None)
def test_no_two_lanes_of_a_column_meet_and_each_target_has_one(graph: Graph) -> None:
    lanes = layout(graph).lanes
    assert len({lane.target for lane in lanes}) == len(lanes)
    for one, other in combinations(lanes, 2):
        if one.column == other.column:
            assert one.bottom + 1 < other.top or other.bottom + 1 < one.top
