"""What a draft leaves out is filled in: ids that never clash, blockers by title, order, branch, worktree, phase."""

from __future__ import annotations

from orchestrator.core.model import Plan, PlanEntry, PlanStatus, Status, Ticket
from orchestrator.core.planning.draft import Draft, DraftTicket
from orchestrator.core.planning.fill import Filled, Given, filled, more
from orchestrator.core.rules import Rules
from tests.core.builders import AT, rules, script, terminal


def rules_of(plan: Plan, ticket: Ticket) -> Rules:
    return rules(script("one", "done"), terminal("done"))


def fill(*tickets: DraftTicket, taken: tuple[str, ...] = (), **fields: object) -> Filled:
    draft = Draft(tickets=tickets, **fields)  # type: ignore[arg-type]
    return filled(draft, rules_of, Given(AT, taken))


def ids(made: Filled) -> list[str]:
    return [one.ticket_id for one in made.tickets]


def test_the_id_of_a_plan_is_made_of_its_name_and_never_one_that_is_taken() -> None:
    assert fill(name="Right Totals!").plan.id == "right-totals"
    assert fill(name="Right totals", taken=("Right-Totals", "right-totals-2")).plan.id == "right-totals-3"
    assert fill(name="🎉").plan.id == "plan"
    assert fill(id="Mine", name="x", taken=("x",)).plan.id == "Mine"


def test_a_plan_of_one_ticket_is_called_like_it() -> None:
    plan = fill(DraftTicket(title="Fix the\nlogin loop")).plan
    assert (plan.id, plan.name) == ("fix-the-login-loop", "Fix the login loop")


def test_tickets_get_the_numbers_that_nobody_else_has() -> None:
    made = fill(DraftTicket(title="a"), DraftTicket(title="b", ticket_id="t-1"), DraftTicket(title="c"))
    assert ids(made) == ["T-2", "t-1", "T-3"]


def test_blockers_by_title_become_ids_whatever_white_space_they_have() -> None:
    made = fill(DraftTicket(title="Round\n prices"), DraftTicket(title="b", blocked_by=("Round prices", "p2/T-9")))
    assert made.plan.tickets[1].blocked_by == ("T-1", "p2/T-9")


def test_an_id_counts_before_a_title_and_a_title_that_two_have_names_nobody() -> None:
    made = fill(
        DraftTicket(title="T-2"),
        DraftTicket(title="x"),
        DraftTicket(title="x"),
        DraftTicket(title="y", blocked_by=("T-2", "x")),
    )
    assert made.plan.tickets[3].blocked_by == ("T-2", "x")


def test_tickets_are_queued_in_their_first_phase_with_branch_and_worktree_of_their_own() -> None:
    made = fill(DraftTicket(title="Fix it"), worktree_root="/wt", repo="/r", workflow="w", paused=True)
    ticket = made.tickets[0]
    assert (ticket.status, ticket.current_phase) == (Status.QUEUED, "one")
    assert ticket.branch
    assert ticket.worktree
    assert (ticket.title, ticket.repo, ticket.plan_id) == ("Fix it", "/r", made.plan.id)
    assert (made.plan.status, made.plan.tickets[0].order) == (PlanStatus.PAUSED, 1)


def test_more_tickets_go_behind_those_that_are_there_and_may_wait_for_them_by_title() -> None:
    entries = (PlanEntry(ticket_id="T-1", order=5), PlanEntry(ticket_id="T-3", order=2))
    plan = Plan(id="p", name="p", tickets=entries)
    given = Given(AT, (), entries, {"T-1": "One", "T-3": "Three"})
    made = more(plan, [DraftTicket(title="b", blocked_by=("One",)), DraftTicket(title="c")], rules_of, given)
    assert ids(made) == ["T-2", "T-4"]
    assert [(one.ticket_id, one.order, one.blocked_by) for one in made.plan.tickets[2:]] == [
        ("T-2", 6, ("T-1",)), ("T-4", 7, ()),
    ]  # fmt: skip


def test_letters_that_have_others_for_them_stay_in_names() -> None:
    assert fill(DraftTicket(title="Straßen größer")).plan.id == "strassen-grosser"
