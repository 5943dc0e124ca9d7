"""What lies below the plans' folder. What cannot be listed or looked at now is never taken for absent."""

from __future__ import annotations

import os
from typing import NamedTuple


class Mark(NamedTuple):
    """A file is the same as long as this is."""

    modified: int
    changed: int
    size: int
    inode: int


def is_ours(parts: list[str]) -> bool:
    """Whether a path below the plans, in steps, names a plan's or a ticket's file."""
    if len(parts) == 2:
        return parts[1] == "plan.json"
    return len(parts) == 3 and parts[1] == "tickets" and _is_ticket(parts[2])


def _is_ticket(name: str) -> bool:
    return name.endswith(".json") and not name.startswith(".")


def mark_of(path: str) -> Mark | None:
    """How a file is. Raises FileNotFoundError; None: it is there, but cannot be looked at."""
    try:
        stat = os.stat(path)  # noqa: PTH116 - a Path costs more than the call
    except (FileNotFoundError, NotADirectoryError) as error:
        if os.path.lexists(path):
            return None  # a link that leads nowhere
        raise FileNotFoundError(path) from error
    except OSError:
        return None
    return Mark(stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)


def modified(folder: str) -> int:
    """Changes whenever something is put into the folder or taken out; 0 when there is none."""
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0


def folders(root: str) -> dict[str, None] | None:
    """The plans' folders by name; None when they cannot be listed."""
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError:
        return None
    return {entry.name: None for entry in entries if not entry.name.startswith(".") and _is_folder(entry)}


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads to itself


def files(folder: str) -> dict[str, None] | None:
    """The tickets' files in a folder; None when it cannot be listed."""
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError:
        return None
    return {f"{folder}/{name}": None for name in names if _is_ticket(name)}
