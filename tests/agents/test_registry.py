"""Which adapter drives an agent."""

from __future__ import annotations

import pytest

from orchestrator.agents import claude, command
from orchestrator.agents.base import Agent
from orchestrator.agents.registry import AGENTS, agent_for
from orchestrator.core.settings import AgentSettings
from orchestrator.errors import ConfigError


@pytest.mark.parametrize(
    ("settings", "agent"),
    [
        (AgentSettings(command="claude"), claude),
        (AgentSettings(command="/opt/bin/claude"), claude),
        (AgentSettings(command="./fake/claude"), claude),
        (AgentSettings(command="~/npm/claude.cmd"), claude),
        (AgentSettings(command="claude.EXE"), claude),
        (AgentSettings(command="../@openai/codex/bin/codex.js"), AGENTS["codex"]),
        (AgentSettings(command="claude.d"), command),
        (AgentSettings(command="my-agent"), command),
        (AgentSettings(command="/opt/claude/run"), command),
        (AgentSettings(command="amp"), command),
        (AgentSettings(command="my-wrapper", type="claude"), claude),
        (AgentSettings(command="claude", type="command"), command),
    ],
)
def test_the_type_decides_else_the_name_of_the_command_else_the_generic_one(
    settings: AgentSettings, agent: Agent
) -> None:
    assert agent_for(settings) is agent


def test_an_unknown_type_is_refused_with_those_that_exist() -> None:
    known = ", ".join(sorted(AGENTS))
    with pytest.raises(ConfigError, match=rf'unknown type "cluade", known are {known} \(did you mean claude\?\)'):
        agent_for(AgentSettings(command="x", type="cluade"))


def test_every_adapter_has_all_that_an_agent_has() -> None:
    members = {name for name in vars(Agent) if not name.startswith("_")}
    assert {kind: {one for one in members if not hasattr(agent, one)} for kind, agent in AGENTS.items()} == {
        kind: set() for kind in AGENTS
    }


def test_every_agent_is_registered_under_its_own_name() -> None:
    assert {key: agent.name for key, agent in AGENTS.items()} == {key: key for key in AGENTS}
