"""The board kept equal to the files: a file is read again only when its size, time or inode changed.

A file that does not parse is in doubt for a second (an editor may be writing), then it is a problem and its ticket is
held: it leaves the board, but it is not absent.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from orchestrator.adapters.places import Places
from orchestrator.adapters.store import PATIENCE
from orchestrator.core.board import Board
from orchestrator.core.model import Key
from orchestrator.core.problems import Problem
from orchestrator.formats.plan_json import (
    Malformed,
    check_plan_path,
    check_ticket_path,
    decode_plan,
    decode_ticket_record,
)

Mark = tuple[int, int, int]


class Index:
    """`changed` collects what is new since the last `take_changes`."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.board = Board()
        self.problems: dict[str, tuple[Problem, ...]] = {}
        """By file: why it is held."""
        self.doubtful: dict[str, float] = {}
        """Files that do not parse, with the monotonic time from which that is believed."""
        self._marks: dict[str, Mark] = {}
        self._folders: dict[str, int] = {}
        self._changed: set[Key] = set()
        self.plans_changed: set[str] = set()

    def take_changes(self) -> tuple[set[Key], set[str]]:
        changed, plans = self._changed, self.plans_changed
        self._changed, self.plans_changed = set(), set()
        return changed, plans

    def is_held(self, key: Key) -> bool:
        """It has a file, but the file cannot be used."""
        path = str(self.places.ticket_file(key))
        return path in self.problems or path in self.doubtful

    def saved_at(self) -> list[tuple[Key, float]]:
        """Every ticket file with its time of change (epoch seconds)."""
        return [(self._key(p), mark[0] / 1e9) for p, mark in self._marks.items() if not p.endswith("/plan.json")]

    # -- scanning -----------------------------------------------------------------------------------------------------

    def scan(self, files: bool = True) -> None:
        """Look at every folder; at every file only when `files` (else only in folders that changed)."""
        found = _subfolders(self.places.plans)
        for plan_id in found:
            self._scan_plan(plan_id, files)
        for plan_id in [p for p in self._plans_seen() if p not in found]:
            self._forget_plan(plan_id)

    def _plans_seen(self) -> set[str]:
        prefix = f"{self.places.plans}{os.sep}"
        return {path[len(prefix) :].split(os.sep, 1)[0] for path in self._marks if path.startswith(prefix)}

    def _scan_plan(self, plan_id: str, files: bool) -> None:
        self.look(str(self.places.plan_file(plan_id)))
        folder = str(self.places.tickets(plan_id))
        try:
            stamp = Path(folder).stat().st_mtime_ns
        except OSError:
            stamp = 0
        if not files and self._folders.get(folder) == stamp:
            return
        self._folders[folder] = stamp
        present = _files(folder)
        for path in present:
            self.look(path)
        for path in [p for p in self._marks if p.startswith(folder + os.sep) and p not in present]:
            self._absent(path)

    def _forget_plan(self, plan_id: str) -> None:
        prefix = f"{self.places.plans / plan_id}{os.sep}"
        for path in [p for p in self._marks if p.startswith(prefix)]:
            self._absent(path)
        self._folders.pop(str(self.places.tickets(plan_id)), None)

    def touch(self, paths: Iterable[str]) -> None:
        """Look at files that somebody says have changed; folders are scanned."""
        root = str(self.places.plans) + os.sep
        for path in paths:
            parts = path[len(root) :].split(os.sep) if path.startswith(root) else []
            if _is_ours(parts):
                self.look(path)
            elif parts and not parts[-1].startswith("."):
                if (self.places.plans / parts[0]).is_dir():
                    self._scan_plan(parts[0], files=True)
                else:
                    self._forget_plan(parts[0])

    def settle(self, now: float | None = None) -> None:
        """Read files in doubt again."""
        for path in list(self.doubtful):
            self._marks.pop(path, None)
            self.look(path, now)

    # -- one file -----------------------------------------------------------------------------------------------------

    def look(self, path: str, now: float | None = None) -> None:
        try:
            stat = os.stat(path)  # noqa: PTH116 - a Path costs more than the call
        except OSError:
            self._absent(path)
            return
        mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if self._marks.get(path) == mark:
            return
        self._marks[path] = mark
        try:
            with open(path, "rb") as stream:  # noqa: PTH123
                content = stream.read()
            found = self._take(path, content)
        except FileNotFoundError:
            self._absent(path)
            return
        except OSError as error:
            found = (Problem(where=self._name(path), what=f"cannot be read: {error.strerror}", file=path),)
        except Malformed as error:
            self._doubt(path, error.problems, time.monotonic() if now is None else now)
            return
        self.doubtful.pop(path, None)
        self._note(path, found)

    def _take(self, path: str, content: bytes) -> tuple[Problem, ...]:
        """Put what was read on the board; problems hold it off the board."""
        if path.endswith("/plan.json"):
            plan_id = Path(path).parent.name
            plan = decode_plan(content, path).record
            problems = tuple(check_plan_path(plan, plan_id, path))
            if problems:
                self.board.drop_plan(plan_id)
            else:
                self.board.put_plan(plan)
            self.plans_changed.add(plan_id)
            return problems
        key = self._key(path)
        ticket = decode_ticket_record(content, path)
        problems = tuple(check_ticket_path(ticket, key.plan, key.ticket, path))
        if problems:
            self.board.drop_ticket(key)
        else:
            self.board.put_ticket(ticket)
        self._changed.add(key)
        return problems

    def _doubt(self, path: str, problems: tuple[Problem, ...], now: float) -> None:
        since = self.doubtful.setdefault(path, now + PATIENCE)
        if now >= since or path in self.problems:
            del self.doubtful[path]
            self._note(path, problems)
        if path.endswith("/plan.json"):
            self.board.drop_plan(Path(path).parent.name)
            self.plans_changed.add(Path(path).parent.name)
        else:
            self.board.drop_ticket(self._key(path))
            self._changed.add(self._key(path))

    def _note(self, path: str, problems: tuple[Problem, ...]) -> None:
        if problems:
            self.problems[path] = problems
        else:
            self.problems.pop(path, None)

    def _absent(self, path: str) -> None:
        self._marks.pop(path, None)
        self.doubtful.pop(path, None)
        self.problems.pop(path, None)
        if path.endswith("/plan.json"):
            plan_id = Path(path).parent.name
            if plan_id in self.board.plans:
                self.board.drop_plan(plan_id)
                self.plans_changed.add(plan_id)
            return
        key = self._key(path)
        self.board.drop_ticket(key)
        self._changed.add(key)

    def _key(self, path: str) -> Key:
        parts = path.split(os.sep)
        return Key(parts[-3], parts[-1].removesuffix(".json"))

    def _name(self, path: str) -> str:
        return f"plan {Path(path).parent.name}" if path.endswith("/plan.json") else f"ticket {self._key(path)}"


def _is_ours(parts: list[str]) -> bool:
    if len(parts) == 2:
        return parts[1] == "plan.json"
    return len(parts) == 3 and parts[1] == "tickets" and parts[2].endswith(".json") and not parts[2].startswith(".")


def _subfolders(folder: Path) -> list[str]:
    try:
        return sorted(e.name for e in os.scandir(folder) if e.is_dir() and not e.name.startswith("."))
    except OSError:
        return []


def _files(folder: str) -> dict[str, None]:
    try:
        names = sorted(e.name for e in os.scandir(folder))
    except OSError:
        return {}
    return {f"{folder}/{name}": None for name in names if name.endswith(".json") and not name.startswith(".")}
