"""Keys of the configuration that name agents: every name must be one that `agents` defines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.core.problems import Severity, did_you_mean
from orchestrator.core.settings import Settings
from orchestrator.formats.problem_list import Reading, Where

WHERE = Where("config")


def name_agents(reading: Reading, value: dict[str, Any], fields: dict[str, Any], names: list[str]) -> None:
    """`value`: as written; `fields`: what was read of it; `names`: the agents there are."""
    _choose_default(reading, value, fields, names)
    reviewer = fields.get("review_agent")
    if reviewer is not None and reviewer not in names:
        _not_defined(reading, "reviewAgent", reviewer, names)
    _check_stand_ins(reading, ("fallbackAgents",), fields.get("fallback_agents"), names)
    agents = fields.get("agents")
    for name, agent in agents.items() if isinstance(agents, dict) else ():
        _check_stand_ins(reading, ("agents", name, "fallbackAgents"), agent.fallback_agents, names, but=name)


def _check_stand_ins(
    reading: Reading, path: tuple[str, ...], chosen: Sequence[str] | None, names: list[str], but: str | None = None
) -> None:
    """Whoever is to work instead of a held agent is defined, and is somebody else."""
    for i, name in enumerate(chosen or ()):
        if name not in names:
            _not_defined(reading, ".".join(path), name, names, at=(*path, i))
        elif name == but:
            what = f"agent {name} cannot stand in for itself"
            reading.report(WHERE, (*path, i), what, "name another agent, or leave it out", "warning")


def _choose_default(reading: Reading, value: dict[str, Any], fields: dict[str, Any], names: list[str]) -> None:
    """The agent that counts when nobody says which: it must be one of those defined."""
    chosen, is_named = fields.get("default_agent", Settings().default_agent), value.get("defaultAgent") is not None
    if chosen in names:
        return
    if not is_named and len(names) == 1:
        fields["default_agent"] = names[0]
        return
    severity: Severity = "error" if value.get("agents") else "warning"
    _not_defined(reading, "defaultAgent", chosen, names, severity, at=("defaultAgent" if is_named else "agents",))


def _not_defined(
    reading: Reading,
    key: str,
    chosen: str,
    names: list[str],
    severity: Severity = "error",
    at: tuple[str | int, ...] = (),
) -> None:
    near, listed = did_you_mean(chosen, names), f"agents defines {', '.join(names)}"
    hint = f"{near} {listed}" if near else listed
    reading.report(WHERE, at or (key,), f'{key} "{chosen}" is not defined', hint, severity)
