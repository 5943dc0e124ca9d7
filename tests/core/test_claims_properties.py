"""Random plans, pauses and ends: never two in the lane or in the same files, and everybody comes to an end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from orchestrator.core import events
from orchestrator.core.board import Board
from orchestrator.core.decisions import Save
from orchestrator.core.events import Event, Grant
from orchestrator.core.model import Key, Status, Ticket
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.peek import next_phase
from orchestrator.core.transition import transition
from orchestrator.core.turns.globs import overlap
from orchestrator.core.turns.lane import is_in_lane_phase
from orchestrator.core.turns.schedule import Limits, Needs, Step, next_up
from tests.core.builders import AT, rules, script, terminal
from tests.core.builders import ticket as ready
from tests.factories import entry, plan

IDS = tuple("abcdef")
GLOBS = ("src/**", "src/a", "src/b", "docs/*", "**")
RULES = rules(script("work", "merge"), script("merge", "check", lane=True, max_retries=1),
              script("check", "after", lane=True), script("after", "done"), terminal("done"))  # fmt: skip
GOOD = Outcome(kind=OutcomeKind.SUCCESS, exit_code=0)


def lane_of(ticket: Ticket) -> str | None:
    return "lane" if is_in_lane_phase(RULES.workflow, ticket) else None


class Runner:
    """As the engine does it, without programs."""

    def __init__(self, board: Board, slots: int) -> None:
        self.board, self.slots, self.at, self.ids = board, slots, AT, 0

    def apply(self, key: Key, event: Event) -> None:
        for decision in transition(RULES, self.board.tickets[key], event):
            if isinstance(decision, Save):
                self.board.put_ticket(decision.ticket)
        self.at += 1
        self.check()

    def grant(self, ticket: Ticket) -> Grant:
        self.ids += 1
        return Grant(attempt_id=f"a{self.ids}", session="s", lane=lane_of(ticket))

    def dispatch(self) -> bool:
        chosen = next_up(self.board, lambda _: Step(Needs.SLOT), Limits(max_concurrency=self.slots), self.at)
        for key in chosen:
            self.apply(key, events.Dispatched(at=self.at, grant=self.grant(self.board.tickets[key])))
        return bool(chosen)

    def end(self, key: Key, kind: OutcomeKind = OutcomeKind.SUCCESS) -> None:
        ticket = self.board.tickets[key]
        if ticket.attempt is None:
            return
        outcome = replace(GOOD, kind=kind)
        following = next_phase(RULES, ticket, outcome)
        then = replace(ticket, current_phase=following.id, attempt=None) if following else ticket
        claims = self.board.claims
        held = (claims.held_up(then) or claims.overtakes(then)) if following else None
        grant = self.grant(then) if held is None and kind is OutcomeKind.SUCCESS else None
        reason = held.reason if held else ""
        self.apply(key, events.AttemptEnded(at=self.at, attempt_id=ticket.attempt.id, outcome=outcome, grant=grant,
                                            held_up=reason))  # fmt: skip

    def check(self) -> None:
        open_ = [self.board.tickets[key] for key in self.board.open]
        assert sum(one.lane is not None for one in open_) <= 1, "two in the lane"
        assert all(one.lane is not None for one in open_ if lane_of(one) and one.status is Status.RUNNING)
        for one, other in combinations(open_, 2):
            both = one.status is other.status is Status.RUNNING
            if both and one.lane is None and other.lane is None:
                assert not overlap(one.touches, other.touches), f"{one.ticket_id} and {other.ticket_id}"


@st.composite
def boards(draw: st.DrawFn) -> Board:
    board = Board()
    board.claims.lane_of = lane_of
    listed = [entry(id, *draw(st.sets(st.sampled_from(IDS[:i]), max_size=1))) if i else entry(id)
              for i, id in enumerate(IDS)]  # fmt: skip
    board.put_plan(plan(*listed))
    for id in IDS:
        touches = tuple(draw(st.lists(st.sampled_from(GLOBS), max_size=2)))
        board.put_ticket(ready(ticket_id=id, status=Status.QUEUED, touches=touches))
    return board


STEPS = st.lists(st.tuples(st.sampled_from(["dispatch", "end", "stop", "pause", "resume"]), st.sampled_from(IDS)),
                 max_size=40)  # fmt: skip


@given(boards(), st.integers(1, 6), STEPS)
@settings(max_examples=150, deadline=None)
def test_nobody_meets_in_lane_or_files_and_everybody_comes_to_an_end(
    board: Board, slots: int, steps: list[tuple[str, str]]
) -> None:
    runner = Runner(board, slots)
    for step, id in steps:
        play(runner, step, Key("p1", id))
    for key in [Key("p1", id) for id in IDS]:
        play(runner, "resume", key)
    for _ in range(200):
        moved = runner.dispatch()
        for key in list(board.open):
            play(runner, "end", key)
            moved = True
        if not moved:
            break
    stuck = [f"{one.ticket_id}: {one.status} in {one.current_phase}" for one in unfinished(board)]
    assert not stuck, stuck
    assert not any(one.lane or one.claim for one in board.tickets.values())


def unfinished(board: Board) -> Iterator[Ticket]:
    return (one for one in board.tickets.values() if one.status is not Status.COMPLETE)


def play(runner: Runner, step: str, key: Key) -> None:
    ticket = runner.board.tickets[key]
    if step == "dispatch":
        runner.dispatch()
    elif step == "end":
        stopped = ticket.attempt is not None and ticket.attempt.stop is not None
        runner.end(key, OutcomeKind.STOPPED if stopped else OutcomeKind.SUCCESS)
    elif step == "stop":
        runner.end(key, OutcomeKind.LOST)
    elif step == "pause" and ticket.status in (Status.READY, Status.RUNNING, Status.QUEUED):
        runner.apply(key, events.PauseRequested(at=runner.at))
    elif step == "resume" and ticket.status is Status.PAUSED:
        blocked = bool(runner.board.waits_for(key))
        runner.apply(key, events.ResumeRequested(at=runner.at, blocked=blocked))
