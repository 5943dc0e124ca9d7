"""Views show what explains why a ticket stands where it stands."""

from __future__ import annotations

from typing import Any

from orchestrator.core.board import Board
from orchestrator.core.model import Attempt, Key, PhaseEntry, PhaseStatus, Plan, Status, Ticket, Visit
from orchestrator.core.show.views import Blocker, PlanView, TicketView, plan_view, sessions
from orchestrator.core.workflow import Workflow
from tests.factories import entry, plan, script, terminal, ticket, workflow

WORKFLOW = workflow(script("one", "two"), script("two", "done"), terminal(), aliases={"old": "two"})


def view(the_plan: Plan, *tickets: Ticket, held: frozenset[Key] = frozenset(), **fields: Any) -> PlanView:
    board = Board()
    board.put_plan(the_plan)
    for one in tickets:
        board.put_ticket(one)
    usable: Workflow | None = fields.pop("workflow", WORKFLOW)
    return plan_view(board, the_plan, lambda _: usable, held.__contains__, **fields)


def only(*tickets: Ticket, **fields: Any) -> TicketView:
    return view(plan("T-1"), *tickets, **fields).tickets[0]


def test_a_phase_has_its_position_and_an_old_name_leads_to_the_new_one() -> None:
    shown = only(ticket(current_phase="old"))
    assert (shown.phase, shown.position, shown.phases) == ("two", 2, 3)


def test_without_a_phase_it_stands_before_the_first() -> None:
    assert (only(ticket()).phase, only(ticket()).position) == ("one", 1)


def test_without_a_usable_workflow_only_the_phase_is_known() -> None:
    shown = only(ticket(current_phase="two"), workflow=None)
    assert (shown.phase, shown.position, shown.phases) == ("two", None, None)


def test_running_without_an_attempt_is_ready() -> None:
    assert only(ticket(status=Status.RUNNING)).state == Status.READY


def test_blockers_are_those_that_are_not_complete_with_their_states() -> None:
    the_plan = plan(entry("T-1", "T-2", "T-3", "T-4", "T-5"), "T-2", "T-3", "T-4")
    tickets = [ticket("T-1"), ticket("T-2", status=Status.FAILED), ticket("T-3", status=Status.COMPLETE)]
    shown = view(the_plan, *tickets, held=frozenset({Key("p1", "T-4")})).tickets[0]
    assert shown.blockers == (
        Blocker(Key("p1", "T-2"), "failed"),
        Blocker(Key("p1", "T-4"), "unreadable"),
        Blocker(Key("p1", "T-5"), "missing"),
    )
    assert all(blocker.is_stuck for blocker in shown.blockers)


def test_only_what_is_queued_waits_for_blockers_and_only_what_is_ready_for_a_time() -> None:
    the_plan = plan(entry("T-1", "T-2"), "T-2")
    queued = ticket("T-1", wake_at="2999-01-01T00:00:00Z", wait_reason="x")
    ready = ticket("T-1", status=Status.READY, wake_at="2999-01-01T00:00:00Z", wait_reason="x")
    first, second = view(the_plan, queued).tickets[0], view(the_plan, ready).tickets[0]
    assert (len(first.blockers), first.wake_at, first.wait_reason) == (1, None, None)
    assert (second.blockers, second.wake_at, second.wait_reason) == ((), "2999-01-01T00:00:00Z", "x")


def test_tickets_come_in_the_order_of_the_plan_then_those_that_it_does_not_list() -> None:
    shown = view(plan("T-2", "T-1"), ticket("T-1"), ticket("T-2"), ticket("T-0")).tickets
    assert [(one.key.ticket, one.is_listed) for one in shown] == [("T-2", True), ("T-1", True), ("T-0", False)]


def test_a_listed_ticket_without_a_usable_file_is_shown() -> None:
    shown = view(plan("T-1", "T-2"), held=frozenset({Key("p1", "T-2")}))
    assert [one.state for one in shown.tickets] == ["missing", "unreadable"]
    assert shown.counts == {"missing": 1, "unreadable": 1}


def test_of_some_states_only_those_tickets_are_shown_and_all_are_counted() -> None:
    tickets = [ticket("T-1", status=Status.FAILED), ticket("T-2"), ticket("T-3", status=Status.RUNNING)]
    shown = view(plan("T-1", "T-2", "T-3", "T-4"), *tickets, states={"failed", "missing"})
    assert [one.key.ticket for one in shown.tickets] == ["T-1", "T-4"]
    assert shown.total == 4


def test_a_ticket_fits_by_what_it_is_and_by_what_its_file_says() -> None:
    hand_made = ticket("T-1", status=Status.RUNNING)
    for states, number in (({"ready"}, 1), ({"running"}, 1), ({"queued"}, 0)):
        assert len(view(plan("T-1"), hand_made, states=states).tickets) == number


def test_the_latest_session_is_the_one_that_runs_or_goes_on() -> None:
    past = (PhaseEntry(phase="one", status=PhaseStatus.SUCCESS, session_id="s1"),)
    visit = Visit(phase="two", started_at="", session="s2")
    attempt = Attempt(n=1, id="x", phase="two", started_at="", session="s3")
    assert only(ticket(phase_history=past)).session == "s1"
    assert only(ticket(phase_history=past, visit=visit)).session == "s2"
    assert only(ticket(phase_history=past, visit=visit, attempt=attempt)).session == "s3"


def test_sessions_are_oldest_first_and_without_those_that_are_none() -> None:
    past = (
        PhaseEntry(phase="one", status=PhaseStatus.FAILURE, session_id="s1"),
        PhaseEntry(phase="one", status=PhaseStatus.SUCCESS),
        PhaseEntry(phase="two", status=PhaseStatus.SUCCESS, session_id="s2", agent="a"),
    )
    visit = Visit(phase="two", started_at="t", session="s3", agent="a")
    found = sessions(ticket(phase_history=past, visit=visit))
    assert [(one.session_id, one.status) for one in found] == [("s1", "failure"), ("s2", "success"), ("s3", "stopped")]
    assert [one.session_id for one in sessions(ticket(phase_history=past), "one")] == ["s1"]
