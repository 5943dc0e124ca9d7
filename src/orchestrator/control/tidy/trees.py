"""Worktrees that could go: of tickets that have ended, of tickets that are gone, and those that were never finished."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from orchestrator.adapters.files import is_locked, try_lock
from orchestrator.adapters.repository import worktrees
from orchestrator.control.tidy.view import View
from orchestrator.control.tidy.wishes import Candidate, Item
from orchestrator.core.model import Key
from orchestrator.errors import NotFoundError, StoreError, UnreadableError

SCRIPT = "cleanup-worktree.sh"
MAKING_SECONDS = 3600.0
"""What is half-made for so long, nobody is making any more."""


# -- tickets ----------------------------------------------------------------------------------------------------------


def of_tickets(view: View) -> Iterator[Candidate]:
    for key, ticket in sorted(view.board.tickets.items()):
        path = view.places.get(key)
        asked = view.wishes.plan in (None, key.plan) and view.may_go(ticket)
        if asked and path is not None and worktrees.own_dir(path) is not None:
            item = Item(kind="worktree", path=str(path), plan=key.plan, ticket=key.ticket)
            changed = worktrees.changed(view.home.places.ticket_file(key))
            yield Candidate(item=item, changed=changed, remove=partial(_remove_of, view, key, path))


def _remove_of(view: View, key: Key, path: Path) -> str | None:
    """With the lock of whoever walks the ticket, and after another look at it."""
    if not path.is_dir():
        return None  # another ticket had the same
    others = [other for other in view.users_of(path) if other != key and not view.may_go(view.board.tickets[other])]
    if others:
        return f"also the worktree of {others[0]}, which is {view.board.tickets[others[0]].status}"
    try:
        with alone(view, key) as is_alone:
            if not is_alone:
                return "somebody works on the ticket just now"
            if not view.may_go(view.home.store.read_ticket(key, 0).record):
                return None
            return _clean_up(view, path)
    except (NotFoundError, UnreadableError, StoreError) as error:
        return str(error)


@contextlib.contextmanager
def alone(view: View, key: Key) -> Iterator[bool]:
    """Nobody walks the ticket meanwhile; a dry run only asks. Raises StoreError."""
    path = view.home.places.walk_lock(key)
    if view.wishes.dry_run:
        yield not is_locked(path)
        return
    lock = try_lock(path)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()


def _clean_up(view: View, path: Path) -> str:
    """By the bundled script: a copy in the home may be an old one, which knows no dry run."""
    own = worktrees.own_dir(path)
    if own is None or not worktrees.is_ours(own):
        return "not made by setup-worktree.sh; if nobody needs it, remove it with `git worktree remove`"
    if worktrees.is_of_another(own, view.home.places.state):
        return "made for a ticket of another home, which may need it"
    script = Path(view.home.config.script_path[-1]) / SCRIPT
    return _noted(view, path, worktrees.clean_up(script, path, view.wishes.dry_run))


def _noted(view: View, path: Path, kept: str) -> str:
    if not kept:
        view.gone.add(os.path.realpath(path))
    return kept


# -- without a ticket -------------------------------------------------------------------------------------------------


def orphans(view: View) -> Iterator[Candidate]:
    for path, own, plans in _unused(view):
        if not worktrees.is_half_made(own) and worktrees.is_ours(own):
            changed = max(worktrees.changed(own), worktrees.changed(own / "index"), worktrees.changed(own / "HEAD"))
            item = Item(kind="orphan", path=str(path), plan=plans[0] if len(plans) == 1 else None)
            yield Candidate(
                item=item, changed=changed, remove=_unless_unread(view, plans, partial(_clean_up, view, path))
            )


def half_made(view: View) -> Iterator[Candidate]:
    for path, own, plans in _unused(view):
        changed = worktrees.changed(own)
        if worktrees.is_half_made(own) and time.time() - changed >= MAKING_SECONDS:
            remove = partial(_remove_half_made, view, path, own)
            item = Item(kind="half-made", path=str(path), plan=plans[0] if len(plans) == 1 else None)
            yield Candidate(item=item, changed=changed, remove=_unless_unread(view, plans, remove))
    yield from _vanished(view)


def _remove_half_made(view: View, path: Path, own: Path) -> str:
    return _noted(view, path, worktrees.remove_half_made(path, own, view.wishes.dry_run))


def _vanished(view: View) -> Iterator[Candidate]:
    """Repositories still know them, and their folders are gone."""
    seen: set[Path] = set()
    for repo in view.repos():
        for known in worktrees.registered(repo):
            plans = view.roots.get(known.path.parent)
            if plans is None or known.locked is not None or known.path.exists() or known.path in seen:
                continue
            if any(not view.may_go(view.board.tickets[key]) for key in view.users_of(known.path)):
                continue
            seen.add(known.path)
            item = Item(kind="half-made", path=str(known.path))
            remove = partial(worktrees.forget, repo, known.path, view.wishes.dry_run)
            remove_ = _unless_unread(view, plans, remove)
            yield Candidate(item=item, changed=0.0, remove=remove_, is_sized=False)


def _unused(view: View) -> Iterator[tuple[Path, Path, tuple[str, ...]]]:
    """Linked worktrees where tickets have theirs, which no ticket has: path, git's own folder of it, plans."""
    for root, plans in sorted(view.roots.items()):
        for path in sorted(root.iterdir()) if root.is_dir() else ():
            own = worktrees.own_dir(path)
            if own is None or view.users_of(path) or worktrees.is_of_another(own, view.home.places.state):
                continue
            made_for = worktrees.owner(own)
            if made_for not in view.files and not (made_for is None and _has_file(view, path, plans)):
                yield path, own, plans


def _has_file(view: View, path: Path, plans: tuple[str, ...]) -> bool:
    return any(Key(plan, path.name) in view.files for plan in plans)


def _unless_unread(view: View, plans: tuple[str, ...], remove: Callable[[], str]) -> Callable[[], str]:
    unread = next((plan for plan in plans if view.is_unread(plan)), None)
    if unread is None:
        return remove
    return lambda: f"plan {unread} cannot be read whole, so nobody knows whose it is; `orchestrator status` says why"
