"""The file systems on which state, logs and worktrees lie: how much room there is, and whether locks work there."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "vboxsf", "drvfs"}
)
"""Where a lock that one machine holds may be unknown to another, or to none, and a rename is not one step."""

UNWRITTEN = "cannot be written"


class Room(NamedTuple):
    place: Path
    """The nearest folder that exists."""
    device: int
    free: int
    """Bytes that this user may still write."""
    inodes: int | None
    """None: the file system has no fixed number of them."""
    kind: str
    """`ext4`; empty when nobody knows."""

    @property
    def is_remote(self) -> bool:
        return self.kind in REMOTE or self.kind.startswith("fuse.")


def room(folder: Path) -> Room:
    """Raises OSError."""
    place = existing(folder)
    found = os.statvfs(place)
    inodes = found.f_favail if found.f_files > 0 else None
    return Room(place, place.stat().st_dev, found.f_bavail * found.f_frsize, inodes, _kind(place))


def free_bytes(folder: Path) -> int | None:
    """Where the folder is, or will be. None: nobody knows."""
    try:
        found = os.statvfs(existing(folder))
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def existing(folder: Path) -> Path:
    """The folder, or what will hold it."""
    return next((one for one in (folder, *folder.parents) if one.is_dir()), Path("/"))


def _kind(place: Path) -> str:
    """(Linux tells it; elsewhere nobody is asked.)"""
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    real, best, kind = os.path.realpath(place), "", ""
    for line in lines:
        left, _, right = line.partition(" - ")
        point = left.split(" ")[4].replace("\\040", " ")
        if len(point) >= len(best) and (real == point or real.startswith(point.rstrip("/") + "/")):
            best, kind = point, right.split(" ")[0]
    return kind


def unfit(folder: Path) -> str | None:
    """Why state cannot be kept in this folder: it is tried. None: locks hold, and a file is replaced in one step."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as held:
            fcntl.flock(held.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_refused(held.name):
                return "a lock that is held is given to a second one"
            _replace(held.name)
    except OSError as error:
        return f"{UNWRITTEN}: {error.strerror}"
    return None


def _is_refused(path: str) -> bool:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _replace(path: str) -> None:
    with tempfile.NamedTemporaryFile(dir=Path(path).parent, prefix=".doctor-", delete=False) as other:
        try:
            other.write(b"x")
            other.flush()
            os.fsync(other.fileno())
            os.replace(other.name, path)  # noqa: PTH105
        except OSError:
            Path(other.name).unlink(missing_ok=True)
            raise
