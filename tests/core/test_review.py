"""What a pull request needs now, in one word: what is not known, pending or half approved is never approved."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.core.forge.pull_request import PullRequest, Remembered
from orchestrator.core.forge.remarks import asks_for_bots, mark, marked, with_bots
from orchestrator.core.forge.review import is_approved_by_trusted
from orchestrator.core.settings import ReviewSettings
from tests.core.pulls import (
    EARLY,
    HEAD,
    LATE,
    LATER,
    NOW,
    PUSHED,
    approved,
    check,
    comment,
    looked,
    pull,
    review,
    seen,
    thread,
    word,
)  # fmt: skip

CHANGES = {"decision": "changes_requested"}
FRESH = Remembered(number=7)
"""Nobody has looked at it yet."""


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (pull(state="merged"), "merged"),
        (pull(state="closed"), "closed"),
        (pull(), "nothing new"),
        (approved(), "approved"),
        (pull(latest_reviews=(review("APPROVED"),)), "approved"),
        (pull(decision="review_required", reviews=(review("APPROVED"),)), "nothing new"),
        (pull(reviews=(review("APPROVED"), review("CHANGES_REQUESTED", LATER, "bob"))), "changes_requested"),
        (pull(reviews=(review("APPROVED"), review("DISMISSED", LATER))), "nothing new"),
        (pull(reviews=(review("DISMISSED"),)), "nothing new"),
        (pull(reviews=(review("PENDING"),)), "nothing new"),
        (approved(draft=True), "draft"),
        (approved(draft=True, threads=(thread(),)), "changes_requested"),
        (approved(checks=(check("pending"),)), "pending"),
        (approved(checks=(check("pending"), check("failed", "other"))), "ci_failed"),
        (approved(checks=(check("passed"), check("skipped", "other"))), "approved"),
        (approved(mergeable=False), "conflict"),
        (approved(mergeable=None), "approved"),
        (pull(mergeable=False, checks=(check(),)), "conflict"),
        (pull(mergeable=False, comments=(comment(),)), "changes_requested"),
        (pull(comments=(comment(),)), "changes_requested"),
        (approved(comments=(comment(),)), "changes_requested"),
        (approved(threads=(thread(),)), "changes_requested"),
        (approved(threads=(thread(outdated=True),)), "changes_requested"),
        (approved(threads=(thread(resolved=True),)), "approved"),
        (approved(reviews=(review("APPROVED", body="well done"),)), "approved"),
        (pull(reviews=(review("COMMENTED", body="  "),)), "nothing new"),
        (pull(reviews=(review("COMMENTED"),)), "changes_requested"),
        (pull(**CHANGES, reviews=(review("CHANGES_REQUESTED", body=""),)), "changes_requested"),
        (pull(reviews=(review("CHANGES_REQUESTED", who="ghost"),)), "changes_requested"),
        (pull(author="ghost", comments=(comment(who="ghost"),)), "changes_requested"),
    ],
)  # fmt: skip
def test_one_word_says_what_a_pull_request_needs(one: PullRequest, expected: str) -> None:
    assert word(one, FRESH) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (pull(**CHANGES, reviews=(review("CHANGES_REQUESTED", EARLY),)), "nothing new"),
        (pull(**CHANGES, reviews=(review("CHANGES_REQUESTED", EARLY, commit=HEAD),)), "changes_requested"),
        (pull(**CHANGES, reviews=(review("CHANGES_REQUESTED", EARLY), review("COMMENTED"))), "changes_requested"),
        (approved(threads=(thread(comment("rename it", EARLY)),)), "approved"),
        (approved(threads=(thread(comment("a", EARLY), comment("b")),)), "changes_requested"),
        (approved(comments=(comment(at=EARLY),)), "approved"),
        (approved(comments=(comment(at=EARLY, edited_at=LATE),)), "changes_requested"),
        (approved(threads=(thread(comment(), comment(marked("no", "k"), LATER, "runner")),)), "approved"),
        (approved(comments=(comment(), comment(marked("no", "k"), LATER, "runner"))), "approved"),
        (pull(checks=(check(at=EARLY),)), "ci_failed"),
        (pull(pushed_at="", comments=(comment(at=EARLY),)), "changes_requested"),
    ],
)  # fmt: skip
def test_what_nobody_remembers_was_answered_by_the_newest_commit(one: PullRequest, expected: str) -> None:
    assert word(one) == expected


@pytest.mark.parametrize(
    "one",
    [
        pull(**CHANGES, reviews=(review("CHANGES_REQUESTED", EARLY),)),
        pull(comments=(comment(at=EARLY),)),
        pull(threads=(thread(comment(at=EARLY)),)),
    ],
)
def test_who_remembers_asks_for_no_time(one: PullRequest) -> None:
    """It was said while the agent worked, so that its commit is younger and knows nothing of it."""
    assert word(one, seen()) == "changes_requested"


def test_a_request_that_was_answered_is_nothing_new_until_somebody_speaks_again() -> None:
    asked = review("CHANGES_REQUESTED")
    one, known = pull(**CHANGES, reviews=(asked,)), seen(mark(asked))
    assert word(one, known) == "nothing new"
    assert word(replace(one, comments=(comment(at=LATER),)), known) == "changes_requested"
    assert word(approved(reviews=(asked, review("APPROVED", LATER))), known) == "approved"


def test_where_no_rule_asks_for_a_review_nobody_may_be_against() -> None:
    against = review("CHANGES_REQUESTED", LATER, "bob")
    one = pull(reviews=(review("APPROVED"), against))
    assert word(one, seen(mark(against))) == "nothing new", "it was answered, and bob has not looked yet"
    assert word(one, seen(mark(against)), required=False) == "nothing new"


def test_an_approval_takes_back_what_its_reviewer_had_asked_for() -> None:
    assert word(approved(reviews=(review("CHANGES_REQUESTED"), review("APPROVED", LATER))), FRESH) == "approved"
    assert word(pull(reviews=(review("CHANGES_REQUESTED"), review("APPROVED", LATER, "bob"))), FRESH) == (
        "changes_requested"
    )


def test_a_comment_that_was_edited_counts_again() -> None:
    known = seen(mark(comment("rename it")))
    assert word(pull(comments=(comment("rename it"),)), known) == "nothing new"
    assert word(pull(comments=(comment("rename it to x"),)), known) == "changes_requested"


def test_a_check_that_fails_again_counts_again() -> None:
    (told,) = looked(pull(checks=(check(),)), FRESH).news.checks
    known = seen(f"check:ci@{HEAD[:12]}@{told.at}")
    assert word(approved(checks=(check(),)), known) == "nothing new", "not approved either"
    assert word(approved(checks=(check(at=LATER),)), known) == "ci_failed"
    assert word(approved(checks=(check(),), head_commit="x" * 40), known) == "ci_failed"


# --- threads ---------------------------------------------------------------------------------------------------------

OURS = comment(marked("done", "k"), LATE, "runner")
BY_HAND = comment("done", LATE, "runner")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((comment("a", EARLY), BY_HAND), "approved"),
        ((comment("a", EARLY), BY_HAND, comment("no", LATER)), "changes_requested"),
        ((comment("a", EARLY), comment("also b", LATE, "bob"), OURS), "changes_requested"),
        ((comment("a", EARLY), OURS), "approved"),
        ((comment("a, edited", EARLY), OURS), "changes_requested"),
        ((comment("a", EARLY), OURS, comment("no", LATER)), "changes_requested"),
    ],
)  # fmt: skip
def test_an_answer_in_a_thread_is_for_what_its_agent_was_given(said: tuple[Any, ...], expected: str) -> None:
    known = seen(mark(comment("a", EARLY)))
    assert word(approved(threads=(thread(*said),)), known) == expected


def test_who_speaks_in_a_thread_that_the_runner_resolved_speaks() -> None:
    known = seen(mark(comment("a", EARLY)))
    talk = (comment("a", EARLY), OURS)
    assert word(approved(threads=(thread(*talk, resolved=True),)), known) == "approved"
    before = thread(comment("a", EARLY), comment("also b", EARLY, "bob"), OURS, resolved=True)
    assert word(approved(threads=(before,)), known) == "approved", "what came before was resolved with it"
    again = thread(*talk, comment("still wrong", LATER), resolved=True)
    assert word(approved(threads=(again,)), known) == "changes_requested"


# --- whose words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "settings", "is_for_the_agent"),
    [
        (comment(who="runner"), {}, False),
        (comment(who="runner"), {"author": True}, True),
        (comment(marked("done", "k"), who="runner"), {"author": True}, False),
        (comment(marked("done", "k"), who="ann"), {}, False),
        (comment("> <!-- orchestrator:answer k -->\nno"), {}, True),
        (comment(who="codecov[bot]"), {"ignore": ("*[bot]",)}, False),
        (comment(who="ann"), {"ignore": ("*[bot]",)}, True),
        (comment(who="dependabot"), {"ignore": ("dependabot[bot]",)}, False),
        (comment(who="dependabot[bot]"), {"ignore": ("dependabot",)}, False),
        (comment(who="Dependabot"), {"ignore": ("depend*",)}, False),
        (comment("## Coverage report\n80 %"), {"ignore_text": ("*coverage*",)}, False),
        (comment("cover it"), {"ignore_text": ("*coverage*",)}, True),
        (comment(association="NONE"), {"trust": ("OWNER", "MEMBER")}, False),
        (comment(association="MEMBER"), {"trust": ("OWNER", "MEMBER")}, True),
        (comment(), {"trust": ("OWNER",)}, False),
        (comment(association="NONE"), {}, True),
    ],
)  # fmt: skip
def test_whose_words_count(said: Any, settings: dict[str, Any], is_for_the_agent: bool) -> None:
    expected = "changes_requested" if is_for_the_agent else "approved"
    assert word(approved(comments=(said,)), FRESH, **settings) == expected
    assert word(approved(threads=(thread(said),)), FRESH, **settings) == expected


def test_a_bot_is_known_where_the_forge_tells_and_leaves_it_out_of_the_name() -> None:
    one = approved(comments=(comment(who="cov"),), reviews=(review("COMMENTED", who="lint"),))
    bots = ReviewSettings(ignore=("*[bot]",))
    assert asks_for_bots(bots) and not asks_for_bots(ReviewSettings(ignore=("cov",)))
    assert word(with_bots(one, {"cov", "lint"}), FRESH, ignore=bots.ignore) == "approved"
    assert word(with_bots(one, {"cov"}), FRESH, ignore=bots.ignore) == "changes_requested"
    ours = pull(author="runner", comments=(comment(who="runner[bot]"),))
    assert word(ours, FRESH) == "nothing new", "the runner may have the token of an app"


def test_a_bots_last_word_in_a_thread_hides_no_person() -> None:
    talk = thread(comment("rename it"), comment("coverage 80 %", LATER, "cov[bot]"))
    assert word(approved(threads=(talk,)), FRESH, ignore=("*[bot]",)) == "changes_requested"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, "approved"), ({"ignore": ("ann",)}, "nothing new"), ({"trust": ("OWNER",)}, "nothing new")],
)
def test_whose_words_do_not_count_cannot_approve(settings: dict[str, Any], expected: str) -> None:
    assert word(pull(reviews=(review("APPROVED"),)), FRESH, **settings) == expected


def test_the_approval_of_a_stranger_is_not_enough_to_merge_by_itself() -> None:
    stranger = review("APPROVED")
    friend = replace(stranger, association="MEMBER")
    assert not is_approved_by_trusted(pull(reviews=(stranger,)), ReviewSettings())
    assert is_approved_by_trusted(pull(reviews=(friend,)), ReviewSettings())
    assert is_approved_by_trusted(approved(), ReviewSettings()), "the repository's own rules know whom they trust"
    against = replace(review("CHANGES_REQUESTED", LATER, "bob"), association="MEMBER")
    assert not is_approved_by_trusted(approved(reviews=(friend, against)), ReviewSettings())


def test_an_approval_may_be_for_one_commit_only() -> None:
    one = approved(reviews=(review("APPROVED", LATE, commit="x"),))
    assert word(one, FRESH) == "approved"
    assert word(one, FRESH, renew=True) == "nothing new"
    assert word(approved(reviews=(review("APPROVED", LATE, commit=HEAD),)), FRESH, renew=True) == "approved"


# --- without an approval, and without checks -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (pull(checks=(check("passed"),)), "approved"),
        (pull(checks=(check("pending"),)), "pending"),
        (pull(checks=(check("failed"),)), "ci_failed"),
        (pull(), "approved"),
        (pull(comments=(comment(),)), "changes_requested"),
        (pull(**CHANGES, checks=(check("passed"),)), "nothing new"),
        (pull(decision="review_required", checks=(check("passed"),)), "nothing new"),
        (pull(draft=True, checks=(check("passed"),)), "draft"),
    ],
)  # fmt: skip
def test_where_nobody_has_to_approve_checks_do(one: PullRequest, expected: str) -> None:
    assert word(one, seen(), required=False) == expected


def test_checks_may_still_be_on_their_way_after_a_push() -> None:
    soon, late = NOW + 5, NOW + 11
    known = seen(head_at=LATER)
    assert word(pull(), known, soon, required=False) == "pending"
    assert word(pull(), known, late, required=False) == "approved"
    assert word(approved(), known, soon) == "approved", "somebody looked at it, and it never had any"
    had = replace(known, had_checks=True)
    assert word(approved(), had, late) == "pending", "the approval is older than the push, whose checks are to come"
    assert word(approved(), had, NOW + 31) == "approved"
    assert word(approved(reviews=(review("APPROVED", commit=HEAD),)), had, soon) == "approved"


def test_a_head_that_is_new_has_its_time() -> None:
    assert word(pull(head_commit="x" * 40, pushed_at=PUSHED), seen(head_at=EARLY), required=False) == "pending"
