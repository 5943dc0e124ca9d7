"""One poll check. A check is no attempt: no status says that it runs, and after a crash it is swept and repeated."""

from __future__ import annotations

import contextlib
import time
import uuid
from pathlib import Path

from msgspec.structs import replace

from orchestrator.adapters.attempts.attempt_files import recorded
from orchestrator.adapters.attempts.process import Request, start
from orchestrator.adapters.state.store import starts
from orchestrator.core.events import CheckEnded, CheckStarted, Event
from orchestrator.core.model import Attempt, Status, Ticket, should_be
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.times import epoch_or, iso
from orchestrator.core.workflow import DEFAULT_POLL_TIMEOUT, MAX_CHECK_SECONDS, PollPhase
from orchestrator.engine.attempt.conclude import poll_answer
from orchestrator.engine.attempt.prepare import MissingDirectoryError, Scene, request
from orchestrator.engine.attempt.supervise import Limits, stop_leftover
from orchestrator.engine.home import Home
from orchestrator.engine.turns.stacks import not_before, restack
from orchestrator.engine.walk import Walk
from orchestrator.errors import OrchestratorError, StoreError

RESTACK = 3
"""What a poll answers that has found a conflict with the base; so does one whose ticket has to be put on another base,
and then nobody is asked."""


async def check(walk: Walk) -> None:
    """Ask once; go on with what the answer leads to."""
    walk.is_check = True
    applied = await walk.save(lambda t: CheckStarted(at=time.time(), slot=walk.host.slot(t)) if _asks(t) else None)
    if applied is None or not _asks(applied.ticket) or applied.ticket.visit is None:
        return
    ticket, visit = applied.ticket, applied.ticket.visit
    walk.visit = visit
    attempt = Attempt(n=visit.first or 0, id=uuid.uuid4().hex, phase=visit.phase, started_at=iso(time.time()))
    scene = await walk.scene(attempt)
    phase = scene.rules.workflow.phase(visit.phase) if scene is not None else None
    if scene is None or not isinstance(phase, PollPhase):
        return
    scene = replace(scene, ticket=ticket)
    deadline = epoch_or(visit.started_at, time.time()) + (phase.timeout_seconds or DEFAULT_POLL_TIMEOUT)
    outcome = await _ask(walk, scene, phase, deadline)
    if outcome.kind is OutcomeKind.STOPPED:
        return

    def decide(ticket: Ticket) -> Event | None:
        if not _asks(ticket) or ticket.visit != visit:
            return None
        held_up = walk.host.held_up(ticket, outcome)
        grant = walk.host.grant(ticket, outcome) if not held_up else None
        return CheckEnded(at=time.time(), phase=phase.id, outcome=outcome, grant=grant, held_up=held_up)

    applied = await walk.save(decide)
    walk.is_check = False
    begun = starts(applied.decisions) if applied is not None else None
    if begun is not None:
        await walk.attempts(begun.attempt)


async def _ask(walk: Walk, scene: Scene, phase: PollPhase, deadline: float) -> Outcome:
    rest = deadline - time.time()
    if rest <= 0:
        return Outcome(kind=OutcomeKind.TIMEOUT, reason=f"timed out: {phase.id} had said not yet until its time was up")
    await _clear(walk, scene.directory)
    if walk.stop_reason is not None:
        return Outcome(kind=OutcomeKind.STOPPED, reason=f"stopped before it began: {walk.stop_reason}")
    why = restack(walk.host.home, scene.ticket) if RESTACK in phase.on_exit else None
    if why is not None:
        return Outcome(kind=OutcomeKind.FAILURE, exit_code=RESTACK, reason=why, output=why)
    wanted = _request(walk.host.home, scene, phase)
    if isinstance(wanted, Outcome):
        return wanted
    try:
        running = start(scene.directory, wanted)
    except StoreError as error:
        return Outcome(kind=OutcomeKind.NOT_YET, reason=str(error))
    except OrchestratorError as error:
        return Outcome(kind=OutcomeKind.ERROR, reason=str(error))
    limits = Limits(timeout=min(rest, MAX_CHECK_SECONDS))
    ending = await walk.watch(running, limits)
    outcome = await walk.conclude(scene, phase, ending)
    answer = poll_answer(phase, outcome, ending, out_of_time=time.time() >= deadline)
    below = not_before(walk.host.home, scene.rules, scene.ticket, answer)
    return answer if below is None else Outcome(kind=OutcomeKind.NOT_YET, reason=below)


async def _clear(walk: Walk, directory: Path) -> None:
    """One directory per visit: end what a crash left of the check before, and forget it."""
    record = recorded(directory)
    if record is None:
        return
    await stop_leftover(directory, record.id, "repeated", walk.grace)
    for name in ("pid", "exit", "stop.json", "attempt.json"):
        with contextlib.suppress(OSError):
            (directory / name).unlink(missing_ok=True)


def _request(home: Home, scene: Scene, phase: PollPhase) -> Request | Outcome:
    try:
        return replace(request(home, scene, phase), timeout_seconds=None)
    except MissingDirectoryError as error:
        return Outcome(kind=OutcomeKind.FAILURE, reason=str(error))
    except StoreError as error:
        return Outcome(kind=OutcomeKind.NOT_YET, reason=str(error))
    except OrchestratorError as error:
        return Outcome(kind=OutcomeKind.ERROR, reason=str(error))


def _asks(ticket: Ticket) -> bool:
    """Still to be asked for: a pause or a skip meanwhile makes the answer worthless."""
    return should_be(ticket) is Status.READY and ticket.attempt is None
