"""Real processes for tests: requests, the stubborn programs, and a runner that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.attempts import process, sweep
from tests.waiting import wait_for

PROGRAMS = Path(__file__).parent / "resources/processes"


def sh(script: str, *args: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", script, "sh", *args)


class Place:
    """One attempt: its id, its directory, and a working directory."""

    def __init__(self, root: Path) -> None:
        self.id = uuid.uuid4().hex
        self.directory = root / "logs/p1/T-1/001-work"
        self.cwd = root / "worktree"
        self.cwd.mkdir(parents=True, exist_ok=True)

    def request(self, *argv: str, **fields: Any) -> process.Request:
        env = {**os.environ, "ORCHESTRATOR_ATTEMPT_DIR": str(self.directory), **fields.pop("env", {})}
        given = {"id": self.id, "n": 1, "phase": "work", "kind": "script", "cwd": str(self.cwd), **fields}
        return process.Request(argv=argv, env=env, **given)

    def start(self, *argv: str, **fields: Any) -> process.Running:
        return process.start(self.directory, self.request(*argv, **fields))

    def find(self) -> process.Found:
        return process.find(self.directory, self.id)

    def read(self, name: str) -> str:
        return process.head(self.directory / name, 1_000_000)

    def pid_in(self, name: str) -> int:
        """The pid that a program wrote into its attempt's directory."""
        return int(wait_for(lambda: self.read(name).strip(), what=name))

    def ended(self) -> int:
        """Waits for `exit`."""
        code = wait_for(lambda: None if (found := process.read_exit(self.directory)) is None else [found], what="exit")
        return code[0]

    def left(self) -> list[int]:
        return sweep.carrying(self.id)

    @contextmanager
    def runner(self, *argv: str, slow: bool = False) -> Iterator[subprocess.Popen[str]]:
        """A runner in a process of its own that has just started the attempt; killed -9 at the end."""
        command = [sys.executable, str(PROGRAMS / "runner.py"), str(self.directory), self.id, str(int(slow)), *argv]
        with subprocess.Popen(command, cwd=self.cwd, stdout=subprocess.PIPE, text=True) as runner:
            try:
                assert runner.stdout is not None
                assert runner.stdout.readline() == "started\n"
                yield runner
            finally:
                runner.kill()


def living(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Whatever a failing test leaves behind is killed."""
    place = Place(tmp_path)
    yield place
    while sweep.sweep(place.id, signal.SIGKILL):
        pass
