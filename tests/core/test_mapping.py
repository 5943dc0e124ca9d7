"""Issues of a tracker as a draft: what becomes a ticket, what it wants, whom it waits for."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.planning.body import criteria, said
from orchestrator.core.planning.draft import DraftTicket
from orchestrator.core.planning.issue import Issue, Issues
from orchestrator.core.planning.mapping import Chosen, Mapped, draft_of

HOME = "https://github.com/acme/shop/issues"
BOTH = Chosen(workflows=("standard", "bugfix", "local"))


def gh(number: int, body: str = "", **more: Any) -> Issue:
    return Issue(id=f"GH-{number}", title=f"No {number}", body=body, url=f"{HOME}/{number}", **more)


def mapped(*issues: Issue, chosen: Chosen = BOTH, **more: Any) -> Mapped:
    return draft_of(Issues(name="v2", found=issues, **more), chosen)


def waits(found: Mapped) -> dict[str, tuple[str, ...]]:
    return {str(one.ticket_id): one.blocked_by for one in found.draft.tickets}


def test_an_issue_becomes_a_ticket_with_its_words_as_they_are() -> None:
    (ticket,) = mapped(gh(7, "Fix <b>it</b> 🎉\r\n{{ 7*7 }} $(touch x)\x00", labels=("feature",))).draft.tickets
    assert ticket == DraftTicket(
        ticket_id="GH-7",
        title="No 7",
        description="Fix <b>it</b> 🎉\n{{ 7*7 }} $(touch x)",
        linear_url=f"{HOME}/7",
    )


BODY = """\
## Description
Words. Depends on UTF-8.

- a list that is no criterion

### ✅ Acceptance Criteria:
- It **works** at 5 GHz
  and further
1. numbered

<!-- - [ ] hidden -->
## Notes
- no more
- [ ] A task anywhere
- [x] a done one

```
- [ ] code
```
"""


def test_criteria_are_task_lists_and_lists_below_their_headings() -> None:
    assert criteria(BODY) == ("It **works** at 5 GHz and further", "numbered", "A task anywhere", "a done one")


@pytest.mark.parametrize("heading", ["## Requirements", "**Definition of done**", "Acceptance criteria:", "## AC"])
def test_headings_of_criteria_have_many_names(heading: str) -> None:
    assert criteria(f"words\n\n{heading}\n\n* one\n* two\n\n## Next\n* three") == ("one", "two")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Blocked by #42", ("#42",)),
        ("blocked by: #1, #2 and #3.", ("#1", "#2", "#3")),
        ("This depends on [login](https://github.com/acme/shop/issues/9).", ("https://github.com/acme/shop/issues/9",)),
        ("Requires PROJ-3", ("PROJ-3",)),
        ("After #42 is merged we can go on", ("#42",)),
        ("## Dependencies\n- #4\n- PROJ-5 the thing", ("#4", "PROJ-5")),
        ("not blocked by #42", ()),
        ("it no longer depends on #42", ()),
        ("`blocked by #42`", ()),
        ("```\nblocked by #42\n```", ()),
        ("see #42, related to #43", ()),
        ("> nothing here\n<!-- depends on #1 -->", ()),
    ],
)
def test_whom_it_waits_for_is_told_in_a_few_plain_forms(text: str, found: tuple[str, ...]) -> None:
    assert said(text).waits_for == found


def test_words_and_relations_count_both_ways() -> None:
    found = mapped(gh(1, "Blocks #3"), gh(2), gh(3, "depends on #2", blocked_by=("GH-4",)), gh(4))
    assert waits(found) == {"GH-1": (), "GH-2": (), "GH-3": ("GH-1", "GH-2", "GH-4"), "GH-4": ()}
    assert found.notes == ()


def test_closed_issues_and_duplicates_are_left_out_and_nobody_waits_for_them() -> None:
    found = mapped(
        gh(1, state="done"), gh(2, state="dropped"), gh(3, duplicate_of="GH-4"), gh(4), gh(5, "blocked by #1, #3"),
    )  # fmt: skip
    assert waits(found) == {"GH-4": (), "GH-5": ("GH-4",)}
    assert found.notes == (
        "GH-1: closed in the tracker, left out",
        "GH-2: dropped in the tracker, left out",
        "GH-3: a duplicate of GH-4, left out",
    )


def test_whoever_waits_for_what_is_not_there_is_told() -> None:
    found = mapped(gh(1, "blocked by #99"), gh(2, "blocked by #98"), ended=("GH-98",))
    assert waits(found) == {"GH-1": (), "GH-2": ()}
    assert found.notes == ("GH-1 waits for GH-99, which is not part of the plan: that is not taken over",)


def test_a_circle_is_cut_at_the_same_place_whatever_the_sequence() -> None:
    issues = [gh(1, "blocked by #3"), gh(2, "blocked by #1"), gh(3, "blocked by #2")]
    one, other = mapped(*issues), mapped(*reversed(issues))
    assert len([1 for of in waits(one).values() if of]) == 2
    assert any("wait for each other" in note and "was left out" in note for note in one.notes)
    assert len([1 for of in waits(other).values() if of]) == 2


def test_a_relation_counts_more_than_words() -> None:
    found = mapped(gh(1, "blocked by #2"), gh(2, blocked_by=("GH-1",)))
    assert waits(found) == {"GH-1": (), "GH-2": ("GH-1",)}


@pytest.mark.parametrize("parents_first", [False, True])
def test_parts_and_wholes_wait_as_their_tracker_means_it(parents_first: bool) -> None:
    found = mapped(gh(1), gh(2, parent="GH-1"), parents_first=parents_first)
    assert waits(found) == ({"GH-1": (), "GH-2": ("GH-1",)} if parents_first else {"GH-1": ("GH-2",), "GH-2": ()})


@pytest.mark.parametrize(
    ("labels", "chosen", "workflow"),
    [
        (("bug",), BOTH, "bugfix"),
        (("type: Bug",), BOTH, "bugfix"),
        (("hotfix", "x"), BOTH, "bugfix"),
        (("feature",), BOTH, None),
        (("debug",), BOTH, None),
        (("bug",), Chosen(workflows=("standard",)), None),
        (("bug",), Chosen(workflows=("standard", "bugfix", "local"), workflow="local"), None),
    ],
)
def test_bugs_go_by_bugfix_where_that_is_and_nobody_wants_another(
    labels: tuple[str, ...], chosen: Chosen, workflow: str | None
) -> None:
    (ticket,) = mapped(gh(1, labels=labels), chosen=chosen).draft.tickets
    assert ticket.workflow == workflow


def test_the_urgent_come_first() -> None:
    found = mapped(gh(1), gh(2, priority=1), gh(3, priority=3))
    assert [one.ticket_id for one in found.draft.tickets] == ["GH-2", "GH-3", "GH-1"]


def test_two_thousand_issues_that_wait_for_one_another_take_no_time_worth_mentioning() -> None:
    found = mapped(*(gh(n, f"depends on #{n - 1}") for n in range(1, 2001)), ended=("GH-0",))
    assert len(waits(found)) == 2000 and waits(found)["GH-2000"] == ("GH-1999",)
