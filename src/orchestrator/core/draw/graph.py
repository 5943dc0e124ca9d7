"""A workflow as a graph: what there is to go to, and every way that leads there.

The law: the ways are asked of `route.lead`, the function that a ticket goes by. What is broken is part of the graph:
an unknown target is a node, a phase that cannot be reached is marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from orchestrator.core.checks.check import reachable
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.route import Lead, Way, lead
from orchestrator.core.workflow import AgentPhase, Phase, PollPhase, ScriptPhase, TerminalPhase, Workflow

NodeKind = Literal["script", "agent", "poll", "terminal", "end", "unknown"]
"""`end`: where a ticket ends that has nowhere to go. `unknown`: a target that no phase has."""
EdgeKind = Literal["success", "exit", "failure", "retry", "not_yet"]

COMPLETE, FAILED = "complete", "failed"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: NodeKind
    runs: str = ""
    """The command, or the prompt."""
    agent: str | None = None
    max_retries: int = 0
    max_visits: int | None = None
    """Its own bound; None: the workflow's counts."""
    interval: float | None = None
    """Seconds between the checks of a poll that says so."""
    is_in_lane: bool = False
    ends: str | None = None
    """The status of a ticket that gets here."""
    is_reachable: bool = True
    is_duplicate: bool = False
    """There is a phase of that id before it, which counts."""

    @property
    def is_phase(self) -> bool:
        return self.kind not in ("end", "unknown")

    @property
    def remarks(self) -> list[str]:
        """What is to be said of it besides its name and what it runs."""
        found = []
        if self.kind == "unknown":
            found.append("no such phase")
        if self.ends is not None and self.ends != self.name:
            found.append(self.ends)
        if self.max_visits is not None:
            found.append(f"at most {self.max_visits} visits")
        if self.is_in_lane:
            found.append("lane")
        if self.is_duplicate:
            found.append("this id is there twice")
        elif not self.is_reachable:
            found.append("unreachable")
        return found


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    source: int
    """Positions in `Graph.nodes`: two phases of a broken workflow may have the same id."""
    target: int
    kind: EdgeKind
    code: int | None = None
    alias: str | None = None
    """The id that the file names, if it is an old one."""


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str = ""
    max_visits: int
    aliases: dict[str, str] = {}
    nodes: tuple[Node, ...]
    """The phases as the file lists them, then ends, then unknown targets."""
    edges: tuple[Edge, ...]

    def out_of(self, source: int) -> list[Edge]:
        return [edge for edge in self.edges if edge.source == source]


def way_in_words(graph: Graph, edge: Edge) -> str:
    """`success`, `exit 3`, `retry (2)`, `not yet`."""
    if edge.kind == "exit":
        return f"exit {edge.code}"
    if edge.kind == "retry":
        return f"retry ({graph.nodes[edge.source].max_retries})"
    return edge.kind.replace("_", " ")


class _Places:
    """Positions of nodes; what is not a phase gets one when it is first named."""

    def __init__(self, workflow: Workflow, nodes: list[Node]) -> None:
        self._workflow, self._nodes = workflow, nodes
        self._phases: dict[str, int] = {}
        for i, node in enumerate(nodes):
            self._phases.setdefault(node.name, i)
        self._others: dict[tuple[NodeKind, str], int] = {}

    def phase(self, name: str) -> int:
        found = self._phases.get(self._workflow.resolve(name))
        return self._other(Node(name=name, kind="unknown")) if found is None else found

    def end(self, status: str) -> int:
        return self._other(Node(name=status, kind="end", ends=status))

    def _other(self, node: Node) -> int:
        key = (node.kind, node.name)
        if key not in self._others:
            self._others[key] = len(self._nodes)
            self._nodes.append(node)
        return self._others[key]


def graph_of(workflow: Workflow, whole: bool = True) -> Graph:
    """Not `whole`: some of it could not be read, so that nobody knows what cannot be reached."""
    reached = reachable(workflow) if whole else {phase.id for phase in workflow.phases}
    seen: set[str] = set()
    nodes: list[Node] = []
    for phase in workflow.phases:
        nodes.append(_node(phase, phase.id in reached, phase.id in seen))
        seen.add(phase.id)
    places = _Places(workflow, nodes)
    edges = [edge for i, phase in enumerate(workflow.phases) for edge in _edges(workflow, i, phase, places)]
    return Graph(
        name=workflow.name,
        description=workflow.description,
        max_visits=workflow.max_visits,
        aliases=workflow.aliases,
        nodes=tuple(nodes),
        edges=tuple(edges),
    )


def _node(phase: Phase, is_reachable: bool, is_duplicate: bool) -> Node:
    return Node(
        name=phase.id,
        kind=phase.__struct_config__.tag,  # type: ignore[arg-type]
        runs=_runs(phase),
        agent=phase.agent if isinstance(phase, AgentPhase) else None,
        max_retries=0 if isinstance(phase, TerminalPhase) else phase.max_retries,
        max_visits=None if isinstance(phase, TerminalPhase) else phase.max_visits,
        interval=phase.interval_seconds if isinstance(phase, PollPhase) else None,
        is_in_lane=phase.lane and not isinstance(phase, TerminalPhase),
        ends=_ends(phase),
        is_reachable=is_reachable and not is_duplicate,
        is_duplicate=is_duplicate,
    )


def _runs(phase: Phase) -> str:
    if isinstance(phase, AgentPhase):
        return phase.prompt_template
    return phase.command if isinstance(phase, ScriptPhase | PollPhase) else ""


def _ends(phase: Phase) -> str | None:
    if not isinstance(phase, TerminalPhase):
        return None
    return "needs_attention" if phase.notify else COMPLETE


def _edges(workflow: Workflow, source: int, phase: Phase, places: _Places) -> Iterator[Edge]:
    for kind, code, way in ways(phase):
        if way.way is Way.RETRY:
            target, named = source, None
        elif way.target is None:
            target, named = places.end(COMPLETE if way.way is Way.COMPLETE else FAILED), None
        else:
            target, named = places.phase(way.target), way.target
        alias = named if named is not None and workflow.resolve(named) != named else None
        yield Edge(source=source, target=target, kind=kind, code=code, alias=alias)


def ways(phase: Phase) -> Iterator[tuple[EdgeKind, int | None, Lead]]:
    """Every way out of a phase and back into it, with the exit code that is a way of its own."""
    if isinstance(phase, TerminalPhase):
        return
    codes = phase.on_exit if isinstance(phase, ScriptPhase | PollPhase) else {}
    good = Outcome(kind=OutcomeKind.SUCCESS, exit_code=None if isinstance(phase, AgentPhase) else 0)
    bad = Outcome(kind=OutcomeKind.FAILURE)
    yield ("exit", 0, lead(phase, good, 0)) if 0 in codes else ("success", None, lead(phase, good, 0))
    for code in codes:
        if code != 0:
            answered = Outcome(kind=OutcomeKind.FAILURE, exit_code=code)
            yield "exit", code, lead(phase, answered, 0)
    yield "failure", None, lead(phase, bad, phase.max_retries)
    if phase.max_retries:
        yield "retry", None, lead(phase, bad, 0)
    if isinstance(phase, PollPhase) and 1 not in codes:
        yield "not_yet", None, Lead(Way.RETRY)
