"""Which budgets apply, when one is reached, what follows, and that no cost is lost or counted twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from orchestrator.core import outcome, spending
from orchestrator.core.budgets import Budgets
from orchestrator.core.model import Status
from orchestrator.core.outcome import OutcomeKind, Usage
from orchestrator.core.spending import Limit, Sum
from tests import factories
from tests.core.builders import Walk, agent, script, terminal

PHASES = (
    agent("work", "check", on_failure="bad", max_retries=2), script("check", "done", on_failure="work"),
    terminal("done"), terminal("bad", notify=True),
)  # fmt: skip


def limits(config: Any = None, plan: Any = None, ticket: Any = None, max_cost_usd: float | None = None) -> list[Limit]:
    def budgets(given: Any) -> Budgets | None:
        return None if given is None else Budgets(**given)

    found = spending.limits_of(
        budgets(config) or Budgets(), factories.plan("T-1", budgets=budgets(plan)),
        factories.ticket(budgets=budgets(ticket)), agent("work", max_cost_usd=max_cost_usd),
    )  # fmt: skip
    return list(found)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"config": {"per_attempt_usd": 1}}, [("perAttemptUsd", Sum.ATTEMPT, 1, "config")]),
        (
            {"config": {"per_attempt_usd": 1}, "plan": {"per_attempt_usd": 2}, "ticket": {"per_attempt_usd": 3}},
            [("perAttemptUsd", Sum.ATTEMPT, 3, "ticket p1/T-1")],
        ),
        (
            {"ticket": {"per_attempt_usd": 3, "per_attempt_tokens": 9}, "max_cost_usd": 4},
            [("maxCostUsd", Sum.ATTEMPT, 4, "phase work"), ("perAttemptTokens", Sum.ATTEMPT, 9, "ticket p1/T-1")],
        ),
        (
            {"config": {"per_ticket_usd": 1, "per_ticket_tokens": 5}, "plan": {"per_ticket_usd": 2}},
            [("perTicketUsd", Sum.TICKET, 2, "plan p1"), ("perTicketTokens", Sum.TICKET, 5, "config")],
        ),
        (
            {"config": {"per_plan_usd": 1}, "plan": {"per_plan_usd": 2}, "ticket": {"per_plan_usd": 3}},
            [("perPlanUsd", Sum.PLAN, 2, "plan p1"), ("perPlanUsd", Sum.PLAN, 3, "ticket p1/T-1")],
        ),
        (  # what is written about a day is about what wrote it
            {"config": {"per_day_usd": 9}, "plan": {"per_day_usd": 2}, "ticket": {"per_day_usd": 1}},
            [
                ("perDayUsd", Sum.TICKET_DAY, 1, "ticket p1/T-1"), ("perDayUsd", Sum.PLAN_DAY, 2, "plan p1"),
                ("perDayUsd", Sum.DAY, 9, "config"),
            ],
        ),
    ],
)  # fmt: skip
def test_the_most_specific_word_counts_and_days_count_each_for_themselves(given: Any, expected: Any) -> None:
    assert [tuple(one) for one in limits(**given)] == expected


@pytest.mark.parametrize(
    ("key", "amount", "usage", "reached"),
    [
        ("perTicketUsd", 1.0, Usage(cost_usd=0.999), False),
        ("perTicketUsd", 1.0, Usage(cost_usd=1.0), True),
        ("perTicketUsd", 0.3, Usage(cost_usd=0.1 + 0.2 - 1e-12), True),
        ("perTicketUsd", 1.0, Usage(input_tokens=10**9), False),  # nobody knows what it costs
        ("perTicketTokens", 10, Usage(input_tokens=2, cached_tokens=3, output_tokens=4), False),
        ("perTicketTokens", 10, Usage(input_tokens=2, cached_tokens=3, output_tokens=5), True),
    ],
)
def test_a_budget_is_reached_when_no_less_was_spent(key: str, amount: float, usage: Usage, reached: bool) -> None:
    assert spending.is_reached(Limit(key, Sum.TICKET, amount, "config"), usage) is reached


def test_the_allowance_is_what_the_tightest_budget_leaves() -> None:
    found = limits({"per_attempt_usd": 5, "per_ticket_usd": 4, "per_plan_usd": 10, "per_day_tokens": 3})
    spent = {Sum.TICKET: Usage(cost_usd=1.0), Sum.PLAN: Usage(cost_usd=8.5)}
    assert spending.allowance(found, lambda one: spent.get(one.sum, Usage())) == 1.5
    assert spending.allowance(found, lambda _: Usage(cost_usd=99)) == 0.0
    assert spending.allowance([], lambda _: Usage()) is None


@pytest.mark.parametrize(
    ("limit", "kind"),
    [
        (Limit("perAttemptUsd", Sum.ATTEMPT, 1, "config"), "failure"),
        (Limit("maxCostUsd", Sum.ATTEMPT, 1, "phase work"), "failure"),
        (Limit("perAttemptTokens", Sum.ATTEMPT, 1, "plan p1"), "failure"),
        (Limit("perTicketUsd", Sum.TICKET, 1, "ticket p1/T-1"), "stopped"),
        (Limit("perPlanTokens", Sum.PLAN, 1, "plan perAttemptUsd"), "stopped"),
        (Limit("perDayUsd", Sum.DAY, 1, "config"), "stopped"),
    ],
)
def test_the_reason_of_a_stop_alone_tells_what_follows(limit: Limit, kind: str) -> None:
    found = spending.outcome_of(spending.words(limit, Usage(cost_usd=2, input_tokens=2)))
    assert found is not None and (found.kind, found.budget) == (OutcomeKind(kind), limit.key)
    told = spending.stop_words(limit, Usage(cost_usd=2, input_tokens=2))
    assert spending.outcome_of(told) == replace(found, reason=told)
    is_said = told.endswith(f"; raise it in {limit.place}")
    assert is_said == (limit.sum is Sum.ATTEMPT), "of others its ticket or plan says what to do"


def test_other_stops_are_no_budgets() -> None:
    assert spending.outcome_of("pause") is None


# -- one ticket -------------------------------------------------------------------------------------------------------


def spends(amount: float) -> Usage:
    return Usage(cost_usd=amount, input_tokens=1)


def test_what_a_ticket_has_spent_ends_it_before_the_next_attempt_of_an_agent_and_not_before_a_script() -> None:
    walk = Walk(*PHASES, budgets=Budgets(per_ticket_usd=0.3))
    walk.dispatch()
    walk.end("failure", usage=spends(0.1))
    walk.end("success", usage=spends(0.2))
    assert (walk.status, walk.attempt.phase, walk.t.usage) == (Status.RUNNING, "check", Usage(2, cost_usd=0.3))
    walk.end("failure")
    assert (walk.status, walk.t.current_phase, walk.started, walk.notified) == (
        Status.NEEDS_ATTENTION, "work", [], ["needs_attention"],
    )  # fmt: skip
    assert walk.t.error == (
        "budget reached: $0.30 of perTicketUsd $0.30 (config); raise it in config.yaml, "
        "then `orchestrator retry p1 T-1`"
    )


def test_after_a_retry_the_session_goes_on_that_was_paid_for() -> None:
    walk = Walk(*PHASES, budgets=Budgets(per_ticket_usd=1), chooses_session=frozenset({"claude"}))
    walk.dispatch()
    session, first = walk.attempt.session, walk.attempt.n
    walk.end("stopped", usage=spends(1), granted=False)
    walk.dispatch()
    assert walk.status is Status.NEEDS_ATTENTION
    walk.rules = replace(walk.rules, budgets=Budgets(per_ticket_usd=2))
    walk.retry()
    walk.dispatch()
    assert (walk.attempt.session, walk.attempt.resume, walk.attempt.n) == (session, True, first + 1)
    assert walk.t.visit is not None and walk.t.visit.first == first  # what it did before counts as its work


def test_a_retry_without_raising_anything_ends_the_same_way() -> None:
    walk = Walk(*PHASES, budgets=Budgets(per_ticket_tokens=1))
    walk.dispatch()
    walk.end("stopped", usage=spends(1), granted=False)
    for _ in range(2):
        walk.dispatch()
        assert walk.status is Status.NEEDS_ATTENTION and "1 token " in (walk.t.error or "")
        walk.retry()


ENDINGS = st.sampled_from(["success", "failure", "stopped", "lost", "rate_limited", "timeout", "stalled"])
COSTS = st.none() | st.integers(0, 10**7).map(lambda n: n / 10**4)
STEPS = st.lists(st.tuples(ENDINGS, COSTS, st.sampled_from(["", "pause", "skip", "retry"])), max_size=25)


@given(STEPS)
def test_whatever_becomes_of_attempts_the_sum_is_that_of_all_of_them(
    steps: list[tuple[str, float | None, str]],
) -> None:
    walk, costs = Walk(agent("work", "work", on_failure="work", max_visits=1000), workflow_max_visits=1000), []
    for kind, cost, steer in steps:
        if walk.t.attempt is None:
            walk.edit(status=Status.READY, wake_at=None)
            walk.dispatch()
        if walk.t.attempt is None:
            continue
        match steer:
            case "pause":
                walk.pause()
            case "skip":
                walk.skip("work")
            case "retry":
                walk.edit(status=Status.PAUSED)
                walk.retry()
        walk.end(kind, usage=None if cost is None else Usage(cost_usd=cost), granted=False)
        costs += [] if cost is None else [cost]
    told = walk.t.usage.cost_usd if walk.t.usage else None
    assert told == (round(sum(costs), 9) if costs else None) or told == pytest.approx(sum(costs), abs=1e-8)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "$0.00"), (1.234, "$1.23"), (0.05, "$0.05"), (0.0056, "$0.0056"), (0.1234, "$0.12"), (1234.5, "$1,234.50")],
)
def test_small_amounts_are_shown_with_what_they_say(amount: float, shown: str) -> None:
    assert outcome.dollars(amount) == shown
