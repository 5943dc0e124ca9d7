"""What the CLI of an agent has written in its own files about a session. What cannot be read says nothing."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path

from orchestrator.adapters.attempts.attempt_files import lines
from orchestrator.agents.base import Agent, Written


def written(agent: Agent, env: Mapping[str, str], session: str | None) -> Written:
    """`env` is the agent's: it says where its home is."""
    home = env.get("HOME") or str(Path.home())
    found: list[str] = []
    for pattern in agent.session_files(env, session):
        found += glob.glob(f"{glob.escape(home)}{pattern[1:]}" if pattern.startswith("~/") else pattern)  # noqa: PTH207
    try:
        return agent.told_in(lines(Path(max(found)))) if found else Written()
    except OSError:
        return Written()
