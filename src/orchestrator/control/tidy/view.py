"""What `gc` knows: tickets, whose worktree is where, and the folders in which worktrees are made."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from orchestrator.adapters.paths import expanded
from orchestrator.adapters.state.index import Index
from orchestrator.control.tidy.wishes import Wishes
from orchestrator.core.board import Board
from orchestrator.core.model import Key, Status, Ticket
from orchestrator.core.rules import derive
from orchestrator.engine.home import Home


class View(msgspec.Struct, frozen=True, kw_only=True):
    home: Home
    board: Board
    wishes: Wishes
    places: dict[Key, Path]
    """Where each ticket's worktree is, or will be."""
    users: dict[str, list[Key]]
    """The same the other way round, by real path: two tickets may share one."""
    files: frozenset[Key]
    """All tickets of which there is a file, also one that cannot be read."""
    roots: dict[Path, tuple[str, ...]]
    """Folders in which worktrees are made, and the plans that make theirs there."""
    gone: set[str] = msgspec.field(default_factory=set)
    """Real paths of worktrees that were removed just now, or would have been."""

    def users_of(self, path: Path) -> list[Key]:
        return self.users.get(os.path.realpath(path), [])

    def may_go(self, ticket: Ticket) -> bool:
        return ticket.status in self.wishes.states and ticket.attempt is None

    def is_unread(self, plan_id: str) -> bool:
        """Something of the plan cannot be read, so nobody knows which worktrees are its tickets'."""
        if plan_id not in self.board.plans and self.home.places.plan_file(plan_id).exists():
            return True
        return any(key.plan == plan_id and key not in self.board.tickets for key in self.files)

    def repos(self) -> list[Path]:
        """Repositories of the plans and tickets that are asked for."""
        plans = [plan for plan in self.board.plans.values() if self.wishes.plan in (None, plan.id)]
        tickets = [ticket for key, ticket in self.board.tickets.items() if self.wishes.plan in (None, key.plan)]
        named = dict.fromkeys(repo for repo in (*(p.repo for p in plans), *(t.repo for t in tickets)) if repo)
        return [folder for repo in named if (folder := expanded(repo)).is_dir()]


def view_of(home: Home, index: Index, wishes: Wishes) -> View:
    home.plans, home.patience = index.board.plans, 0
    places = {key: path for key, ticket in index.board.tickets.items() if (path := _place(home, ticket)) is not None}
    users: dict[str, list[Key]] = defaultdict(list)
    for key, path in places.items():
        users[os.path.realpath(path)].append(key)
    return View(
        home=home,
        board=index.board,
        wishes=wishes,
        places=places,
        users=users,
        files=frozenset(_files(home)),
        roots=_roots(home, index.board, wishes),
    )


def _place(home: Home, ticket: Ticket) -> Path | None:
    found = derive(home.rules(ticket), ticket).worktree
    path = expanded(found) if found else None
    return path if path is not None and path.is_absolute() else None


def _files(home: Home) -> Iterator[Key]:
    for file in home.places.plans.glob("*/tickets/*.json"):
        yield Key(file.parent.parent.name, file.stem)


def _roots(home: Home, board: Board, wishes: Wishes) -> dict[Path, tuple[str, ...]]:
    """Of plans that are gone the folders that they had by default."""
    found: dict[Path, list[str]] = defaultdict(list)
    for plan in board.plans.values():
        root = expanded(plan.worktree_root) if plan.worktree_root else _default(home) / plan.id
        if root.is_absolute():
            found[root].append(plan.id)
    for folder in _default(home).iterdir() if _default(home).is_dir() else ():
        if folder.is_dir() and folder.name not in found.get(folder, ()):
            found[folder].append(folder.name)
    return {root: tuple(ids) for root, ids in found.items() if wishes.plan is None or wishes.plan in ids}


def _default(home: Home) -> Path:
    return Path(home.config.home) / "worktrees"


ENDINGS = (Status.COMPLETE, Status.FAILED, Status.NEEDS_ATTENTION)
"""States whose worktrees may be asked for."""
