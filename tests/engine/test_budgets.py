"""Budgets, with an agent that really spends: before an attempt, during one, over restarts and midnights."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from orchestrator.adapters.places import Places
from orchestrator.adapters.state import ledger
from orchestrator.adapters.state.ledger import Line, day_of
from orchestrator.core.events import RetryRequested
from orchestrator.core.model import Key, Status
from orchestrator.core.settings import NotifySettings
from tests.engine.sites import Make, Site, make, one_phase
from tests.engine.spender import booked, cost, say, spender_site, write_settings
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

__all__ = ["make"]

LEDGER = "orchestrator.adapters.state.ledger:append"
SIX = {f"T{i + 1}": [] for i in range(6)}


def spent(site: Site) -> float:
    """In all, by the tickets."""
    return round(sum(cost(site, key) for key in site.every()), 9)


def states(site: Site) -> set[Status]:
    return {site.ticket(key).status for key in site.every()}


def said(site: Site) -> str:
    return (site.directory("001-") / "stdout.log").read_text()


def assert_agrees(site: Site) -> None:
    """The ledger and the tickets say the same."""
    assert round(sum(line.cost_usd or 0 for line in booked(site)), 9) == spent(site)


# -- what is written down ---------------------------------------------------------------------------------------------


def test_what_attempts_cost_is_summed_in_the_ticket_and_booked_once_each(make: Make) -> None:
    site = spender_site(make)
    say(site, beats=2)
    site.tick()
    assert site.ticket().status is Status.COMPLETE
    assert cost(site) == 0.4
    assert [(line.phase, line.cost_usd, line.input_tokens, line.kind, line.agent) for line in booked(site)] == [
        ("one", 0.2, 200_000, "success", "claude"), ("two", 0.2, 200_000, "success", "claude"),
    ]  # fmt: skip


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_between_the_ledger_and_the_ticket_counts_an_attempt_once(make: Make, when: str) -> None:
    site = spender_site(make)
    site.crash(f"{LEDGER} {when} 1")
    site.settle(lambda: site.ticket().status is Status.COMPLETE)
    assert (cost(site), [line.phase for line in booked(site)]) == (0.2, ["one", "two"])
    content = "".join(path.read_text() for path in ledger.days(Places(site.config)))
    assert content.count('"phase":"one"') == (2 if when == "after" else 1)


def test_where_no_agent_works_nothing_is_booked(make: Make) -> None:
    site = make(one_phase())
    site.tick()
    assert site.ticket().status is Status.COMPLETE and not Places(site.config).costs.exists()


# -- one ticket -------------------------------------------------------------------------------------------------------


def test_a_ticket_that_has_spent_its_budget_begins_no_further_attempt_until_it_is_raised(make: Make) -> None:
    site = spender_site(make, {"per_ticket_usd": 0.1})
    site.tick()
    ticket = site.ticket()
    assert (ticket.status, ticket.current_phase, ticket.attempts) == (Status.NEEDS_ATTENTION, "two", 1)
    assert ticket.error == (
        "budget reached: $0.10 of perTicketUsd $0.10 (config); raise it in config.yaml, then `orchestrator retry p1 T1`"
    )
    site.edit(budgets={"perTicketUsd": 0.3})
    site.apply(RetryRequested(at=time.time()))
    site.tick()
    assert (site.ticket().status, cost(site)) == (Status.COMPLETE, 0.2)


@pytest.mark.parametrize("budgets", [{"per_attempt_usd": 0.25}, {"per_attempt_tokens": 250_000}])
def test_an_attempt_that_is_too_dear_is_stopped_while_it_works_and_has_failed(
    make: Make, budgets: dict[str, Any]
) -> None:
    site = spender_site(make, budgets)
    say(site, beats=100, beat=0.1)
    site.tick()
    assert site.ticket().status is Status.NEEDS_ATTENTION
    assert len(site.ticket().phase_history) == 3  # it was tried once more, then it went to `bad`
    first, second = booked(site)
    assert first.kind == second.kind == "failure"
    assert 0.25 <= (first.cost_usd or 0) < 3 and not site.ran()[0].ended
    assert "budget reached" in (site.ticket().error or "")
    assert_agrees(site)


def test_an_attempt_beyond_its_tickets_budget_is_stopped_and_no_retry_is_spent(make: Make) -> None:
    site = spender_site(make, {"per_ticket_usd": 0.25})
    say(site, beats=100, beat=0.1)
    site.tick()
    ticket = site.ticket()
    assert (ticket.status, ticket.attempts, ticket.retries) == (Status.NEEDS_ATTENTION, 1, {})
    session = booked(site)[0].session
    site.edit(budgets={"perTicketUsd": 100})
    site.apply(RetryRequested(at=time.time()))
    say(site, beats=1)
    site.tick()
    assert site.ticket().status is Status.COMPLETE
    assert booked(site)[1].session == session  # it went on where it was
    assert_agrees(site)


def test_what_an_attempt_has_cost_before_the_runner_died_counts_for_the_next_runner(make: Make) -> None:
    site = spender_site(make)
    say(site, beats=3)
    site.hold("x").rename(site.root / "hold")
    site.daemon()
    wait_for(lambda: site.pid() and said(site).count("assistant") == 3, what="its work")
    site.runners[0].kill()
    write_settings(site, {"per_ticket_usd": 0.3})
    site.tick()
    assert (site.ticket().status, site.ticket().attempts, cost(site)) == (Status.NEEDS_ATTENTION, 1, 0.3)
    assert site.events("adopted") and not site.ran()[0].ended


def test_the_agent_is_told_what_the_tightest_budget_leaves(make: Make) -> None:
    site = spender_site(make, {"per_attempt_usd": 0.5, "per_ticket_usd": 0.55})
    site.tick()
    assert site.lines("told") == ["T1 0.5", "T1 0.45"]


@pytest.mark.parametrize(
    ("budgets", "kinds", "status"),
    [
        ({"per_attempt_usd": 0.2}, ["failure", "failure"], Status.NEEDS_ATTENTION),
        ({"per_ticket_usd": 0.2}, ["stopped"], Status.NEEDS_ATTENTION),
        ({"per_plan_usd": 0.2}, ["stopped"], Status.READY),
        ({"per_attempt_usd": 0.9}, ["failure", "failure"], Status.NEEDS_ATTENTION),  # by its own count, not by ours
    ],
)
def test_an_agent_that_ends_itself_at_its_limit_is_taken_for_what_that_limit_was(
    make: Make, budgets: dict[str, float], kinds: list[str], status: Status
) -> None:
    site = spender_site(make, budgets)
    (site.root / "obeys").touch()
    say(site, beats=2)
    site.tick()
    assert ([line.kind for line in booked(site)], site.ticket().status) == (kinds, status)


# -- a plan -----------------------------------------------------------------------------------------------------------


def test_six_at_work_do_not_overrun_the_budget_of_their_plan_and_go_on_when_it_is_raised(make: Make) -> None:
    site = spender_site(make, tickets=6)
    site.plan(SIX, budgets={"perPlanUsd": 1.2})
    say(site, beats=100, beat=0.2)
    site.daemon()
    wait_for(lambda: site.events("budget_reached") and not site.left(), what="the stop of all")
    wait_for(lambda: states(site) == {Status.READY}, what="them to be ready")
    assert 1.2 <= spent(site) < 6 and len(site.ran()) == 6
    assert site.events("budget_reached")[0]["reason"].startswith("budget of plan p1 reached: $")
    say(site, beats=1)
    site.plan(SIX, budgets={"perPlanUsd": 100})
    wait_for(lambda: states(site) == {Status.COMPLETE}, what="the rest of the work")
    site.runners[0].kill()
    assert_agrees(site)


def test_while_a_plan_waits_for_money_its_scripts_and_other_plans_go_on(make: Make) -> None:
    mixed = """
name: w
phases:
  - {id: one, type: script, command: work.sh, onSuccess: two}
  - {id: two, type: agent, promptTemplate: p.md, onSuccess: done}
  - {id: done, type: terminal}
"""
    site = spender_site(make, workflow=mixed)
    site.edit(usage={"costUsd": 5.0})
    site.plan({"T1": []}, budgets={"perPlanUsd": 5})
    site.plan({"U1": []}, plan="p2")
    site.tick()
    assert (site.ticket().status, site.ticket().current_phase) == (Status.READY, "two")
    assert site.ticket(Key("p2", "U1")).status is Status.COMPLETE
    assert site.runner("run", "--key", "p1/T1").wait() == 0  # and does not wait for ever


def test_what_a_ticket_says_of_its_plan_keeps_back_that_ticket_alone(make: Make) -> None:
    site = spender_site(make)
    site.plan({"T1": [], "T2": []})
    site.edit(budgets={"perPlanUsd": 5})
    site.edit(Key("p1", "T2"), usage={"costUsd": 5.0})
    site.tick()
    assert site.ticket().status is Status.READY
    assert site.ticket(Key("p1", "T2")).status is Status.COMPLETE
    site.edit(budgets={"perPlanUsd": 50})
    site.tick()
    assert site.ticket().status is Status.COMPLETE


def test_a_notice_tells_once_that_the_budget_of_a_plan_is_used_up(make: Make) -> None:
    site = spender_site(make)
    write_settings(site, notify=(NotifySettings(command=f"cat >>{site.root}/notices", on=("budget_reached",)),))
    site.plan({"T1": []}, budgets={"perPlanUsd": 0.1})
    for _ in range(3):
        site.tick()
    told = wait_for(lambda: _told(site), what="a notice")
    site.plan({"T1": []}, budgets={"perPlanUsd": 0.2})
    site.settle(lambda: site.ticket().status is Status.COMPLETE)
    wait_for(lambda: len(_told(site)) == 2, what="another")
    assert [(one["plan"], one["costUsd"]) for one in told] == [("p1", 0.1)]
    assert "raise perPlanUsd in plan.json of p1" in told[0]["reason"]


def _told(site: Site) -> list[dict[str, Any]]:
    return list(map(json.loads, site.lines("notices")))


def test_what_a_budget_in_dollars_does_not_see_is_said_once(make: Make) -> None:
    site = spender_site(make, {"per_ticket_usd": 0.01, "per_attempt_tokens": 10**9})
    write_settings(site, {"per_ticket_usd": 0.01, "per_attempt_tokens": 10**9}, prices={})
    (site.root / "mute").touch()
    site.tick()
    assert (site.ticket().status, cost(site)) == (Status.COMPLETE, 0.0)
    assert [(event["model"], event["agent"]) for event in site.events("unpriced")] == [("dear", "claude")]
    assert site.events("untold") == []


@pytest.mark.parametrize("budgets", [{"per_ticket_tokens": 9}, {"per_day_usd": 9}, None])
def test_that_an_agent_tells_nothing_is_said_once_where_there_is_a_budget(make: Make, budgets: Any) -> None:
    site = spender_site(make, budgets)
    (site.root / "mute").touch()
    (site.root / "tokens").write_text("0")
    site.tick()
    assert site.ticket().status is Status.COMPLETE
    assert [event["agent"] for event in site.events("untold")] == (["claude"] if budgets else [])


# -- a day ------------------------------------------------------------------------------------------------------------


def spent_today(site: Site, plan: str, ticket: str, amount: float) -> None:
    now = time.time()
    line = Line(at="x", plan=plan, ticket=ticket, phase="p", n=1, attempt=f"{plan}{ticket}{amount}", cost_usd=amount)
    ledger.append(Places(site.config), line, now)
    if day_of(now) != day_of(time.time()):
        spent_today(site, plan, ticket, amount)  # it was midnight


@pytest.mark.parametrize(
    ("config", "plan", "ticket", "of", "status"),
    [
        ({"per_day_usd": 2}, None, None, ("other", "X"), Status.READY),
        (None, {"perDayUsd": 2}, None, ("p1", "X"), Status.READY),
        (None, {"perDayUsd": 2}, None, ("other", "X"), Status.COMPLETE),
        (None, None, {"perDayUsd": 2}, ("p1", "T1"), Status.READY),
        (None, None, {"perDayUsd": 2}, ("p1", "X"), Status.COMPLETE),
    ],
)
def test_a_day_is_over_for_what_says_so(
    make: Make, config: Any, plan: Any, ticket: Any, of: tuple[str, str], status: Status
) -> None:
    site = spender_site(make, config)
    if plan is not None:
        site.plan({"T1": []}, budgets=plan)
    if ticket is not None:
        site.edit(budgets=ticket)
    spent_today(site, *of, 2.0)
    site.tick()
    assert site.ticket().status is status


def test_at_midnight_it_goes_on(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = round(time.time() + 3) % 86_400  # it is midnight in three seconds, where we are now
    monkeypatch.setenv("TZ", f"XXX{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}")
    time.tzset()
    site = spender_site(make, {"per_day_usd": 2})
    spent_today(site, "other", "X", 2.0)
    site.daemon()
    wait_for(lambda: site.events("budget_reached"), what="the day to be over")
    assert not site.ran()
    wait_for(lambda: site.ticket().status is Status.COMPLETE, what="midnight")
    assert [event["event"] for event in site.events() if "budget" in event["event"]] == [
        "budget_reached",
        "budget_free",
    ]
    monkeypatch.undo()
    time.tzset()
