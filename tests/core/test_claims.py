"""Who keeps whom from going on: the lane, and files that two tickets touch, rule by rule."""

from __future__ import annotations

from typing import Any

from orchestrator.core.board import Board
from orchestrator.core.model import Attempt, Plan, PlanStatus, Status, Ticket, Visit
from orchestrator.core.times import iso
from orchestrator.core.turns.lane import is_in_lane_phase, lane_name
from orchestrator.core.turns.schedule import Limits, Needs, Step, next_up, next_wake
from tests.core.builders import AT, Walk, key, script, terminal
from tests.core.builders import ticket as ready
from tests.factories import entry, plan, workflow

LANE = lane_name("/repo", None)
WORK = workflow(script("work", "merge"), script("merge", "check", lane=True), script("check", "after", lane=True),
                script("after", "done"), terminal("done", lane=True))  # fmt: skip


def lane_of(ticket: Ticket) -> str | None:
    base = ticket.context.get("base_branch")
    return lane_name("/repo", base) if is_in_lane_phase(WORK, ticket) else None


def board(*things: Plan | Ticket) -> Board:
    made = Board()
    made.claims.lane_of = lane_of
    for thing in things:
        made.put_plan(thing) if isinstance(thing, Plan) else made.put_ticket(thing)
    return made


def turn(made: Board, n: int = 9, now: float = AT, **given: Any) -> list[str]:
    return [k.ticket for k in next_up(made, lambda _: Step(Needs.SLOT), Limits(max_concurrency=n), now, **given)]


def at_lane(id: str, waited: float = 0, **fields: Any) -> Ticket:
    """Its next phase is the lane's; it has waited so long."""
    visit = Visit(phase="merge", started_at=iso(AT - waited))
    return ready(ticket_id=id, **{"current_phase": "merge", "visit": visit, "attempts": 1, **fields})


def in_lane(id: str, **fields: Any) -> Ticket:
    return at_lane(id, **{"lane": LANE, **fields})


def running(id: str, **fields: Any) -> Ticket:
    attempt = Attempt(n=1, id="a", phase="merge", started_at="")
    return at_lane(id, status=Status.RUNNING, attempt=attempt, **fields)


def touching(id: str, *globs: str, **fields: Any) -> Ticket:
    return ready(ticket_id=id, touches=globs, **fields)


def begun(id: str, *globs: str, **fields: Any) -> Ticket:
    return touching(id, *globs, **{"claim": iso(AT), "attempts": 1, **fields})


# -- the lane


def test_of_those_that_want_into_the_lane_one_starts() -> None:
    assert turn(board(plan("a", "b", "c"), at_lane("a"), at_lane("b"), at_lane("c"))) == ["a"]


def test_who_has_waited_longest_is_next() -> None:
    assert turn(board(plan("a", "b", "c"), at_lane("a", 1), at_lane("b", 3), at_lane("c", 2))) == ["b"]


def test_nobody_starts_while_somebody_is_in_the_lane() -> None:
    assert turn(board(plan("a", "b"), running("a", lane=LANE), at_lane("b"))) == []


def test_who_is_in_the_lane_goes_on_there() -> None:
    assert turn(board(plan("a", "b"), in_lane("a"), at_lane("b", 99))) == ["a"]


def test_who_waits_in_the_lane_for_a_time_keeps_it() -> None:
    made = board(plan("a", "b"), in_lane("a", wake_at=iso(AT + 60)), at_lane("b"))
    assert turn(made) == []
    assert turn(made, now=AT + 61) == ["a"]


def test_other_phases_do_not_wait_for_the_lane() -> None:
    assert turn(board(plan("a", "b"), running("a", lane=LANE), ready(ticket_id="b", current_phase="work"))) == ["b"]


def test_other_bases_have_other_lanes() -> None:
    other = at_lane("b", context={"base_branch": "next"})
    assert turn(board(plan("a", "b"), running("a", lane=LANE), other)) == ["b"]


def test_the_lane_is_free_when_its_ticket_cannot_go_on() -> None:
    for gone in (
        in_lane("a", status=Status.PAUSED), in_lane("a", status=Status.FAILED),
        in_lane("a", status=Status.NEEDS_ATTENTION), in_lane("a", status=Status.COMPLETE),
        in_lane("a", current_phase="work"), in_lane("a", plan_id="elsewhere"),
    ):  # fmt: skip
        assert "b" in turn(board(plan("a", "b"), gone, at_lane("b"))), gone.status


def test_the_lane_is_free_when_the_plan_of_its_ticket_is_paused() -> None:
    paused = plan("x", id="p2", status=PlanStatus.PAUSED)
    assert turn(board(plan("b"), paused, in_lane("x", plan_id="p2"), at_lane("b"))) == ["b"]


def test_the_lane_is_free_when_its_ticket_waits_for_a_blocker() -> None:
    made = board(plan(entry("a", "b"), "b"), in_lane("a"), at_lane("b"))
    assert turn(made) == ["b"]


def test_the_lane_is_held_until_the_attempt_of_a_paused_ticket_is_gone() -> None:
    attempt = Attempt(n=1, id="a", phase="merge", started_at="", stop="pause")
    made = board(plan("a", "b"), in_lane("a", status=Status.PAUSED, attempt=attempt), at_lane("b"))
    assert turn(made) == []
    made.put_ticket(in_lane("a", status=Status.PAUSED))
    assert turn(made) == ["b"]


def test_of_two_that_are_both_in_the_lane_only_one_has_an_attempt() -> None:
    made = board(plan("a", "b"), in_lane("a"), in_lane("b"))
    assert turn(made) == ["a"]
    assert turn(board(plan("a", "b"), in_lane("a"), running("b", lane=LANE))) == []


def test_who_cannot_start_lets_the_next_one_in() -> None:
    made = board(plan("a", "b"), at_lane("a", 9, wake_at=iso(AT + 5)), at_lane("b", 1))
    assert turn(made) == ["b"]
    assert next_wake(made, Limits(max_concurrency=1), AT) == AT + 5


def test_the_lane_takes_a_slot_like_everybody() -> None:
    assert turn(board(plan("a", "b"), at_lane("a"), at_lane("b")), n=0) == []


def test_nobody_overtakes_who_waits_already() -> None:
    made = board(plan("a", "b"), at_lane("a"), ready(ticket_id="b", current_phase="merge"))
    assert turn(made, n=0) == []
    assert made.claims.overtakes(at_lane("c")) is not None
    assert made.claims.overtakes(in_lane("c")) is None


def test_lane_on_disk_is_from_its_first_save_to_the_save_that_leaves() -> None:
    walk = Walk(*WORK.phases)
    walk.dispatch()
    assert walk.t.lane is None
    walk.end()
    assert (walk.t.current_phase, walk.t.lane) == ("merge", None), "nobody let it in"


def test_who_is_in_the_lane_stays_while_its_file_cannot_be_used_for_a_moment() -> None:
    for there in (running("a", lane=LANE), in_lane("a", wake_at=iso(AT + 999))):
        made = board(plan("a", "b"), there, at_lane("b"))
        made.put_aside(key("a"))
        assert turn(made) == []
        made.put_ticket(there)
        assert turn(made) == []
        made.put_aside(key("a"))
        made.claims.let_go(key("a"))
        assert turn(made) == ["b"]


def test_a_broken_file_keeps_the_lane_only_for_an_attempt_that_is_open() -> None:
    made = board(plan("a", "b"), in_lane("a", wake_at=iso(AT + 999)), at_lane("b"))
    made.put_aside(key("a"))
    made.claims.let_go(key("a"), but_open=True)
    assert turn(made) == ["b"]
    made = board(plan("a", "b"), running("a", lane=LANE), at_lane("b"))
    made.put_aside(key("a"))
    made.claims.let_go(key("a"), but_open=True)
    assert turn(made) == []
    made.put_ticket(ready(ticket_id="a", current_phase="after"))
    assert "b" in turn(made)


def test_who_touches_files_keeps_them_while_its_own_file_cannot_be_used_for_a_moment() -> None:
    made = board(plan("a", "b"), begun("a", "src/**", wake_at=iso(AT + 999)), touching("b", "src/x.py"))
    assert turn(made) == []
    made.put_aside(key("a"))
    assert turn(made) == []
    assert dict(made.claims.waiting()) == {key("b"): "a touches src/** too"}
    made.drop_ticket(key("a"))
    assert turn(made) == ["b"]


# -- files


def test_two_that_touch_the_same_file_do_not_start_together() -> None:
    made = board(plan("a", "b", "c"), touching("a", "src/**"), touching("b", "src/x.py"), touching("c", "docs/**"))
    assert turn(made) == ["a", "c"]


def test_who_touches_what_another_one_under_way_touches_waits_until_that_has_ended() -> None:
    made = board(plan("a", "b"), begun("a", "src/**", wake_at=iso(AT + 999)), touching("b", "src/x.py"))
    assert turn(made) == []
    assert dict(made.claims.waiting()) == {key("b"): "a touches src/** too"}
    made.put_ticket(begun("a", "src/**", status=Status.COMPLETE))
    assert turn(made) == ["b"]


def test_nobody_waits_for_one_that_cannot_go_on() -> None:
    for status in (Status.PAUSED, Status.FAILED, Status.NEEDS_ATTENTION, Status.QUEUED):
        made = board(plan("a", "b"), begun("a", "src/**", wake_at=iso(AT + 999)), touching("b", "src/x.py"))
        assert turn(made) == []
        made.put_ticket(begun("a", "src/**", status=status, wake_at=iso(AT + 999)))
        assert turn(made) == ["b"], status
        made.drop_ticket(key("a"))
        assert turn(made) == ["b"]


def test_nobody_waits_for_a_ticket_whose_plan_is_paused() -> None:
    made = board(plan("b"), plan("x", id="p2"), begun("x", "src/**", plan_id="p2", wake_at=iso(AT + 9)),
                 touching("b", "src/x.py"))  # fmt: skip
    assert turn(made) == []
    made.put_plan(plan("x", id="p2", status=PlanStatus.PAUSED))
    assert turn(made) == ["b"]


def test_other_repositories_are_not_concerned() -> None:
    made = board(plan("a", "b"), begun("a", "src/**", repo="/one"), touching("b", "src/**", repo="/two"))
    assert turn(made) == ["a", "b"]


def test_a_plan_may_allow_its_tickets_to_overlap() -> None:
    made = board(plan("a", "b", allow_overlap=True), touching("a", "src/**"), touching("b", "src/**"))
    assert turn(made) == ["a", "b"]


def test_across_plans_both_must_allow_it() -> None:
    one, other = touching("a", "src/**"), touching("b", "src/**", plan_id="p2")
    for allowed in ((True, False), (False, True)):
        plans = plan("a", allow_overlap=allowed[0]), plan("b", id="p2", allow_overlap=allowed[1])
        assert turn(board(*plans, one, other)) == ["a"]
    both = plan("a", allow_overlap=True), plan("b", id="p2", allow_overlap=True)
    assert turn(board(*both, one, other)) == ["a", "b"]


def test_an_allowance_counts_at_once() -> None:
    made = board(plan("a", "b"), begun("a", "src/**", wake_at=iso(AT + 9)), touching("b", "src/**"))
    assert turn(made) == []
    made.put_plan(plan("a", "b", allow_overlap=True))
    assert turn(made) == ["b"]


def test_who_waits_is_not_overtaken_for_ever_by_those_that_touch_less() -> None:
    made = board(plan("a", "b", "wide", "c"), begun("a", "one/**", wake_at=iso(AT + 9)),
                 begun("b", "two/**", wake_at=iso(AT + 9)), touching("wide", "one/**", "two/**"),
                 touching("c", "one/x"))  # fmt: skip
    assert turn(made) == []
    made.put_ticket(begun("a", "one/**", status=Status.COMPLETE))
    assert turn(made) == [], "c waits for wide, which still waits for b"
    made.put_ticket(begun("b", "two/**", status=Status.COMPLETE))
    assert turn(made) == ["wide"]


def test_of_two_that_have_both_begun_the_first_goes_on_first() -> None:
    later = begun("b", "src/**", claim=iso(AT + 1))
    assert turn(board(plan("b", "a"), begun("a", "src/**"), later)) == ["a"]
    attempt = Attempt(n=1, id="a", phase="work", started_at="")
    open_ = begun("b", "src/**", claim=iso(AT + 1), status=Status.RUNNING, attempt=attempt)
    assert turn(board(plan("a", "b"), begun("a", "src/**"), open_)) == []


def test_who_holds_files_and_waits_for_a_blocker_keeps_nobody_back() -> None:
    made = board(plan(entry("a", "b"), "b"), begun("a", "src/**"), touching("b", "src/**"))
    assert turn(made) == ["b"]


def test_who_is_in_the_lane_waits_for_no_files() -> None:
    made = board(plan("a", "b"), begun("a", "src/**", wake_at=iso(AT + 9)), in_lane("b", touches=("src/**",)))
    assert turn(made) == ["b"]


def test_a_ticket_claims_what_it_touches_from_its_first_attempt_to_its_end() -> None:
    walk = Walk(script("work", "done"), terminal("done"), start=touching("T-1", "src/**"))
    walk.dispatch()
    assert walk.t.claim is not None
    walk.pause()
    assert walk.t.claim is not None, "its processes are still there"
    walk.end("stopped")
    assert walk.t.claim is None
    walk.resume()
    walk.dispatch()
    walk.end()
    assert (walk.status, walk.t.claim) == (Status.COMPLETE, None)
