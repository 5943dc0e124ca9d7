"""How the review of a pull request stands, and what in it is new to its ticket.

The law: what was handed to an agent and answered is nothing new until somebody speaks again, whatever the forge goes on
showing. What is pending, not known or only half approved is never approved. Of a pull request that nobody remembers
(of the original, or when asked by hand) what is older than its newest commit counts as answered by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from orchestrator.core.forge.pull_request import Check, PullRequest, Remark, Remembered, Review, Thread
from orchestrator.core.forge.remarks import (
    TRUSTED,
    all_reviews,
    check_mark,
    counts,
    is_ignored,
    is_trusted,
    key_of,
    last_answer,
    mark,
    open_remarks,
    said_at,
    standing_reviews,
)
from orchestrator.core.settings import ReviewSettings
from orchestrator.core.times import epoch_or

Word = Literal[
    "merged", "closed", "changes_requested", "conflict", "ci_failed", "approved", "pending", "draft", "nothing new"
]
REGISTERING, REGISTERING_AGAIN = 10.0, 30.0
"""Seconds in which a commit's first checks may still be on their way: in general, and where earlier commits had any."""


class Talk(msgspec.Struct, frozen=True):
    """A thread in which something is new."""

    thread: Thread
    new: tuple[Remark, ...]


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What nobody has answered yet."""

    reviews: tuple[Review, ...] = ()
    talks: tuple[Talk, ...] = ()
    comments: tuple[Remark, ...] = ()
    checks: tuple[Check, ...] = ()
    asides: tuple[Review, ...] = ()
    """Approvals with a text: worth reading, and no reason to begin."""

    @property
    def is_said(self) -> bool:
        return bool(self.reviews or self.talks or self.comments)


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What a pull request needs now."""

    word: Word
    news: News = News()
    approved: bool = False
    """By a person, or by the forge's own rules."""


def look(pull: PullRequest, known: Remembered | None, settings: ReviewSettings, now: float) -> Look:
    """`known`: what is remembered of this very pull request; None: nothing."""
    if pull.state != "open":
        return Look(word=pull.state)
    news = news_of(pull, known, settings)
    approved = is_approved(pull, settings)
    return Look(word=_word(pull, known, settings, now, news, approved), news=news, approved=approved)


def _word(
    pull: PullRequest, known: Remembered | None, settings: ReviewSettings, now: float, news: News, approved: bool
) -> Word:
    if news.is_said:
        return "changes_requested"
    if pull.mergeable is False:
        return "conflict"
    if news.checks:
        return "ci_failed"
    if pull.draft:
        return "draft"
    if not approved and (settings.required or _is_held_back(pull, settings)):
        return "nothing new"
    if any(check.state == "failed" for check in pull.checks):
        return "nothing new"
    is_waiting = any(check.state == "pending" for check in pull.checks)
    return "pending" if is_waiting or _are_registering(pull, known, now, approved) else "approved"


# --- approval --------------------------------------------------------------------------------------------------------


def is_approved(pull: PullRequest, settings: ReviewSettings) -> bool:
    """Where no rule of the repository asks for a review, by somebody and against nobody."""
    standing = [one for one in standing_reviews(pull).values() if _may_approve(one, settings)]
    given = [one for one in standing if one.state == "APPROVED"]
    if settings.renew and not any(_is_for_head(pull, one) for one in given):
        return False
    if pull.decision == "approved":
        return not any(one.state == "CHANGES_REQUESTED" and is_trusted(one, TRUSTED) for one in standing)
    return pull.decision == "" and bool(given) and all(one.state != "CHANGES_REQUESTED" for one in standing)


def is_approved_by_trusted(pull: PullRequest, settings: ReviewSettings) -> bool:
    """What merging by itself needs: the approval of a stranger is good for a person to read, and for nothing else."""
    if pull.decision == "approved":
        return is_approved(pull, settings)
    given = [one for one in standing_reviews(pull).values() if one.state == "APPROVED"]
    return is_approved(pull, settings) and any(
        is_trusted(one, settings.trust or TRUSTED) and _may_approve(one, settings) for one in given
    )


def _may_approve(review: Review, settings: ReviewSettings) -> bool:
    return not is_ignored(review.author, settings) and is_trusted(review, settings.trust)


def _is_for_head(pull: PullRequest, review: Review) -> bool:
    return review.commit == pull.head_commit if review.commit else review.at > pull.pushed_at


def _is_held_back(pull: PullRequest, settings: ReviewSettings) -> bool:
    """Also where nobody has to approve: somebody wants changes, or the repository's rules want an approval."""
    if pull.decision in ("changes_requested", "review_required"):
        return True
    standing = standing_reviews(pull).values()
    return any(one.state == "CHANGES_REQUESTED" and _may_approve(one, settings) for one in standing)


def _are_registering(pull: PullRequest, known: Remembered | None, now: float, approved: bool) -> bool:
    """No check is there, and some may be on their way: a forge registers them some seconds after a push."""
    if pull.checks or any(one.state == "APPROVED" and _is_for_head(pull, one) for one in all_reviews(pull)):
        return False
    if known is not None and known.had_checks:
        room = REGISTERING_AGAIN
    else:
        room = 0.0 if approved else REGISTERING
    since = pull.pushed_at if known is None else known.head_at if known.head == pull.head_commit else ""
    return now < epoch_or(since, now if known is not None else 0) + room


# --- what is new -----------------------------------------------------------------------------------------------------


def news_of(pull: PullRequest, known: Remembered | None, settings: ReviewSettings) -> News:
    seen = frozenset(known.seen) if known is not None else marks_answered_by_push(pull)
    talks = (
        Talk(thread, new)
        for thread in pull.threads
        if (new := tuple(one for one in open_remarks(pull, thread, settings) if mark(one) not in seen))
    )
    return News(
        reviews=tuple(one for one in _requests(pull, settings) if mark(one) not in seen),
        talks=tuple(talks),
        comments=tuple(one for one in pull.comments if counts(pull, one, settings) and mark(one) not in seen),
        checks=tuple(one for one in pull.checks if one.state == "failed" and check_mark(pull, one) not in seen),
        asides=tuple(one for one in _asides(pull, settings) if mark(one) not in seen),
    )


def _requests(pull: PullRequest, settings: ReviewSettings) -> Iterator[Review]:
    """Requests for changes that their reviewer has not taken back, and reviews with a text of their own."""
    standing = standing_reviews(pull)
    for review in all_reviews(pull):
        if review.state == "CHANGES_REQUESTED":
            is_meant = standing[review.author].state == "CHANGES_REQUESTED"
        else:
            is_meant = review.state == "COMMENTED" and bool(review.body.strip())
        if is_meant and counts(pull, review, settings):
            yield review


def _asides(pull: PullRequest, settings: ReviewSettings) -> Iterator[Review]:
    approvals = (one for one in all_reviews(pull) if one.state == "APPROVED" and one.body.strip())
    yield from (one for one in approvals if counts(pull, one, settings))


def marks_of(pull: PullRequest, news: News) -> tuple[str, ...]:
    """The fingerprints of all of it."""
    remarks = (*news.reviews, *news.comments, *news.asides, *(one for talk in news.talks for one in talk.new))
    return (*map(mark, remarks), *(check_mark(pull, check) for check in news.checks))


def marks_answered_by_push(pull: PullRequest) -> frozenset[str]:
    """By time: what was said before the newest commit was made, or before the runner's own answer to it. A review of
    that very commit is not."""
    pushed = pull.pushed_at
    own = max((one.at for one in pull.comments if key_of(one) is not None), default="")
    reviews = (one for one in all_reviews(pull) if said_at(one) <= pushed and not _is_of_head(pull, one))
    before = (one for one in (*all_reviews(pull), *pull.comments) if said_at(one) <= own)
    remarks = [*pull.comments, *(one for thread in pull.threads for one in thread.remarks)]
    early = (one for one in remarks if said_at(one) < pushed)
    replied = (one for thread in pull.threads for one in thread.remarks[: last_answer(thread) + 1])
    return frozenset(map(mark, (*reviews, *before, *early, *replied)))


def _is_of_head(pull: PullRequest, review: Review) -> bool:
    return bool(review.commit) and review.commit == pull.head_commit
