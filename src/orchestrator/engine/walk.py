"""One ticket being walked: its attempts one after the other, or one poll check. The walk holds the ticket's lock.

A walk never decides what comes next: it carries out a decision, and gives what happened to `Host.apply`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from orchestrator.adapters.attempts.attempt_files import recorded, stop_that_counts
from orchestrator.adapters.attempts.process import Alive, Exited, Gone, NeverBegan, Running, start
from orchestrator.adapters.files import Lock
from orchestrator.adapters.state.store import Applied, starts
from orchestrator.core.events import AttemptEnded, Event, Grant
from orchestrator.core.model import Attempt, Key, Ticket, Visit
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.times import epoch_or
from orchestrator.core.workflow import AgentPhase, TerminalPhase
from orchestrator.engine.attempt import conclude as concluding
from orchestrator.engine.attempt.captures import WalkedPhase
from orchestrator.engine.attempt.conclude import read_outcome, write_outcome
from orchestrator.engine.attempt.oversee import booked, oversee
from orchestrator.engine.attempt.prepare import MissingDirectoryError, Scene, request
from orchestrator.engine.attempt.supervise import Ending, Limits, kill, settle, stop_leftover, supervise, sweep_gone
from orchestrator.engine.home import Home
from orchestrator.engine.limits.governor import Governor
from orchestrator.errors import IllegalTransitionError, NotFoundError, OrchestratorError, StoreError, UnreadableError

AGAIN_SECONDS = 1.0
"""How long to wait before writing again what could not be written (full disk, unreadable ticket)."""

Decide = Callable[[Ticket], Event | None]


class Host(Protocol):
    """What a walk needs of the loop."""

    home: Home
    governor: Governor

    @property
    def closing(self) -> bool:
        """Nothing is waited for any more; what cannot be saved now is found by the next runner."""
        ...

    def apply(self, key: Key, decide: Decide) -> Applied: ...

    def grant(self, ticket: Ticket, outcome: Outcome) -> Grant | None: ...

    def held_up(self, ticket: Ticket, outcome: Outcome) -> str: ...

    def slot(self, ticket: Ticket) -> int | None: ...


class Walk:
    def __init__(self, host: Host, key: Key, lock: Lock, owned: bool = True) -> None:
        self.host, self.key = host, key
        self.is_check = False
        self.visit: Visit | None = None
        """For which a check asks."""
        self._lock, self._owned = lock, owned
        self._stop: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._stopped_at = 0.0
        self._running: Running | None = None
        self.task: asyncio.Task[None] | None = None
        self.grace = host.home.settings.grace

    def ask_stop(self, reason: str) -> None:
        """End the running program; its outcome is then applied as usual."""
        if not self._stop.done():
            self._stopped_at = asyncio.get_running_loop().time()
            self._stop.set_result(reason)

    def hurry(self) -> None:
        """Do not wait for grace: kill what runs."""
        self.ask_stop("shutdown")
        self.grace = 0
        if self._running is not None:
            kill(self._running, self._stop.result())

    @property
    def stop_reason(self) -> str | None:
        """Why it is to stop; None: it is not."""
        return self._stop.result() if self._stop.done() else None

    def release(self) -> None:
        if self._owned:
            self._lock.release()

    # -- attempts -----------------------------------------------------------------------------------------------------

    async def attempts(self, attempt: Attempt | None, adopt: bool = False) -> None:
        """Walk until the ticket ends, waits, or is not to go on."""
        while attempt is not None:
            try:
                outcome = await self._one(attempt, adopt)
                outcome = await booked(self.host, self.key, attempt, outcome, self._directory(attempt))
                following = await self._settle(attempt, outcome)
            finally:
                self.host.home.purse.forget(attempt.id)
            attempt, adopt = following, False

    async def _one(self, attempt: Attempt, adopt: bool) -> Outcome:
        scene = await self.scene(attempt)
        if scene is None:
            return await self._without_file(attempt)
        phase = scene.rules.workflow.phase(attempt.phase)
        if phase is None or isinstance(phase, TerminalPhase):
            await sweep_gone(attempt.id, self.grace)
            return Outcome(kind=OutcomeKind.ERROR, reason=f"workflow {scene.rules.workflow.name} has no such phase")
        found = await self._found(scene) if adopt else NeverBegan()
        if isinstance(found, Outcome):
            return found
        if isinstance(found, Ending):
            ending = found
        else:
            running = found if isinstance(found, Running) else await self._begin(scene, phase)
            if isinstance(running, Outcome):
                return running
            ending = await self._supervise(scene, phase, running)
        self._report_stuck(ending)
        outcome = await self.conclude(scene, phase, ending)
        write_outcome(scene.directory, outcome)
        return outcome

    async def conclude(self, scene: Scene, phase: WalkedPhase, ending: Ending) -> Outcome:
        while True:
            try:
                return await concluding.conclude(self.host.home, scene, phase, ending, self._watch_capture)
            except StoreError as error:
                self.host.home.logs.event("cannot_start", self.key, "error", reason=str(error), will="try again")
            await asyncio.wait({self._stop}, timeout=AGAIN_SECONDS)
            if self._stop.done():
                return Outcome(kind=OutcomeKind.STOPPED, reason=f"stopped: {self._stop.result()}")

    async def scene(self, attempt: Attempt) -> Scene | None:
        """None: the ticket's file is gone, or still cannot be read when everything is to stop."""
        home = self.host.home
        while True:
            try:
                loaded = home.store.read_ticket(self.key, 0)
                break
            except UnreadableError:
                if self._stop.done():
                    return None
                await asyncio.wait({self._stop}, timeout=AGAIN_SECONDS / 4)
            except NotFoundError:
                return None
        ticket = loaded.record
        return Scene(ticket, loaded.raw, home.rules(ticket), attempt, self._directory(attempt))

    async def _without_file(self, attempt: Attempt) -> Outcome:
        """Whose ticket is gone does not start; what runs of it ends."""
        reason = self.stop_reason or "deleted"
        await stop_leftover(self._directory(attempt), attempt.id, reason, self.grace)
        return Outcome(kind=OutcomeKind.STOPPED, reason=f"stopped: {reason}")

    def _directory(self, attempt: Attempt) -> Path:
        return self.host.home.places.attempt(self.key, attempt.n, attempt.phase).absolute()

    async def _found(self, scene: Scene) -> Outcome | Ending | Running | NeverBegan:
        """What a runner before us left of this attempt (the crash table)."""
        directory, attempt = scene.directory, scene.attempt
        record = recorded(directory)
        if record is not None and record.id == attempt.id and (outcome := read_outcome(directory)) is not None:
            return outcome
        found = await settle(directory, attempt.id)
        if isinstance(found, Alive):
            self.host.home.logs.event("adopted", self.key, phase=attempt.phase, attempt=attempt.n)
            return found.running
        if isinstance(found, NeverBegan):
            if attempt.stop is not None:
                return Outcome(kind=OutcomeKind.STOPPED, reason=f"stopped before it began: {attempt.stop}")
            return found
        await sweep_gone(attempt.id, self.grace)
        asked = stop_that_counts(directory)
        code = found.code if isinstance(found, Exited) else None
        assert isinstance(found, Exited | Gone)
        return Ending(code, asked.reason if asked else None)

    async def _begin(self, scene: Scene, phase: WalkedPhase) -> Running | Outcome:
        """Start the program, or say why it cannot be. A disk that is full is waited for."""
        told, fresh = False, not scene.attempt.resume  # a session that was not begun is no session
        while not self._stop.done():
            try:
                return start(scene.directory, request(self.host.home, scene, phase))
            except StoreError as error:
                if not told:
                    self.host.home.logs.event("cannot_start", self.key, "error", reason=str(error), will="try again")
                told = True
                await asyncio.wait({self._stop}, timeout=AGAIN_SECONDS)
            except MissingDirectoryError as error:
                return Outcome(kind=OutcomeKind.FAILURE, reason=str(error), fresh=fresh)
            except OrchestratorError as error:
                return Outcome(kind=OutcomeKind.ERROR, reason=str(error), fresh=fresh)
        reason = f"stopped before it began: {self._stop.result()}"
        return Outcome(kind=OutcomeKind.STOPPED, reason=reason, fresh=fresh)

    async def _supervise(self, scene: Scene, phase: WalkedPhase, running: Running) -> Ending:
        limits = Limits()
        record = recorded(scene.directory)
        if record is not None:
            limits = Limits(record.timeout_seconds, record.idle_timeout_seconds)
        task = None
        if isinstance(phase, AgentPhase):
            task = asyncio.ensure_future(oversee(self.host.home, scene, phase, self.host.apply, self.ask_stop))
        began = epoch_or(scene.attempt.started_at, time.time())
        try:
            return await self.watch(running, limits, began, isinstance(phase, AgentPhase))
        finally:
            if task is not None:
                task.cancel()

    async def watch(
        self, running: Running, limits: Limits, started_at: float | None = None, sweep_always: bool = False
    ) -> Ending:
        """Whatever this walk has started is watched here, so that one stop reaches it."""
        self._running = running
        began = time.time() if started_at is None else started_at
        try:
            return await supervise(
                running, limits=limits, started_at=began, grace=self.grace, stop=self._stop, sweep_always=sweep_always
            )
        finally:
            self._running = None

    async def _watch_capture(self, running: Running, limits: Limits) -> Ending:
        """The program has ended: a stop leaves its captures a grace, so that what it brought is not thrown away."""
        loop = asyncio.get_running_loop()
        late: asyncio.Future[str] = loop.create_future()

        def delay(_: object) -> None:
            loop.call_at(self._stopped_at + self.grace, stop)

        def stop() -> None:
            if not late.done():
                late.set_result(self._stop.result())

        self._stop.add_done_callback(delay)
        self._running = running
        try:
            return await supervise(
                running, limits=limits, started_at=time.time(), grace=self.grace / 2, stop=late, sweep_always=False
            )
        finally:
            self._stop.remove_done_callback(delay)
            self._running = None

    def _report_stuck(self, ending: Ending) -> None:
        if ending.stuck:
            self.host.home.logs.event(
                "stuck", self.key, "error", pids=list(ending.stuck), reason="these processes survive even KILL"
            )

    async def _settle(self, attempt: Attempt, outcome: Outcome) -> Attempt | None:
        """Give the outcome to the ticket, however long that takes; the next attempt when it goes straight on."""

        def decide(ticket: Ticket) -> Event | None:
            if ticket.attempt is None or ticket.attempt.id != attempt.id:
                return None  # somebody took it away by hand
            held_up = self.host.held_up(ticket, outcome) if not self._stop.done() else ""
            grant = self.host.grant(ticket, outcome) if not self._stop.done() and not held_up else None
            account = self.host.governor.known(ticket.attempt)
            return AttemptEnded(
                at=time.time(), attempt_id=attempt.id, outcome=outcome, grant=grant, held_up=held_up, account=account
            )

        applied = await self.save(decide)
        start_ = starts(applied.decisions) if applied is not None else None
        return start_.attempt if start_ is not None else None

    async def save(self, decide: Decide) -> Applied | None:
        told = ""
        while True:
            try:
                return self.host.apply(self.key, decide)
            except NotFoundError:
                self.host.home.logs.event("deleted", self.key, "warning", reason="the ticket's file is gone")
                return None
            except IllegalTransitionError as error:
                self.host.home.logs.event("ignored", self.key, "warning", reason=str(error))
                return None
            except (UnreadableError, StoreError) as error:
                if str(error) != told:
                    told = str(error)
                    self.host.home.logs.event("outcome_waits", self.key, "error", reason=told)
                if self.host.closing:
                    return None
            await asyncio.sleep(AGAIN_SECONDS / 4)

    # -- what nobody asks for any more --------------------------------------------------------------------------------

    async def orphan(self, directory: Path, attempt_id: str) -> None:
        """End what runs and belongs to no open attempt; until then nothing of this ticket starts."""
        ending = await stop_leftover(directory, attempt_id, "nobody asks for it any more", self.grace)
        self.host.home.logs.event("orphan_ended", self.key, "warning", directory=str(directory), ending=repr(ending))
