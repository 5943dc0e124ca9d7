"""The board answers from indexes what a scan of everything would answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.board import Board, blocker_key
from orchestrator.core.model import Attempt, Key, Plan, PlanEntry, PlanStatus, Status, Ticket, should_be
from orchestrator.core.turns.schedule import Limits, Needs, Step, next_up
from tests import factories
from tests.core.builders import AT, key

PLANS, TICKETS = ("p", "q"), ("a", "b", "c")
ids = st.sampled_from(TICKETS)
blockers = st.lists(ids | st.sampled_from(["q/a", "p/b", "r/a", "nobody"]), max_size=2).map(tuple)
entries = st.builds(PlanEntry, ticket_id=ids, order=st.integers(0, 2), blocked_by=blockers)
plans = st.builds(
    Plan,
    id=st.sampled_from(PLANS),
    status=st.sampled_from([*PlanStatus, PlanStatus.ACTIVE, PlanStatus.ACTIVE]),
    tickets=st.lists(entries, max_size=4).map(tuple),
)
attempts = st.none() | st.none() | st.just(Attempt(n=1, id="i", phase="x", started_at=""))
tickets = st.builds(
    Ticket,
    plan_id=st.sampled_from(PLANS),
    ticket_id=ids,
    status=st.sampled_from([*Status, *[Status.READY] * 5]),
    attempt=attempts,
    attempts=st.integers(0, 1),
    wake_at=st.none() | st.just("2026-01-01T00:00:00Z"),
)
drops = st.builds(Key, st.sampled_from(PLANS), ids) | st.sampled_from(PLANS)


def told(board: Board, changes: Iterable[object]) -> Board:
    for change in changes:
        if isinstance(change, Plan):
            board.put_plan(change)
        elif isinstance(change, Ticket):
            board.put_ticket(change)
        elif isinstance(change, Key):
            board.drop_ticket(change)
        else:
            board.drop_plan(str(change))
    return board


def first_entries(plan: Plan) -> dict[str, PlanEntry]:
    """A ticket that is listed twice counts once, where it stands first."""
    found: dict[str, PlanEntry] = {}
    for entry in plan.tickets:
        found.setdefault(entry.ticket_id, entry)
    return found


@given(st.lists(plans | tickets | drops, max_size=25))
@settings(max_examples=100)
def test_whatever_is_put_and_dropped_in_whatever_order_the_indexes_say_what_a_scan_says(changes: list[object]) -> None:
    board = told(Board(), changes)
    dependents: dict[Key, set[Key]] = defaultdict(set)
    for plan in board.plans.values():
        listed = first_entries(plan)
        complete = [
            (t := board.tickets.get(Key(plan.id, id))) is not None and t.status is Status.COMPLETE for id in listed
        ]
        assert board.all_complete(plan.id) == (bool(listed) and all(complete))
        for id, entry in listed.items():
            for name in entry.blocked_by:
                dependents[blocker_key(plan.id, name)].add(Key(plan.id, id))
    assert {status: {k for k, t in board.tickets.items() if should_be(t) is status} for status in Status} == (
        board.by_status
    )
    assert board.open == {k for k, t in board.tickets.items() if t.attempt is not None}
    assert dict(board.dependents) == dict(dependents)
    assert set(board.places) == {Key(plan.id, id) for plan in board.plans.values() for id in first_entries(plan)}


@given(st.lists(plans | tickets | drops, max_size=25))
@settings(max_examples=100)
def test_a_board_that_was_changed_dispatches_like_a_new_one(changes: list[object]) -> None:
    changed = told(Board(), changes)
    next_up(changed, everything, Limits(max_concurrency=1), AT)  # wakes some
    fresh = told(Board(), [*changed.tickets.values(), *changed.plans.values()])
    for now in (0.0, AT):
        assert next_up(changed, everything, Limits(max_concurrency=9), now) == (
            next_up(fresh, everything, Limits(max_concurrency=9), now)
        )


def everything(ticket: Ticket) -> Step:
    return Step(Needs.SLOT)


def test_a_ticket_of_another_plan_is_named_with_its_plan() -> None:
    assert blocker_key("p", "a") == Key("p", "a")
    assert blocker_key("p", "q/a") == Key("q", "a")


def test_only_complete_unblocks_within_a_plan_and_across_plans() -> None:
    board = Board()
    board.put_plan(factories.plan("T-1", factories.entry("T-2", "T-1", "p2/X-1", "missing")))
    wanted = [key("T-1"), key("X-1", "p2"), key("missing")]
    assert board.waits_for(key("T-2")) == wanted
    for status in set(Status) - {Status.COMPLETE}:
        board.put_ticket(factories.ticket("T-1", status=status))
        assert board.waits_for(key("T-2")) == wanted
    board.put_ticket(factories.ticket("T-1", status=Status.COMPLETE))
    board.put_ticket(factories.ticket("X-1", "p2", status=Status.COMPLETE))
    assert board.waits_for(key("T-2")) == [key("missing")]
    assert board.dependents[key("X-1", "p2")] == {key("T-2")}
    assert board.waits_for(key("unlisted")) == []


def test_a_plan_is_all_complete_only_with_an_entry_and_every_ticket_there() -> None:
    board = Board()
    board.put_plan(factories.plan())
    assert not board.all_complete("p1")
    board.put_plan(factories.plan("T-1", "T-2", "T-1"))
    board.put_ticket(factories.ticket("T-1", status=Status.COMPLETE))
    assert not board.all_complete("p1")
    board.put_ticket(factories.ticket("T-2", status=Status.COMPLETE))
    assert board.all_complete("p1")
    board.drop_ticket(key("T-1"))
    assert not board.all_complete("p1")
    assert not board.all_complete("unknown")


def test_a_plan_that_is_active_and_lists_it_makes_a_ticket_live() -> None:
    board = Board()
    board.put_plan(factories.plan("T-1"))
    assert board.is_live(key("T-1"))
    assert not board.is_live(key("T-9")) and not board.is_live(key("T-1", "p9"))
    for status in (PlanStatus.PAUSED, PlanStatus.COMPLETE):
        board.put_plan(factories.plan("T-1", status=status))
        assert not board.is_live(key("T-1"))


def test_the_tickets_of_a_plan_come_in_its_order_then_those_that_it_does_not_list() -> None:
    board = Board()
    for id in ("z", "b", "a", "y"):
        board.put_ticket(factories.ticket(id))
    board.put_ticket(factories.ticket("x", "other"))
    board.put_plan(factories.plan("b", "missing", "a", "b"))
    assert [t.ticket_id for t in board.of_plan("p1")] == ["b", "a", "y", "z"]
    assert list(board.of_plan("unknown")) == []


def asked_of(board: Board) -> object:
    lines = {
        plan: {group: list(spots) for group, spots in groups.items()} for plan, groups in board.ready.plans.items()
    }
    completed = {plan: board.completed(plan) for plan in board.plans}
    return lines, list(board.ready.waiting()), set(board.unblocked), completed


steps = st.builds(
    Ticket,
    plan_id=st.sampled_from("ppq"),
    ticket_id=ids,
    status=st.sampled_from([Status.QUEUED, Status.READY, Status.COMPLETE]),
)


CHAIN = Plan(
    id="p",
    tickets=(PlanEntry("a"), PlanEntry("b", blocked_by=("a",)), PlanEntry("c", blocked_by=("b", "q/a"))),
)


@settings(max_examples=300)
@given(st.lists(steps | steps | steps | st.builds(Key, st.just("p"), ids) | plans | drops, min_size=4, max_size=20))
def test_a_line_that_was_kept_up_to_date_is_the_line_that_would_be_made_now(changes: list[object]) -> None:
    kept = Board()
    assert not kept.ready.plans, "asked at once, so that every change has to be followed"
    told(kept, [CHAIN, *changes])
    assert asked_of(kept) == asked_of(told(Board(), [*kept.plans.values(), *kept.tickets.values()]))
