"""From an ended program to an outcome: what the output says, verdict, evidence, captures; written to `outcome.json`.

Success needs evidence: exit codes alone are wrong for most agent CLIs. What was captured once is never captured again.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from orchestrator.adapters.attempts.attempt_files import Record, head, recorded, tail
from orchestrator.core.outcome import OUTPUT_LIMIT, Outcome, OutcomeKind
from orchestrator.core.route import exit_route
from orchestrator.core.spending import outcome_of
from orchestrator.core.workflow import DEFAULT_AGENT_TIMEOUT, AgentPhase, PollPhase
from orchestrator.engine.attempt.captures import StoppedError, WalkedPhase, Watch, last_line, with_captures
from orchestrator.engine.attempt.prepare import Scene
from orchestrator.engine.attempt.supervise import SIGNALLED, Ending
from orchestrator.engine.attempt.verdict import judge_agent
from orchestrator.engine.home import Home

HIGHEST_SIGNAL = 64


def read_outcome(directory: Path) -> Outcome | None:
    """The outcome that was already concluded; None when there is none, or it was cut off."""
    try:
        return msgspec.json.decode((directory / "outcome.json").read_bytes(), type=Outcome)
    except (OSError, msgspec.MsgspecError):
        return None


def write_outcome(directory: Path, outcome: Outcome) -> None:
    """It need survive a dead process, not a dead machine. A full disk only means that it is concluded again."""
    try:
        temporary = directory / ".outcome.tmp"
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(outcome)))
        temporary.replace(directory / "outcome.json")
    except OSError:
        pass


async def conclude(home: Home, scene: Scene, phase: WalkedPhase, ending: Ending, watch: Watch) -> Outcome:
    """What an attempt came to. Its processes are gone. Raises StoreError: a capture cannot be begun now."""
    outcome = await _judge(home, scene, phase, ending)
    if outcome.kind in (OutcomeKind.SUCCESS, OutcomeKind.FAILURE):
        try:
            outcome = await with_captures(home, scene, phase, outcome, watch)
        except StoppedError as stopped:
            known = {name: getattr(outcome, name) for name in ("session", "usage", "total", "model", "ended")}
            return Outcome(kind=OutcomeKind.STOPPED, reason=str(stopped), **known)
    return outcome


async def _judge(home: Home, scene: Scene, phase: WalkedPhase, ending: Ending) -> Outcome:
    cut_short = _cut_short(phase, ending, recorded(scene.directory) if ending.stopped else None)
    if isinstance(phase, AgentPhase):
        return await judge_agent(home, scene, phase, ending, cut_short)
    if cut_short is not None:
        return replace(cut_short, output=_output(scene.directory, good=False))
    assert ending.exit_code is not None
    return _judge_script(scene.directory, ending.exit_code)


def _cut_short(phase: WalkedPhase, ending: Ending, record: Record | None) -> Outcome | None:
    """The outcome of what did not end by itself; `record` has the limits that it had."""
    if ending.stopped == "timeout":
        seconds = phase.timeout_seconds or DEFAULT_AGENT_TIMEOUT
        return Outcome(kind=OutcomeKind.TIMEOUT, reason=f"timed out after {seconds:g} s (timeoutSeconds)")
    if ending.stopped == "stalled":
        seconds = (record.idle_timeout_seconds if record else None) or 0
        reason = f"nothing written and idle for {seconds:g} s (idleTimeoutSeconds)"
        return Outcome(kind=OutcomeKind.STALLED, reason=reason)
    if ending.stopped is not None and (for_budget := outcome_of(ending.stopped)) is not None:
        return for_budget
    if ending.stopped is not None:
        return Outcome(kind=OutcomeKind.STOPPED, reason=f"stopped: {ending.stopped}")
    if ending.exit_code is None:
        return Outcome(kind=OutcomeKind.LOST, reason="lost: it ended without a trace while nobody looked")
    return None


# -- scripts ----------------------------------------------------------------------------------------------------------


def _judge_script(directory: Path, code: int) -> Outcome:
    if code == 0:
        return Outcome(kind=OutcomeKind.SUCCESS, exit_code=0, output=_output(directory, good=True))
    by_signal = SIGNALLED < code <= SIGNALLED + HIGHEST_SIGNAL
    said = last_line(tail(directory / "stderr.log", OUTPUT_LIMIT)) or last_line(tail(directory / "stdout.log", 4096))
    how = f"ended by signal {code - SIGNALLED}" if by_signal else f"exit code {code}"
    return Outcome(
        kind=OutcomeKind.FAILURE,
        reason=f"{how}{f': {said}' if said else ''}",
        exit_code=None if by_signal else code,
        output=_output(directory, good=False),
    )


def _output(directory: Path, good: bool) -> str:
    """What the history keeps: the beginning of stdout; of a failure the end, with what went to stderr."""
    if good:
        return head(directory / "stdout.log", OUTPUT_LIMIT)
    said, errors = tail(directory / "stdout.log", OUTPUT_LIMIT), tail(directory / "stderr.log", OUTPUT_LIMIT)
    return (f"{said.rstrip()}\n{errors}" if said and errors else said or errors)[-OUTPUT_LIMIT:]


# -- poll checks ------------------------------------------------------------------------------------------------------


def poll_answer(phase: PollPhase, outcome: Outcome, ending: Ending, out_of_time: bool) -> Outcome:
    """Exit 0 → onSuccess; 1 → ask again; ≥ 2 → onFailure; `onExit` goes before all of them.

    A check that took too long or was killed is asked again.
    """
    if exit_route(phase, outcome.exit_code) is not None:
        return outcome
    if outcome.kind is OutcomeKind.TIMEOUT:
        return outcome if out_of_time else replace(outcome, kind=OutcomeKind.NOT_YET)
    if outcome.kind is OutcomeKind.FAILURE and outcome.exit_code == 1 and ending.exit_code == 1:
        return replace(outcome, kind=OutcomeKind.NOT_YET, reason=last_line(outcome.output)[:200])
    if outcome.kind is OutcomeKind.FAILURE and outcome.exit_code is None and (ending.exit_code or 0) > SIGNALLED:
        return replace(outcome, kind=OutcomeKind.NOT_YET)
    return outcome
