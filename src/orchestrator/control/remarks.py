"""What there is to say about the arguments that a configuration gives its agents.

Which of them are replaced because the CLI refuses them, and what they keep an agent from. All are warnings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.agents.registry import agent_for
from orchestrator.core.checks.check import Found
from orchestrator.core.problems import Problem
from orchestrator.core.settings import AgentSettings, Settings
from orchestrator.core.workflow import Workflow
from orchestrator.errors import ConfigError


def of_config(settings: Settings, file: str | None) -> Iterator[Problem]:
    for name, one in settings.agents.items():
        for what, hint in said(name, one):
            yield Problem(f"config: agents.{name}.defaultArgs", what, "warning", hint, file)


def of_workflow(settings: Settings, workflow: Workflow, agents: Mapping[str, str]) -> Iterator[Found]:
    """`agents`: phase → agent. Each agent is remarked once, at its first phase."""
    told: set[str] = set()
    for i, phase in enumerate(workflow.phases):
        name = agents.get(phase.id)
        if name is None or name in told or name not in settings.agents:
            continue
        told.add(name)
        for what, hint in said(name, settings.agents[name]):
            yield Found(f"agent {name}: {what}", ("phases", i), phase.id, "warning", hint)


def said(name: str, settings: AgentSettings) -> Iterator[tuple[str, str | None]]:
    try:
        agent = agent_for(settings)
    except ConfigError:
        return  # said elsewhere
    adjusted = agent.adjusted(settings)
    if adjusted is not None:
        yield adjusted, f"it works so; to be told no more, change agents.{name}.defaultArgs"
    for remark in agent.remarks(settings):
        what, _, hint = remark.partition("; ")
        yield what, hint or None
