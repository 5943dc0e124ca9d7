"""What the setup of a worktree depends on, what is remembered of it, and the folder that setups share.

The key is made of the command and of the files that the configuration names: as long as both are the same, a setup
that succeeded in a worktree need not be run there again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.adapters.repository import git

MARK = "orchestrator-setup"
"""Beside the worktree's index: the key of the last setup that succeeded there, and the one that its own changes led to
(who installs what a lock file says may write into that file)."""
SHORT = 16
"""So much of a key is the name of a cache."""
ARTEFACTS = "orchestrator-artefacts"
"""Likewise: loose files that are nobody's work."""


def key_of(command: str, worktree: Path, patterns: Iterable[str]) -> str:
    """Raises OSError: a file cannot be read."""
    mark = hashlib.sha256(b"1\0" + command.encode(errors="surrogateescape"))
    for name in sorted(set(_matching(worktree, patterns))):
        mark.update(b"\0" + os.fsencode(name) + b"\0" + _digest(worktree / name))
    return mark.hexdigest()


def _matching(worktree: Path, patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        for found in worktree.glob(pattern):
            name = found.relative_to(worktree)
            if name.parts[:1] != (".git",) and (found.is_symlink() or found.is_file()):
                yield str(name)


def _digest(path: Path) -> bytes:
    if path.is_symlink() and not path.is_file():
        return os.fsencode(os.readlink(path))  # noqa: PTH115
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def last_keys(git_dir: Path) -> list[str]:
    try:
        return (git_dir / MARK).read_text().split()
    except (OSError, UnicodeDecodeError):
        return []


def remember(git_dir: Path, *keys: str) -> None:
    (git_dir / MARK).write_text("".join(f"{key}\n" for key in dict.fromkeys(keys)))


def forget(git_dir: Path) -> None:
    (git_dir / MARK).unlink(missing_ok=True)


def cache_of(caches: Path, common_dir: Path, key: str) -> Path:
    """Made, and marked as used now. Raises OSError."""
    folder = caches / _name(common_dir)
    cache = folder / key[:SHORT]
    cache.mkdir(parents=True, exist_ok=True)
    (folder / "repository").write_text(f"{common_dir}\n")
    os.utime(cache)
    return cache


def repositories(caches: Path) -> Iterator[tuple[Path, Path]]:
    """The folder of each repository that has caches, and where git keeps what its worktrees share."""
    for folder in sorted(caches.iterdir()) if caches.is_dir() else ():
        with contextlib.suppress(OSError, UnicodeDecodeError):
            yield folder, Path((folder / "repository").read_text().rstrip("\n"))


def used_keys(common_dir: Path) -> set[str]:
    """The names of caches that existing worktrees were set up with."""
    marks = (common_dir, *(common_dir / "worktrees").glob("*"))
    return {key[:SHORT] for git_dir in marks for key in last_keys(git_dir)}


def _name(common_dir: Path) -> str:
    called = common_dir.parent.name if common_dir.name == ".git" else common_dir.name.removesuffix(".git")
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in called).strip("-")
    return f"{plain[:40] or 'repository'}-{hashlib.sha256(os.fsencode(common_dir)).hexdigest()[:8]}"


def add_artefacts(git_dir: Path, worktree: Path, before: set[str]) -> None:
    """What a setup leaves loose in the worktree is nobody's work: it is in nobody's way later on."""
    made = sorted(git.loose_files(worktree) - before)
    if made:
        with contextlib.suppress(OSError), (git_dir / ARTEFACTS).open("a", errors="surrogateescape") as stream:
            stream.writelines(f"{name}\n" for name in made)
