"""A command that somebody else wrote, run to its end in a process group of its own, with its output in a file.

The law: what was started is over when `run` returns, however it ends: also what it left running in the background.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from io import FileIO
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from orchestrator.errors import StoreError

LOOK_SECONDS = 0.05
LARGE = 1024 * 1024
"""A log of this size is put aside before it goes on."""
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(NamedTuple):
    code: int | None
    """None: it was stopped; below 0: by this signal."""
    seconds: float
    began: int
    """Where in the log its output begins."""
    stopped: str = ""
    """Why it was."""

    @property
    def words(self) -> str:
        took = f"after {self.seconds:.1f} s"
        if self.stopped:
            return f"{self.stopped} {took}"
        if self.code is not None and self.code < 0:
            return f"ended by signal {-self.code} {took}"
        return f"exit code {self.code} {took}"


def run(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path, title: str, timeout: float, grace: float
) -> Ended:
    """`title`: what the log says before its output. Raises StoreError: the log cannot be written."""
    try:
        stream = _opened(log)
    except OSError as error:
        raise StoreError(f"cannot write {log}: {error.strerror}") from error
    with stream:
        began = _write(stream.fileno(), f"=== {_now()} {title}\n")
        started = time.monotonic()
        with _heeding() as stops:
            code, stopped = _run(argv, cwd, env, stream.fileno(), timeout, grace, stops)
        ended = Ended(code, time.monotonic() - started, began, stopped)
        _write(stream.fileno(), f"=== {_now()} {ended.words}\n")
    return ended


def last_words(log: Path, ended: Ended, most: int) -> str:
    """The end of what it printed; not how the log says that it ended."""
    try:
        with log.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(ended.began, end - most))
            text = stream.read(most).decode(errors="replace")
    except OSError:
        return ""
    return text.rstrip().rpartition("\n=== ")[0] if "\n=== " in text else ""


def _run(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str], out: int, timeout: float, grace: float, stops: list[int]
) -> tuple[int | None, str]:
    deadline = time.monotonic() + timeout
    try:
        child = subprocess.Popen(
            argv, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=out, process_group=0
        )
    except OSError as error:
        _write(out, f"{argv[0]}: cannot be started: {error.strerror}\n")
        return 127, ""
    while not _has_ended(child):
        if stops:
            _end(child, min(grace, 1.0))
            return None, f"stopped by {signal.Signals(stops[0]).name}"
        if time.monotonic() >= deadline:
            _end(child, grace)
            return None, f"timed out (timeoutSeconds: {timeout:g})"
        time.sleep(LOOK_SECONDS)
    _signal(child, signal.SIGTERM)  # what it left in the background
    return child.wait(), ""


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Not yet collected, where that can be helped: so long nobody else gets its group's number."""
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return child.poll() is not None


def _end(child: subprocess.Popen[bytes], grace: float) -> None:
    _signal(child, signal.SIGTERM)
    until = time.monotonic() + grace
    while time.monotonic() < until and not _has_ended(child):
        time.sleep(LOOK_SECONDS)
    _signal(child, signal.SIGKILL)
    child.wait()


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


@contextlib.contextmanager
def _heeding() -> Iterator[list[int]]:
    """Who stops us stops what we have started: the signals that came. Nothing is raised, for the signal may come while
    the command is being started, and then nobody would know of it."""
    stops: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        stops.append(number)

    before = {number: signal.signal(number, stop) for number in STOPPING}
    try:
        yield stops
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _opened(log: Path) -> FileIO:
    log.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LARGE:
            log.replace(log.with_name(f"{log.name}.1"))
    return FileIO(str(log), "ab")


def _write(out: int, text: str) -> int:
    """Returns where the log then ends."""
    with contextlib.suppress(OSError):
        os.write(out, text.encode(errors="replace"))
    return os.fstat(out).st_size


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
