"""Waiting for one attempt and ending it: limits, stops, survivors.

Fresh and adopted launchers are watched in the same way. A recorded end beats a stop; a stop is recorded before its
first signal. Cancelling any coroutine of this module leaves the processes as they are: they outlive the runner.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from orchestrator.adapters.attempts import process, sweep
from orchestrator.adapters.attempts.process import Alive, Exited, Found, Gone, Running
from orchestrator.engine.attempt.clock import Clock
from orchestrator.engine.attempt.clock import Limits as Limits

POLL = 0.02
"""Seconds between looks, where the system cannot tell us when a process ends."""
PID_PATIENCE = 5.0
HURRY = 0.5
"""At least this long (or the grace, if shorter) passes between the TERM and the KILL of a survivor."""
KILL_PATIENCE = 10.0
"""A process that is not gone so long after KILL hangs in the kernel; nobody can do more."""
SIGNALLED = 128
"""A shell reports the end by signal n as 128 + n."""


class Ending(msgspec.Struct, frozen=True):
    """Its processes are gone. Neither an exit code nor a stop: it ended without a trace (lost)."""

    exit_code: int | None
    stopped: str | None = None
    """Why it was stopped: what was asked for, `timeout` or `stalled`. Then the exit code does not count."""
    survivors: int = 0
    """Processes that outlived their leader and had to be ended."""
    stuck: tuple[int, ...] = ()
    """Of those the ones that even KILL did not end."""


async def supervise(
    running: Running,
    *,
    limits: Limits,
    started_at: float,
    grace: float,
    stop: asyncio.Future[str],
    sweep_always: bool,
) -> Ending:
    """Waits until the attempt is over and nothing of it is left; limits count from `started_at` (epoch seconds)."""
    async with _watching(running) as gone:
        asked = process.stop_that_counts(running.directory)
        reason = asked.reason if asked else await _reason_to_stop(gone, stop, Clock(running, limits, started_at))
        began = time.monotonic()
        stopped = await _stop(running, reason, gone, grace) if reason else None
    running.reap()
    code = running.exit_code()
    if stopped is None and code is None and (asked := process.read_stop(running.directory)) is not None:
        stopped = asked.reason  # somebody recorded the stop and killed it, while we only waited
    abnormal = stopped is not None or code is None or code > SIGNALLED
    survivors, stuck = await _clear(running, sweep_always or abnormal, _kill_at(began if stopped else None, grace))
    running.close()
    return Ending(code, stopped, survivors, stuck)


def kill(running: Running, reason: str) -> None:
    """At once and without grace, with what has left its group; whoever supervises it sees to the rest."""
    if not _had_ended(running, reason):
        running.signal(signal.SIGKILL)
        sweep.sweep(running.id, signal.SIGKILL)


async def settle(directory: Path, attempt_id: str) -> Found:
    """Like `process.find`, but waits for a launcher that has just been started: it has a pid, or it never began."""
    deadline = time.monotonic() + PID_PATIENCE
    while True:
        found = process.find(directory, attempt_id)
        if not isinstance(found, Alive) or found.running.pid is not None or time.monotonic() > deadline:
            return found
        await asyncio.sleep(POLL / 4)


async def stop_leftover(directory: Path, attempt_id: str, reason: str, grace: float) -> Ending | None:
    """Stops what is left of an attempt that no runner looks after. None: it never began."""
    found = await settle(directory, attempt_id)
    if isinstance(found, Alive):
        stop: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        stop.set_result(reason)
        return await supervise(
            found.running, limits=Limits(), started_at=time.time(), grace=grace, stop=stop, sweep_always=True
        )
    if isinstance(found, Exited | Gone):
        survivors = await sweep_gone(attempt_id, grace)
        asked = process.stop_that_counts(directory)
        code = found.code if isinstance(found, Exited) else None
        return Ending(code, asked.reason if asked else None, survivors)
    return None


async def sweep_gone(attempt_id: str, grace: float) -> int:
    """Ends whatever carries the id of an attempt whose launcher is gone; returns how many there were."""
    survivors, _ = await _end_all(
        lambda sig, told: sweep.sweep(attempt_id, sig, told), lambda: sweep.carrying(attempt_id), _kill_at(None, grace)
    )
    return survivors


@asynccontextmanager
async def _watching(running: Running) -> AsyncIterator[asyncio.Future[None]]:
    """A future that is done when the launcher is gone."""
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    hold = running.fileno()
    if hold is None:
        polling = asyncio.ensure_future(_poll(running, gone))
        try:
            yield gone
        finally:
            polling.cancel()
        return
    loop.add_reader(hold, _set_done, gone, lambda: loop.remove_reader(hold))
    try:
        yield gone
    finally:
        loop.remove_reader(hold)


def _set_done(gone: asyncio.Future[None], unwatch: Callable[[], object]) -> None:
    unwatch()
    if not gone.done():
        gone.set_result(None)


async def _poll(running: Running, gone: asyncio.Future[None]) -> None:
    while running.alive():
        await asyncio.sleep(POLL)
    gone.set_result(None)


async def _reason_to_stop(gone: asyncio.Future[None], stop: asyncio.Future[str], clock: Clock) -> str | None:
    """Waits; None when it ended by itself."""
    while True:
        awaited: set[asyncio.Future[None] | asyncio.Future[str]] = {gone} if stop.cancelled() else {gone, stop}
        await asyncio.wait(awaited, timeout=clock.wait(), return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            return None
        if stop.done() and not stop.cancelled():
            return stop.result()
        if overrun := clock.overrun():
            return overrun


async def _stop(running: Running, reason: str, gone: asyncio.Future[None], grace: float) -> str | None:
    """INT, TERM, KILL; returns the reason, or None when the program had already ended and its outcome counts."""
    if _had_ended(running, reason):
        await gone
        return None
    for sig in (signal.SIGINT, signal.SIGTERM):
        running.signal(sig)
        await asyncio.wait({gone}, timeout=grace)
        if gone.done():
            return reason
    while not gone.done():  # again and again: one without a pid is found only by what it carries, once it carries it
        running.signal(signal.SIGKILL)
        await asyncio.wait({gone}, timeout=HURRY)
    return reason


def _had_ended(running: Running, reason: str) -> bool:
    """Records the stop, unless an end is recorded before it. A disk too full for that does not keep it running."""
    if process.read_stop(running.directory) is not None:
        return False
    if running.exit_code() is not None:
        return True
    with suppress(OSError):
        process.write_stop(running.directory, reason, time.time())
    if running.exit_code() is None:
        return False
    with suppress(OSError):
        process.remove_stop(running.directory)
    return True


async def _clear(running: Running, sweeping: bool, kill_at: float) -> tuple[int, tuple[int, ...]]:
    """Ends what outlived the launcher: its group, and when sweeping whatever carries the id."""

    def find() -> list[int]:
        group = sweep.members(running.pid) if running.pid is not None else []
        return group + (sweep.carrying(running.id) if sweeping else [])

    def send(sig: signal.Signals, told: Collection[int]) -> list[int]:
        group = sweep.sweep_group(running.pid, sig, told) if running.pid is not None else []
        return group + (sweep.sweep(running.id, sig, told, but=group) if sweeping else [])

    return await _end_all(send, find, kill_at)


async def _end_all(
    send: Callable[[signal.Signals, Collection[int]], list[int]], find: Callable[[], list[int]], kill_at: float
) -> tuple[int, tuple[int, ...]]:
    """TERM at once, once to each (also to those who came since), KILL from `kill_at` on, until none is left."""
    seen: set[int] = set()
    pause = POLL / 8
    while left := set(find()):
        now = time.monotonic()
        if now > kill_at + KILL_PATIENCE:
            return len(seen), tuple(sorted(left))
        if now >= kill_at:
            seen.update(send(signal.SIGKILL, ()))
        elif not left <= seen:
            seen.update(send(signal.SIGTERM, seen))
        await asyncio.sleep(min(pause, max(kill_at - now, POLL / 8)))
        pause = min(pause * 2, POLL * 2)
    return len(seen), ()


def _kill_at(stop_began: float | None, grace: float) -> float:
    """When survivors get KILL: a grace from now, but within the two graces that a stop may take."""
    now = time.monotonic()
    if stop_began is None:
        return now + grace
    return max(min(now + grace, stop_began + 2 * grace), now + min(grace, HURRY))
