"""What one attempt has cost: what its agent tells, without what its session had told before.

Where the agent tells tokens and no cost it is priced.

Some CLIs count on over resumed runs of a session. What such a session had told last is in the outcome of the last
attempt of this ticket that worked in it and lived to tell. Whether the total that comes next contains what a run that
died had used depends on how it died (Claude Code: after TERM it does, after KILL not): of both differences the one that
is nearer to the price of this run's own tokens is taken.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from orchestrator.adapters.attempts.attempt_files import changed
from orchestrator.adapters.state import ledger
from orchestrator.agents.base import Agent, Ended, Report
from orchestrator.core.model import Attempt, Key
from orchestrator.core.outcome import Outcome, Usage, added, exact, less
from orchestrator.core.prices import price_of, priced
from orchestrator.core.spending import outcome_of, stop_words
from orchestrator.core.times import iso
from orchestrator.core.workflow import AgentPhase
from orchestrator.engine.attempt.prepare import Scene
from orchestrator.engine.home import Home


class _Told(msgspec.Struct):
    """Of an `outcome.json` what matters here."""

    session: str | None = None
    usage: Usage | None = None
    total: Usage | None = None


_DECODER = msgspec.json.Decoder(_Told)


class Before(NamedTuple):
    """What is known of a session when a run of it begins."""

    told: Usage | None = None
    """The last totals that it told."""
    untold: Usage | None = None
    """What runs have used since, by our count: they did not live to tell a total."""


class Meter:
    """Of one attempt."""

    def __init__(self, home: Home, scene: Scene, agent: Agent) -> None:
        self._home, self._scene, self._agent = home, scene, agent
        self._before: dict[str | None, Before] = {}

    def own(self, told: Usage, model: str | None, session: str | None) -> Usage:
        """What it has used until now."""
        if not self._agent.cumulative:
            return self._priced(exact(told), model)
        before = self._known_before(session or self._scene.attempt.session)
        usage = less(told, before.told, self._agent.cumulative)
        if before.untold is not None:
            usage = self._nearer(usage, less(usage, before.untold, self._agent.cumulative, floor=True), model)
        return self._priced(usage, model)

    def _nearer(self, without: Usage, contained: Usage, model: str | None) -> Usage:
        """Whether the total contains what was untold. Tokens it does: they are counted where the session is kept."""
        worth = self._priced(replace(without, cost_usd=None), model).cost_usd
        one, other = without.cost_usd, contained.cost_usd
        if worth is None or one is None or other is None:
            return contained
        return without if abs(one - worth) < abs(other - worth) else contained

    def _priced(self, usage: Usage, model: str | None) -> Usage:
        settings = self._home.settings.agents.get(self._scene.attempt.agent or self._home.settings.default_agent)
        model = model or (settings.model if settings else None)
        return priced(usage, price_of(model, (self._home.settings.prices, self._agent.prices)))

    def _known_before(self, session: str | None) -> Before:
        if session not in self._before:
            self._before[session] = known_before(self._home, self._scene, self._agent, session)
        return self._before[session]


def spent(home: Home, scene: Scene, agent: Agent, report: Report) -> dict[str, Any]:
    """`usage` and `total` of its outcome."""
    if report.usage is None:
        return {}
    usage = Meter(home, scene, agent).own(report.usage, report.model, report.session)
    home.purse.hear(scene.attempt.id, scene.key, usage)
    return {"usage": usage} | ({"total": exact(report.usage)} if agent.cumulative else {})


def known_before(home: Home, scene: Scene, agent: Agent, session: str | None) -> Before:
    """Nothing, when this is the beginning of the session."""
    untold: Usage | None = None
    for directory in _before(home, scene) if session is not None and scene.attempt.resume else ():
        try:
            found = _DECODER.decode((directory / "outcome.json").read_bytes())
        except (OSError, msgspec.DecodeError):
            continue
        if found.session != session:
            continue
        if found.total is not None and all(getattr(found.total, field) is not None for field in agent.cumulative):
            return Before(found.total, untold)
        untold = added(untold, found.usage)
    return Before(None, untold)


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
    known = outcome_of(stop_words(*over)) if over is not None else None
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
