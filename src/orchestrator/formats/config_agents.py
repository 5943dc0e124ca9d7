"""Keys of the configuration that name agents: every name must be one that `agents` defines."""

from __future__ import annotations

from typing import Any

from orchestrator.core.problems import Severity, did_you_mean
from orchestrator.core.settings import Settings
from orchestrator.formats.fields import Reading, Where

WHERE = Where("config")


def name_agents(reading: Reading, value: dict[str, Any], fields: dict[str, Any], names: list[str]) -> None:
    """`value`: as written; `fields`: what was read of it; `names`: the agents there are."""
    _choose_default(reading, value, fields, names)
    reviewer = fields.get("review_agent")
    if reviewer is not None and reviewer not in names:
        _not_defined(reading, "reviewAgent", reviewer, names)


def _choose_default(reading: Reading, value: dict[str, Any], fields: dict[str, Any], names: list[str]) -> None:
    """The agent that counts when nobody says which: it must be one of those defined."""
    chosen, is_named = fields.get("default_agent", Settings().default_agent), value.get("defaultAgent") is not None
    if chosen in names:
        return
    if not is_named and len(names) == 1:
        fields["default_agent"] = names[0]
        return
    severity: Severity = "error" if value.get("agents") else "warning"
    _not_defined(reading, "defaultAgent", chosen, names, severity, at="defaultAgent" if is_named else "agents")


def _not_defined(
    reading: Reading, key: str, chosen: str, names: list[str], severity: Severity = "error", at: str | None = None
) -> None:
    near, listed = did_you_mean(chosen, names), f"agents defines {', '.join(names)}"
    hint = f"{near} {listed}" if near else listed
    reading.report(WHERE, (at or key,), f'{key} "{chosen}" is not defined', hint, severity)
