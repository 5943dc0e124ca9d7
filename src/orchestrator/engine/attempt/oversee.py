"""Hears an agent while it works: its session, as soon as it tells it, and what it costs, where a budget is set.

The law: nothing is read once the session is known and no budget applies. An agent is stopped as soon as it, its ticket,
its plan or the day has used up what they may; why is in `stop.json` before the first signal, and says what follows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from orchestrator.core import spending
from orchestrator.core.events import Event, SessionKnown
from orchestrator.core.model import Attempt, Key, Ticket
from orchestrator.core.outcome import Outcome
from orchestrator.core.workflow import Phase
from orchestrator.engine.attempt.ear import Ear
from orchestrator.engine.attempt.prepare import Scene
from orchestrator.engine.attempt.spending import Meter, book
from orchestrator.engine.home import Home
from orchestrator.errors import CannotRunError, OrchestratorError

LOOK_SECONDS = 0.5
AGAIN_SECONDS = 1.0
"""How long to wait before writing again what could not be written."""
LOOKS = 8
"""At once, when much was written: an agent that was adopted is heard from its beginning."""


class Host(Protocol):
    @property
    def home(self) -> Home: ...

    @property
    def closing(self) -> bool: ...


Apply = Callable[[Key, Callable[[Ticket], Event | None]], object]


async def oversee(home: Home, scene: Scene, phase: Phase, apply: Apply, stop: Callable[[str], None]) -> None:
    """Until it is cancelled, or has stopped the agent."""
    attempt, purse = scene.attempt, home.purse
    try:
        _, agent = home.agent(attempt.agent or home.settings.default_agent)
    except CannotRunError:  # the configuration has changed since it began
        return
    ear, meter, is_known = Ear(agent, scene.directory / "stdout.log"), Meter(home, scene, agent), bool(attempt.session)
    while True:
        is_limited = agent.streams_usage and bool(purse.limits(scene.ticket, phase))
        if is_limited or not is_known:
            await _catch_up(ear)
        if not is_known and ear.session is not None:
            is_known = True
            known = SessionKnown(at=time.time(), attempt_id=attempt.id, session=ear.session)
            with suppress(OrchestratorError):
                apply(scene.key, lambda _: known)  # noqa: B023 - called at once
        if is_limited and (used := ear.usage()) is not None:
            purse.hear(attempt.id, scene.key, meter.own(used, ear.model, ear.session))
            if (over := purse.reached(scene.ticket, phase, attempt.id)) is not None:
                reason = spending.stop_words(*over)
                home.logs.event("stopping", scene.key, "warning", attempt=attempt.n, reason=reason)
                stop(reason)
                return
        await asyncio.sleep(LOOK_SECONDS)


async def _catch_up(ear: Ear) -> None:
    for _ in range(LOOKS):
        if not ear.look():
            return
        await asyncio.sleep(0)


async def booked(host: Host, key: Key, attempt: Attempt, outcome: Outcome, directory: Path) -> Outcome:
    """Into the ledger before the ticket has it. What could not be concluded has cost what was heard of it."""
    purse = host.home.purse
    if outcome.usage is None and (heard := purse.heard(attempt.id)) is not None:
        outcome = replace(outcome, usage=heard)
    purse.hear(attempt.id, key, outcome.usage)
    if purse.misses(key, outcome.usage, outcome.model):
        host.home.logs.event("unpriced", key, "warning", model=outcome.model, agent=attempt.agent)
    elif purse.is_blind(key, attempt.agent, outcome):
        host.home.logs.event("untold", key, "warning", agent=attempt.agent)
    while not book(host.home, key, attempt, outcome, directory) and not host.closing:
        await asyncio.sleep(AGAIN_SECONDS)
    return outcome
