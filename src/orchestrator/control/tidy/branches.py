"""Branches of tickets that have ended, and that hold nothing which is not merged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from orchestrator.adapters.paths import expanded
from orchestrator.adapters.repository import merged_branches as git_branches
from orchestrator.adapters.repository import worktrees
from orchestrator.adapters.repository.git import default_base
from orchestrator.adapters.state import pull_requests
from orchestrator.control.tidy.view import View
from orchestrator.control.tidy.wishes import Candidate, Item
from orchestrator.core.model import Key, Ticket
from orchestrator.core.rules import asked_base, derive
from orchestrator.errors import UnreadableError


def branches(view: View) -> Iterator[Candidate]:
    """Local ones; what is on the remote is the forge's business."""
    for key, ticket in sorted(view.board.tickets.items()) if view.wishes.branches else ():
        if view.wishes.plan not in (None, key.plan) or not view.may_go(ticket):
            continue
        rules = view.home.rules(ticket)
        repo, branch = ticket.repo or rules.plan.repo, derive(rules, ticket).branch
        folder = expanded(repo) if repo else None
        if folder is None or branch is None or not folder.is_dir():
            continue
        tip = git_branches.tip(folder, branch)
        if tip is not None and not git_branches.is_of_other(folder, branch, str(key)):
            item = Item(kind="branch", path=str(folder), plan=key.plan, ticket=key.ticket, branch=branch)
            changed = worktrees.changed(view.home.places.ticket_file(key))
            remove = partial(_remove, view, key, ticket, folder, branch, tip)
            yield Candidate(item=item, changed=changed, remove=remove, is_sized=False)


def _remove(view: View, key: Key, ticket: Ticket, repo: Path, branch: str, tip: str) -> str:
    others = (other for other, one in view.board.tickets.items() if other != key and one.branch == branch)
    builders = (other for other in view.board.dependents.get(key, ()) if other in view.board.tickets)
    needed = next((other for other in (*others, *builders) if not view.may_go(view.board.tickets[other])), None)
    if needed is not None:
        return f"{needed} may need it, which is {view.board.tickets[needed].status}"
    base = asked_base(view.home.rules(ticket), ticket) or default_base(repo)
    if not _was_merged(view, key, tip) and not (base and git_branches.is_merged(repo, tip, base)):
        return f"commits of it are not in {base or 'any base'}"
    place = git_branches.checked_out_at(repo, branch)
    if place is not None and os.path.realpath(place) not in view.gone:
        return f"checked out at {place}"
    return "" if view.wishes.dry_run else git_branches.delete(repo, branch, tip)


def _was_merged(view: View, key: Key, tip: str) -> bool:
    """By the forge, perhaps as one commit: then the base has none of the branch's own."""
    try:
        known = pull_requests.remembered(view.home.places, key)
    except UnreadableError:
        return False
    return known is not None and known.state == "merged" and known.head == tip
