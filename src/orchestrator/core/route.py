"""Where an outcome leads: a pure function of the phase, the outcome and the retries spent."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from orchestrator.core.outcome import COSTS, Outcome, OutcomeKind
from orchestrator.core.workflow import RETRY, AgentPhase, Phase, PollPhase, ScriptPhase, TerminalPhase


class Way(StrEnum):
    ENTER = "enter"
    RETRY = "retry"
    COMPLETE = "complete"
    FAILED = "failed"


class Lead(NamedTuple):
    way: Way
    target: str | None = None
    """The phase that is entered (ENTER)."""


ANSWERS = frozenset({OutcomeKind.SUCCESS, OutcomeKind.FAILURE, OutcomeKind.NOT_YET})
"""The program said something itself; only then does its exit code mean anything."""


def exit_route(phase: Phase, exit_code: int | None) -> str | None:
    """The `onExit` target for a program that ended by itself with this code."""
    if exit_code is None or not isinstance(phase, ScriptPhase | PollPhase):
        return None
    return phase.on_exit.get(exit_code)


def route_of(phase: Phase, outcome: Outcome) -> str | None:
    """The `onExit` target of an outcome; time-outs, signals and what could not be run never match."""
    return exit_route(phase, outcome.exit_code) if outcome.kind in ANSWERS else None


def lead(phase: Phase, outcome: Outcome, retries: int) -> Lead:
    """`retries`: failures within this visit, before this one."""
    target = route_of(phase, outcome)
    if target is not None:
        return Lead(Way.ENTER, target)
    if outcome.kind is OutcomeKind.SUCCESS:
        return Lead(Way.ENTER, phase.on_success) if phase.on_success else Lead(Way.COMPLETE)
    may_retry = COSTS[outcome.kind].spends_retry and not _clock_ran_out(phase, outcome)
    if may_retry and retries < phase.max_retries:
        return Lead(Way.RETRY)
    if phase.on_failure is None or phase.on_failure in (RETRY, phase.id):
        return Lead(Way.FAILED)
    return Lead(Way.ENTER, phase.on_failure)


def _clock_ran_out(phase: Phase, outcome: Outcome) -> bool:
    """The time-out of a poll is the visit's: within the visit a retry would find the clock run out again."""
    return isinstance(phase, PollPhase) and outcome.kind is OutcomeKind.TIMEOUT


def takes_slot(phase: Phase) -> bool:
    return isinstance(phase, ScriptPhase | AgentPhase)


def is_terminal(phase: Phase | None) -> bool:
    return isinstance(phase, TerminalPhase)
