"""Which agent a person plans with: the one that they name, else the first of the known ones that is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from orchestrator.adapters.attempts.program import StartError, program
from orchestrator.adapters.environment import person_env
from orchestrator.agents.base import Agent
from orchestrator.agents.registry import PLANNERS, planner_for
from orchestrator.core.problems import did_you_mean
from orchestrator.core.settings import AgentSettings, Settings
from orchestrator.errors import CannotRunError, ConfigError, OrchestratorError


class Choice(NamedTuple):
    name: str
    """In the configuration."""
    settings: AgentSettings
    agent: Agent
    env: dict[str, str]
    """The person's own, with what its `env` says."""
    program: str
    """Absolute path."""


def choose(settings: Settings, environ: Mapping[str, str], cwd: str, name: str | None = None) -> Choice:
    """Raises OrchestratorError: none is installed, or not the one that is named."""
    if name is not None:
        return _found(name, _named(settings, name), environ, cwd)
    reasons = []
    for candidate, own in _candidates(settings):
        try:
            return _found(candidate, own, environ, cwd)
        except OrchestratorError as error:
            reasons.append((candidate, error))
    broken = [f"\n  {candidate}: {error}" for candidate, error in reasons if not isinstance(error, NotInstalledError)]
    install = "".join(f"\n  {kind}: {how}" for kind, how in PLANNERS.items())
    raise OrchestratorError(
        f"no agent to plan with is installed; install one of these, or say in agents.NAME.command where it is:{install}"
        + (f"\nnot usable:{''.join(broken)}" if broken else "")
    )


class NotInstalledError(OrchestratorError):
    """Its program is not there."""


def _named(settings: Settings, name: str) -> AgentSettings:
    own = settings.agents.get(name)
    if own is not None:
        return own
    if name in PLANNERS:
        return AgentSettings(command=name)
    known = list(dict.fromkeys((*settings.agents, *PLANNERS)))
    hint = did_you_mean(name, known)
    raise OrchestratorError(f'unknown agent "{name}" ({f"{hint} " if hint else ""}there are {", ".join(known)})')


def _candidates(settings: Settings) -> Iterator[tuple[str, AgentSettings]]:
    """Of each kind the entry of its name first, then others of its type."""
    for kind in PLANNERS:
        yield kind, settings.agents.get(kind) or AgentSettings(command=kind)
        for name, own in settings.agents.items():
            if name != kind and _kind(name, own) == kind:
                yield name, own


def _kind(name: str, settings: AgentSettings) -> str | None:
    try:
        return planner_for(name, settings).name.partition("-")[0]
    except ConfigError:
        return None


def _found(name: str, settings: AgentSettings, environ: Mapping[str, str], cwd: str) -> Choice:
    agent = planner_for(name, settings)
    kind = agent.name.partition("-")[0]
    if kind not in PLANNERS:
        raise OrchestratorError(
            f'nobody can plan with agent "{name}" ({settings.type or settings.command}): '
            f"its type must be one of {', '.join(PLANNERS)}"
        )
    try:
        env = person_env(environ, settings)
    except CannotRunError as error:
        raise OrchestratorError(f"agent {name}: {error}") from error
    try:
        return Choice(name, settings, agent, env, program(settings.command, cwd, env.get("PATH", os.defpath)))
    except StartError as error:
        raise NotInstalledError(
            f"agent {name} is not installed ({error}); `{PLANNERS[kind]}`, or say in agents.{name}.command where it is"
        ) from error
