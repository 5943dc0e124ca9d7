"""What a forge says of a pull request, as records: facts only. What follows from them is decided elsewhere.

Times are ISO 8601 in UTC, as the forge gives them; they compare as text. A user that no longer exists is `ghost`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["open", "merged", "closed"]
CheckState = Literal["pending", "passed", "failed", "skipped"]
Decision = Literal["approved", "changes_requested", "review_required", ""]
MergeMethod = Literal["merge", "squash", "rebase"]


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody wrote: a general comment, or one of a thread."""

    id: str
    author: str
    body: str = ""
    at: str = ""
    edited_at: str = ""
    association: str = ""
    """What the author is to the repository (OWNER, MEMBER, COLLABORATOR, CONTRIBUTOR, NONE, …)."""
    url: str = ""


class Review(Remark, frozen=True, kw_only=True):
    state: str
    """APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING."""
    commit: str = ""
    """The head when it was given."""


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation about a place in the files."""

    id: str
    path: str = ""
    line: int | None = None
    resolved: bool = False
    outdated: bool = False
    remarks: tuple[Remark, ...] = ()


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check run or a commit status of the head."""

    name: str
    state: CheckState
    url: str = ""
    at: str = ""
    """When it ended."""


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    url: str = ""
    title: str = ""
    state: State = "open"
    draft: bool = False
    author: str = ""
    base: str = ""
    head: str = ""
    """The branch."""
    head_commit: str = ""
    pushed_at: str = ""
    """When its newest commit was made."""
    decision: Decision = ""
    """The forge's own word; empty where no rule of the repository asks for a review."""
    mergeable: bool | None = None
    """False: it conflicts with its base. None: the forge does not know yet."""
    reviews: tuple[Review, ...] = ()
    latest_reviews: tuple[Review, ...] = ()
    """The last one of each reviewer."""
    comments: tuple[Remark, ...] = ()
    threads: tuple[Thread, ...] = ()
    checks: tuple[Check, ...] = ()


class Remembered(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What is known of a ticket's pull request between two questions: for `status`, and so that nothing is handed to an
    agent twice."""

    number: int = 0
    url: str = ""
    state: State = "open"
    draft: bool = False
    review: str = ""
    """The word of the last look (approved, changes_requested, …)."""
    passed: int = 0
    failed: int = 0
    pending: int = 0
    """Checks of the head."""
    mergeable: bool | None = None
    open_threads: int = 0
    asked_at: str = ""
    seen: tuple[str, ...] = ()
    """Fingerprints of what an earlier round has answered."""
    offered: tuple[str, ...] = ()
    """Fingerprints of the round that is being answered."""
    offered_threads: tuple[str, ...] = ()
    rounds: int = 0
    """That were answered."""
    head: str = ""
    """The newest commit at the last look; empty: nobody has looked yet."""
    head_at: str = ""
    """When it was seen first."""
    had_checks: bool = False
    """Whether any commit of it had one."""
    noticed: tuple[str, ...] = ()
    """Fingerprints of what the last look told of and nobody has collected."""
