"""The end of a runner: what is still to be sent gets a little time, and the next runner does the rest."""

from __future__ import annotations

import asyncio
import time

from orchestrator.engine import locks
from orchestrator.engine.home import Home
from orchestrator.engine.telling.courier import Courier

WAIT_SECONDS = 10.0
"""For a runner that has done its work."""
INTERRUPTED_SECONDS = 2.0
"""For one that was interrupted: it has to be gone soon."""
PATIENCE_SECONDS = 1.0
"""After so long a person may wonder what is waited for."""
LEAST_SECONDS = 0.2
BEYOND_SECONDS = 1.3
"""How long after the graces of stopping an interrupted runner may still be there."""
LOOK_SECONDS = 0.02


async def leave(courier: Courier, home: Home) -> None:
    began, is_told = time.monotonic(), False
    courier.hurry()
    while courier.is_busy and time.monotonic() < _due(courier, home, began):
        courier.look()
        if not is_told and courier.interrupted_at is None and time.monotonic() > began + PATIENCE_SECONDS:
            is_told = True
            home.logs.event("notices_awaited", None, count=courier.count, seconds=WAIT_SECONDS)
        await asyncio.sleep(LOOK_SECONDS)
    _stop(courier, home)
    await asyncio.sleep(0)  # what its threads had to say


def _due(courier: Courier, home: Home, began: float) -> float:
    signal = courier.interrupted_at
    if signal is None:
        return began + WAIT_SECONDS
    latest = signal + 2 * home.settings.grace + BEYOND_SECONDS
    return max(began + LEAST_SECONDS, min(max(began, signal) + INTERRUPTED_SECONDS, latest))


def deliver(home: Home) -> None:
    """For a command: beside a daemon that is the daemon's business, else it is done here and now."""
    if home.settings.notify and locks.running(home.places) is None:
        courier, due = Courier(home), time.monotonic() + WAIT_SECONDS
        courier.wake()
        while courier.is_busy and time.monotonic() < due:
            courier.hurry()
            courier.look()
            time.sleep(LOOK_SECONDS)
        _stop(courier, home)


def _stop(courier: Courier, home: Home) -> None:
    left = courier.stop()
    if left:
        home.logs.event("notices_left", None, "warning", count=left, will="be sent by the next runner")
