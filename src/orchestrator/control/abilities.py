"""What the CLIs of the configured agents can be told, for checks. Reads no file and starts nothing."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.agents.base import Agent
from orchestrator.agents.registry import agent_for
from orchestrator.control import remarks
from orchestrator.control.showing import Scene
from orchestrator.core.checks.check import Found
from orchestrator.core.checks.check_options import Able, agent_named, lacking, option_problems
from orchestrator.core.model import Plan, Status, Ticket
from orchestrator.core.problems import Problem
from orchestrator.core.rules import agents_of
from orchestrator.core.settings import AgentSettings, Settings
from orchestrator.core.workflow import AgentPhase, Workflow
from orchestrator.errors import ConfigError


def of_workflow(settings: Settings, workflow: Workflow, bundled: bool) -> Iterator[Found]:
    """Warnings about the phases of a workflow, with the agents that they have where nobody names another. Bundled ones
    are made for every agent: of a command that no adapter knows, nobody expects there that it can be told anything."""
    phases = [phase for phase in workflow.phases if isinstance(phase, AgentPhase)]
    agents = {one.id: agent_named(one, settings.default_agent, settings.review_agent) for one in phases}
    able = {name: one for name, one in _able(settings).items() if one.is_known or not bundled}
    yield from option_problems(workflow, agents, able)
    yield from remarks.of_workflow(settings, workflow, agents)


def of_plan(scene: Scene, plan: Plan) -> Iterator[Problem]:
    """The same about agents that the plan or its tickets name. Many tickets are alike: each kind is looked at once."""
    able = _able(scene.config.settings)
    kinds: dict[tuple[str | None, str | None], Ticket] = {}
    for ticket in scene.index.board.of_plan(plan.id):
        if ticket.status is not Status.COMPLETE and (ticket.agent or plan.agent or plan.review_agent):
            kinds.setdefault((ticket.workflow, ticket.agent), ticket)
    found = (one for ticket in kinds.values() for one in _of_ticket(scene, plan, ticket, able))
    yield from {(one.what, one.where.partition(" ")[0]): one for one in found}.values()


def _of_ticket(scene: Scene, plan: Plan, ticket: Ticket, able: dict[str, Able]) -> Iterator[Problem]:
    settings, workflow = scene.config.settings, scene.workflow(ticket)
    if workflow is None:
        return
    chosen = agents_of(scene.rules(ticket), ticket)
    for phase in workflow.phases:
        name = chosen.get(phase.id, "")
        if not isinstance(phase, AgentPhase) or name not in able:
            continue
        if name == agent_named(phase, settings.default_agent, settings.review_agent):
            continue  # said of the workflow
        where = f"ticket {ticket.key}" if name == ticket.agent else f"plan {plan.id}"
        for _, what, hint in lacking(phase, name, able[name]):
            yield Problem(where, f"workflow {workflow.name}: phase {phase.id}: {what}", "warning", hint)


def _able(settings: Settings) -> dict[str, Able]:
    found = {}
    for name, one in settings.agents.items():
        try:
            found[name] = able(agent_for(one), one)
        except ConfigError:
            continue  # said of the configuration
    return found


def able(agent: Agent, settings: AgentSettings) -> Able:
    return Able(
        is_known=agent.versions is not None,
        cli=agent.name if agent.versions is not None else f"the command {settings.command}",
        options=frozenset(option.value for option in agent.options),
        tells_cost=agent.streams_usage or bool(agent.prices),
        counts=agent.streams_usage,
        model=settings.model,
    )
