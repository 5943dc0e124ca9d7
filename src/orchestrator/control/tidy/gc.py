"""`gc`: worktrees, temporary folders and caches that nobody needs any more.

The law: what has work in it stays. Whether it has is asked of the script that cleans up a ticket's worktree, so that
there is one answer; a dry run asks the same and removes nothing. Nothing of a ticket that is under way is touched.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from orchestrator.adapters.repository import worktrees
from orchestrator.control.reading import everything
from orchestrator.control.tidy.branches import branches
from orchestrator.control.tidy.caches import caches, temporaries
from orchestrator.control.tidy.trees import half_made, of_tickets, orphans
from orchestrator.control.tidy.view import View, view_of
from orchestrator.control.tidy.wishes import Candidate, Item, Report, Wishes
from orchestrator.core.times import iso
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError


def gc(home: Home, wishes: Wishes) -> Report:
    """Raises NotFoundError: there is no such plan."""
    view = view_of(home, everything(home.places), wishes)
    if wishes.plan is not None and wishes.plan not in view.board.plans:
        known = ", ".join(sorted(view.board.plans)) or "none"
        raise NotFoundError(f'there is no plan "{wishes.plan}" (there are: {known})')
    removed: list[Item] = []
    kept: list[Item] = []
    for candidate in _candidates(view):
        found = _sized(candidate, wishes)
        if found is None:
            continue
        reason = candidate.remove()
        if reason:
            kept.append(replace(found, reason=reason))
        elif reason is not None:
            removed.append(found)
    freed = sum(one.bytes for one in removed)
    return Report(dry_run=wishes.dry_run, removed=tuple(removed), kept=tuple(kept), freed_bytes=freed)


def _candidates(view: View) -> Iterator[Candidate]:
    """One after the other: what the first remove may be what keeps a later one."""
    yield from of_tickets(view)
    yield from orphans(view)
    yield from half_made(view)
    yield from temporaries(view)
    yield from caches(view)
    yield from branches(view)


def _sized(candidate: Candidate, wishes: Wishes) -> Item | None:
    """What is to be looked at, with its size; None: it is too young or too small."""
    if wishes.older_than is not None and time.time() - candidate.changed < wishes.older_than:
        return None
    item = candidate.item
    if candidate.is_sized:
        item = replace(item, bytes=worktrees.used(Path(item.path)))
    if item.bytes < wishes.larger_than:
        return None
    return replace(item, changed=iso(candidate.changed) if candidate.changed else None)
