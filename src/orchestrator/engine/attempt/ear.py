"""Hears what a running agent says, as it says it: its session, and what it has used so far.

Each look reads what has been written since the last one, whoever started the agent: one that was adopted is heard from
its beginning. Of a line longer than the limit only the beginning counts.
"""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters.attempts.attempt_files import LINE_LIMIT
from orchestrator.agents.base import Agent
from orchestrator.core.outcome import Usage

AT_ONCE = 1024 * 1024
"""Bytes that one look reads; the next one goes on there, so that a flood does not keep the loop from its work."""


class Ear:
    def __init__(self, agent: Agent, output: Path) -> None:
        self._listener, self._output = agent.listen(), output
        self._offset = 0
        self._part = b""

    @property
    def session(self) -> str | None:
        return self._listener.session

    @property
    def model(self) -> str | None:
        return self._listener.model

    def usage(self) -> Usage | None:
        return self._listener.usage()

    def look(self) -> bool:
        """Whether there was anything new."""
        try:
            with self._output.open("rb") as stream:
                stream.seek(self._offset)
                content = stream.read(AT_ONCE)
        except OSError:
            return False
        self._offset += len(content)
        *whole, rest = (self._part + content).split(b"\n")
        for line in whole:
            self._listener.hear(line)
        self._part = rest[:LINE_LIMIT]
        return bool(content)
