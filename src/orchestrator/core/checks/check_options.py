"""What phases ask of their agents, and the agents' CLIs cannot be told: warnings that say what happens instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from orchestrator.core.checks.check import Found
from orchestrator.core.rules import REVIEW
from orchestrator.core.workflow import AgentPhase, Phase, Workflow


class Able(msgspec.Struct, frozen=True, kw_only=True):
    """An agent of the configuration, as far as its CLI can be told something."""

    is_known: bool
    """There is an adapter for its CLI."""
    cli: str
    """What it is for a person: `codex`, `the command my-agent`."""
    options: frozenset[str]
    """By their keys in the files."""
    tells_cost: bool
    """What an attempt has cost is known, at its end at the latest."""
    counts: bool
    """It is known while it runs."""
    model: str | None = None
    """The configuration's."""


def agent_named(phase: AgentPhase, default: str, reviewer: str | None = None) -> str:
    """Who does it where neither ticket nor plan says otherwise."""
    reviews = phase.reviewer or phase.id == REVIEW
    return phase.agent or (reviewer if reviews and reviewer else default)


def option_problems(workflow: Workflow, agents: Mapping[str, str], able: Mapping[str, Able]) -> Iterator[Found]:
    """`agents`: phase → agent. Of an agent that is not in `able` nothing is said."""
    for i, phase in enumerate(workflow.phases):
        name = agents.get(phase.id)
        if not isinstance(phase, AgentPhase) or name is None or name not in able:
            continue
        for key, what, hint in lacking(phase, name, able[name]):
            yield Found(what, ("phases", i, key), phase.id, "warning", hint)


def lacking(phase: Phase, name: str, agent: Able) -> Iterator[tuple[str, str, str]]:
    """Key, what is wrong, what to do."""
    if not isinstance(phase, AgentPhase):
        return
    of = f"{agent.cli} (agent {name})"
    if phase.allowed_tools and "allowedTools" not in agent.options:
        what = f"allowedTools cannot be told to {of}: it uses whatever tools its own configuration allows"
        yield "allowedTools", what, "limit them in its defaultArgs or its own configuration"
    if phase.max_turns is not None and "maxTurns" not in agent.options:
        what = f"maxTurns cannot be told to {of}: it may take any number of them"
        yield "maxTurns", what, "timeoutSeconds bounds it instead"
    if phase.max_cost_usd is not None and "maxCostUsd" not in agent.options and not agent.counts:
        yield "maxCostUsd", f"maxCostUsd cannot be told to {of}: {_cost(agent)}", "timeoutSeconds bounds it instead"
    if agent.model is not None and "model" not in agent.options:
        what = f"agent {name} has model {agent.model}, which cannot be told to {agent.cli}: it chooses its model itself"
        yield "agent", what, "put it into its defaultArgs or env, as that program takes it"


def _cost(agent: Able) -> str:
    if agent.tells_cost:
        return "what it has cost is known only when it has ended"
    return "what it costs is never known"
