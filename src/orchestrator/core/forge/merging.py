"""Whether a pull request may be merged now, and what it means when the forge would not. Pure.

The law: in doubt it is not merged. What nobody has approved, what fails or is pending, what somebody has spoken about
since, goes back to people; nothing here asks to pass over a rule of the repository.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from orchestrator.core.forge.pull_request import PullRequest
from orchestrator.core.forge.review import Look, is_approved_by_trusted
from orchestrator.core.settings import MergeMethod, ReviewSettings

MergeWord = Literal["merged", "closed", "conflict", "review", "pending", "draft", "approved", "ready"]
"""`approved`: a person may merge it. `ready`: so may the runner, where it is asked to. `review`: back to that."""
Refusal = Literal["method", "again", "draft", "rules", "permission", ""]


class MergeWishes(msgspec.Struct, frozen=True):
    auto: bool = False
    method: MergeMethod | None = None


def merge_word(pull: PullRequest, look: Look, settings: ReviewSettings) -> MergeWord:
    word = look.word
    if word == "approved":
        is_trusted = not settings.required or is_approved_by_trusted(pull, settings)
        return "ready" if is_trusted else "approved"
    if word == "changes_requested" or word == "ci_failed" or word == "nothing new":
        return "review"
    return word


def why_not(word: MergeWord, look: Look, wishes: MergeWishes, stacked: bool) -> str:
    """Why the runner does not merge it now; empty: it may."""
    if word in ("ready", "conflict") and not wishes.auto:
        return "autoMerge is false: a person merges it"
    if word == "ready":
        return "it is stacked on another ticket's branch, which is merged first" if stacked else ""
    if word == "approved":
        return "nobody who belongs to the repository has approved it: a person merges it"
    if word == "review":
        what = {"changes_requested": "something new was said about it", "ci_failed": "a check has failed"}
        return what.get(look.word, "it is not approved any more, or a check still fails")
    words = {
        "conflict": "it conflicts with its base",
        "pending": "a check is pending, or has not begun yet",
        "draft": "it is a draft",
    }
    return words.get(word, f"it is {word}")


REFUSALS: tuple[tuple[Refusal, tuple[str, ...]], ...] = (
    ("method", ("merges are not allowed", "merge commits are not allowed", "can't be rebased", "cannot be rebased")),
    ("again", ("branch was modified", "head sha", "is not mergeable: the merge commit cannot be cleanly created")),
    ("draft", ("still a draft", "in draft state", "is a draft")),
    ("permission", ("not accessible by", "admin rights", "permission", "not authorized", "does not have the correct")),
    ("rules", ("policy prohibits", "protected branch", "rule violation", "required status check", "approving review",
               "review is required", "merge queue", "unresolved conversation", "conversation must be resolved",
               "requirements have been met", "required check")),
    ("again", ("not mergeable",)),
)  # fmt: skip
"""What forges say → what that means; the first that fits."""


def refusal(said: str) -> Refusal:
    lower = said.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return next((kind for kind, words in REFUSALS if any(word in lower for word in words)), "")


def methods(wanted: MergeMethod | None, usual: MergeMethod | None) -> tuple[MergeMethod, ...]:
    """What to try, one after another as far as the forge forbids it. Who names a method means that one."""
    if wanted is not None:
        return (wanted,)
    every: tuple[MergeMethod, ...] = ("merge", "squash", "rebase")
    return every if usual is None else (usual, *(one for one in every if one != usual))
