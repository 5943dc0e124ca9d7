"""How a branch stands with the forge: whether a pull request is open, may be made, or must not be.

The law: never a second one. One that is open is the one. One that somebody closed stays closed; one that is merged is
enough, unless the branch has got new commits since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from orchestrator.core.forge.pull_request import PullRequest

Word = Literal["open", "merged", "closed", "none"]


class Branch(NamedTuple):
    """What is known here of the branch."""

    head: str
    pushed: str
    """The commit that we pushed last; empty: none."""
    number: int | None
    """The pull request that we had last."""
    has: Callable[[str], bool]
    """Whether a commit is part of it."""
    adds_to: Callable[[str], bool]
    """Whether it has a change that neither this commit nor the base has."""


class Standing(NamedTuple):
    word: Word
    pull: PullRequest | None = None


def standing(found: Sequence[PullRequest], branch: Branch) -> Standing:
    """`found`: the latest first. Those of an earlier branch that had the same name do not count."""
    is_open = sorted((pull for pull in found if pull.state == "open"), key=lambda pull: pull.number != branch.number)
    if is_open:
        return Standing("open", is_open[0])
    for pull in found:
        if not _is_of(pull, branch):
            continue
        if pull.state == "closed":
            return Standing("closed", pull)
        return Standing("merged", pull) if _has_all(pull, branch) else Standing("none")
    return Standing("none")


def _is_of(pull: PullRequest, branch: Branch) -> bool:
    return _is_noted(pull, branch) or branch.has(pull.head_commit)


def _is_noted(pull: PullRequest, branch: Branch) -> bool:
    return pull.number == branch.number or (bool(pull.head_commit) and pull.head_commit == branch.pushed)


def _has_all(pull: PullRequest, branch: Branch) -> bool:
    """Whether what was merged is all that the branch has. One that was merged long ago is part of every new branch."""
    if pull.head_commit == branch.head:
        return True
    return _is_noted(pull, branch) and not branch.adds_to(pull.head_commit)
