"""Drafts as text: everything is read that can be, and everything else is told at once, with its place."""

from __future__ import annotations

import pytest

from orchestrator.core.planning.draft import Draft
from orchestrator.core.problems import Problem
from orchestrator.formats.drafts.draft import read_draft


def read(text: str) -> Draft:
    draft, problems = read_draft(text, "d.yaml")
    assert draft is not None
    assert problems == ()
    return draft


def problems(text: str) -> tuple[Problem, ...]:
    return read_draft(text, "d.yaml").problems


def test_yaml_and_json_say_the_same() -> None:
    yaml = "name: n\ntickets:\n  - title: One\n    acceptanceCriteria: [a]\n"
    assert read(yaml) == read('{"name": "n", "tickets": [{"title": "One", "acceptanceCriteria": ["a"]}]}')


def test_a_list_of_tickets_or_of_titles_is_a_draft() -> None:
    assert [one.title for one in read("- One\n- title: Two\n").tickets] == ["One", "Two"]


@pytest.mark.parametrize(
    ("written", "field", "value"),
    [
        ("id: A-1", "ticket_id", "A-1"), ("criteria: [a, b]", "acceptance_criteria", ("a", "b")),
        ("criteria: a", "acceptance_criteria", ("a",)), ("url: https://x", "linear_url", "https://x"),
        ("blockedBy: A-1", "blocked_by", ("A-1",)), ("dependsOn: [A-1]", "blocked_by", ("A-1",)),
        ("body: text", "description", "text"),
    ],
)  # fmt: skip
def test_what_people_call_otherwise_is_understood(written: str, field: str, value: object) -> None:
    assert getattr(read(f"tickets:\n  - title: One\n    {written}\n").tickets[0], field) == value


def test_status_paused_means_paused() -> None:
    assert read("status: paused\ntickets: []\n").paused
    assert not read("status: active\ntickets: []\n").paused


def test_all_faults_come_in_one_report_with_their_places_and_what_to_write() -> None:
    text = (
        "nmae: n\n"
        "repo: 7\n"
        "tickets:\n"
        "  - title: One\n"
        "    id: a b\n"
        "    order: first\n"
        "    status: ready\n"
        "  - 12\n"
        "  - title: Two\n"
        "    criteria: {a: b}\n"
    )
    found = problems(text)
    assert {(one.line, one.severity) for one in found} == {
        (1, "warning"), (2, "error"), (5, "error"), (6, "error"), (7, "warning"), (8, "error"), (10, "error"),
    }  # fmt: skip
    assert all(one.file == "d.yaml" and (one.hint or "leave it out" in one.what) for one in found)
    assert "did you mean name?" in str(found)
    assert "the runner's" in "".join(map(str, found))


def test_what_is_wrong_is_left_out_and_the_rest_is_read() -> None:
    draft = read_draft("name: n\nrepo: 7\ntickets:\n  - title: One\n    id: a b\n    order: first\n", "d").draft
    assert draft is not None
    assert (draft.name, draft.repo, len(draft.tickets)) == ("n", None, 1)
    assert (draft.tickets[0].title, draft.tickets[0].ticket_id, draft.tickets[0].order) == ("One", None, None)


@pytest.mark.parametrize("text", ["", "words", "12", "name: [x\n"])
def test_what_is_no_draft_at_all_is_said_so(text: str) -> None:
    draft, found = read_draft(text, "d")
    assert draft is None
    assert [one.severity for one in found] == ["error"]


def test_a_key_under_two_names_is_a_problem() -> None:
    found = problems("tickets:\n  - title: One\n    id: A\n    ticketId: B\n")
    assert [(one.line, one.what) for one in found] == [(3, "id and ticketId mean the same")]
