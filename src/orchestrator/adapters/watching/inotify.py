"""What changes below some folders, told by Linux itself: at once, and without waking up while nothing does.

The law: whatever may have been missed is told as a change of its folder, which is then looked through. Where folders
themselves may have been missed, all are looked for anew.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from inotify_simple import Event, INotify, flags  # type: ignore[import-untyped]

REST = 0.004
"""Seconds in which changes are collected after the first: a save is several of them, and a plan many files."""
ABSENT_SECONDS = 0.5
"""How often to look whether a folder has come that was not there."""

MASK = (
    flags.MODIFY | flags.CLOSE_WRITE | flags.CREATE | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO
    | flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR
)  # fmt: skip
COME = flags.CREATE | flags.MOVED_TO
GONE = flags.DELETE | flags.MOVED_FROM
SELF = flags.IGNORED | flags.MOVE_SELF | flags.UNMOUNT


def changes(
    roots: Sequence[str], stop: int, begun: Callable[[], None], absent: Sequence[str] = ()
) -> Iterator[set[str]]:
    """The paths that changed, until something can be read from `stop`, or the folders have to be looked for anew: a
    root is gone, one that is `absent` has come, or Linux could not keep all changes. `begun`: from now on every change
    is seen.

    Raises OSError when no more folders can be watched.
    """
    with INotify(nonblocking=True) as inotify:
        tree = _Tree(inotify, roots)
        begun()
        poll = select.poll()
        for fd in (inotify.fileno(), stop):
            poll.register(fd, select.POLLIN)
        patience = ABSENT_SECONDS * 1000 if absent else None
        while not tree.is_stale and not any(map(os.path.isdir, absent)):
            found = poll.poll(patience)
            if any(fd == stop for fd, _ in found):
                return
            if found:
                time.sleep(REST)
                if paths := tree.told(inotify.read(timeout=0)):
                    yield paths


class _Tree:
    """The folders that are watched: the roots and what lies below them, also where links lead."""

    def __init__(self, inotify: INotify, roots: Sequence[str]) -> None:
        self._inotify, self._roots = inotify, set(roots)
        self._folders: dict[int, str] = {}
        self.is_stale = False
        """Some of the folders are no longer known."""
        for root in roots:
            self._add(root)

    def _add(self, folder: str) -> None:
        try:
            watch = self._inotify.add_watch(folder, MASK)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            if folder in self._roots:
                raise
            return
        if watch in self._folders:
            return  # the same folder by another way; so a link that leads in a circle ends here
        self._folders[watch] = folder
        try:
            below = [entry.path for entry in os.scandir(folder) if not entry.name.startswith(".")]
        except OSError:
            return
        for path in below:
            if _may_be_folder(path) and Path(path).is_dir():
                self._add(path)

    def _drop(self, folder: str) -> None:
        """It was moved away or deleted: its watches go on telling a path that is no longer its own."""
        below = [watch for watch, path in self._folders.items() if path == folder or path.startswith(f"{folder}/")]
        for watch in below:
            del self._folders[watch]
            try:
                self._inotify.rm_watch(watch)
            except OSError:
                continue  # it went with its folder

    def told(self, events: list[Event]) -> set[str]:
        paths: set[str] = set()
        for event in events:
            if event.mask & flags.Q_OVERFLOW:
                self.is_stale = True  # also new folders may have been missed; whoever begins anew tells the roots
            elif event.mask & SELF:
                paths |= self._self_gone(event)
            elif (folder := self._folders.get(event.wd)) is not None and event.name and event.name[0] != ".":
                path = f"{folder}/{event.name}"
                paths.add(path)
                self._follow(path, event.mask)
        return paths

    def _follow(self, path: str, mask: int) -> None:
        if not mask & flags.ISDIR and not _may_be_folder(path):
            return
        if mask & GONE:
            self._drop(path)  # also a link, that may come again by another name
        elif mask & COME and (mask & flags.ISDIR or Path(path).is_dir()):
            self._add(path)

    def _self_gone(self, event: Event) -> set[str]:
        folder = self._folders.pop(event.wd, None) if event.mask & flags.IGNORED else self._folders.get(event.wd)
        if folder in self._roots:
            self.is_stale = True
        return {folder} if folder is not None else set()


def _may_be_folder(path: str) -> bool:
    """Of what lies there most is files, whose names say so."""
    return not path.endswith((".json", ".yaml", ".yml", ".md"))
