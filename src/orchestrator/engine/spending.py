"""What one attempt has cost: what its agent tells, without what its session had told before.

Where the agent tells tokens and no cost it is priced.

Some CLIs count on over resumed runs of a session. What such a session had told last is in the outcome of the last
attempt of this ticket that worked in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from orchestrator.agents.base import Agent, Report
from orchestrator.core.outcome import Usage, less
from orchestrator.core.prices import price_of, priced
from orchestrator.engine.home import Home
from orchestrator.engine.prepare import Scene


class _Told(msgspec.Struct):
    """Of an `outcome.json` what matters here."""

    session: str | None = None
    total: Usage | None = None


_DECODER = msgspec.json.Decoder(_Told)


def spent(home: Home, scene: Scene, agent: Agent, report: Report) -> dict[str, Any]:
    """`usage` and `total` of its outcome."""
    usage = report.usage
    if usage is None:
        return {}
    known: dict[str, Any] = {}
    if agent.cumulative:
        known["total"] = usage
        before = told_before(home, scene, report.session or scene.attempt.session)
        usage = less(usage, before, agent.cumulative)
    settings = home.settings.agents.get(scene.attempt.agent or home.settings.default_agent)
    model = report.model or (settings.model if settings else None)
    return known | {"usage": priced(usage, price_of(model, (home.settings.prices, agent.prices)))}


def told_before(home: Home, scene: Scene, session: str | None) -> Usage | None:
    """What the session had told when it was left the last time; None when this is its beginning."""
    if session is None or not scene.attempt.resume:
        return None
    for directory in _before(home, scene):
        try:
            told = _DECODER.decode((directory / "outcome.json").read_bytes())
        except (OSError, msgspec.DecodeError):
            continue
        if told.session == session and told.total is not None:
            return told.total
    return None


def _before(home: Home, scene: Scene) -> list[Path]:
    """The directories of the ticket's earlier attempts, the latest first."""
    found = []
    for directory in home.places.ticket_logs(scene.key).iterdir():
        number = directory.name.partition("-")[0]
        if number.isdecimal() and int(number) < scene.attempt.n:
            found.append((int(number), directory))
    return [directory for _, directory in sorted(found, reverse=True)]
