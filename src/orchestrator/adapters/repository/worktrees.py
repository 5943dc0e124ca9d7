"""Linked worktrees as they lie on the disk, and their removal by the script that never destroys work.

The law: only what `setup-worktree.sh` made, or had begun to make, is ours. Everything else is not even looked into.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrator.adapters.attempts.temporary import remove
from orchestrator.adapters.repository.git import KEPT_BASE, lines_of
from orchestrator.core.model import Key

INITIALIZING = "initializing"
"""Why git itself locks a worktree that it is making."""
OWNER = "orchestrator-owner"
"""Beside a worktree's index: plan and ticket."""
STATE_DIR = "orchestrator-state-dir"
"""Beside it: where the ticket's file is."""
SCRIPT_SECONDS = 600.0


class Registered(NamedTuple):
    """A worktree that a repository knows, whether or not its folder is there."""

    path: Path
    locked: str | None
    """Why; None: it is not."""


def registered(repo: Path) -> Iterator[Registered]:
    """But for the main one."""
    path, locked = None, None
    for line in (*lines_of(repo, "worktree", "list", "--porcelain")[1:], ""):
        word, _, rest = line.partition(" ")
        if word == "worktree":
            path, locked = Path(rest), None
        elif word == "locked":
            locked = rest
        elif not line and path is not None:
            yield Registered(path, locked)
            path = None


def own_dir(folder: Path) -> Path | None:
    """Where git keeps what belongs to this worktree; None: it is no linked worktree."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if not folder.is_symlink() and (folder / ".git").is_file():
            word, _, rest = (folder / ".git").read_text().strip().partition(" ")
            found = Path(folder, rest)
            if word == "gitdir:" and found.parent.name == "worktrees" and found.is_dir():
                return found
    return None


def is_ours(own: Path) -> bool:
    return (own / KEPT_BASE).exists() or (own / OWNER).exists()


def owner(own: Path) -> Key | None:
    """The ticket for which it was made; None: setup was run by hand, or by an earlier version."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        plan, slash, ticket = (own / OWNER).read_text().strip().partition("/")
        return Key(plan, ticket) if slash else None
    return None


def is_of_another(own: Path, state: Path) -> bool:
    """Another home's ticket may need it, of which nothing is known here."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        noted = (own / STATE_DIR).read_text().rstrip("\n")
        return os.path.realpath(noted) != os.path.realpath(state) and Path(noted).is_dir()
    return False


def is_half_made(own: Path) -> bool:
    """Its making was cut off: git had not written its index yet."""
    with contextlib.suppress(OSError):
        return not (own / "index").exists() or (own / "locked").read_text().strip() == INITIALIZING
    return False


def remove_half_made(folder: Path, own: Path, dry_run: bool) -> str:
    """Why it is kept; empty: it is gone, or would be."""
    if [one.name for one in folder.iterdir()] != [".git"]:
        return "its making was cut off, and there are files in it already: look at them, then remove it"
    if dry_run:
        return ""
    remove(own, wait=True)
    try:
        (folder / ".git").unlink()
        folder.rmdir()
    except OSError as error:
        return f"cannot be removed: {error.strerror}"
    return ""


def forget(repo: Path, path: Path, dry_run: bool) -> str:
    """A worktree whose folder is gone. Why it is still known; empty: it is not, or would not be."""
    if dry_run:
        return ""
    return _said(["git", "-C", str(repo), "worktree", "remove", "--force", "--", str(path)])


def clean_up(script: Path, folder: Path, dry_run: bool) -> str:
    """Why it is kept; empty: it is gone, or would be."""
    said = _said(["/bin/bash", str(script), *(["--dry-run"] if dry_run else []), str(folder)])
    for prefix in (f"{script.name}: ", f"{folder} is kept: ", f"{os.path.realpath(folder)} is kept: "):
        said = said.removeprefix(prefix)
    return said


def _said(argv: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            argv,
            cwd="/",
            env={**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SCRIPT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    return done.stderr.decode(errors="replace").strip() or f"{argv[0]}: exit code {done.returncode}"


def used(folder: Path) -> int:
    """Bytes on the disk, as du counts them: a file with two names once, and no other file system."""
    total, seen, pending = 0, set[int](), [str(folder)]
    device = _device(folder)
    while pending:
        with contextlib.suppress(OSError), os.scandir(pending.pop()) as found:
            for one in found:
                stat, is_folder = one.stat(follow_symlinks=False), one.is_dir(follow_symlinks=False)
                if stat.st_dev != device or stat.st_ino in seen:
                    continue
                total += stat.st_blocks * 512
                if is_folder:
                    pending.append(one.path)
                elif stat.st_nlink > 1:
                    seen.add(stat.st_ino)
    return total


def _device(folder: Path) -> int | None:
    try:
        return folder.lstat().st_dev
    except OSError:
        return None


def changed(path: Path) -> float:
    """When it was changed last (epoch seconds); 0: nobody knows."""
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0
