"""A program that is told something: run bounded, in a session of its own, with what it is told on standard input.

The law: it may hang, flood, fork or be missing, and costs no more than its time-out. What it prints is read slowly and
forgotten, but for the last line, which says why it failed.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from orchestrator.adapters.attempts.program import StartError, startable
from orchestrator.adapters.environment import script_env
from orchestrator.core.notices import Notice
from orchestrator.errors import CannotRunError

LOOK_SECONDS = 0.02
"""How often to look whether it has ended; also how long to rest from one that floods."""
BLOCK = 65_536
TAIL = 4_096
REASON_LIMIT = 300

_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9.+-]*)://\S+")


class Ended(NamedTuple):
    """How a sending ended."""

    reason: str | None = None
    """Why it failed; None: it did not."""
    again: bool = False
    """It may be different the next time."""


class Told(NamedTuple):
    """What is run, where, and for how long."""

    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    given: bytes
    seconds: float


def environment(base: Mapping[str, str], gh_command: str, notice: Notice) -> dict[str, str]:
    """The runner's, as scripts have it, and what the simplest of scripts wants to know."""
    given: dict[str, str] = {"ORCHESTRATOR_EVENT": notice.event}
    given |= {"ORCHESTRATOR_PLAN": notice.plan} if notice.plan else {}
    given |= {"ORCHESTRATOR_TICKET": notice.ticket} if notice.ticket else {}
    return script_env(base, given, gh_command)


def run(told: Told, stop: threading.Event) -> Ended:
    """Returns when it has ended, its time is up (then its group is killed), or `stop` is set (likewise)."""
    try:
        argv = startable(told.argv, told.cwd, told.env)
        with tempfile.TemporaryFile() as given:
            given.write(told.given)
            given.seek(0)
            process = subprocess.Popen(
                argv,
                cwd=told.cwd,
                env=dict(told.env),
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except (StartError, CannotRunError) as error:
        return Ended(str(error))
    except OSError as error:
        return Ended(f"{told.argv[0]}: cannot be started: {error.strerror}", again=True)
    return _watched(process, told, stop)


def _watched(process: subprocess.Popen[bytes], told: Told, stop: threading.Event) -> Ended:
    assert process.stdout is not None
    out = process.stdout.fileno()
    os.set_blocking(out, False)
    due, tail = time.monotonic() + told.seconds, b""
    try:
        with process.stdout:
            while process.poll() is None:
                if stop.is_set():
                    return Ended("was stopped: the runner ends", again=True)
                if time.monotonic() >= due:
                    return Ended(f"took longer than {told.seconds:g} s and was killed")
                tail = _heard(out, tail, due)
            tail = _heard(out, tail, 0)
    finally:
        if process.poll() is None:
            _kill(process)
    if process.returncode == 0:
        return Ended()
    return Ended(_why(process.returncode, tail), again=True)


def _heard(out: int, tail: bytes, due: float) -> bytes:
    """What it says, as far as it is kept; at most a block at each look, so that a flood costs us nothing."""
    poll = select.poll()  # not select(), which knows only the first thousand files
    poll.register(out, select.POLLIN)
    pause = max(min(LOOK_SECONDS, due - time.monotonic()), 0)
    found = poll.poll(pause * 1000)
    block = b""
    if found:
        with suppress(BlockingIOError):
            block = os.read(out, BLOCK)
    if found and (not block or len(block) > TAIL):
        time.sleep(pause)  # it has closed its output, or floods
    return (tail + block)[-TAIL:]


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _why(code: int, tail: bytes) -> str:
    lines = [line for line in tail.decode(errors="replace").splitlines() if line.strip()]
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"{how}: {safe(lines[-1])}" if lines else how


def safe(text: str) -> str:
    """One line that can be logged: of a URL nothing but its scheme."""
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() else "?" for c in line)
    return _URL.sub(r"\1://***", line)[:REASON_LIMIT]
