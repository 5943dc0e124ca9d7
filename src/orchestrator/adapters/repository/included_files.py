"""What `.worktreeinclude` names: files that git ignores, copied from the main working tree into a new one.

The law: what is there is never overwritten, nothing is written outside the worktree, and a copy is whole or not there.
What git does not ignore in the worktree, too, is left out: a secret would be committed with the work.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path
from typing import NamedTuple

from orchestrator.adapters.repository import git

NAME = ".worktreeinclude"
UNFINISHED = ".worktreeinclude.copy"
"""A copy that is being made, beside where it will be."""


class Copied(NamedTuple):
    files: int
    left_out: tuple[str, ...]
    """In words: what, and why."""


def copy(source: Path, worktree: Path) -> Copied:
    """Raises OSError."""
    listed = next((path for path in (source / NAME, worktree / NAME) if path.is_file()), None)
    names = git.ignored_files(source, listed) if listed else []
    names = [name for name in names if not os.path.lexists(worktree / name)]
    links = {folder for folder in {str(Path(name).parent) for name in names} if _has_link(worktree, folder)}
    ignored = git.ignored_of(worktree, [name for name in names if str(Path(name).parent) not in links])
    left_out: list[str] = []
    files = 0
    with _folders(source, worktree) as open_folder:
        for name in names:
            why = _unfit(source, source / name)
            if not why and name not in ignored and str(Path(name).parent) not in links:
                why = "git does not ignore it there"
            why = why or open_folder(Path(name).parent)
            if why:
                left_out.append(f"{name} ({why})")
            else:
                files += _copy(source, source / name, worktree / name)
    return Copied(files, tuple(left_out))


def _has_link(worktree: Path, folder: str) -> bool:
    return any((worktree / one).is_symlink() for one in (Path(folder), *Path(folder).parents) if one != Path())


def _unfit(source: Path, path: Path) -> str:
    """Why it is not copied; empty: it is."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return "a link to nowhere" if path.is_symlink() else "gone meanwhile"
    if stat.S_ISREG(mode) or (stat.S_ISDIR(mode) and _stays_inside(source, path)):
        return ""
    return "a link to a folder elsewhere" if stat.S_ISDIR(mode) else "not a file"


def _stays_inside(source: Path, link: Path) -> bool:
    """A relative link that does not leave the tree means the same in the other tree."""
    target = os.readlink(link)  # noqa: PTH115
    return not os.path.isabs(target) and Path(os.path.realpath(link)).is_relative_to(os.path.realpath(source))  # noqa: PTH117


def _copy(source: Path, path: Path, to: Path) -> bool:
    """Of a link that leads out of the tree the content is taken: who writes there must not change the other's file."""
    if path.is_symlink() and _stays_inside(source, path):
        to.symlink_to(os.readlink(path))  # noqa: PTH115
        return True
    unfinished = to.parent / UNFINISHED
    unfinished.unlink(missing_ok=True)
    try:
        shutil.copyfile(path, unfinished)
        shutil.copystat(path, unfinished)
        return _put(unfinished, to)
    finally:
        unfinished.unlink(missing_ok=True)


def _put(unfinished: Path, to: Path) -> bool:
    """Never over what has come there meanwhile."""
    try:
        os.link(unfinished, to)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        unfinished.rename(to)
    return True


class _folders(contextlib.ExitStack):
    """Makes the folders of a worktree that it lacks, with the modes that they have in the source: at the end, for one
    may be read-only."""

    def __init__(self, source: Path, worktree: Path) -> None:
        super().__init__()
        self._source, self._worktree = source, worktree
        self._known: dict[Path, str] = {Path(): ""}

    def __call__(self, folder: Path) -> str:
        """Why nothing can be put there; empty: something can."""
        if folder not in self._known:
            self._known[folder] = self(folder.parent) or self._make(folder)
        return self._known[folder]

    def _make(self, folder: Path) -> str:
        path = self._worktree / folder
        if path.is_symlink():
            return f"{folder} is a link there"
        if not path.exists():
            path.mkdir(0o700)
            self.callback(path.chmod, stat.S_IMODE((self._source / folder).stat().st_mode))
        return "" if path.is_dir() else f"{folder} is a file there"
