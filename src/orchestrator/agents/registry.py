"""Which adapter drives an agent: by its `type`, else by the name of its command, else the generic one."""

from __future__ import annotations

from importlib import import_module

from orchestrator.agents import command
from orchestrator.agents.base import Agent
from orchestrator.core.problems import did_you_mean
from orchestrator.core.settings import AgentSettings
from orchestrator.errors import ConfigError

TABLE = {
    "claude": "claude",
    "codex": "codex.agent",
    "gemini": "gemini.agent",
    "opencode": "opencode.agent",
    "pi": "pi.agent",
    "pi-old": "pi.before_session_ids",
    "qwen": "qwen.agent",
    "command": "command",
}
"""Type → where its adapter is in this package: a module, or a record in one."""


def _adapter(place: str) -> Agent:
    module, dot, attribute = place.partition(".")
    found = import_module(f"{__package__}.{module}")
    adapter: Agent = getattr(found, attribute) if dot else found
    return adapter


AGENTS: dict[str, Agent] = {kind: _adapter(place) for kind, place in TABLE.items()}


PLANNERS = {
    "pi": "npm install -g @earendil-works/pi-coding-agent",
    "claude": "npm install -g @anthropic-ai/claude-code",
    "codex": "npm install -g @openai/codex",
}
"""Types of agents that a person can plan with, the first that is installed by default, and how to install each."""


def agent_for(settings: AgentSettings) -> Agent:
    if settings.type is not None:
        return _of_type(settings.type)
    return AGENTS.get(_name(settings.command), command)


def planner_for(name: str, settings: AgentSettings) -> Agent:
    """Of a program that no adapter knows, but that is entered under the name of one, it is taken for that one."""
    agent = agent_for(settings)
    if agent is AGENTS["command"] and settings.type is None and name in PLANNERS:
        return AGENTS[name]
    return agent


def account_of(settings: AgentSettings) -> str:
    """Who is held when one of its attempts meets a limit: who logs in with the same program is taken for one."""
    if settings.account:
        return settings.account
    try:
        agent = agent_for(settings)
    except ConfigError:
        return settings.command
    if agent is not AGENTS["command"]:
        return agent.name
    return settings.command.rpartition("/")[2] or settings.command


def _name(program: str) -> str:
    """`codex` of `/opt/bin/codex`, and of what installers make of it elsewhere: `codex.cmd`, `bin/codex.js`."""
    file = program.rpartition("/")[2]
    stem, dot, suffix = file.rpartition(".")
    return stem if dot and suffix.lower() in SUFFIXES else file


SUFFIXES = ("cmd", "exe", "bat", "ps1", "js", "mjs")


def _of_type(wanted: str) -> Agent:
    agent = AGENTS.get(wanted)
    if agent is None:
        hint = did_you_mean(wanted, AGENTS)
        known = ", ".join(sorted(AGENTS))
        raise ConfigError(f'agents: unknown type "{wanted}", known are {known}' + (f" ({hint})" if hint else ""))
    return agent
