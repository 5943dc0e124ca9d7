"""Whose turn it is, rule by rule."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from orchestrator.core.board import Board
from orchestrator.core.model import Attempt, Key, Plan, PlanStatus, Status, Ticket
from orchestrator.core.times import iso
from orchestrator.core.turns.schedule import MAX_CHECKS, Limits, Needs, Step, next_up, next_wake, taker
from tests.core.builders import AT, key, open_ticket
from tests.core.builders import ticket as ready
from tests.factories import entry, plan

SLOT = Step(Needs.SLOT)


def slots(ticket: Ticket) -> Step:
    return SLOT


def by_phase(ticket: Ticket) -> Step:
    """A phase of the test is called like what it needs: `poll`, `end`, or the agent that does it."""
    if ticket.current_phase == "poll":
        return Step(Needs.CHECK)
    if ticket.current_phase == "end":
        return Step(Needs.NOTHING)
    return by(ticket.current_phase)


def by(agent: str | None, *stand_ins: str) -> Step:
    """Every agent of the test has an account of its name."""
    accounts = (agent,) if agent is not None else ()
    return Step(Needs.SLOT, agent, accounts, tuple(by(one) for one in stand_ins))


def board(*things: Plan | Ticket) -> Board:
    made = Board()
    for thing in things:
        made.put_plan(thing) if isinstance(thing, Plan) else made.put_ticket(thing)
    return made


def tickets(*ids: str, **fields: Any) -> list[Ticket]:
    return [ready(ticket_id=id, **fields) for id in ids]


def turn(made: Board, n: int = 9, step: Any = slots, now: float = AT, **given: Any) -> list[str]:
    limits = Limits(max_concurrency=n, agents=given.pop("agents", {}), held=given.pop("held", {}))
    return [k.ticket for k in next_up(made, step, limits, now, **given)]


def running(id: str, plan_id: str = "p1", agent: str | None = None) -> Ticket:
    attempt = Attempt(n=1, id="a", phase="x", started_at="", agent=agent)
    return ready(ticket_id=id, plan_id=plan_id, status=Status.RUNNING, attempt=attempt, attempts=1)


# -- order ------------------------------------------------------------------------------------------------------------


def test_tickets_under_way_go_first() -> None:
    made = board(plan("a", "b", "c"), *tickets("a", "b"), ready(ticket_id="c", attempts=1))
    assert turn(made, 1) == ["c"]
    assert turn(made) == ["c", "a", "b"]


def test_within_a_plan_order_counts_then_position() -> None:
    made = board(plan(entry("a", order=2), entry("b", order=1), entry("c", order=1.5), entry("d", order=1)))
    for one in tickets("d", "c", "b", "a"):
        made.put_ticket(one)
    assert turn(made) == ["b", "d", "c", "a"]


def test_the_plan_with_the_fewest_attempts_in_flight_goes_first_then_the_older_one() -> None:
    made = board(
        plan("a", "b", id="new", created_at="2026-02-02"), plan("c", "d", "e", id="old", created_at="2026-01-01"),
        *tickets("a", "b", plan_id="new"), *tickets("c", "d", plan_id="old"),
    )  # fmt: skip
    assert turn(made) == ["c", "a", "d", "b"]
    made.put_ticket(running("e", "old"))
    assert turn(made) == ["a", "c", "b", "d"]


def test_the_older_plan_is_older_in_time_however_the_time_is_written() -> None:
    made = board(
        plan("a", id="late", created_at="2026-02-28T23:00:00Z"),
        plan("b", id="early", created_at="2026-03-01T00:30:00+02:00"),
        *tickets("a", plan_id="late"), *tickets("b", plan_id="early"),
    )  # fmt: skip
    assert turn(made) == ["b", "a"]


def test_a_large_plan_does_not_starve_a_small_one() -> None:
    many = [f"m{n}" for n in range(50)]
    made = board(
        plan(*many, id="large", created_at="2026-01-01"), plan("s1", "s2", id="small", created_at="2026-02-02"),
        *tickets(*many, plan_id="large"), *tickets("s1", "s2", plan_id="small"),
    )  # fmt: skip
    assert turn(made, 4) == ["m0", "s1", "m1", "s2"]


def test_three_plans_share_the_slots_evenly() -> None:
    plans = [plan(*"abcd", id=f"p{n}", created_at=f"2026-01-0{n + 1}") for n in range(3)]
    made = board(*plans, *(ready(ticket_id=id, plan_id=p.id) for p in plans for id in "abcd"))
    chosen = next_up(made, slots, Limits(max_concurrency=6), AT)
    assert [k.plan for k in chosen] == ["p0", "p1", "p2"] * 2


# -- slots, agents, checks --------------------------------------------------------------------------------------------


def test_a_slot_is_an_open_attempt_counted_once_over_all_plans_whatever_its_status() -> None:
    stopping = open_ticket(Status.PAUSED, ticket_id="b", plan_id="p2", stop="pause")
    made = board(plan("a", "c", "d"), plan("b", id="p2", status=PlanStatus.PAUSED), running("a"), stopping)
    for one in tickets("c", "d"):
        made.put_ticket(one)
    assert turn(made, 2) == []
    assert turn(made, 3) == ["c"]
    assert turn(made, 1) == [], "fewer slots than before are no error"


def test_an_agent_has_a_limit_of_its_own_and_others_go_on() -> None:
    made = board(plan(*"abcd"), *tickets("a", "b", current_phase="claude"), *tickets("c", current_phase="codex"))
    assert turn(made, step=by_phase, agents={"claude": 1}) == ["a", "c"]
    made.put_ticket(running("d", agent="claude"))
    assert turn(made, step=by_phase, agents={"claude": 1}) == ["c"]
    assert turn(made, step=by_phase, agents={"claude": 0, "codex": 0}) == []


def test_an_account_that_is_held_starts_nothing_until_its_time() -> None:
    made = board(plan(*"abc"), *tickets("a", "b", current_phase="claude"), *tickets("c", current_phase="codex"))
    assert turn(made, step=by_phase, held={"claude": AT + 60}) == ["c"]
    assert turn(made, step=by_phase, held={"claude": AT + 60}, now=AT + 60) == ["a", "b", "c"]


def test_the_next_attempt_of_a_ticket_may_use_the_agent_that_it_has_itself() -> None:
    made = board(plan(*"ab"), running("a", agent="claude"), running("b", agent="codex"))

    def free(agent: str | None, but: str, **given: Any) -> bool:
        return taker(made, by(agent), Limits(max_concurrency=1, **given), AT, key(but)) is not None

    assert free("claude", "a", agents={"claude": 1})
    assert not free("claude", "b", agents={"claude": 1})
    assert free("claude", "b", agents={"claude": 2}) and free("claude", "b", agents={"codex": 0})
    assert not free("claude", "a", held={"claude": AT + 1}) and free("claude", "a", held={"claude": AT})
    assert free(None, "a", agents={"claude": 0}, held={"codex": AT + 1})


def test_while_an_account_is_held_the_first_stand_in_takes_the_step_that_is_free_itself() -> None:
    made = board(plan(*"abc"), *tickets(*"abc"))
    wanted = by("claude", "codex", "pi")

    def took(**given: Any) -> str | None:
        found = taker(made, wanted, Limits(max_concurrency=1, **given), AT, key("a"))
        return found.agent if found is not None else None

    held = {"claude": AT + 60}
    assert took() == "claude" and took(held=held) == "codex"
    assert took(held={**held, "codex": AT + 60}) == "pi" and took(held=held, agents={"codex": 0}) == "pi"
    assert took(held={**held, "codex": AT + 60, "pi": AT + 60}) is None
    assert took(agents={"claude": 0}) is None, "who has only no room left waits for it"
    limits = {"step": lambda _: wanted, "held": held, "agents": {"codex": 1, "pi": 1}}
    assert turn(made, **limits) == ["a", "b"]


def test_an_account_that_must_prove_itself_has_one_attempt_at_a_time() -> None:
    made = board(plan(*"abc"), *tickets("a", "b", current_phase="claude"), *tickets("c", current_phase="codex"))
    limits = Limits(max_concurrency=9, alone=frozenset({"claude"}))
    assert [k.ticket for k in next_up(made, by_phase, limits, AT)] == ["a", "c"]
    attempt = Attempt(n=1, id="i", phase="x", started_at="", agent="other", account="claude")
    made.put_ticket(ready(ticket_id="a", status=Status.RUNNING, attempt=attempt, attempts=1))
    assert [k.ticket for k in next_up(made, by_phase, limits, AT)] == ["c"]
    assert taker(made, by("claude"), limits, AT, key("a")) and not taker(made, by("claude"), limits, AT, key("b"))


def test_what_is_held_without_an_end_wakes_nobody() -> None:
    limits = Limits(max_concurrency=1, held={"plan:p1": inf, "claude": AT + 9})
    assert next_wake(Board(), limits, AT) == AT + 9 and next_wake(Board(), limits, AT + 9) is None


def test_a_held_account_holds_no_check_and_no_script() -> None:
    made = board(plan(*"ab"), *tickets("a", current_phase="poll"), ready(ticket_id="b", current_phase=None))
    assert turn(made, step=by_phase, held={"claude": AT + 60}) == ["a", "b"]


def test_checks_take_no_slot_and_at_most_eight_run_at_once() -> None:
    ids = [f"t{n}" for n in range(12)]
    made = board(plan(*ids), *tickets(*ids, current_phase="poll"))
    assert MAX_CHECKS == 8
    assert turn(made, 0, by_phase) == ids[:8]
    assert turn(made, 0, by_phase, checks=5) == ids[:3]
    assert turn(made, 0, by_phase, checks=8) == []
    assert turn(made, 0, by_phase, busy={key("t0"), key("t1")}, checks=2) == ids[2:8]


def test_checks_do_not_count_as_attempts_in_flight_of_their_plan() -> None:
    made = board(
        plan("a", "b", id="p1", created_at="1"), plan("c", id="p2", created_at="2"),
        *tickets("a", current_phase="poll"), *tickets("b", current_phase="x"), ready(ticket_id="c", plan_id="p2"),
    )  # fmt: skip
    assert turn(made, 1, by_phase) == ["a", "b"]


def test_arrivals_at_a_terminal_phase_need_nothing() -> None:
    made = board(plan(*"abc"), *tickets("a", "b", "c", current_phase="end"))
    assert turn(made, 0, by_phase, checks=8) == ["a", "b", "c"]


def test_what_needs_no_slot_is_found_behind_what_waits_for_one() -> None:
    made = board(plan(*"abc"), *tickets("a", "b", current_phase="x"), *tickets("c", current_phase="poll"))
    assert turn(made, 0, by_phase) == ["c"]


# -- who may not ------------------------------------------------------------------------------------------------------


MAY = (Status.READY, Status.RUNNING, Status.QUEUED)


@pytest.mark.parametrize("status", [status for status in Status if status not in MAY])
def test_who_has_ended_or_is_paused_is_not_dispatched(status: Status) -> None:
    assert turn(board(plan("a"), ready(ticket_id="a", status=status))) == []


@pytest.mark.parametrize("status", [Status.QUEUED, Status.READY])
def test_who_waits_for_a_blocker_is_dispatched_when_that_is_complete(status: Status) -> None:
    made = board(plan("a", entry("b", "a")), ready(ticket_id="a", status=Status.PAUSED))
    made.put_ticket(ready(ticket_id="b", status=status))
    assert turn(made) == []
    made.put_ticket(ready(ticket_id="a", status=Status.COMPLETE))
    assert turn(made) == ["b"]
    made.drop_ticket(key("a"))
    assert turn(made) == []


def test_a_ticket_that_is_no_longer_ready_or_no_longer_there_is_not_dispatched() -> None:
    made = board(plan(*"ab"), *tickets(*"ab"))
    made.put_ticket(ready(ticket_id="a", status=Status.PAUSED))
    made.drop_ticket(key("b"))
    assert turn(made) == []


def test_running_without_an_attempt_is_ready() -> None:
    assert turn(board(plan("a"), ready(ticket_id="a", status=Status.RUNNING))) == ["a"]


def test_nothing_starts_while_an_attempt_is_open() -> None:
    assert turn(board(plan("a"), open_ticket(Status.READY, ticket_id="a", stop="skip"))) == []


@pytest.mark.parametrize("status", [PlanStatus.PAUSED, PlanStatus.COMPLETE])
def test_a_plan_that_is_not_active_starts_nothing(status: PlanStatus) -> None:
    made = board(plan("a", status=status), *tickets("a"))
    assert turn(made) == []
    made.put_plan(plan("a"))
    assert turn(made) == ["a"]


def test_a_ticket_that_no_plan_lists_is_held() -> None:
    made = board(plan("a"), *tickets("a", "b"), ready(ticket_id="c", plan_id="nobody"))
    assert turn(made) == ["a"]
    made.put_plan(plan("b"))
    assert turn(made) == ["b"]
    made.drop_plan("p1")
    assert turn(made) == []


def test_a_ready_ticket_whose_blocker_is_not_complete_is_held() -> None:
    made = board(plan("a", entry("b", "a"), entry("c", "missing"), "d"), *tickets("b", "c", "d"))
    made.put_ticket(ready(ticket_id="a", status=Status.FAILED))
    assert turn(made) == ["d"]
    made.put_ticket(ready(ticket_id="a", status=Status.COMPLETE))
    assert turn(made) == ["b", "d"]


def test_who_is_busy_is_passed_over() -> None:
    made = board(plan(*"abc"), *tickets(*"abc"))
    assert turn(made, 2, busy={key("a")}) == ["b", "c"]


# -- times ------------------------------------------------------------------------------------------------------------


def test_a_ticket_waits_for_its_time() -> None:
    made = board(plan(*"ab"), ready(ticket_id="a", wake_at=iso(AT + 5)), ready(ticket_id="b", wake_at=iso(AT)))
    assert turn(made) == ["b"]
    assert turn(made, now=AT + 4.9) == ["b"]
    assert turn(made, now=AT + 5) == ["a", "b"]
    assert turn(made) == ["b"], "the clock went back"


def test_a_wake_time_that_is_none_holds_nobody() -> None:
    assert turn(board(plan("a"), ready(ticket_id="a", wake_at="soon"))) == ["a"]


def test_a_ticket_that_got_another_time_waits_for_that() -> None:
    made = board(plan("a"), ready(ticket_id="a", wake_at=iso(AT + 5)))
    made.put_ticket(ready(ticket_id="a", wake_at=iso(AT + 50)))
    assert turn(made, now=AT + 5) == []
    made.put_ticket(ready(ticket_id="a"))
    assert turn(made) == ["a"]


def test_the_next_wake_is_the_first_time_to_come_of_tickets_and_accounts() -> None:
    made = board(
        plan(*"abcd"), ready(ticket_id="a", wake_at=iso(AT + 30)), ready(ticket_id="b", wake_at=iso(AT - 30)),
        ready(ticket_id="c", wake_at=iso(AT + 20)), ready(ticket_id="d", wake_at=iso(AT + 5), status=Status.PAUSED),
    )  # fmt: skip
    none = Limits(max_concurrency=1)
    assert next_wake(made, none, AT) == AT + 20
    assert next_wake(made, Limits(max_concurrency=1, held={"x": AT + 7, "y": AT - 7}), AT) == AT + 7
    assert next_wake(made, none, AT + 20) == AT + 30
    assert next_wake(made, none, AT + 30) is None
    assert next_wake(Board(), none, AT) is None


# -- cost -------------------------------------------------------------------------------------------------------------


def test_with_all_slots_taken_one_look_at_each_group_is_enough() -> None:
    ids = [f"t{n}" for n in range(500)]
    made = board(plan(*ids), *tickets(*ids, current_phase="x"))
    looked: list[Key] = []

    def step(ticket: Ticket) -> Step:
        looked.append(ticket.key)
        return SLOT

    assert next_up(made, step, Limits(max_concurrency=0), AT) == []
    assert len(looked) == 1
