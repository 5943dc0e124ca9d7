"""What a phase captures: all of it or nothing."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec.structs import replace

from orchestrator.adapters.attempts.attempt_files import tail
from orchestrator.adapters.attempts.process import Request, Running, start
from orchestrator.core.outcome import OUTPUT_LIMIT, Outcome, OutcomeKind
from orchestrator.core.route import exit_route
from orchestrator.core.times import iso
from orchestrator.core.workflow import AgentPhase, PollPhase, ScriptPhase
from orchestrator.engine.attempt.prepare import Scene, script_environment, variables
from orchestrator.engine.attempt.supervise import Ending, Limits
from orchestrator.engine.home import Home
from orchestrator.errors import CannotRunError, OrchestratorError, StoreError, TemplateError
from orchestrator.formats.template import templates

CAPTURE_LIMIT = 1024 * 1024
"""Bytes of one captured value."""
CAPTURE_SECONDS = 60.0
_PLAIN = re.compile(r"\w[\w-]{0,63}")
"""Names after which a directory can be called."""

WalkedPhase = ScriptPhase | AgentPhase | PollPhase
Watch = Callable[[Running, Limits], Awaitable[Ending]]
"""How a walk waits for a program; it can be stopped by then."""


class StoppedError(OrchestratorError):
    """A capture was cut off by a stop."""


class _CaptureError(OrchestratorError):
    """A capture that fails its phase."""


async def with_captures(home: Home, scene: Scene, phase: WalkedPhase, outcome: Outcome, watch: Watch) -> Outcome:
    """`stdout` on success and failure; commands after success or a route, all or none of them.

    Raises StoppedError, and StoreError: a capture cannot be begun now.
    """
    if not phase.capture:
        return replace(outcome, text="")
    text = outcome.text if isinstance(phase, AgentPhase) else _captured_text(scene.directory / "stdout.log")
    final = {name: text.strip() for name, source in phase.capture.items() if source == "stdout"}
    answered = {name: value for name, value in outcome.captured.items() if name not in phase.capture}
    outcome = replace(outcome, captured={**answered, **final}, text="")
    commands = {name: source for name, source in phase.capture.items() if source != "stdout"}
    if outcome.kind is not OutcomeKind.SUCCESS and exit_route(phase, outcome.exit_code) is None:
        return outcome
    found = {}
    try:
        for name, source in commands.items():
            found[name] = await _capture(home, scene, phase, name, source, watch)
    except _CaptureError as error:
        return replace(outcome, kind=OutcomeKind.FAILURE, reason=str(error), exit_code=None, captured=final)
    return replace(outcome, captured={**answered, **final, **found})


async def _capture(home: Home, scene: Scene, phase: WalkedPhase, name: str, source: str, watch: Watch) -> str:
    directory = scene.directory / f"capture-{name if _PLAIN.fullmatch(name) else list(phase.capture).index(name) + 1}"
    shutil.rmtree(directory, ignore_errors=True)
    try:
        command, given = templates.shell_command(
            source, variables(scene, source), captured=scene.rules.workflow.captured_names()
        )
        running = start(directory, _capture_request(home, scene, phase, name, command, given))
    except StoreError:
        raise
    except (OrchestratorError, TemplateError) as error:
        raise _CaptureError(f"capture {name}: {error}") from error
    limit = phase.timeout_seconds or CAPTURE_SECONDS
    ending = await watch(running, Limits(timeout=limit))
    if ending.stopped == "timeout":
        raise _CaptureError(f"capture {name}: timed out after {limit:g} s")
    if ending.stopped is not None:
        raise StoppedError(f"stopped: {ending.stopped}")
    if ending.exit_code != 0:
        said = last_line(tail(directory / "stderr.log", OUTPUT_LIMIT))
        raise _CaptureError(f"capture {name}: exit code {ending.exit_code}{f': {said}' if said else ''}")
    if (directory / "stdout.log").stat().st_size > CAPTURE_LIMIT:
        raise _CaptureError(f"capture {name}: printed more than 1 MiB")
    return _captured_text(directory / "stdout.log").strip()


def _capture_request(
    home: Home, scene: Scene, phase: WalkedPhase, name: str, command: str, given: dict[str, str]
) -> Request:
    cwd = next((d for d in (scene.worktree, scene.repo) if d and Path(d).is_dir()), None)
    if cwd is None:
        raise CannotRunError("neither the worktree nor the repo exists")
    return Request(
        id=scene.attempt.id,
        n=scene.attempt.n,
        phase=f"{phase.id}: capture {name}",
        kind="capture",
        argv=("/bin/bash", "-c", command),
        cwd=cwd,
        env=script_environment(home, scene) | given,
        started_at=iso(time.time()),
    )


def _captured_text(path: Path) -> str:
    """At most CAPTURE_LIMIT bytes of a file as text."""
    try:
        with path.open("rb") as stream:
            return stream.read(CAPTURE_LIMIT).decode(errors="replace")
    except OSError:
        return ""


def last_line(text: str) -> str:
    rows = [row.strip() for row in text.splitlines() if row.strip()]
    return rows[-1][:300] if rows else ""
