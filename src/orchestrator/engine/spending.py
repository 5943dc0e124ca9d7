"""What one attempt has cost: what its agent tells, without what its session had told before.

Where the agent tells tokens and no cost it is priced.

Some CLIs count on over resumed runs of a session. What such a session had told last is in the outcome of the last
attempt of this ticket that worked in it. A run that was ended before it told its total leaves the one before, with
what it used itself by our count: an estimate, from which the next total may differ, but never below nothing.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from orchestrator.adapters import ledger
from orchestrator.adapters.attempt_files import changed
from orchestrator.agents.base import Agent, Ended, Report
from orchestrator.core.model import Attempt, Key
from orchestrator.core.outcome import Outcome, Usage, exact, less
from orchestrator.core.prices import price_of, priced
from orchestrator.core.spending import outcome_of, words
from orchestrator.core.times import iso
from orchestrator.core.workflow import AgentPhase
from orchestrator.engine.home import Home
from orchestrator.engine.prepare import Scene


class _Told(msgspec.Struct):
    """Of an `outcome.json` what matters here."""

    session: str | None = None
    total: Usage | None = None


_DECODER = msgspec.json.Decoder(_Told)


class _Spent(NamedTuple):
    usage: Usage
    total: Usage | None
    """What its session has told in all, if its counters run on."""


class Meter:
    """Of one attempt."""

    def __init__(self, home: Home, scene: Scene, agent: Agent) -> None:
        self._home, self._scene, self._agent = home, scene, agent
        self._before: dict[str | None, Usage | None] = {}

    def own(self, told: Usage, model: str | None, session: str | None) -> Usage:
        """What it has used until now."""
        return self.measured(told, model, session).usage

    def measured(self, told: Usage, model: str | None, session: str | None) -> _Spent:
        agent = self._agent
        if not agent.cumulative:
            return _Spent(self._priced(exact(told), model), None)
        before = self._told_before(session or self._scene.attempt.session)
        usage = self._priced(less(told, before, agent.cumulative), model)
        return _Spent(usage, _total(told, before, usage, agent))

    def _priced(self, usage: Usage, model: str | None) -> Usage:
        settings = self._home.settings.agents.get(self._scene.attempt.agent or self._home.settings.default_agent)
        model = model or (settings.model if settings else None)
        return priced(usage, price_of(model, (self._home.settings.prices, self._agent.prices)))

    def _told_before(self, session: str | None) -> Usage | None:
        if session not in self._before:
            self._before[session] = told_before(self._home, self._scene, session)
        return self._before[session]


def _total(told: Usage, before: Usage | None, own: Usage, agent: Agent) -> Usage:
    """The counters as the next run of the session finds them. What was not told is the last total and our count."""
    missing: dict[str, Any] = {}
    for field in agent.cumulative:
        if getattr(told, field) is None:
            counts = [getattr(one, field) for one in (before, own) if one is not None]
            known = [n for n in counts if n is not None]
            missing[field] = sum(known) if known else None
    return exact(replace(told, **missing, priced=any(n is not None for n in missing.values())))


def spent(home: Home, scene: Scene, agent: Agent, report: Report) -> dict[str, Any]:
    """`usage` and `total` of its outcome."""
    if report.usage is None:
        return {}
    found = Meter(home, scene, agent).measured(report.usage, report.model, report.session)
    home.purse.hear(scene.attempt.id, scene.key, found.usage)
    return {"usage": found.usage} | ({"total": found.total} if found.total is not None else {})


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


# -- what follows -----------------------------------------------------------------------------------------------------


def by_budget(home: Home, scene: Scene, phase: AgentPhase, report: Report, outcome: Outcome) -> Outcome:
    """Of a CLI that ended itself at the limit that it was given: which budget that was. When by our count none is
    used up it has failed like any other, so that nothing goes on and on in steps that cost little."""
    if report.ended is not Ended.BUDGET_REACHED:
        return outcome
    over = home.purse.reached(scene.ticket, phase, scene.attempt.id)
    known = outcome_of(words(*over)) if over is not None else None
    if known is None:
        return outcome
    return replace(outcome, kind=known.kind, reason=known.reason, budget=known.budget)


def book(home: Home, key: Key, attempt: Attempt, outcome: Outcome, directory: Path) -> bool:
    """Into the ledger, what an agent has cost. False: it cannot be written now."""
    if attempt.agent is None or not (outcome.ended or outcome.usage):
        return True
    usage, at = outcome.usage or Usage(), changed(directory / "outcome.json") / 1e9 or time.time()
    line = ledger.Line(
        at=iso(at), plan=key.plan, ticket=key.ticket, phase=attempt.phase, n=attempt.n, attempt=attempt.id,
        agent=attempt.agent, account=attempt.account, model=outcome.model, session=outcome.session, kind=outcome.kind,
        input_tokens=usage.input_tokens, cached_tokens=usage.cached_tokens, output_tokens=usage.output_tokens,
        cost_usd=usage.cost_usd, priced=usage.priced,
    )  # fmt: skip
    try:
        ledger.append(home.places, line, at)
    except OSError as error:
        home.logs.event("cannot_book", key, "error", attempt=attempt.n, reason=str(error), will="try again")
        return False
    return True
