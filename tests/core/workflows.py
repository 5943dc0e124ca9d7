"""Random workflows and their graphs, sound and broken."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from orchestrator.core.draw.graph import Graph, graph_of
from orchestrator.core.workflow import Phase, Workflow
from tests.factories import agent, poll, script, terminal


@st.composite
def phases_of(draw: st.DrawFn, most: int = 9, sound: bool = False) -> tuple[Phase, ...]:
    """`sound`: every target is a phase."""
    ids = [f"p{i}" for i in range(draw(st.integers(1, most)))]
    target = st.one_of(st.none(), st.sampled_from(ids if sound else [*ids, "nowhere", "old"]))
    phases: list[Phase] = []
    for name in ids:
        kind = draw(st.sampled_from([script, agent, poll, terminal]))
        if kind is terminal:
            phases.append(terminal(name, notify=draw(st.booleans())))
            continue
        fields: dict[str, Any] = {"on_failure": draw(target), "max_retries": draw(st.integers(0, 2))}
        if kind is not agent:
            fields["on_exit"] = draw(st.dictionaries(st.integers(0, 4), st.sampled_from(ids), max_size=2))
        phases.append(kind(name, draw(target), **fields))
    return tuple(phases)


@st.composite
def workflows(draw: st.DrawFn) -> Graph:
    return graph_of(Workflow(name="w", phases=draw(phases_of()), aliases={"old": "p0"}))
