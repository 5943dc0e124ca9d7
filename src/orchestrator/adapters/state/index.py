"""The board kept equal to the files: a file is read again only when its size, time or inode changed.

A file that cannot be used is in doubt for a second (an editor may be writing), then it is a problem. One that is gone
is in doubt for a moment (an editor may be putting another in its place), then it is absent. What is in doubt or a
problem is held: it leaves the board, but it is not absent. A folder that cannot be listed makes nothing absent.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from orchestrator.adapters.collecting import collecting_nothing
from orchestrator.adapters.files import PATIENCE, read_whole
from orchestrator.adapters.places import Places
from orchestrator.adapters.watching.folders import Mark, files, folders, is_ours, mark_of, modified
from orchestrator.core.board import Board
from orchestrator.core.model import Key, Ticket
from orchestrator.core.problems import Problem
from orchestrator.errors import UnreadableError
from orchestrator.formats.plan_json import (
    Malformed,
    check_plan_path,
    check_ticket_path,
    decode_plan,
    decode_ticket_record,
)

GONE_PATIENCE = 0.3
"""Seconds after which a file that is gone is believed to be deleted."""


class Finding(NamedTuple):
    """A file that cannot be used, or (no problems) can be used again."""

    path: str
    key: Key | str
    """Of the ticket; of a plan its id."""
    problems: tuple[Problem, ...]


class Index:
    """`take_…` gives what is new since it was asked last."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.board = Board()
        self.problems: dict[str, tuple[Problem, ...]] = {}
        """By file: why it is held."""
        self.doubtful: dict[str, float] = {}
        """Files that cannot be used now, with the monotonic time from which that is believed."""
        self.rewritten: set[Key] = set()
        """Tickets whose file was written, by us or by others, after we had written it. What was written from an old
        copy is not on the board until the store has merged it."""
        self._root = str(places.plans)
        self._marks: dict[str, dict[str, Mark | None]] = {}
        """By plan and file. None: it was there, but could not be read."""
        self._gone: set[str] = set()
        """Of those in doubt the ones that are not there."""
        self._held: dict[Key, Ticket] = {}
        """Tickets that are held, as they were before."""
        self._folders: dict[str, int] = {}
        self._changed: set[Key] = set()
        self._plans_changed: set[str] = set()
        self._findings: list[Finding] = []

    @property
    def has_changes(self) -> bool:
        return bool(self._changed or self._plans_changed)

    def take_changes(self) -> tuple[set[Key], set[str]]:
        """Tickets and plans that changed."""
        changed, plans = self._changed, self._plans_changed
        self._changed, self._plans_changed = set(), set()
        return changed, plans

    def take_findings(self) -> list[Finding]:
        found, self._findings = self._findings, []
        return found

    def is_held(self, key: Key) -> bool:
        """It has a file, but the file cannot be used."""
        path = str(self.places.ticket_file(key))
        return path in self.problems or path in self.doubtful

    def is_plan_held(self, plan_id: str) -> bool:
        path = str(self.places.plan_file(plan_id))
        return path in self.problems or path in self.doubtful

    def saved_at(self) -> list[tuple[Key, float]]:
        """Every ticket file with its time of modification (epoch seconds)."""
        return [(key, mark.modified / 1e9) for key, mark in self._known()]

    def changed_at(self) -> list[tuple[Key, int]]:
        """Every ticket file with the time (nanoseconds) at which it was last written or put in place."""
        return [(key, mark.changed) for key, mark in self._known()]

    def _known(self) -> Iterator[tuple[Key, Mark]]:
        for marks in self._marks.values():
            for path, mark in marks.items():
                if mark is not None and not path.endswith("/plan.json"):
                    yield self._key(path), mark

    def wrote(self, key: Key, mark: Mark | None) -> None:
        """The ticket on the board was written to its file, which then was so: nothing new is to be found there."""
        path = str(self.places.ticket_file(key))
        if mark is not None and path not in self.doubtful and path not in self.problems:
            self._marks_of(path)[path] = mark

    # -- scanning -----------------------------------------------------------------------------------------------------

    def scan(self, every: bool = True) -> None:
        """Look at every folder; at every file only when `every` (else only in folders that changed)."""
        found = folders(self._root)
        with collecting_nothing():
            for plan_id in {**(found or {}), **self._marks}:
                self._scan_plan(plan_id, every)

    def _scan_plan(self, plan_id: str, every: bool) -> None:
        self.look(f"{self._root}/{plan_id}/plan.json")
        folder = f"{self._root}/{plan_id}/tickets"
        stamp = modified(folder)
        if not every and self._folders.get(folder) == stamp:
            return
        present = files(folder)
        if present is None:
            return  # it cannot be listed now: what was there still is
        self._folders[folder] = stamp
        for path in {**present, **self._marks.get(plan_id, {})}:
            self.look(path)
        self._forget_if_empty(plan_id)

    def touch(self, paths: Iterable[str]) -> None:
        """Look at what somebody says has changed, files or folders."""
        for path in paths:
            # a watch may tell a path by way of a link
            steps = self._steps(path) or self._steps(os.path.realpath(path))
            if not steps:
                continue
            if len(steps) == 1:
                self.scan()
            elif is_ours(steps[1:]):
                self.look(f"{self._root}/{'/'.join(steps[1:])}")
            else:
                self._scan_plan(steps[1], every=True)

    def _steps(self, path: str) -> list[str]:
        """The plans' folder and what follows it; nothing when that is no file or folder of ours."""
        for root in (self._root, os.path.realpath(self._root)):
            if path == root or path.startswith(root + os.sep):
                below = path[len(root) + 1 :].split(os.sep) if path != root else []
                mine = len(below) < 2 or is_ours(below) or below[1:] == ["tickets"]
                return [root, *below] if mine and not any(step.startswith(".") for step in below) else []
        return []

    def settle(self, now: float | None = None) -> None:
        """Look again at files in doubt."""
        for path in list(self.doubtful):
            self._marks_of(path)[path] = None
            self.look(path, now)

    # -- one file -----------------------------------------------------------------------------------------------------

    def look(self, path: str, now: float | None = None) -> None:
        now = time.monotonic() if now is None else now
        marks = self._marks_of(path)
        try:
            mark = mark_of(path)
            if mark is not None and marks.get(path) == mark:
                return
            content = read_whole(path)
            marks[path] = mark
            found = self._take(path, content)
        except Malformed as error:
            self._doubt(path, error.problems, now, PATIENCE)
        except UnreadableError as error:
            marks[path] = None
            self._doubt(path, (Problem(self._name(path), str(error), file=path),), now, PATIENCE)
        except FileNotFoundError:
            if path in marks:
                self._doubt(path, (), now, GONE_PATIENCE)
        else:
            self._believe(path, found)

    def _take(self, path: str, content: bytes) -> tuple[Problem, ...]:
        """Put what was read on the board; problems hold it off the board. Raises Malformed."""
        if path.endswith("/plan.json"):
            plan_id = self._plan_of(path)
            plan = decode_plan(content, path).record
            problems = tuple(check_plan_path(plan, plan_id, path))
            if problems:
                self._hold(path)
            else:
                self.board.put_plan(plan)
            self._plans_changed.add(plan_id)
            return problems
        key = self._key(path)
        ticket = decode_ticket_record(content, path)
        problems = tuple(check_ticket_path(ticket, key.plan, key.ticket, path))
        if problems:
            self._hold(path)
        else:
            self._put(key, ticket)
        self._changed.add(key)
        return problems

    def _put(self, key: Key, ticket: Ticket) -> None:
        before = self._held.pop(key, None) or self.board.tickets.get(key)
        if before is not None and before.rev:
            self.rewritten.add(key)
        if before is not None and _is_stale(ticket, before):
            self.board.put_ticket(before)
        else:
            self.board.put_ticket(ticket)

    def _doubt(self, path: str, problems: tuple[Problem, ...], now: float, patience: float) -> None:
        """No problems: it is gone."""
        if (path in self._gone) == bool(problems):
            self.doubtful.pop(path, None)
        (self._gone.discard if problems else self._gone.add)(path)
        since = self.doubtful.setdefault(path, now + patience)
        self._hold(path)
        if now >= since or (problems and path in self.problems):
            if problems:
                self._believe(path, problems)
            else:
                self._absent(path)

    def _hold(self, path: str) -> None:
        """Take it off the board, and remember how it was."""
        if path.endswith("/plan.json"):
            self.board.drop_plan(self._plan_of(path))
            self._plans_changed.add(self._plan_of(path))
            return
        key = self._key(path)
        if key in self.board.tickets:
            self._held[key] = self.board.tickets[key]
            self.board.put_aside(key)
        self._changed.add(key)

    def _believe(self, path: str, problems: tuple[Problem, ...]) -> None:
        self.doubtful.pop(path, None)
        self._gone.discard(path)
        before = self.problems.pop(path, ())
        who = self._who(path)
        if problems:
            self.problems[path] = problems
            if isinstance(who, Key):
                self.board.claims.let_go(who, but_open=True)
        if problems != before:
            self._findings.append(Finding(path, who, problems))

    def _absent(self, path: str) -> None:
        self._marks_of(path).pop(path, None)
        self._forget_if_empty(self._plan_of(path))
        self.doubtful.pop(path, None)
        self._gone.discard(path)
        self.problems.pop(path, None)
        who = self._who(path)
        if isinstance(who, Key):
            self._held.pop(who, None)
            self.board.claims.let_go(who)
            self.rewritten.discard(who)

    def _forget_if_empty(self, plan_id: str) -> None:
        if not self._marks.get(plan_id):
            self._marks.pop(plan_id, None)
            self._folders.pop(f"{self._root}/{plan_id}/tickets", None)

    def _marks_of(self, path: str) -> dict[str, Mark | None]:
        return self._marks.setdefault(self._plan_of(path), {})

    def _plan_of(self, path: str) -> str:
        return path[len(self._root) + 1 :].split(os.sep, 1)[0]

    def _key(self, path: str) -> Key:
        parts = path.split(os.sep)
        return Key(parts[-3], parts[-1].removesuffix(".json"))

    def _who(self, path: str) -> Key | str:
        return self._plan_of(path) if path.endswith("/plan.json") else self._key(path)

    def _name(self, path: str) -> str:
        return f"plan {self._plan_of(path)}" if path.endswith("/plan.json") else f"ticket {self._key(path)}"


def _is_stale(ticket: Ticket, before: Ticket) -> bool:
    """Whether somebody wrote it from an old copy, or changed in it what is a fact."""
    facts = (ticket.attempt, ticket.attempts) != (before.attempt, before.attempts)
    return ticket.rev < before.rev or (ticket.rev == before.rev and facts)
