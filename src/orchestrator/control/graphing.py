"""Workflows to look at as a whole: drawn as graphs, or walked without anything being started.

The law: what is wrong with a workflow is told. What can be drawn of it is drawn all the same; it is not walked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from orchestrator.control.checking import Checked, check_workflows
from orchestrator.core.draw.graph import Graph, graph_of
from orchestrator.core.model import Plan
from orchestrator.core.rules import Rules
from orchestrator.core.settings import Config
from orchestrator.core.trial.sayings import sayings
from orchestrator.core.trial.simulate import simulate
from orchestrator.core.trial.steps import Walked
from orchestrator.core.workflow import Workflow
from orchestrator.errors import OrchestratorError
from orchestrator.formats.draw.graph_dot import dot
from orchestrator.formats.draw.graph_mermaid import mermaid
from orchestrator.formats.draw.graph_svg import svg

WRITERS = {"mermaid": mermaid, "dot": dot, "svg": svg}
"""Formats for other programs, by their name."""


class Graphed(NamedTuple):
    checked: Checked
    graph: Graph | None
    """None: nothing of it could be read."""


def graph_workflow(config: Config, wanted: str) -> Graphed:
    """By name or by file. Raises NotFoundError."""
    (checked,) = check_workflows(config, (wanted,))
    read = checked.workflow or checked.read
    return Graphed(checked, graph_of(read, checked.whole) if read is not None else None)


def written(graph: Graph, format_: str) -> str:
    return WRITERS[format_](graph)


class Simulated(NamedTuple):
    checked: Checked
    workflow: Workflow
    walked: Walked


def simulate_workflow(config: Config, wanted: str, outcomes: Iterable[str]) -> Simulated:
    """`outcomes`: as `core.sayings` reads them. Raises NotFoundError, UsageError; OrchestratorError for a workflow with
    errors."""
    (checked,) = check_workflows(config, (wanted,))
    workflow = checked.workflow
    if workflow is None or checked.errors:
        problems = "\n".join(f"  {problem}" for problem in checked.errors)
        raise OrchestratorError(f"workflow {checked.name} has errors, so it cannot be walked:\n{problems}")
    rules = Rules(
        workflow=workflow,
        plan=Plan(id="simulation"),
        default_agent=config.settings.default_agent,
        review_agent=config.settings.review_agent,
        poll_interval=config.settings.poll_interval,
    )
    return Simulated(checked, workflow, simulate(rules, sayings(workflow, outcomes)))
