"""A ticket that may start on the branch of the one that blocks it: when, and when it may be merged."""

from __future__ import annotations

from typing import Any

from orchestrator.core.board import Board
from orchestrator.core.model import Status
from orchestrator.core.times import iso
from tests.core.builders import AT, key
from tests.core.builders import ticket as ready
from tests.core.test_claims import at_lane, board, turn
from tests.factories import entry, plan

PR = {"pr_number": "7"}


def test_a_stacked_ticket_starts_when_its_blocker_has_a_pull_request() -> None:
    made = board(plan("a", entry("b", "a"), stack=True), ready(ticket_id="a", branch="x", wake_at=iso(AT + 9)),
                 ready(ticket_id="b", status=Status.QUEUED))  # fmt: skip
    assert turn(made) == []
    made.put_ticket(ready(ticket_id="a", branch="x", wake_at=iso(AT + 9), context=PR))
    assert turn(made) == ["b"]
    assert made.stack_base(key("b")) == key("a")


def stacked(**fields: Any) -> Board:
    return board(plan("a", entry("b", "a")), ready(ticket_id="a", branch="x", wake_at=iso(AT + 9), context=PR),
                 ready(ticket_id="b", **fields))  # fmt: skip


def test_only_who_wants_it_is_stacked() -> None:
    assert turn(stacked()) == []
    assert turn(stacked(stack=True)) == ["b"]
    assert turn(stacked(stack=True, repo="/elsewhere")) == []
    assert turn(stacked(stack=True, attempts=1)) == [], "it began on something else"
    assert turn(stacked(stacked_on="p1/a", attempts=1)) == ["b"]


def test_a_blocker_that_is_given_up_is_not_built_upon() -> None:
    for status in (Status.FAILED, Status.NEEDS_ATTENTION):
        made = stacked(stack=True)
        made.put_ticket(ready(ticket_id="a", branch="x", status=status, context=PR))
        assert turn(made) == []


def test_all_blockers_but_one_must_be_complete() -> None:
    a, b = (ready(ticket_id=id, branch=id, wake_at=iso(AT + 9), context=PR) for id in "ab")
    made = board(plan("a", "b", entry("c", "a", "b"), stack=True), a, b, ready(ticket_id="c"))
    assert turn(made) == []
    made.put_ticket(ready(ticket_id="a", branch="a", status=Status.COMPLETE, context=PR))
    assert turn(made) == ["c"]


def test_a_stacked_ticket_enters_the_lane_after_its_blocker_is_merged() -> None:
    below = ready(ticket_id="a", branch="x", wake_at=iso(AT + 9), context=PR)
    made = board(plan("a", entry("b", "a")), below, at_lane("b", stacked_on="p1/a"))
    assert turn(made) == []
    assert dict(made.claims.waiting()) == {key("b"): "is stacked on a, which is merged first"}
    made.put_ticket(ready(ticket_id="a", branch="x", status=Status.COMPLETE, context=PR))
    assert turn(made) == ["b"]
