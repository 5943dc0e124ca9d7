"""What is asked of `gc`, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from orchestrator.core.model import Status

Kind = Literal["worktree", "orphan", "half-made", "temporary", "cache", "branch"]


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    states: frozenset[Status] = frozenset({Status.COMPLETE})
    plan: str | None = None
    older_than: float | None = None
    """Seconds."""
    larger_than: int = 0
    """Bytes."""
    dry_run: bool = False
    branches: bool = False


class Item(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One thing that could go."""

    kind: Kind
    path: str
    """Of a branch its repository."""
    plan: str | None = None
    ticket: str | None = None
    branch: str | None = None
    bytes: int = 0
    changed: str | None = None
    """When its ticket was changed last, or it itself where there is none."""
    reason: str | None = None
    """Why it is kept."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that could go, with how to do it."""

    item: Item
    changed: float
    """Epoch seconds."""
    remove: Callable[[], str | None]
    """Why it is kept; empty: it is gone (or would be, in a dry run); None: never mind."""
    is_sized: bool = True
    """It takes room, so `larger_than` is about it."""


class Report(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    dry_run: bool
    removed: tuple[Item, ...]
    kept: tuple[Item, ...]
    freed_bytes: int
