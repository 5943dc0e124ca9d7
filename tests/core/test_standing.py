"""How a branch stands with its forge: never a second pull request for the same work."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.forge.pull_request import PullRequest
from orchestrator.core.forge.standing import Branch, standing


def pull(number: int, state: str, head: str = "") -> PullRequest:
    return PullRequest(number=number, state=state, head_commit=head)  # type: ignore[arg-type]


def branch(**known: Any) -> Branch:
    usual: dict[str, Any] = {
        "head": "ccc", "pushed": "", "number": None, "has": lambda sha: False, "adds_to": lambda sha: True
    }  # fmt: skip
    return Branch(**{**usual, **known})


@pytest.mark.parametrize(
    ("found", "here", "word"),
    [
        ([], branch(), "none"),
        ([pull(9, "closed", "ccc"), pull(7, "open")], branch(), "open"),
        ([pull(7, "closed", "aaa")], branch(number=7), "closed"),
        ([pull(7, "closed", "aaa")], branch(pushed="aaa"), "closed"),
        ([pull(7, "closed", "aaa")], branch(has=lambda sha: sha == "aaa"), "closed"),
        ([pull(7, "closed", "aaa")], branch(number=3, pushed="bbb"), "none"),
        ([pull(7, "merged", "ccc")], branch(has=lambda sha: True), "merged"),
        ([pull(7, "merged", "aaa")], branch(number=7, adds_to=lambda sha: False), "merged"),
        ([pull(7, "merged", "aaa")], branch(number=7), "none"),
        ([pull(7, "merged", "aaa")], branch(has=lambda sha: True, adds_to=lambda sha: False), "none"),
        ([pull(7, "merged", "")], branch(), "none"),
        ([pull(9, "merged", "aaa"), pull(7, "closed", "bbb")], branch(number=9), "none"),
        ([pull(9, "closed", "zzz"), pull(7, "merged", "ccc")], branch(has=lambda sha: sha == "ccc"), "merged"),
    ],
    ids=[
        "nothing", "open goes first", "closed, by number", "closed, by push", "closed, by commit", "closed, of earlier",
        "merged whole", "merged whole, rebased", "merged, and more since", "merged long ago, part of the base",
        "merged, commit not told", "the latest decides", "of those that are ours",
    ],
)  # fmt: skip
def test_a_branch_gets_a_pull_request_only_where_it_has_none(found: list[PullRequest], here: Branch, word: str) -> None:
    assert standing(found, here).word == word


def test_of_two_that_are_open_the_one_that_we_had_is_the_one() -> None:
    """A branch may have one for each base."""
    found = [pull(9, "open"), pull(7, "open")]
    assert standing(found, branch(number=7)).pull == found[1]
    assert standing(found, branch()).pull == found[0]
