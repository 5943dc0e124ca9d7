"""What is under way, as a view: who is in flight, what waits and why, and how far everything is."""

from __future__ import annotations

import pytest

from orchestrator.core.board import Board
from orchestrator.core.model import Attempt, Key, Plan, PlanStatus, Status, Ticket
from orchestrator.core.outcome import Usage
from orchestrator.core.show.held import Held
from orchestrator.core.show.live import MANY, Scope, Seen, View, in_scope, view
from orchestrator.core.times import iso
from tests import factories
from tests.factories import AT, entry, poll, script, terminal

WORKFLOW = factories.workflow(script("work", "ask"), poll("ask", "done"), terminal())


def seen_of(*things: Plan | Ticket, **fields: object) -> Seen:
    board = Board()
    for one in things:
        board.put_plan(one) if isinstance(one, Plan) else board.put_ticket(one)
    return Seen(board, lambda _: WORKFLOW, lambda _: False, **fields)  # type: ignore[arg-type]


def look(seen: Seen, most: int = 50, only: Key | None = None) -> View:
    return view(seen, Scope(in_scope(seen.board, frozenset()), only), most, AT)


def flying(ticket_id: str, phase: str = "work", plan: str = "p1", **fields: object) -> Ticket:
    attempt = Attempt(n=3, id="i", phase=phase, started_at=iso(AT - 12), agent="claude")
    given = {"status": Status.RUNNING, "current_phase": phase, "attempt": attempt, "attempts": 3, **fields}
    return factories.ticket(ticket_id, plan, **given)


def ready(ticket_id: str, **fields: object) -> Ticket:
    return factories.ticket(ticket_id, status=Status.READY, **fields)


# --- in flight


def test_a_row_tells_the_phase_and_its_position_the_attempt_and_since_when() -> None:
    row = look(seen_of(factories.plan("T-1"), flying("T-1"))).rows[0]
    assert (row.key, row.attempt.phase, row.position, row.phases) == (Key("p1", "T-1"), "work", 1, 3)
    assert (row.attempt.n, row.attempt.agent, row.since) == (3, "claude", AT - 12)


def test_rows_stand_as_their_plans_list_them_so_that_a_ticket_keeps_its_line() -> None:
    old = factories.plan(entry("B", order=2), entry("A", order=1), id="old", created_at="2026-01-01T00:00:00Z")
    new = factories.plan("A", id="new", created_at="2026-02-01T00:00:00Z")
    tickets = [flying("A", plan="new"), flying("B", plan="old"), flying("A", plan="old")]
    rows = look(seen_of(new, old, *tickets)).rows
    assert [str(row.key) for row in rows] == ["old/A", "old/B", "new/A"]


def test_of_more_rows_than_can_be_shown_the_number_is_told() -> None:
    names = [f"T-{i}" for i in range(200)]
    found = look(seen_of(factories.plan(*names), *map(flying, names)), most=10)
    assert (len(found.rows), found.in_flight) == (10, 200)


def test_a_workflow_that_cannot_be_used_leaves_the_position_out() -> None:
    seen = seen_of(factories.plan("T-1"), flying("T-1"))._replace(workflow_of=lambda _: None)
    assert look(seen).rows[0].position is None


# --- what waits, and why


def test_who_is_queued_names_what_it_waits_for() -> None:
    seen = seen_of(factories.plan("T-1", entry("T-2", "T-1")), flying("T-1"), factories.ticket("T-2"))
    (wait,) = look(seen).waits
    assert wait.key.ticket == "T-2"
    assert [(one.key.ticket, one.state) for one in wait.blockers] == [("T-1", "running")]


def test_who_waits_for_a_time_tells_what_for_and_until_when_the_next_first() -> None:
    late = ready("T-1", wake_at=iso(AT + 60), wait_reason="usage limit of claude")
    soon = ready("T-2", wake_at=iso(AT + 5), wait_reason="ask said not yet")
    waits = look(seen_of(factories.plan("T-1", "T-2"), late, soon)).waits
    assert [(one.key.ticket, one.why, one.until) for one in waits] == [
        ("T-2", "ask said not yet", AT + 5), ("T-1", "usage limit of claude", AT + 60),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("slots", "why"), [(1, "waits for a slot"), (2, ""), (None, "waits for its turn")],
)  # fmt: skip
def test_who_is_ready_waits_for_a_slot_when_none_is_free(slots: int | None, why: str) -> None:
    seen = seen_of(factories.plan("T-1", "T-2"), flying("T-1"), ready("T-2"), slots=slots)
    assert look(seen).waits[0].why == why


def test_who_is_kept_back_for_room_says_so_and_not_why_it_waited_when_its_time_has_passed() -> None:
    kept, late = ready("T-1", wait_reason="not enough room"), ready("T-2", wait_reason="retry", wake_at=iso(AT - 5))
    found = look(seen_of(factories.plan("T-1", "T-2"), kept, late, slots=2))
    assert {wait.key.ticket: wait.why for wait in found.waits} == {"T-1": "not enough room", "T-2": ""}


def test_tickets_of_a_paused_plan_say_so_whatever_time_they_wait_for() -> None:
    plan = factories.plan("T-1", "T-2", status=PlanStatus.PAUSED)
    tickets = [ready("T-1"), ready("T-2", wake_at=iso(AT + 9), wait_reason="ask said not yet")]
    assert {one.why for one in look(seen_of(plan, *tickets)).waits} == {"its plan is paused"}


def test_who_waits_for_a_person_comes_first_with_the_reason() -> None:
    tickets = [
        ready("T-1"), factories.ticket("T-2", status=Status.FAILED, error="exit code 1"),
        factories.ticket("T-3", status=Status.NEEDS_ATTENTION, error="loops"),
    ]  # fmt: skip
    waits = look(seen_of(factories.plan("T-1", "T-2", "T-3"), *tickets)).waits
    assert [(one.state, one.why) for one in waits[:2]] == [("needs_attention", "loops"), ("failed", "exit code 1")]


def test_a_ticket_whose_attempt_is_being_stopped_is_in_flight_and_does_not_wait() -> None:
    found = look(seen_of(factories.plan("T-1"), flying("T-1", status=Status.PAUSED)))
    assert (found.in_flight, found.waits, found.waiting) == (1, (), {})


def test_of_a_state_that_many_are_in_only_the_number_is_told() -> None:
    names = [f"T-{i}" for i in range(MANY + 1)]
    found = look(seen_of(factories.plan(*names), *map(ready, names)))
    assert (found.waits, found.waiting) == ((), {Status.READY: MANY + 1})


def test_the_one_ticket_that_a_look_is_about_is_told_among_however_many() -> None:
    names = [f"T-{i}" for i in range(MANY + 1)]
    tickets = [factories.ticket(name, status=Status.FAILED, error="no") for name in names]
    found = look(seen_of(factories.plan(*names), *tickets), only=Key("p1", "T-7"))
    assert [(one.key.ticket, one.why) for one in found.waits] == [("T-7", "no")]


def test_whoever_waits_for_an_account_says_so_whether_it_has_met_the_limit_or_not() -> None:
    met = ready("T-1", wake_at=iso(AT + 60), wait_reason="usage limit of claude")
    held = Held("claude", AT + 60, "five-hour limit")
    blocked = factories.ticket("T-3", status=Status.QUEUED)
    seen = seen_of(factories.plan("T-1", "T-2", entry("T-3", "T-1")), met, ready("T-2"), blocked)
    found = look(seen._replace(held_of=lambda _: held, held=(held, Held("old", AT - 1, "x"))))
    assert [(one.key.ticket, one.held, one.until) for one in found.waits] == [
        ("T-1", held, None), ("T-2", held, None), ("T-3", None, None),
    ]  # fmt: skip
    assert found.held == (held,)


# --- how far everything is


def test_counts_are_about_the_plans_that_are_to_be_walked() -> None:
    done = factories.plan("A", "B", id="done", status=PlanStatus.COMPLETE)
    tickets = [factories.ticket(one, "done", status=Status.COMPLETE) for one in "AB"]
    found = look(seen_of(done, *tickets, factories.plan("T-1", "T-2"), flying("T-1"), factories.ticket("T-2")))
    assert (found.total, found.counts[Status.COMPLETE], found.plans) == (2, 0, ("p1",))


def test_a_plan_that_becomes_complete_stays_to_the_end_of_the_look() -> None:
    seen = seen_of(factories.plan("A", id="a", status=PlanStatus.COMPLETE), factories.plan("B", id="b"))
    assert in_scope(seen.board, frozenset({"a"})) == {"a", "b"}
    assert in_scope(seen.board, frozenset({"deleted"})) == {"b"}


def test_where_nothing_is_to_be_walked_everything_is_shown() -> None:
    seen = seen_of(
        factories.plan("A", id="a", status=PlanStatus.COMPLETE), factories.ticket("A", "a", status=Status.COMPLETE)
    )
    assert look(seen).counts[Status.COMPLETE] == 1


def test_a_look_at_one_ticket_is_about_nothing_else() -> None:
    found = look(seen_of(factories.plan("T-1", "T-2"), flying("T-1"), flying("T-2")), only=Key("p1", "T-2"))
    assert ([row.key.ticket for row in found.rows], found.total) == (["T-2"], 1)


def test_at_the_end_nothing_is_said_of_stopping_and_slots() -> None:
    seen = seen_of(factories.plan("T-1"), ready("T-1"), slots=3, stopping="shutdown")
    assert (look(seen).stopping, look(seen).slots) == ("shutdown", 3)
    over = look(seen._replace(is_over=True))
    assert (over.stopping, over.slots) == (None, None)


def test_costs_are_those_that_the_files_of_tickets_tell() -> None:
    def dear(cost: float) -> Usage:
        return Usage(input_tokens=1, cost_usd=cost)

    seen = seen_of(
        factories.plan("T-1", "T-2", "T-3"), flying("T-1", usage=dear(0.75)), ready("T-2", usage=dear(1)), ready("T-3"),
        factories.plan("Q", id="q", status=PlanStatus.COMPLETE), factories.ticket("Q", "q", usage=dear(7)),
    )  # fmt: skip
    assert (look(seen).cost, [row.cost for row in look(seen).rows]) == (1.75, [0.75])
    assert [look(seen, only=Key("p1", f"T-{n}")).cost for n in (2, 3)] == [1.0, None]
    seen.board.put_ticket(ready("T-2", usage=dear(3)))
    assert look(seen).cost == 3.75
