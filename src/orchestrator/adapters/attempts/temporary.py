"""A folder for temporary files of each ticket, of its own and with a short path, so that unix sockets fit.

The law: nobody else can reach what lies there, nor lead us elsewhere: all folders lie in one that belongs to this user
alone. Where somebody else has taken its name, the state folder serves instead.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.core.model import Key
from orchestrator.errors import StoreError

LONGEST = 40
"""Characters of the system's folder; with ours 30 more, and a socket's path has about 104."""
GONE = ".gone"
"""What is being removed ends so."""


def folder_of(environ: Mapping[str, str], state: Path, key: Key) -> Path:
    """Where the ticket's folder is, made or not."""
    return parent_of(environ, state) / (_hash(str(state), 4) + _hash(f"{state}\0{key}", 8))


def parent_of(environ: Mapping[str, str], state: Path) -> Path:
    """The folder of all of them, made; it may hold those of other states too."""
    shared = Path(_system(environ)) / f"orchestrator-{os.getuid()}"
    return shared if _is_ours(shared) else state / ".tmp"


def make(folder: Path) -> None:
    """Raises StoreError."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except FileNotFoundError:
        _make_whole(folder)
    except OSError as error:
        raise StoreError(f"cannot make {folder}: {error.strerror}") from error


def _make_whole(folder: Path) -> None:
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {folder}: {error.strerror}") from error


def variables(folder: Path) -> dict[str, str]:
    return dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(folder))


def forget(folder: Path, whole: bool) -> None:
    """Remove it if it is empty; `whole`: in any case, which goes on by itself when there is much."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError:
        if whole:
            _remove_aside(folder)


def _remove_aside(folder: Path) -> None:
    """Out of the way at once: the ticket may begin anew. What a program made read-only goes as well."""
    aside = folder.with_name(f"{folder.name}.{os.getpid()}{GONE}")
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return  # what has that name later is somebody else's
    except OSError:
        aside = folder
    remove(aside)


def remove(folder: Path, wait: bool = False) -> None:
    import subprocess  # not at the top: most folders are empty

    line = '{ chmod -R u+rwX -- "$0"; rm -rf -- "$0"; } >/dev/null 2>&1' + ("" if wait else " &")
    with contextlib.suppress(OSError):
        subprocess.run(
            ["/bin/sh", "-c", line, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            check=False,
        )


def of_state(environ: Mapping[str, str], state: Path) -> Iterator[Path]:
    """All folders that tickets of this state have, or had."""
    mark = _hash(str(state), 4)
    for parent in {parent_of(environ, state), state / ".tmp"}:
        with contextlib.suppress(OSError):
            yield from sorted(one for one in parent.iterdir() if one.name.startswith(mark) and not one.is_symlink())


def _system(environ: Mapping[str, str]) -> str:
    for name in ("TMPDIR", "TEMP", "TMP"):
        asked = environ.get(name, "")
        if asked.startswith("/") and len(asked) <= LONGEST and os.access(asked, os.W_OK | os.X_OK):
            return asked
    return "/tmp"


def _is_ours(folder: Path) -> bool:
    """Made by us, or ours already; nobody else may write into it."""
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            return False
        if found.st_mode & 0o077:
            folder.chmod(0o700)
        return True
    return False


def _hash(text: str, size: int) -> str:
    import hashlib  # not at the top: few commands ask

    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:size]
