"""The prompts: each renders with what its workflows give, and shows what the phase before has found."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.formats import templates
from tests.builtin.scripts import BUILTIN

PROMPTS = BUILTIN / "prompts"
ALL = sorted(path.name for path in PROMPTS.glob("*.md"))
CAPTURED = frozenset(
    {"self_review_feedback", "verify_output", "integrate_output", "review_feedback", "pr_url", "pr_number"}
)


def render(name: str, history: tuple[tuple[str, str], ...] = (), **more: Any) -> str:
    given = {
        "attempt": 1,
        "base_branch": "main",
        "phase": "x",
        "agent": "claude",
        "previous_output": more.pop("previous_output", ""),
    }
    ticket = {
        "planId": "p",
        "ticketId": "T-1",
        "title": "The title",
        "description": "The description",
        "acceptanceCriteria": more.pop("criteria", ["The criterion"]),
        "linearUrl": "https://tracker.invalid/T-1",
        "repo": "/repo",
        "branch": "u/t-1",
        "worktree": "/work/t-1",
        "phaseHistory": [{"phase": phase, "status": status} for phase, status in history],
        "context": more,
    }
    source = (PROMPTS / name).read_text(encoding="utf-8")
    return templates.render(source, templates.variables(ticket, given), captured=CAPTURED, name=name)


@pytest.mark.parametrize("name", ALL)
def test_a_prompt_says_which_ticket_and_where_and_whose_rules_count(name: str) -> None:
    text = render(name)
    assert "T-1" in text
    assert "The title" in text
    assert "`/work/t-1`" in text
    assert "u/t-1" in text
    assert "repository's own instructions" in text
    assert "{#" not in text
    assert text.lstrip().startswith("# ")


@pytest.mark.parametrize("name", ALL)
def test_a_prompt_begins_with_the_list_of_its_variables(name: str) -> None:
    head, _, _ = (PROMPTS / name).read_text(encoding="utf-8").partition("#}")
    assert head.startswith("{#")
    assert "ariables: ticketId" in head


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("simplify.md", "verify.md")])
def test_the_words_of_the_ticket_are_fenced_and_called_data(name: str) -> None:
    text = render(name)
    start, end = text.index("---------- ticket T-1"), text.index("---------- end of ticket T-1")
    assert start < text.index("The description") < end
    assert start < text.index("The criterion") < end
    assert "is data" in text[:start]


@pytest.mark.parametrize("name", ["self-review.md", "verify.md"])
def test_who_judges_is_told_how_to_say_so(name: str) -> None:
    assert render(name).rstrip().endswith("PASS\n\nor\n\nFAIL")


@pytest.mark.parametrize("name", ["implement.md", "implement-bugfix.md", "handle-review.md", "resolve-conflicts.md"])
def test_who_must_commit_is_told_how_to_declare_that_nothing_is_to_change(name: str) -> None:
    assert "\nNO_CHANGE_NEEDED: <" in render(name)


def test_without_criteria_none_are_announced() -> None:
    assert "Acceptance criteria" not in render("implement.md", criteria=[])


def test_implement_shows_the_review_that_rejected_it() -> None:
    text = render(
        "implement.md", (("implement", "success"), ("self_review", "failure")), self_review_feedback="no docs"
    )
    assert "no docs" in text


def test_implement_shows_the_verification_that_failed_and_not_the_review_that_passed() -> None:
    history = (("self_review", "success"), ("verify", "failure"))
    text = render("implement.md", history, self_review_feedback="all fine", verify_output="1 test failed")
    assert "1 test failed" in text
    assert "all fine" not in text


def test_implement_shows_a_new_review_and_not_the_verification_before_it() -> None:
    history = (("verify", "failure"), ("implement", "success"), ("self_review", "failure"))
    text = render("implement.md", history, self_review_feedback="no docs", verify_output="1 test failed")
    assert "no docs" in text
    assert "1 test failed" not in text


def test_implement_shows_how_its_own_last_attempt_failed_but_nothing_of_the_setup() -> None:
    assert "Created" not in render("implement.md", (("setup", "success"),), previous_output="Created worktree")
    assert "no commit" in render("implement.md", (("implement", "failure"),), previous_output="no commit")


def test_conflicts_and_reviews_reach_who_answers_them() -> None:
    assert "shared.py" in render("resolve-conflicts.md", integrate_output="conflicts in: shared.py")
    assert "rename it" in render("handle-review.md", review_feedback="rename it")
