"""Of many tickets a person sees sums, and of each state those that matter most."""

from __future__ import annotations

from typing import Any

from orchestrator.core.board import Board
from orchestrator.core.model import Attempt, Plan, PlanStatus, Status, Ticket
from orchestrator.core.show.overview import SOME, SOME_PLANS, SOME_RUNNING, Group, Overview, Reason, overview
from tests.factories import entry, plan, ticket


def seen(plans: list[Plan], *tickets: Ticket, held: frozenset[Any] = frozenset()) -> Overview:
    board = Board()
    for one in plans:
        board.put_plan(one)
    for each in tickets:
        board.put_ticket(each)
    return overview(board, plans, lambda _: None, held.__contains__)


def group(found: Overview, state: str) -> Group:
    return next(one for one in found.groups if one.state == state)


def many(number: int, **fields: Any) -> list[Ticket]:
    return [ticket(f"T-{i}", **fields) for i in range(number)]


def test_all_are_counted_and_what_needs_a_person_comes_first() -> None:
    tickets = [ticket("A", status=Status.COMPLETE), ticket("B"), ticket("C", status=Status.FAILED)]
    found = seen([plan("A", "B", "C", "D")], *tickets)
    assert found.counts == {"failed": 1, "missing": 1, "queued": 1, "complete": 1}
    assert [one.state for one in found.groups] == ["failed", "missing", "queued"]


def test_of_a_state_some_are_shown_and_of_what_runs_more() -> None:
    tickets = many(40, status=Status.READY)
    found = seen([plan(*(one.ticket_id for one in tickets))], *tickets)
    assert (group(found, "ready").total, len(group(found, "ready").tickets)) == (40, SOME)
    running = many(40, status=Status.RUNNING, attempt=Attempt(n=1, id="x", phase="work", started_at=""))
    found = seen([plan(*(one.ticket_id for one in running))], *running)
    assert len(group(found, "running").tickets) == SOME_RUNNING


def test_what_waits_is_told_with_why() -> None:
    late = ticket("A", status=Status.READY, wake_at="2999-01-01T00:00:00Z", wait_reason="usage limit of a")
    still = plan("A", id="p2", status=PlanStatus.PAUSED)
    tickets = [late, ticket("B", status=Status.READY), ticket("A", plan_id="p2", status=Status.READY)]
    ready = group(seen([plan("B", "A"), still], *tickets), "ready")
    assert [one.key.ticket for one in ready.tickets] == ["A", "B", "A"]
    assert ready.reasons == (
        Reason(1, "usage limit of a"), Reason(1, "wait for their turn"), Reason(1, "their plan is paused"),
    )  # fmt: skip


def test_queued_tickets_whose_blocker_does_not_move_come_first() -> None:
    entries = [entry("A", "B"), "B", entry("C", "GONE"), entry("D", "E"), "E"]
    tickets = [ticket("A"), ticket("B", status=Status.READY), ticket("C"), ticket("D"), ticket("E", status="failed")]
    queued = group(seen([plan(*entries)], *tickets), "queued")
    assert [one.key.ticket for one in queued.tickets] == ["C", "D", "A"]
    assert [one.number for one in queued.reasons] == [2]


def test_plans_with_trouble_come_first_and_complete_ones_last() -> None:
    plans = [plan("T", id=f"p{i:02d}") for i in range(SOME_PLANS)]
    plans += [plan("T", id="bad"), plan("T", id="over", status=PlanStatus.COMPLETE)]
    tickets = [ticket("T", plan_id=one.id, status=Status.READY) for one in plans[:-2]]
    found = seen(plans, *tickets, ticket("T", plan_id="bad", status=Status.FAILED))
    assert found.plans[0].id == "bad"
    assert [one.id for one in found.plans[1:3]] == ["p00", "p01"]
    assert found.hidden_plans == 2
