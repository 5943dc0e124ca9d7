"""Temporary folders of tickets that are complete or gone, and caches of setups that no worktree uses any more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from orchestrator.adapters.attempts import temporary
from orchestrator.adapters.repository import setup_files, worktrees
from orchestrator.control.tidy.trees import alone
from orchestrator.control.tidy.view import View
from orchestrator.control.tidy.wishes import Candidate, Item
from orchestrator.core.model import Key, Status
from orchestrator.errors import StoreError

UNUSED_SECONDS = 14 * 86400.0
"""A cache that no worktree uses is kept for so long, unless `older_than` says it otherwise."""


def temporaries(view: View) -> Iterator[Candidate]:
    environ, state = view.home.environ, view.home.places.state
    owners = {temporary.folder_of(environ, state, key): key for key in view.files}
    for folder in temporary.of_state(environ, state):
        key = owners.get(folder)
        if not _may_go(view, key):
            continue
        item = Item(
            kind="temporary", path=str(folder), plan=key.plan if key else None, ticket=key.ticket if key else None
        )
        changed = worktrees.changed(view.home.places.ticket_file(key) if key else folder)
        yield Candidate(item=item, changed=changed, remove=partial(_remove_temporary, view, folder, key))


def _may_go(view: View, key: Key | None) -> bool:
    """Without a ticket: it is gone."""
    if key is None:
        return view.wishes.plan is None
    ticket = view.board.tickets.get(key)
    if ticket is None or view.wishes.plan not in (None, key.plan):
        return False
    return ticket.attempt is None and ticket.status in view.wishes.states | {Status.COMPLETE}


def _remove_temporary(view: View, folder: Path, key: Key | None) -> str:
    if key is None:
        return "" if view.wishes.dry_run else _gone(folder)
    try:
        with alone(view, key) as is_alone:
            if not is_alone:
                return "somebody works on the ticket just now"
            return "" if view.wishes.dry_run else _gone(folder)
    except StoreError as error:
        return str(error)


def caches(view: View) -> Iterator[Candidate]:
    """What a worktree was set up with it may still use: those of worktrees that exist stay."""
    if view.wishes.plan is not None:
        return
    oldest = time.time() - (UNUSED_SECONDS if view.wishes.older_than is None else view.wishes.older_than)
    for folder, common in setup_files.repositories(view.home.places.caches):
        used = setup_files.used_keys(common)
        for cache in sorted(one for one in folder.iterdir() if one.is_dir()):
            changed = worktrees.changed(cache)
            if cache.name not in used and changed < oldest:
                remove = partial(_remove_cache, view, cache)
                yield Candidate(item=Item(kind="cache", path=str(cache)), changed=changed, remove=remove)


def _remove_cache(view: View, cache: Path) -> str:
    return "" if view.wishes.dry_run else _gone(cache)


def _gone(folder: Path) -> str:
    temporary.remove(folder, wait=True)
    return f"cannot be removed whole: look at {folder}" if folder.exists() else ""
