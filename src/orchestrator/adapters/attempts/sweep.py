"""Finding and signalling processes that a signal to one known process does not reach.

Several agent CLIs start their tool shells in sessions of their own, which survive a group kill; what carries the
attempt's id in its environment belongs to the attempt. Everything here looks or signals once and never waits. A process
is signalled through a pidfd and looked at again before, so that a recycled pid is never hit.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

ID_VARIABLE = "ORCHESTRATOR_ATTEMPT_ID"
DIRECTORY_VARIABLE = "ORCHESTRATOR_ATTEMPT_DIR"
HAS_PROC = Path("/proc/self/environ").exists()
HAS_PIDFD = hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")


def carrying(attempt_id: str) -> list[int]:
    """The living processes, but for this one, that carry the attempt's id in their environment."""
    if not HAS_PROC:
        return _carrying_by_ps(attempt_id)
    mark = _mark(attempt_id)
    own = os.getpid()
    return [pid for pid in _pids() if pid != own and _marked(pid, mark)]


def directories(below: Path) -> dict[str, str]:
    """The attempts' directories below a folder that living processes name in their environment, with their ids."""
    if not HAS_PROC:
        return {}
    mark, found = f"{DIRECTORY_VARIABLE}={below}/".encode(), {}
    for pid in _pids():
        environ = _read(f"/proc/{pid}/environ")
        if mark in environ:
            known = dict(pair.split(b"=", 1) for pair in environ.split(b"\0") if b"=" in pair)
            attempt_id = known.get(ID_VARIABLE.encode())
            if attempt_id is not None and pid != os.getpid():
                found[os.fsdecode(known.get(DIRECTORY_VARIABLE.encode(), b""))] = os.fsdecode(attempt_id)
    return found


def members(group: int) -> list[int]:
    """The living processes of a group whose leader is gone.

    A living process that has the group's number as its own pid shows that the number was given out anew, which happens
    only when nobody of the old group is left.
    """
    if not _somebody_in(group):
        return []
    if not HAS_PROC:
        return [] if _exists(group) else [group]
    found = [pid for pid in _pids() if _group_of(pid) == group]
    return [] if group in found else found


def sweep(attempt_id: str, sig: signal.Signals, told: Collection[int] = (), but: Collection[int] = ()) -> list[int]:
    """Signals, once, whatever carries the attempt's id, and is not in `but`; returns whom. `told`: who heard it before;
    they, and what they start to end in order, are left in peace."""
    found = [pid for pid in _untold(carrying(attempt_id), told) if pid not in but]
    send(found, sig, lambda pid: carries(pid, attempt_id))
    return found


def sweep_group(group: int, sig: signal.Signals, told: Collection[int] = ()) -> list[int]:
    """Signals, once, the members of a group whose leader is gone; returns whom. `told` as in `sweep`."""
    found = _untold(members(group), told)
    if HAS_PROC:
        send(found, sig, lambda pid: _group_of(pid) == group)
    elif found:
        _quietly(lambda: os.killpg(group, sig))
    return found


def _untold(found: list[int], told: Collection[int]) -> list[int]:
    return [pid for pid in found if pid not in told and _parent_of(pid) not in told] if told else found


def carries(pid: int, attempt_id: str) -> bool:
    return _marked(pid, _mark(attempt_id)) if HAS_PROC else pid in _carrying_by_ps(attempt_id)


def send(pids: Iterable[int], sig: signal.Signals, still: Callable[[int], bool]) -> None:
    """Signals each process that is, with a hold on it, `still` the one that was meant."""
    for pid in pids:
        _quietly(lambda pid=pid: _send(pid, sig, still))  # type: ignore[misc]


def _send(pid: int, sig: signal.Signals, still: Callable[[int], bool]) -> None:
    if not HAS_PIDFD:
        if still(pid):
            os.kill(pid, sig)
        return
    hold = os.pidfd_open(pid)
    try:
        if still(pid):
            signal.pidfd_send_signal(hold, sig)
    finally:
        os.close(hold)


def _quietly(action: Callable[[], None]) -> None:
    """Somebody who is gone already, or who is not ours to signal, is no failure of a sweep."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        action()


def _mark(attempt_id: str) -> bytes:
    return f"{ID_VARIABLE}={attempt_id}".encode()


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _marked(pid: int, mark: bytes) -> bool:
    """Exactly this variable with exactly this value; a zombie has no environment any more."""
    environ = _read(f"/proc/{pid}/environ")
    return mark in environ and mark in environ.split(b"\0")


def _group_of(pid: int) -> int | None:
    """The process group; None for one that is gone, or dead and only not yet collected by its parent."""
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    if len(fields) < 3 or fields[0] in (b"Z", b"X"):
        return None
    return int(fields[2])


def _parent_of(pid: int) -> int | None:
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return int(fields[1]) if len(fields) > 1 else None


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        content = chunk = os.read(descriptor, 65536)
        while len(chunk) == 65536 and (chunk := os.read(descriptor, 65536)):
            content += chunk
        return content
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _somebody_in(group: int) -> bool:
    """Whether the group has any member, dead ones included: one system call for the usual answer, no."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _carrying_by_ps(attempt_id: str) -> list[int]:
    listing = subprocess.run(["ps", "axeww", "-o", "pid=,command="], capture_output=True, check=False).stdout
    mark = _mark(attempt_id)
    rows = (row.split() for row in listing.splitlines())
    return [int(words[0]) for words in rows if mark in words and int(words[0]) != os.getpid()]
