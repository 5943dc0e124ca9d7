"""What is remembered from look to look: nothing is handed over twice, nothing forgotten that was not answered."""

from __future__ import annotations

from msgspec.structs import replace

from orchestrator.core.forge import rounds
from orchestrator.core.forge.pull_request import PullRequest, Remembered
from orchestrator.core.forge.review import news_of
from tests.core.pulls import (
    DEFAULT,
    EARLY,
    HEAD,
    LATE,
    LATER,
    NEXT,
    NOW,
    approved,
    check,
    comment,
    looked,
    pull,
    review,
    thread,
    word,
)

CREATED = Remembered(number=7, url="u")


def after_look(known: Remembered, one: PullRequest, now: float = NOW) -> Remembered:
    known = rounds.pushed(known, one)
    return rounds.looked(known, one, looked(one, known, now), now)


def collected(known: Remembered, one: PullRequest) -> Remembered:
    return rounds.offered(known, one, news_of(one, known, DEFAULT))


def test_what_was_offered_is_new_until_it_is_answered() -> None:
    one = pull(threads=(thread(),), comments=(comment(),), checks=(check(),))
    known = collected(after_look(CREATED, one), one)
    assert known.offered_threads == ("T1",)
    assert word(one, known) == "changes_requested", "whatever died meanwhile, the next round has it again"
    done = rounds.answered(known)
    assert (word(one, done), done.rounds, done.offered, done.offered_threads) == ("nothing new", 1, (), ())
    assert rounds.answered(done) == done, "saying it twice is saying it once"


def test_what_came_while_the_agent_worked_is_in_the_next_round() -> None:
    one = pull(comments=(comment(at=EARLY),))
    known = rounds.answered(collected(after_look(CREATED, one), one))
    more = replace(one, head_commit=NEXT, pushed_at=LATER, comments=(*one.comments, comment("also", LATE)))
    assert [said.body for said in news_of(more, after_look(known, more), DEFAULT).comments] == ["also"]


def test_of_a_pull_request_met_for_the_first_time_the_newest_commit_answered_what_is_older() -> None:
    one = pull(comments=(comment("a", EARLY), comment("b", LATE)))
    known = rounds.begun(None, one)
    assert [said.body for said in news_of(one, known, DEFAULT).comments] == ["b"]
    assert rounds.begun(known, one) == known
    another = rounds.begun(known, replace(one, number=8))
    assert (another.number, another.rounds) == (8, 0), "what is known of another one tells nothing of this"


def test_a_workflow_of_ones_own_answers_by_pushing() -> None:
    one = pull(decision="changes_requested", reviews=(review("CHANGES_REQUESTED"),))
    known = after_look(CREATED, one)
    assert word(one, known) == "changes_requested"
    assert word(one, after_look(known, one)) == "changes_requested", "nothing was pushed"
    after_push = replace(one, head_commit=NEXT)
    assert word(after_push, after_look(known, after_push)) == "nothing new"
    spoken = replace(after_push, comments=(comment(at=LATER),))
    assert word(spoken, after_look(after_look(known, after_push), spoken)) == "changes_requested"


def test_a_push_that_was_not_for_it_answers_nothing() -> None:
    """A conflict comes back as a rebase: what was said meanwhile had not been told to anybody."""
    known = after_look(CREATED, approved(mergeable=False))
    rebased = approved(head_commit=NEXT, pushed_at=LATER, comments=(comment(at=LATE),))
    assert word(rebased, after_look(known, rebased)) == "changes_requested"


def test_what_people_see_of_it() -> None:
    one = pull(
        decision="review_required", checks=(check("passed"), check("skipped"), check("pending")), threads=(thread(),)
    )
    known = after_look(CREATED, one)
    assert (known.review, known.passed, known.failed, known.pending) == ("changes_requested", 2, 0, 1)
    assert (known.open_threads, known.head, known.url) == (1, HEAD, "u")
    assert after_look(CREATED, pull()).review == "review_required"
    assert after_look(CREATED, approved(checks=(check("pending"),))).review == "approved"
    assert after_look(known, pull(state="merged", head_commit="")).state == "merged"


def test_a_head_is_known_since_it_was_seen_first() -> None:
    known = after_look(CREATED, pull(), NOW)
    again = after_look(known, pull(), NOW + 60)
    assert again.head_at == known.head_at != after_look(again, pull(head_commit=NEXT), NOW + 60).head_at
