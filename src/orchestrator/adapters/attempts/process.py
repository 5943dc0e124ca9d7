"""Starting, finding and signalling the program of an attempt. Nothing here waits.

Each program runs under a tiny shell in a session of its own, the launcher, so that its result survives the runner:

- The launcher's standard input is `<attempt>/alive`, locked. Lock held = launcher alive, whatever a pid says; neither a
  recycled pid nor a reboot can fake that. A locked file goes when its last holder does, so nothing is left to clean up.
- `pid` (= process group) is there before the program, `exit` before the launcher leaves. Empty means not there yet.
- Everything is passed as positional parameters: no text of a ticket is ever part of a shell text.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import time
from pathlib import Path

import msgspec

from orchestrator.adapters.attempts import sweep
from orchestrator.adapters.attempts.attempt_files import (
    Kind,
    Record,
    Stop,
    head,
    lines,
    read_exit,
    read_pid,
    read_stop,
    recorded,
    remove_stop,
    stop_that_counts,
    tail,
    write_stop,
)
from orchestrator.adapters.attempts.program import StartError, startable
from orchestrator.adapters.attempts.running import Running, locked
from orchestrator.errors import StoreError

__all__ = [
    "Alive",
    "Exited",
    "Found",
    "Gone",
    "NeverBegan",
    "Record",
    "Request",
    "Running",
    "StartError",
    "Stop",
    "find",
    "head",
    "lines",
    "read_exit",
    "read_stop",
    "recorded",
    "remove_stop",
    "start",
    "stop_that_counts",
    "tail",
    "write_stop",
]

# `trap :` and not `trap ''`, which the program would inherit as deafness; without a trap a signal to the group would
# end the launcher before it writes `exit`. `>>`: a program that opens /dev/stderr anew must not write over the rest.
LAUNCHER = """set +eC; trap : INT TERM HUP
until echo $$ >"$0/pid"; do [ -d "$0" ] || exit; sleep 1; done
in=$1; shift; "$@" <"$in" >>"$0/stdout.log" 2>>"$0/stderr.log"; c=$?
until echo $c >"$0/exit"; do [ -d "$0" ] || exit; sleep 1; done
"""
SCARCE = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
"""What the machine has too little of just now: no reason to give a ticket up."""
LOCK_PATIENCE = 1.0
"""Seconds to wait for somebody who only tests the lock."""


class Request(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One program that is to be started."""

    id: str
    """Random; a directory with another id is not ours."""
    n: int
    phase: str
    kind: Kind
    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    """The entire environment. Of it only the names are written down."""
    stdin: str = ""
    """What lies in `prompt.md`."""
    reads_stdin: bool = True
    """Otherwise its standard input is empty: who got the prompt in another way must not get it twice."""
    started_at: str = ""
    timeout_seconds: float | None = None
    idle_timeout_seconds: float | None = None
    agent: str | None = None
    session: str | None = None
    resume: bool = False
    head: str | None = None
    branch: str | None = None
    changes: str = ""
    files: dict[str, str] = {}
    """More that lies in the directory when the program starts: name → text."""


class NeverBegan(msgspec.Struct, frozen=True):
    """No program was started: the same attempt may be."""


class Alive(msgspec.Struct, frozen=True):
    """Its pid may still be to come."""

    running: Running


class Exited(msgspec.Struct, frozen=True):
    code: int


class Gone(msgspec.Struct, frozen=True):
    """It began, its launcher is dead, and nobody wrote how it ended."""

    pid: int


Found = NeverBegan | Alive | Exited | Gone


def find(directory: Path, attempt_id: str) -> Found:
    """What became of an attempt. A directory with another id tells nothing about ours."""
    record = recorded(directory)
    if record is not None and record.id != attempt_id:
        return NeverBegan()
    if locked(directory):
        return Alive(Running(directory, attempt_id))
    code, pid = read_exit(directory), read_pid(directory)  # after the lock: from here on nothing changes
    if code is not None:
        return Exited(code)
    return NeverBegan() if pid is None else Gone(pid)


def start(directory: Path, request: Request) -> Running:
    """Starts the program. Raises CannotRunError, StartError or StoreError (try again later), and then nothing runs."""
    env = {**request.env, sweep.ID_VARIABLE: request.id, "PWD": request.cwd}
    argv = startable(request.argv, request.cwd, env)
    alive = _claim(directory, request.id)
    try:
        _write(directory, request)
        child = _launch(alive, directory, argv, request, env)
    finally:
        os.close(alive)  # from now on only the launcher holds the lock
    return Running(directory, request.id, child)


def _launch(
    alive: int, directory: Path, argv: list[str], request: Request, env: dict[str, str]
) -> subprocess.Popen[bytes]:
    place = str(directory.absolute())
    stdin = f"{place}/prompt.md" if request.reads_stdin else os.devnull
    _heed_signals()
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", LAUNCHER, place, stdin, *argv],
            stdin=alive,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=request.cwd,
            env=env,
            start_new_session=True,
        )
    except OSError as error:
        if error.errno == errno.E2BIG:
            size = sum(len(os.fsencode(word)) for word in argv)
            raise StartError(
                f"{argv[0]}: argument list too long ({size:,} bytes; one argument may have about 131,000): "
                "pass long text on standard input or in a file"
            ) from error
        if error.errno in SCARCE:
            raise StoreError(f"{argv[0]}: cannot be started now: {error.strerror}") from error
        raise StartError(f"{argv[0]}: cannot be started in {request.cwd}: {error.strerror}") from error


def _heed_signals() -> None:
    """A signal that this process ignores (nohup, a shell's `&`) would be ignored by the program too, and no shell may
    undo that. A handler that does nothing has the same effect here and none there."""
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sig) == signal.SIG_IGN:
            try:
                signal.signal(sig, lambda *_: None)
            except ValueError:
                return  # not the main thread


def _claim(directory: Path, attempt_id: str) -> int:
    """The directory made ours, and its lock. One that another attempt left under this name is moved aside."""
    try:
        fresh = _made(directory) or _set_aside(directory, attempt_id)
        alive = os.open(f"{directory}/alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{directory}: cannot be written: {error.strerror}") from error
    try:
        if _never_began(directory, fresh) and _take(alive) and _never_began(directory, fresh):
            if not fresh:
                _empty(directory)
            return alive
    except OSError as error:
        os.close(alive)
        raise StoreError(f"{directory}: cannot be written: {error.strerror}") from error
    os.close(alive)
    raise StartError(f"{directory}: this attempt was already started; nothing is started twice")


def _made(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        return False
    return True


def _never_began(directory: Path, fresh: bool) -> bool:
    return fresh or read_pid(directory) is None


def _set_aside(directory: Path, attempt_id: str) -> bool:
    """Whether there was another attempt's directory, which now has another name."""
    other = recorded(directory)
    if other is None or other.id == attempt_id:
        return False
    if locked(directory):  # it still writes under this path
        raise StartError(f"{directory}: attempt {other.id}, of another ticket of this name, still runs there")
    directory.rename(directory.with_name(f"{directory.name}.{other.id}"))
    return _made(directory)


def _empty(directory: Path) -> None:
    """Removes what a start that did not get as far as a program has left."""
    for name in ("pid", "exit", "stop.json", "outcome.json", "stdout.log", "stderr.log"):
        (directory / name).unlink(missing_ok=True)


def _take(alive: int) -> bool:
    """Locks for good; somebody who only tests holds it for microseconds."""
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)


def _write(directory: Path, request: Request) -> None:
    known = {name: getattr(request, name) for name in Record.__struct_fields__ if name != "env_names"}
    record = Record(**known, env_names=tuple(sorted(request.env)))
    try:
        _put(f"{directory}/prompt.md", request.stdin.encode(errors="surrogateescape"))
        for name, text in request.files.items():
            _put(f"{directory}/{name}", text.encode(errors="surrogateescape"))
        _put(f"{directory}/attempt.json", msgspec.json.format(msgspec.json.encode(record)))
    except OSError as error:
        raise StoreError(f"{directory}: cannot be written: {error.strerror}") from error


def _put(path: str, content: bytes) -> None:
    with open(path, "wb", buffering=0) as stream:  # noqa: PTH123 - on the way to every program, so the quick way
        rest = memoryview(content)
        while rest:
            rest = rest[stream.write(rest) :]
