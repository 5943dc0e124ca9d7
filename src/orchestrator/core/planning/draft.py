"""A draft is a plan as somebody wishes it: small, everything derivable left out. Its keys are those of the files.

The law: a draft never says anything of the runner's part.
"""

from __future__ import annotations

import msgspec

from orchestrator.core.budgets import Budgets
from orchestrator.core.settings import MergeMethod, PullRequestSettings


class DraftTicket(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    title: str = ""
    description: str = ""
    acceptance_criteria: tuple[str, ...] = ()
    """In a draft `criteria` means the same."""
    ticket_id: str | None = None
    """In a draft `id` means the same; None: one is given to it."""
    blocked_by: tuple[str, ...] = ()
    """Ids, or the exact titles of tickets of the same draft, or `<planId>/<ticketId>`."""
    order: float | None = None
    linear_url: str | None = None
    """In a draft `url` means the same."""
    repo: str | None = None
    workflow: str | None = None
    branch: str | None = None
    worktree: str | None = None
    agent: str | None = None
    base: str | None = None
    touches: tuple[str, ...] = ()
    stack: bool | None = None
    budgets: Budgets | None = None


class Draft(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    name: str = ""
    id: str | None = None
    """None: made from the name."""
    repo: str | None = None
    workflow: str | None = None
    agent: str | None = None
    review_agent: str | None = None
    worktree_root: str | None = None
    base: str | None = None
    stack: bool = False
    allow_overlap: bool = False
    auto_merge: bool | None = None
    merge_method: MergeMethod | None = None
    pull_request: PullRequestSettings | None = None
    budgets: Budgets | None = None
    created_by: str = ""
    paused: bool = False
    """It is written paused; in a draft `status: paused` means the same."""
    tickets: tuple[DraftTicket, ...] = ()
