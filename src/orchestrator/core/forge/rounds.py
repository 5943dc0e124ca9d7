"""What is remembered of a pull request's review, from look to look and from round to round.

The law: a round begins when what is new is offered to an agent, and what was offered is seen only when its answers are
out. So whatever dies in between, the next round has it again, with what came meanwhile. A workflow that does not answer
this way answers by pushing: then a new head settles what the last look told of.
"""

from __future__ import annotations

from msgspec.structs import replace

from orchestrator.core.forge.pull_request import PullRequest, Remembered
from orchestrator.core.forge.review import Look, News, marks_answered_by_push, marks_of
from orchestrator.core.times import iso


def begun(known: Remembered | None, pull: PullRequest) -> Remembered:
    """What is remembered of this very pull request; of one that is met for the first time, what time tells."""
    if known is not None and known.number == pull.number:
        return known
    answered = marks_answered_by_push(pull) if pull.state == "open" else ()
    return Remembered(number=pull.number, url=pull.url, seen=tuple(sorted(answered)))


def pushed(known: Remembered, pull: PullRequest) -> Remembered:
    """Before a look: what the last one told of, and a round that was never closed, when the head is another since."""
    if not known.head or not pull.head_commit or pull.head_commit == known.head:
        return known
    return _seen(known, (*known.noticed, *known.offered))


def looked(known: Remembered, pull: PullRequest, look: Look, now: float) -> Remembered:
    """After it."""
    states = [check.state for check in pull.checks]
    is_same_head = bool(known.head_at) and known.head == pull.head_commit
    return replace(
        known,
        url=pull.url or known.url,
        state=pull.state,
        draft=pull.draft,
        review=_standing(pull, look),
        passed=states.count("passed") + states.count("skipped"),
        failed=states.count("failed"),
        pending=states.count("pending"),
        mergeable=pull.mergeable,
        open_threads=sum(not thread.resolved for thread in pull.threads),
        asked_at=iso(now),
        head=pull.head_commit or known.head,
        head_at=known.head_at if is_same_head else iso(now),
        had_checks=known.had_checks or bool(states),
        noticed=tuple(one for one in marks_of(pull, look.news) if one not in known.offered),
    )


def _standing(pull: PullRequest, look: Look) -> str:
    """In one word, for people who look on."""
    if look.word in ("pending", "draft"):
        return "approved" if look.approved else ""
    if look.word != "nothing new":
        return look.word
    return "changes_answered" if pull.decision == "changes_requested" else "review_required"


def offered(known: Remembered, pull: PullRequest, news: News) -> Remembered:
    """It is given to an agent."""
    threads = tuple(talk.thread.id for talk in news.talks)
    return replace(known, offered=marks_of(pull, news), offered_threads=threads, noticed=())


def answered(known: Remembered) -> Remembered:
    """What was given is answered, and the answers are out."""
    if not known.offered:
        return known
    return replace(_seen(known, known.offered), rounds=known.rounds + 1)


def _seen(known: Remembered, marks: tuple[str, ...]) -> Remembered:
    seen = tuple(dict.fromkeys((*known.seen, *marks)))
    return replace(known, seen=seen, noticed=(), offered=(), offered_threads=())
