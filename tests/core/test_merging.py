"""Whether a pull request may be merged now, and what the words of a forge that would not mean."""

from __future__ import annotations

import pytest

from orchestrator.core.forge.merging import MergeWishes, merge_word, methods, refusal, why_not
from orchestrator.core.forge.pull_request import PullRequest, Review
from orchestrator.core.forge.review import Look, Word
from orchestrator.core.settings import MergeMethod, ReviewSettings

PULL = PullRequest(number=7, decision="approved")
AUTO = MergeWishes(auto=True)


@pytest.mark.parametrize("word", ["pending", "draft", "closed", "merged", "conflict"])
def test_what_is_in_between_stays_what_it_is(word: Word) -> None:
    assert merge_word(PULL, Look(word=word), ReviewSettings()) == word


@pytest.mark.parametrize("word", ["changes_requested", "ci_failed", "nothing new"])
def test_what_is_not_approved_any_more_goes_back_to_the_review(word: Word) -> None:
    assert merge_word(PULL, Look(word=word), ReviewSettings()) == "review"
    assert why_not("review", Look(word=word), AUTO, stacked=False)


@pytest.mark.parametrize(("association", "word"), [("NONE", "approved"), ("MEMBER", "ready")])
def test_where_no_rule_asks_for_a_review_the_approval_of_a_stranger_is_for_a_person_to_read(
    association: str, word: str
) -> None:
    review = Review(id="r", author="x", association=association, state="APPROVED", at="2026-01-01T00:00:00Z")
    pull = PullRequest(number=7, reviews=(review,))
    assert merge_word(pull, Look(word="approved", approved=True), ReviewSettings()) == word


def test_only_what_is_ready_and_asked_for_and_not_stacked_is_merged() -> None:
    look = Look(word="approved")
    assert why_not("ready", look, AUTO, stacked=False) == ""
    assert "autoMerge is false" in why_not("ready", look, MergeWishes(), stacked=False)
    assert "stacked" in why_not("ready", look, AUTO, stacked=True)
    assert all(why_not(word, look, AUTO, stacked=False) for word in ("approved", "pending", "draft", "conflict"))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("GraphQL: Merge commits are not allowed on this repository. (mergePullRequest)", "method"),
        ("GraphQL: Squash merges are not allowed on this repository. (mergePullRequest)", "method"),
        ("GraphQL: This branch can\N{RIGHT SINGLE QUOTATION MARK}t be rebased (mergePullRequest)", "method"),
        ("GraphQL: Head branch was modified. Review and try the merge again. (mergePullRequest)", "again"),
        ("GraphQL: Base branch was modified. Review and try the merge again. (mergePullRequest)", "again"),
        ("X Pull request a/b#7 is not mergeable: the merge commit cannot be cleanly created.", "again"),
        ("X Pull request a/b#7 is not mergeable: the base branch policy prohibits the merge.", "rules"),
        ("GraphQL: Repository rule violations found (mergePullRequest)", "rules"),
        ("GraphQL: Pull Request is still a draft (mergePullRequest)", "draft"),
        ("GraphQL: Resource not accessible by personal access token (mergePullRequest)", "permission"),
        ("dial tcp: connection refused", ""),
    ],
)
def test_the_words_of_a_forge_that_would_not(said: str, kind: str) -> None:
    assert refusal(said) == kind


@pytest.mark.parametrize(
    ("wanted", "usual", "tried"),
    [("rebase", "squash", ["rebase"]), (None, "squash", ["squash", "merge", "rebase"]),
     (None, None, ["merge", "squash", "rebase"])],
)  # fmt: skip
def test_who_names_a_method_means_that_one(
    wanted: MergeMethod | None, usual: MergeMethod | None, tried: list[str]
) -> None:
    assert list(methods(wanted, usual)) == tried
