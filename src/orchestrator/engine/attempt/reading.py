"""What an attempt's agent has said: its output, and the file that its CLI keeps of the session where that tells more.

The law: when a limit ends is told by a number in the output, else by that file, else by words. The tokens of a turn
that was cut off, and the model, may be in the file alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from orchestrator.adapters.attempts.attempt_files import changed, lines, tail
from orchestrator.adapters.attempts.session_files import written
from orchestrator.adapters.environment import agent_env
from orchestrator.agents.base import Agent, Ended, Report, Told, Written, heard
from orchestrator.core.outcome import OUTPUT_LIMIT
from orchestrator.engine.attempt.prepare import Scene
from orchestrator.engine.home import Home
from orchestrator.errors import CannotRunError

SMALL = 1024 * 1024
"""Output up to this size is read in the loop; more in a thread."""


async def read_report(home: Home, scene: Scene, agent: Agent, exit_code: int | None) -> Report:
    stdout = scene.directory / "stdout.log"

    def read() -> Report:
        report = _of_output(agent, scene.directory, exit_code)
        session = report.session or scene.attempt.session
        if not _lacks(report) or not agent.session_files(home.environ, session):
            return report
        return completed(report, written(agent, _environ(home, scene), session))

    size = stdout.stat().st_size if stdout.exists() else 0
    is_quick = size < SMALL and not agent.session_files(home.environ, "any-session")
    return read() if is_quick else await asyncio.to_thread(read)


def _of_output(agent: Agent, directory: Path, exit_code: int | None) -> Report:
    ended_at = changed(directory / "exit") / 1e9 or None
    stderr = tail(directory / "stderr.log", OUTPUT_LIMIT)
    return heard(agent, lines(directory / "stdout.log")).report(stderr, exit_code, ended_at)


def _lacks(report: Report) -> bool:
    if report.ended is Ended.SESSION_GONE:
        return False
    return (
        report.usage is None
        or report.model is None
        or (report.ended is Ended.RATE_LIMITED and report.told is not Told.STRUCTURED)
    )


def _environ(home: Home, scene: Scene) -> Mapping[str, str]:
    """The agent's, as far as it tells where its CLI's files are."""
    try:
        settings, agent = home.agent(scene.attempt.agent or home.settings.default_agent)
        return agent_env(home.environ, settings, agent.login_env, {})
    except CannotRunError:
        return home.environ


def completed(report: Report, found: Written) -> Report:
    """The report with what only the file tells."""
    report = replace(report, usage=report.usage or found.usage, model=report.model or found.model)
    if report.ended is not Ended.RATE_LIMITED or report.told is Told.STRUCTURED or found.until is None:
        return report
    return replace(report, until=found.until, limit=found.limit or report.limit, told=Told.FILE)
