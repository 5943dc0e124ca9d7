"""A ticket that was started on another one's branch: which base it is on, and when it has to be put on another.

The law: until its blocker is complete, its base is the blocker's branch; afterwards what the blocker's was. Whoever
asks here reads files and asks git, never the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.adapters.paths import expanded
from orchestrator.adapters.repository import git
from orchestrator.adapters.repository.branches import has_moved, lacks
from orchestrator.core.board import blocker_key
from orchestrator.core.model import Key, Status, Ticket
from orchestrator.core.outcome import Outcome
from orchestrator.core.peek import next_phase
from orchestrator.core.rules import Rules, asked_base
from orchestrator.core.turns.stack import merge_reason
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError, UnreadableError

DEEPEST = 50
"""Stacks are not deeper; files that go in circles are."""


class Base(NamedTuple):
    name: str | None
    """The branch. None: the repository's own, which nobody has named."""
    is_open: bool = False
    """It is another ticket's branch, which is not merged yet."""


def base_of(home: Home, ticket: Ticket, depth: int = 0) -> Base:
    """Where the ticket is to be now."""
    asked = asked_base(home.rules(ticket), ticket)
    below = _below(home, ticket) if depth < DEEPEST else None
    if below is None:
        return Base(asked)
    if below.status is not Status.COMPLETE and below.branch:
        return Base(below.branch, is_open=True)
    return Base(asked) if asked else _named(home, below, depth)


def _named(home: Home, below: Ticket, depth: int) -> Base:
    """By name, for the ticket is on another branch now."""
    base = base_of(home, below, depth + 1)
    if base.name is not None:
        return base
    captured = below.context.get("base_branch") if below.stacked_on is None else None
    repo = below.repo or home.rules(below).plan.repo
    return Base(captured or (git.default_base(expanded(repo)) if repo else None))


def _below(home: Home, ticket: Ticket) -> Ticket | None:
    if ticket.stacked_on is None:
        return None
    key = blocker_key(ticket.plan_id, ticket.stacked_on)
    try:
        return home.store.read_ticket(Key(*key), 0).record
    except (NotFoundError, UnreadableError):
        return None


def restack(home: Home, ticket: Ticket) -> str | None:
    """Why it has to be put on another base, or on the same once more; None: it does not."""
    worktree = expanded(ticket.worktree) if ticket.worktree else None
    if ticket.stacked_on is None or worktree is None or not worktree.is_dir():
        return None
    wanted, kept = base_of(home, ticket), git.default_base(worktree)
    if wanted.name is None or kept is None:
        return None
    if wanted.name != kept:
        return (
            f"{kept} is merged: {wanted.name} is the base now" if not wanted.is_open else f"the base is {wanted.name}"
        )
    if wanted.is_open and has_moved(worktree, wanted.name):
        return f"{wanted.name} has moved"
    return None


def not_before(home: Home, rules: Rules, ticket: Ticket, answer: Outcome) -> str | None:
    """Why what a poll has found does not count yet: it leads to being merged, and the blocker is not."""
    if ticket.stacked_on is None or not base_of(home, ticket).is_open:
        return None
    following = next_phase(rules, ticket, answer)
    if following is None or not following.lane:
        return None
    return merge_reason(blocker_key(ticket.plan_id, ticket.stacked_on), ticket)


class Work(NamedTuple):
    """Of a blocker."""

    key: Key
    repo: str
    branch: str


def tell_missing(home: Home, ticket: Ticket, blockers: Sequence[Work]) -> None:
    """Say of which blockers the work is not in the base. They are complete: there is nothing to wait for."""
    worktree = expanded(ticket.worktree) if ticket.worktree else None
    base = git.default_base(worktree) if worktree is not None and worktree.is_dir() else None
    if worktree is None or base is None:
        return
    own = git.common_dir(worktree)
    for one in blockers:
        if git.common_dir(expanded(one.repo)) == own and lacks(worktree, base, one.branch):
            reason = f"{base} does not contain {one.branch}, the work of {one.key}; was it merged into another branch?"
            home.logs.event("work_missing", ticket.key, "warning", blocker=str(one.key), reason=reason)
