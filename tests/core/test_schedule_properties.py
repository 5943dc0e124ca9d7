"""What holds for every board: no more than allowed, nobody who may not, and no slot left free for nothing."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.board import Board
from orchestrator.core.model import Attempt, Key, Plan, PlanEntry, PlanStatus, Status, Ticket, should_be
from orchestrator.core.times import epoch, iso
from orchestrator.core.turns.schedule import MAX_CHECKS, Limits, Needs, Step, next_up, under_way
from tests.core.builders import AT

PLANS, TICKETS, AGENTS = ("p", "q", "r"), tuple("abcdef"), ("claude", "codex")
STEPS = {
    "script": Step(Needs.SLOT), "claude": Step(Needs.SLOT, "claude", ("claude",)),
    "codex": Step(Needs.SLOT, "codex", ("codex",)),
    "either": Step(Needs.SLOT, "claude", ("claude",), (Step(Needs.SLOT, "codex", ("codex",)),)),
    "poll": Step(Needs.CHECK), "end": Step(Needs.NOTHING),
}  # fmt: skip


def step(ticket: Ticket) -> Step:
    return STEPS[ticket.current_phase or "script"]


@st.composite
def boards(draw: st.DrawFn) -> Board:
    board = Board()
    for plan_id in PLANS:
        listed = draw(st.lists(st.sampled_from(TICKETS), unique=True, min_size=2))
        board.put_plan(
            Plan(
                id=plan_id,
                created_at=draw(st.sampled_from(["1", "2"])),
                status=draw(st.sampled_from([PlanStatus.ACTIVE, PlanStatus.ACTIVE, PlanStatus.PAUSED])),
                tickets=tuple(draw(entries(id)) for id in listed),
            )
        )
        for id in TICKETS:
            board.put_ticket(draw(tickets(plan_id, id)))
    return board


def entries(id: str) -> st.SearchStrategy[PlanEntry]:
    blocked_by = st.sampled_from([(), (), (), ("a",), ("q/b",), ("nobody",)])
    return st.builds(PlanEntry, ticket_id=st.just(id), order=st.integers(0, 2), blocked_by=blocked_by)


@st.composite
def tickets(draw: st.DrawFn, plan_id: str, id: str) -> Ticket:
    agent = draw(st.sampled_from([None, *AGENTS]))
    attempt = Attempt(n=1, id="i", phase="x", started_at="", agent=agent, account=agent)
    return Ticket(
        plan_id=plan_id,
        ticket_id=id,
        status=draw(st.sampled_from([Status.READY] * 6 + list(Status))),
        current_phase=draw(st.sampled_from(sorted(STEPS))),
        attempt=attempt if draw(st.integers(0, 4)) == 0 else None,
        attempts=draw(st.integers(0, 1)),
        wake_at=draw(st.sampled_from([None, None, iso(AT - 1), iso(AT + 1)])),
    )


limits = st.builds(
    Limits,
    max_concurrency=st.integers(0, 8),
    agents=st.dictionaries(st.sampled_from(AGENTS), st.integers(0, 3)),
    held=st.dictionaries(st.sampled_from(AGENTS), st.sampled_from([AT - 1, AT + 1]), max_size=2),
    alone=st.sets(st.sampled_from(AGENTS)),
)
keys = st.builds(Key, st.sampled_from(PLANS), st.sampled_from(TICKETS))


def may_start(board: Board, key: Key, busy: set[Key]) -> bool:
    """Said once more, slowly."""
    ticket, plan = board.tickets[key], board.plans[key.plan]
    return (
        should_be(ticket) in (Status.READY, Status.QUEUED)
        and ticket.attempt is None
        and key not in busy
        and plan.status is PlanStatus.ACTIVE
        and any(entry.ticket_id == key.ticket for entry in plan.tickets)
        and not board.waits_for(key)
        and (ticket.wake_at is None or epoch(ticket.wake_at) <= AT)
    )


def who(wanted: Step, limits: Limits, in_use: Counter[str | None]) -> str | None:
    """Whose turn a step is, with so many attempts of each agent. Said once more, slowly."""
    held = {agent for agent, until in limits.held.items() if until > AT}
    candidates = [wanted] if wanted.agent not in held else [one for one in wanted.stand_ins if one.agent not in held]
    for one in candidates:
        most = limits.agents.get(one.agent or "", 999)
        if in_use[one.agent] < (min(most, 1) if one.agent in limits.alone else most):
            return one.agent
    return None


@given(boards(), limits, st.sets(keys, max_size=3), st.integers(0, MAX_CHECKS + 1))
@settings(max_examples=100)
def test_a_turn_is_allowed_fair_in_order_and_leaves_no_room_unused(
    board: Board, limits: Limits, busy: set[Key], checks: int
) -> None:
    chosen = next_up(board, step, limits, AT, busy, checks)
    assert len(set(chosen)) == len(chosen)
    assert all(may_start(board, key, busy) for key in chosen)

    needs = Counter(step(board.tickets[key]).needs for key in chosen)
    agents = Counter(t.attempt.agent for key in board.open if (t := board.tickets[key]).attempt)
    slots_left = limits.max_concurrency - len(board.open) - needs[Needs.SLOT]
    assert slots_left >= 0 or needs[Needs.SLOT] == 0
    assert checks + needs[Needs.CHECK] <= max(MAX_CHECKS, checks)
    for key in chosen:
        wanted = step(board.tickets[key])
        if wanted.agent is not None:
            agent = who(wanted, limits, agents)
            assert agent is not None, "nobody starts whom nobody may serve"
            agents[agent] += 1

    waiting = [key for key in board.tickets if may_start(board, key, busy) and key not in chosen]
    for key in waiting:
        wanted = step(board.tickets[key])
        assert wanted.needs is not Needs.NOTHING
        if wanted.needs is Needs.CHECK:
            assert checks + needs[Needs.CHECK] >= MAX_CHECKS
        elif slots_left > 0:
            assert wanted.agent is not None, "a free slot is never left while a script waits"
            assert who(wanted, limits, agents) is None
    assert in_order(board, chosen)


def in_order(board: Board, chosen: list[Key]) -> bool:
    """Each was the first of all that were still to come."""
    in_flight = Counter(key.plan for key in board.open)
    for n, key in enumerate(chosen):
        ranks = [rank(board, other, in_flight) for other in chosen[n:]]
        if ranks[0] != min(ranks):
            return False
        in_flight[key.plan] += step(board.tickets[key]).needs is Needs.SLOT
    return True


def rank(board: Board, key: Key, in_flight: Counter[str]) -> tuple[object, ...]:
    place = board.places[key]
    plan = board.plans[key.plan]
    fresh = not under_way(board.tickets[key])
    return (fresh, in_flight[key.plan], plan.created_at, key.plan, place.order, place.position)
