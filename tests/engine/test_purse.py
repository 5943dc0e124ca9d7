"""What counts against a budget at a moment: every attempt once, wherever it is on its way into the files."""

from __future__ import annotations

import time
from math import inf
from pathlib import Path

import pytest
from msgspec.structs import replace

from orchestrator.adapters.state.ledger import Line, append, next_midnight
from orchestrator.core.board import Board
from orchestrator.core.budgets import Budgets
from orchestrator.core.model import Attempt, Key, Status
from orchestrator.core.outcome import Usage
from orchestrator.core.settings import AgentSettings
from orchestrator.core.turns.schedule import Needs, Step
from orchestrator.engine.home import Home
from orchestrator.engine.limits.purse import Purse
from tests import factories
from tests.adapters.shelf import config_of

KEY = Key("p1", "T-1")


class Bench:
    def __init__(self, root: Path, plan: Budgets | None = None, ticket: Budgets | None = None, **config: float) -> None:
        self.home = Home(config_of(root, budgets=Budgets(**config), agents={"claude": AgentSettings(command="claude")}))
        self.board = Board()
        self.board.put_plan(factories.plan("T-1", budgets=plan))
        self.ticket = factories.ticket(status=Status.RUNNING, attempt=Attempt(1, "a", "work", ""), budgets=ticket)
        self.board.put_ticket(self.ticket)
        self.purse = Purse(self.home, self.board)

    def book(self, cost: float, attempt: str = "a", plan: str = "p1") -> None:
        line = Line(at="x", plan=plan, ticket="T-1", phase="work", n=1, attempt=attempt, cost_usd=cost)
        append(self.home.places, line, time.time())

    def used(self) -> dict[str, float | None]:
        return {one.name: one.usage.cost_usd for one in self.purse.holds()}


def test_an_attempt_counts_once_while_it_is_heard_booked_saved_and_forgotten(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Budgets(per_plan_usd=0.1, per_day_usd=0.1), per_day_usd=0.1)
    all_of_it = {"plan:p1": 1.0, "day:p1": 1.0, "day:": 1.0}
    assert bench.used() == {}
    bench.purse.hear("a", KEY, Usage(cost_usd=1.0))
    assert bench.used() == all_of_it
    bench.book(1.0)
    assert bench.used() == all_of_it
    bench.board.put_ticket(replace(bench.ticket, attempt=None, usage=Usage(cost_usd=1.0)))
    assert bench.used() == all_of_it
    bench.purse.forget("a")
    assert bench.used() == all_of_it


def test_what_others_have_booked_counts_in_the_day_and_not_in_the_plan(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Budgets(per_plan_usd=1, per_day_usd=1), per_day_usd=1)
    bench.book(5.0, "b", plan="p2")
    assert bench.used() == {"day:": 5.0}


def test_a_plan_waits_until_a_person_acts_and_a_day_until_midnight(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Budgets(per_plan_usd=1, per_day_usd=1), Budgets(per_day_usd=1))
    bench.purse.hear("a", KEY, Usage(cost_usd=1.0))
    midnight = next_midnight(time.time())
    assert bench.purse.held() == {"plan:p1": inf, "day:p1": midnight, "day:p1/T-1": midnight}
    assert bench.purse.waiting().keys() == {KEY}


def test_a_budget_of_the_configuration_is_each_plans_own(tmp_path: Path) -> None:
    bench = Bench(tmp_path, per_plan_usd=1)
    bench.board.put_plan(factories.plan(id="p2"))
    bench.board.put_plan(factories.plan(id="p3", budgets=Budgets(per_plan_usd=9)))
    for plan in ("p2", "p3"):
        bench.board.put_ticket(factories.ticket("T-2", plan, usage=Usage(cost_usd=2.0)))
    assert bench.used() == {"plan:p2": 2.0}


def test_a_ticket_that_is_deleted_or_edited_counts_as_its_file_says(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Budgets(per_plan_usd=1))
    done = replace(bench.ticket, attempt=None, usage=Usage(cost_usd=2.0))
    bench.board.put_ticket(done)
    assert bench.used() == {"plan:p1": 2.0}
    bench.board.put_ticket(replace(done, usage=Usage(cost_usd=1.5)))
    assert bench.used() == {"plan:p1": 1.5}
    bench.board.drop_ticket(KEY)
    assert bench.used() == {}


def test_stand_ins_need_the_same_budgets(tmp_path: Path) -> None:
    step = Step(Needs.SLOT, "claude", ("claude",), (Step(Needs.SLOT, "pi", ("pi",)),))
    found = Bench(tmp_path, Budgets(per_plan_usd=1)).purse.needs(step, "p1")
    assert found.accounts == ("claude", "plan:p1", "day:p1", "day:")
    assert found.stand_ins[0].accounts == ("pi", "plan:p1", "day:p1", "day:")


def test_without_budgets_nothing_is_asked_of_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path)
    monkeypatch.setattr(Board, "spent", lambda *_: pytest.fail("it was added up"))
    step = Step(Needs.SLOT, "claude", ("claude",))
    assert (bench.purse.held(), bench.purse.needs(step, "p1") is step, bench.purse.is_needed) == ({}, True, False)
    assert bench.purse.limits(bench.ticket, factories.agent("work")) == ()


@pytest.mark.parametrize(("spent", "allowed"), [(0.0, 1.0), (0.6, 0.4), (0.99999, 0.0001), (7.0, 0.0001)])
def test_an_agent_is_told_what_is_left_and_never_nothing(tmp_path: Path, spent: float, allowed: float) -> None:
    bench = Bench(tmp_path, per_ticket_usd=1)
    ticket = replace(bench.ticket, usage=Usage(cost_usd=spent))
    bench.board.put_ticket(ticket)
    assert bench.purse.allowance(ticket, factories.agent("work"), "a") == allowed
