"""Tickets of Markdown files and of tables."""

from __future__ import annotations

import pytest

from orchestrator.core.planning.issue import Issue
from orchestrator.errors import OrchestratorError
from orchestrator.formats.drafts.tickets_csv import read_csv
from orchestrator.formats.drafts.tickets_markdown import read_markdown

SPRINT = """\
# Sprint 12

Some words that are no ticket.

## Fix the login loop
Labels: bug, web
URL: <https://x.example/1>

It `{{ 7*7 }}` loops. $(touch x)

### Acceptance criteria
- It ends

```sh
## no heading
```

## SHOP-7: Add logout
**Depends on:** fix the  login loop, SHOP-3
- [ ] GET /logout answers 302
"""


def markdown(text: str) -> tuple[str, list[Issue]]:
    found = read_markdown(text, "file")
    return found.name, list(found.found)


def test_headings_below_a_single_one_are_tickets_and_that_is_the_plan() -> None:
    name, (login, logout) = markdown(SPRINT)
    assert name == "Sprint 12"
    assert (login.title, login.labels, login.url) == ("Fix the login loop", ("bug", "web"), "https://x.example/1")
    assert "It `{{ 7*7 }}` loops. $(touch x)" in login.body and "## no heading" in login.body
    assert (logout.id, logout.title, logout.blocked_by) == ("SHOP-7", "Add logout", (login.id, "SHOP-3"))


def test_which_ids_are_made_up_is_told() -> None:
    found = read_markdown(SPRINT, "file")
    assert found.made_up == (found.found[0].id,)


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("# One\n\ntext\n\n# Two\n", ["One", "Two"]),
        ("# One\r\n\r\n## Notes\r\n\r\n# Two\r\n", ["One", "Two"]),
        ("# Plan\n\n- One\n- [ ] Two\n- [x] Done\n  - inner\n* Three\n", ["One", "Two", "Three"]),
        ("1. One\n   more of it\n2. Two\n", ["One", "Two"]),
        ("## Only one\n\nwords\n", ["Only one"]),
        ("# Plan\n\n## A\n\n### Details\n\n## B\n", ["A", "B"]),
        ("words alone\n", []),
        ("", []),
    ],
)
def test_what_is_a_ticket_is_told_by_the_form(text: str, titles: list[str]) -> None:
    assert [one.title for one in markdown(text)[1]] == titles


def test_what_is_indented_below_an_item_is_its_text() -> None:
    _, (one, two) = markdown("- One\n  - [ ] criterion\n\n  words\n- Two\n")
    assert "- [ ] criterion" in one.body and "words" in one.body and two.body == ""


JIRA = (
    "Summary,Issue key,Issue Type,Status,Inward issue link (Blocks),Labels,Labels,Description,Custom\n"
    '"Login ""loop""",AB-1,Bug,To Do,,web,ui,"two\nlines",x\n'
    "Logout,AB-2,Story,In Progress,AB-1,,,,\n"
    "Old,AB-3,Story,Done,,,,,\n"
    ",AB-4,,,,,,,\n"
)


def test_exports_of_trackers_are_understood() -> None:
    found = read_csv(JIRA, "sprint", "sprint.csv")
    login, logout, old = found.found
    assert (login.id, login.title, login.body) == ("AB-1", 'Login "loop"', "two\nlines")
    assert login.labels == ("Bug", "web", "ui") and logout.blocked_by == ("AB-1",) and old.state == "done"
    assert found.notes == (
        "sprint.csv: not understood, and left out: Custom", "sprint.csv: 1 rows without a title, left out",
    )  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_titles_alone_are_enough_and_ids_may_be_missing(delimiter: str) -> None:
    found = read_csv(f"\ufeffTitle{delimiter}Depends on\nOne{delimiter}\nTwo{delimiter}one\n", "n", "f")
    one, two = found.found
    assert found.made_up == (one.id, two.id) and two.blocked_by == (one.id,)


def test_a_column_of_criteria_becomes_a_list_below_its_heading() -> None:
    (one,) = read_csv('title,acceptance criteria\nA,"- it ends\n- it is tested"\n', "n", "f").found
    assert one.body == "## Acceptance criteria\n\n- it ends\n- it is tested"


def test_numbers_as_ids_get_a_letter_and_blocks_counts_the_other_way() -> None:
    one, two = read_csv("id,title,blocks\n1,A,2\n2,B,\n", "n", "f").found
    assert (one.id, two.id, two.blocked_by) == ("T-1", "T-2", ("T-1",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "f is empty; the first line names the columns"),
        ("a,b\n1,2\n", r"no column is called title \(or summary, name\); there are: a, b"),
        ('title\n"open\n', "is a quote left open"),
    ],
)
def test_what_is_no_table_of_tickets_is_said_in_words(text: str, words: str) -> None:
    with pytest.raises(OrchestratorError, match=words):
        read_csv(text, "n", "f")


def test_code_is_text_and_neither_a_field_nor_an_item() -> None:
    code = "```yaml\nid: X-1\ntype: bug\n- item\n```"
    _, (one, two) = markdown(f"# P\n\n## One\n\n{code}\nLabels: web\n\n## Two\n")
    assert (one.title, one.body, one.labels) == ("One", code, ("web",)) and two.id == "#2"
    assert [one.title for one in markdown(f"- One\n\n{code}\n\n- Two\n")[1]] == ["One", "Two"]


def test_a_title_with_a_comma_is_one_blocker() -> None:
    (one, two) = markdown("# P\n\n## Fix it, then ship\n\n## B\nDepends on: *Fix it, then  ship*\n")[1]
    assert two.blocked_by == (one.id,)
    table = read_csv('title;blocked by\n"Fix it; then ship";\nB;"Fix it; then ship"\nC;"B, X-1"\n', "t", "t.csv").found
    assert [one.blocked_by for one in table] == [(), ("#1",), ("#2", "X-1")]
