"""An agent's last message tells what became of each thread, in many ways of writing it."""

from __future__ import annotations

import pytest

from orchestrator.core.forge.review_answers import Answer, parse_answers, reply_text, summary_text

T1, T2, OLD = "PRRT_kwDOAbc123", "PRRT_kwDO-x_y_", "MDIzOlB1bGw="
GIVEN = (T1, T2, OLD)


@pytest.mark.parametrize(
    "line",
    [
        "HANDLED {}: renamed",
        "  HANDLED {}: renamed",
        "- HANDLED {}: renamed",
        "* **HANDLED** {}: renamed",
        "**HANDLED {}:** renamed",
        "1. HANDLED `{}`: renamed",
        "HANDLED: {} renamed",
        "HANDLED: {}: renamed",
        "HANDLED {} - renamed",
        "HANDLED {} — renamed",
        "HANDLED {} renamed",
        "> HANDLED <{}>: renamed",
        "- [x] HANDLED {}: renamed",
        "### HANDLED [{}]: renamed",
        "HANDLED thread {}: renamed",
        "HANDLED {}:\nrenamed",
        "✅ HANDLED {}: renamed\r\n",
    ],
)
@pytest.mark.parametrize("thread", GIVEN)
def test_a_line_may_be_written_in_many_ways(line: str, thread: str) -> None:
    found = parse_answers(f"I looked.\n\n{line.format(thread)}\n\nBye.", GIVEN)
    assert found.given == {thread: Answer("HANDLED", "renamed")}
    assert found.unknown == ()
    assert found.rest.split() == ["I", "looked.", "Bye."]


def test_declined_is_not_handled() -> None:
    found = parse_answers(f"DECLINED {T1}: it is public: see docs", GIVEN)
    assert found.given == {T1: Answer("DECLINED", "it is public: see docs")}


def test_one_line_may_answer_several_and_the_later_line_counts() -> None:
    found = parse_answers(f"HANDLED {T1}, {OLD} and {T2}: both\nDECLINED {T1}: no", GIVEN)
    assert found.given == {T1: Answer("DECLINED", "no"), OLD: Answer("HANDLED", "both"), T2: Answer("HANDLED", "both")}


def test_a_thread_that_was_not_given_is_named_and_left_alone() -> None:
    found = parse_answers(f"HANDLED PRRT_kwDOzzz999: did it\nHANDLED {T1}: ok", GIVEN)
    assert (found.unknown, set(found.given)) == (("PRRT_kwDOzzz999",), {T1})


def test_indented_lines_belong_to_the_one_before_and_words_alone_are_no_answer() -> None:
    found = parse_answers(
        f"HANDLED {T1}: first\n  second\nDECLINED to change the rest\nNO_CHANGE_NEEDED: x\nPASS", GIVEN
    )
    assert found.given == {T1: Answer("HANDLED", "first\nsecond")}
    assert (found.rest, found.unknown) == ("DECLINED to change the rest", ())


def test_a_message_without_lines_answers_no_thread() -> None:
    assert parse_answers("All done: HANDLED everything", GIVEN) == ({}, (), "All done: HANDLED everything")


def test_replies_name_the_commit_that_has_it() -> None:
    assert reply_text(Answer("HANDLED", "renamed"), "abc") == "renamed (abc)"
    assert reply_text(Answer("HANDLED", ""), "") == "Done."
    assert reply_text(Answer("DECLINED", "public"), "abc") == "public"
    assert summary_text("", "abc") == "Pushed abc."
    assert summary_text("Mended.", "abc") == "Mended.\n\nPushed abc."
    assert summary_text("", "")
