"""Branches and worktrees that unfinished tickets of other plans have already."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

import msgspec

from orchestrator.core.model import Key
from orchestrator.core.problems import Problem


class Ground(msgspec.Struct, frozen=True):
    """Where a ticket works; what its planner left out is derived."""

    key: Key
    repo: str | None
    branch: str | None
    worktree: str | None


def taken(own: Iterable[Ground], others: Iterable[Ground]) -> Iterator[Problem]:
    branches: dict[tuple[str, str], Key] = {}
    worktrees: dict[str, Key] = {}
    for other in others:
        if other.branch and other.repo:
            branches.setdefault((_path(other.repo), other.branch), other.key)
        if other.worktree:
            worktrees.setdefault(_path(other.worktree), other.key)
    for one in own:
        owner = branches.get((_path(one.repo), one.branch)) if one.branch and one.repo else None
        if owner is not None:
            what = f'has the same branch as {owner} of another plan, which is not complete: "{one.branch}"'
            hint = f'give it a branch of its own, such as "branch": "{one.branch}-{one.key.plan}"'
            yield Problem(f"ticket {one.key}", what, hint=hint, key="branch")
        owner = worktrees.get(_path(one.worktree)) if one.worktree else None
        if owner is not None:
            what = f'has the same worktree as {owner} of another plan, which is not complete: "{one.worktree}"'
            hint = f'give it a worktree of its own, such as "worktree": "{one.worktree}-{one.key.plan}"'
            yield Problem(f"ticket {one.key}", what, hint=hint, key="worktree")


def _path(path: str) -> str:
    return posixpath.normpath(path)
