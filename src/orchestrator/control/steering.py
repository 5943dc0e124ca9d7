"""Pause, resume, skip, retry; and the same for plans.

The law: a command saves what should be, and a runner closes the difference. With no runner alive the command itself
stops what is left of an attempt. Saying the same twice changes nothing.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from orchestrator.adapters.state.store import Applied
from orchestrator.control import accounts
from orchestrator.control.reading import one_plan, waits_for
from orchestrator.core.events import (
    Event,
    PauseRequested,
    ResumeRequested,
    RetryRequested,
    SkipRequested,
    StopRequested,
)
from orchestrator.core.model import Key, Plan, PlanStatus, Status, Ticket
from orchestrator.core.plan_transition import PlanEvent
from orchestrator.engine import leftover
from orchestrator.engine.home import Home


class Said(NamedTuple):
    text: str
    """What became of it, in a sentence."""
    changed: bool


def pause(home: Home, key: Key) -> Said:
    applied = leftover.command(home, key, lambda _: PauseRequested(at=time.time()))
    return _said(home, key, applied, "paused", "Paused {}", "{} is paused already")


def resume(home: Home, key: Key) -> Said:
    blockers = waits_for(home.places, key)
    applied = leftover.command(home, key, lambda _: ResumeRequested(at=time.time(), blocked=bool(blockers)))
    return _said(home, key, applied, "resumed", "Resumed {}", "{} was resumed already")


def skip(home: Home, key: Key, phase: str) -> Said:
    blockers = waits_for(home.places, key)

    def decide(ticket: Ticket) -> Event:
        home.workflow(ticket, home.plan(key.plan))  # if it cannot be used, that is why there is no such phase
        return SkipRequested(at=time.time(), phase=phase, blocked=bool(blockers))

    applied = leftover.command(home, key, decide)
    _reopen(home, key, applied)
    done = f"Skipped {{}} to phase {applied.ticket.current_phase}"
    return _said(home, key, applied, "skipped", done, f"{{}} was skipped to phase {phase} already")


def retry(home: Home, key: Key) -> Said:
    blockers = waits_for(home.places, key)
    applied = leftover.command(home, key, lambda _: RetryRequested(at=time.time(), blocked=bool(blockers)))
    _reopen(home, key, applied)
    done = f"Retrying {{}} in phase {applied.ticket.current_phase}"
    return _said(home, key, applied, "retried", done, "{} is being retried already")


def _said(home: Home, key: Key, applied: Applied, verb: str, done: str, before: str) -> Said:
    """Log what was done, stop what nobody else stops, and find the words."""
    if applied.changed and applied.before != applied.ticket:
        home.logs.event(verb, key, phase=applied.ticket.current_phase, was=str(applied.before.status))
    attempt = applied.ticket.attempt
    if attempt is not None and attempt.stop is not None:
        leftover.stop_leftover(home, key)
    name = f"ticket {key.ticket} in plan {key.plan}"
    sentence = (done if applied.changed else before).format(name) + _then(home, key, applied)
    if verb != "paused":
        sentence += "".join(f"; {what}" for what in accounts.go_on(home, applied.ticket))
    return Said(sentence[0].upper() + sentence[1:], applied.changed)


def _then(home: Home, key: Key, applied: Applied) -> str:
    """What happens next, where it is not what a person expects."""
    if applied.ticket.status is Status.QUEUED:
        blockers = ", ".join(f"{_near(key, one)} ({state})" for one, state in waits_for(home.places, key))
        return f"; it waits for {blockers}" if blockers else ""
    if applied.ticket.status is Status.READY and home.store.read_plan(key.plan).record.status is PlanStatus.PAUSED:
        return f"; plan {key.plan} is paused, `orchestrator resume-plan {key.plan}` lets it go on"
    return ""


def _near(key: Key, other: Key) -> str:
    return other.ticket if other.plan == key.plan else str(other)


def _reopen(home: Home, key: Key, applied: Applied) -> None:
    """A ticket that is to go on makes its plan active again. The ticket is saved first: were it the plan, a runner
    would find every ticket complete and close it again."""
    if applied.ticket.status is not Status.COMPLETE:
        home.store.apply_plan(key.plan, "reopen")


def pause_plan(home: Home, plan_id: str) -> Said:
    changed = _plan(home, plan_id, "pause")
    _stop_attempts(home, plan_id)
    return Said(f"Paused plan {plan_id}" if changed else f"Plan {plan_id} is paused already", changed)


def resume_plan(home: Home, plan_id: str) -> Said:
    changed = _plan(home, plan_id, "resume")
    return Said(f"Resumed plan {plan_id}" if changed else f"Plan {plan_id} is active already", changed)


def _plan(home: Home, plan_id: str, event: PlanEvent) -> bool:
    before: list[PlanStatus] = []

    def remember(plan: Plan) -> bool:
        before.append(plan.status)
        return True

    after = home.store.apply_plan(plan_id, event, remember)
    if after.status is not before[0]:
        home.logs.event(f"plan_{after.status}", None, plan=plan_id, was=str(before[0]))
        return True
    return False


def _stop_attempts(home: Home, plan_id: str) -> None:
    """What a runner would do; the tickets stay ready."""
    for key in sorted(one_plan(home.places, plan_id).board.open):
        if not leftover.is_walked(home, key):
            leftover.command(home, key, _plan_paused)
            leftover.stop_leftover(home, key)


def _plan_paused(ticket: Ticket) -> Event | None:
    return StopRequested(at=time.time(), reason="plan paused") if ticket.attempt is not None else None
