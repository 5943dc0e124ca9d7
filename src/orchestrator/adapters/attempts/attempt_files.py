"""What lies in an attempt's directory, read so that nothing found there can hurt.

An empty or half-written file counts as absent; a file of any size is read in bounded memory; bytes that are not UTF-8
never raise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

LINE_LIMIT = 4 * 1024 * 1024
"""Bytes of one line that are kept; the rest of it is skipped."""

T = TypeVar("T")
Kind = Literal["script", "agent", "poll", "capture"]


class Record(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`attempt.json`: what was started. Of the environment only names, for its values may be secrets."""

    id: str
    n: int = 0
    phase: str = ""
    kind: Kind = "script"
    argv: tuple[str, ...] = ()
    cwd: str = ""
    started_at: str = ""
    timeout_seconds: float | None = None
    idle_timeout_seconds: float | None = None
    agent: str | None = None
    session: str | None = None
    resume: bool = False
    head: str | None = None
    """The worktree's commit when the phase began; evidence is measured against it."""
    branch: str | None = None
    """The branch that was checked out then; kept where evidence is asked for."""
    changes: str = ""
    """A mark of how its files differed from that commit; kept where the evidence is a diff."""
    env_names: tuple[str, ...] = ()


class Stop(msgspec.Struct, frozen=True, rename="camel"):
    """`stop.json`: written before the first signal, so that a crash cannot turn a stop into a loss."""

    reason: str
    at: float


def recorded(directory: Path) -> Record | None:
    """`attempt.json`, or None when it is absent or cannot be understood."""
    return _decoded(directory / "attempt.json", Record)


def read_pid(directory: Path) -> int | None:
    """Process id of the launcher, which is the id of its group; never one that a signal must not go to."""
    pid = _number(directory / "pid")
    return pid if pid is not None and pid > 1 else None


def read_exit(directory: Path) -> int | None:
    return _number(directory / "exit")


def write_stop(directory: Path, reason: str, at: float) -> None:
    """Records the stop. The first reason stays: going on with a stop does not change why it began."""
    if read_stop(directory) is None:
        (directory / "stop.json").write_bytes(msgspec.json.encode(Stop(reason, at)))


def read_stop(directory: Path) -> Stop | None:
    return _decoded(directory / "stop.json", Stop)


def remove_stop(directory: Path) -> None:
    (directory / "stop.json").unlink(missing_ok=True)


def stop_that_counts(directory: Path) -> Stop | None:
    """The recorded stop, unless the program had already ended by itself when it was recorded."""
    stop = read_stop(directory)
    if stop is None or read_exit(directory) is None:
        return stop
    ended_first = changed(directory / "exit") < changed(directory / "stop.json")
    return None if ended_first else stop


def head(path: Path, limit: int) -> str:
    """The first `limit` characters; empty when there is no such file."""
    return _bytes(path, 0, 4 * limit).decode(errors="replace")[:limit]


def tail(path: Path, limit: int) -> str:
    """The last `limit` characters; empty when there is no such file."""
    size = 4 * limit
    found = _bytes(path, -size, size)
    while len(found) == size and found and 0x80 <= found[0] < 0xC0:
        found, size = found[1:], size - 1  # the cut went through a character
    return found.decode(errors="replace")[-limit:] if limit else ""


def lines(path: Path, limit_per_line: int = LINE_LIMIT) -> Iterator[bytes]:
    """The lines without their ends, one at a time; of a line that is longer than the limit its beginning."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return
    with stream:
        while line := stream.readline(limit_per_line):
            whole = line.endswith(b"\n")
            yield line.rstrip(b"\r\n")
            while not whole and (rest := stream.readline(65536)):
                whole = rest.endswith(b"\n")


def _bytes(path: Path, offset: int, count: int) -> bytes:
    try:
        with path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(end + offset, 0) if offset < 0 else offset)
            return stream.read(count)
    except FileNotFoundError:
        return b""


def _decoded(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, ValueError):
        return None


def _number(path: Path) -> int | None:
    """The launcher writes a number and a line end; without the line end it is not there yet."""
    try:
        content = path.read_bytes()[:32]
    except OSError:
        return None
    return int(content) if content.endswith(b"\n") and content[:-1].isdigit() else None


def changed(path: Path) -> int:
    """When it was written (nanoseconds since the epoch); 0: it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
