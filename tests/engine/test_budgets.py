"""Budgets, with an agent that really spends: before an attempt, during one, over restarts."""

from __future__ import annotations

from orchestrator.core.model import Key, Status
from tests.engine.sites import Make, make
from tests.engine.spender import booked, cost, say, spender_site


def test_what_attempts_cost_is_summed_in_the_ticket_and_booked_once_each(make: Make) -> None:
    site = spender_site(make)
    say(site, beats=2)
    site.tick()
    assert site.ticket().status is Status.COMPLETE
    assert cost(site) == 0.4
    assert [(line.phase, line.cost_usd, line.input_tokens, line.kind) for line in booked(site)] == [
        ("one", 0.2, 200_000, "success"), ("two", 0.2, 200_000, "success"),
    ]  # fmt: skip


def test_a_ticket_that_has_spent_its_budget_begins_no_further_attempt(make: Make) -> None:
    site = spender_site(make, {"per_ticket_usd": 0.1})
    site.tick()
    ticket = site.ticket()
    assert (ticket.status, ticket.current_phase, ticket.attempts) == (Status.NEEDS_ATTENTION, "two", 1)
    assert ticket.error == (
        "budget reached: $0.10 of perTicketUsd $0.10 (config); raise it in config.yaml, then `orchestrator retry p1 T1`"
    )


def test_an_attempt_that_is_too_dear_is_stopped_while_it_works_and_has_failed(make: Make) -> None:
    site = spender_site(make, {"per_attempt_usd": 0.25})
    say(site, beats=100, beat=0.1)
    site.tick()
    assert site.ticket().status is Status.NEEDS_ATTENTION
    first, second = booked(site)
    assert first.kind == second.kind == "failure"
    assert 0.25 <= (first.cost_usd or 0) < 3
    assert cost(site) == round((first.cost_usd or 0) + (second.cost_usd or 0), 9)
    assert "budget reached" in (site.ticket().error or "")


def test_the_plan_waits_when_its_budget_is_used_up(make: Make) -> None:
    site = spender_site(make, tickets=3)
    site.plan({"T1": [], "T2": [], "T3": []}, budgets={"perPlanUsd": 0.3})
    say(site, beats=100, beat=0.05)
    site.tick()
    states = {key.ticket: site.ticket(key).status for key in site.every()}
    assert set(states.values()) == {Status.READY}, states
    assert 0.3 <= sum(cost(site, Key("p1", t)) for t in ("T1", "T2", "T3")) < 5
