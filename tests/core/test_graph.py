"""A workflow as a graph: every way is there, as a ticket would go it, and what is broken is marked."""

from __future__ import annotations

from typing import Any

from orchestrator.core.draw.graph import Graph, graph_of
from tests.factories import agent, poll, script, terminal, workflow


def edges(graph: Graph) -> set[tuple[str, str, str, int | None]]:
    names = [node.name for node in graph.nodes]
    return {(names[edge.source], names[edge.target], edge.kind, edge.code) for edge in graph.edges}


def node(graph: Graph, name: str) -> Any:
    return next(one for one in graph.nodes if one.name == name)


def test_every_way_out_of_a_phase_is_an_edge() -> None:
    graph = graph_of(workflow(script("a", "b", on_failure="c", on_exit={3: "b"}), terminal("b"), terminal("c")))
    assert edges(graph) == {("a", "b", "success", None), ("a", "b", "exit", 3), ("a", "c", "failure", None)}


def test_without_ways_a_ticket_ends_as_complete_or_failed() -> None:
    graph = graph_of(workflow(script("a")))
    assert edges(graph) == {("a", "complete", "success", None), ("a", "failed", "failure", None)}
    assert [(one.name, one.kind, one.ends) for one in graph.nodes[1:]] == [
        ("complete", "end", "complete"), ("failed", "end", "failed"),
    ]  # fmt: skip


def test_an_end_is_no_phase_even_if_a_phase_has_its_name() -> None:
    graph = graph_of(workflow(script("complete")))
    (edge, _) = graph.edges
    assert graph.nodes[edge.source].is_phase and not graph.nodes[edge.target].is_phase


def test_a_retry_is_a_way_back_to_itself_and_when_used_up_the_failure_counts() -> None:
    graph = graph_of(workflow(script("a", "b", max_retries=2, on_failure="retry"), terminal("b")))
    assert edges(graph) >= {("a", "a", "retry", None), ("a", "failed", "failure", None)}
    assert node(graph, "a").max_retries == 2


def test_a_failure_that_names_its_own_phase_ends_the_ticket() -> None:
    assert ("a", "failed", "failure", None) in edges(
        graph_of(workflow(script("a", "b", on_failure="a"), terminal("b")))
    )


def test_a_poll_asks_again_unless_exit_code_1_leads_elsewhere() -> None:
    assert ("p", "p", "not_yet", None) in edges(graph_of(workflow(poll("p", "b"), terminal("b"))))
    routed = edges(graph_of(workflow(poll("p", "b", on_exit={1: "b"}), terminal("b"))))
    assert ("p", "b", "exit", 1) in routed and not any(kind == "not_yet" for _, _, kind, _ in routed)


def test_a_route_of_exit_code_0_takes_the_place_of_success() -> None:
    found = edges(graph_of(workflow(script("a", "b", on_exit={0: "c"}), terminal("b"), terminal("c"))))
    assert ("a", "c", "exit", 0) in found and not any(kind == "success" for _, _, kind, _ in found)


def test_a_terminal_phase_leads_nowhere_and_says_how_the_ticket_ends() -> None:
    graph = graph_of(workflow(terminal("a", on_success="b"), terminal("b", notify=True)))
    assert edges(graph) == set()
    assert (node(graph, "a").ends, node(graph, "b").ends) == ("complete", "needs_attention")


def test_an_old_id_leads_to_the_phase_of_today() -> None:
    graph = graph_of(workflow(script("a", "old"), terminal("new"), aliases={"old": "new"}))
    assert ("a", "new", "success", None) in edges(graph)
    assert [edge.alias for edge in graph.edges if edge.kind == "success"] == ["old"]


def test_an_unknown_target_is_a_node_of_its_own_even_for_several_phases() -> None:
    graph = graph_of(workflow(script("a", "nope", on_failure="nope"), terminal("b")))
    assert [one.kind for one in graph.nodes if one.name == "nope"] == ["unknown"]


def test_what_cannot_be_reached_is_marked_but_not_where_nobody_can_know() -> None:
    phases = (script("a", "b"), terminal("b"), terminal("lost"))
    assert not node(graph_of(workflow(*phases)), "lost").is_reachable
    assert node(graph_of(workflow(*phases), whole=False), "lost").is_reachable


def test_of_two_phases_of_one_id_the_first_counts_and_the_second_is_marked() -> None:
    graph = graph_of(workflow(script("a", "b"), terminal("b"), script("b", "a")))
    assert [one.is_duplicate for one in graph.nodes[:3]] == [False, False, True]
    assert [edge.target for edge in graph.edges if edge.source == 0 and edge.kind == "success"] == [1]


def test_a_node_says_what_it_runs() -> None:
    graph = graph_of(workflow(agent("a", "p", agent="robot", max_visits=3), poll("p", "x", interval_seconds=5)))
    a, p = graph.nodes[0], graph.nodes[1]
    assert (a.runs, a.agent, a.max_visits, p.runs, p.interval) == ("a.md", "robot", 3, "check.sh", 5)
