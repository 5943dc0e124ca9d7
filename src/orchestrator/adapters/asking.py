"""Programs that are asked something short: their version, their help, whether they are logged in.

The law: an answer comes within the time-out whatever the program does, and nothing of it is left running. It has
nothing to read, no terminal, and stands in an empty folder, so that it meets nobody's project.
"""

from __future__ import annotations

import os
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
from orchestrator.errors import CannotRunError

SECONDS = 10.0
LIMIT = 1 << 20
"""Bytes of an answer; a help has a hundredth of that."""
BLOCK = 65_536
LOOK_SECONDS = 0.01
AT_ONCE = threading.Semaphore(max(4, 2 * (os.cpu_count() or 1)))
"""Some of these programs take a second of a core to start: all at once they would all be late."""


class Answer(NamedTuple):
    code: int | None
    """None: it did not answer in time, or could not be started."""
    text: str
    """What it printed, to both streams."""
    error: str | None = None
    """Why there is no code."""


def ask(argv: Sequence[str], env: Mapping[str, str], seconds: float = SECONDS) -> Answer:
    with AT_ONCE, tempfile.TemporaryDirectory(prefix="orchestrator-") as folder:
        try:
            child = subprocess.Popen(
                startable(argv, folder, env),
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (StartError, CannotRunError) as error:
            return Answer(None, "", str(error))
        except OSError as error:
            return Answer(None, "", f"{argv[0]}: cannot be started: {error.strerror}")
        return _answer(child, seconds)


def _answer(child: subprocess.Popen[bytes], seconds: float) -> Answer:
    assert child.stdout is not None
    out, due, content = child.stdout.fileno(), time.monotonic() + seconds, bytearray()
    os.set_blocking(out, False)
    with child.stdout:
        while child.poll() is None and time.monotonic() < due:
            content += _heard(out)[: LIMIT - len(content)]
        late = child.poll() is None
        if late:
            _kill(child)
        while block := _heard(out, 0):
            content += block[: LIMIT - len(content)]
            if len(content) == LIMIT:
                break
    text = content.decode("utf-8", "replace")
    return Answer(None, text, f"did not answer within {seconds:g} s") if late else Answer(child.returncode, text)


def _heard(out: int, pause: float = LOOK_SECONDS) -> bytes:
    poll = select.poll()
    poll.register(out, select.POLLIN)
    found = poll.poll(pause * 1000)
    block = b""
    if found:
        with suppress(BlockingIOError):
            block = os.read(out, BLOCK)
    if found and not block:
        time.sleep(pause)  # it has closed its output, and is about to end
    return block


def _kill(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
