"""`costs` adds up what agents have used and says what it does not know; `status` says which budget is used up."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

import pytest

from orchestrator.adapters.places import Places
from orchestrator.adapters.state.ledger import Line, append
from orchestrator.cli.look.costs import short
from orchestrator.wiring import Options, load
from tests.cli.kit import Site

AGENTS = {"claude": {"command": "claude"}}
FLOW = """
name: w
phases:
  - {id: work, type: agent, promptTemplate: p.md, onSuccess: done}
  - {id: done, type: terminal}
"""


def book(site: Site, attempt: str, days_ago: int = 0, **fields: Any) -> None:
    given = {
        "at": "2026-11-22T10:00:00Z", "plan": "p", "ticket": "T-1", "phase": "work", "n": 1, "agent": "claude",
        "model": "opus", "input_tokens": 1000, "cached_tokens": 2000, "output_tokens": 10, "cost_usd": 1.5, **fields,
    }  # fmt: skip
    noon = time.mktime((*(date.today() - timedelta(days=days_ago)).timetuple()[:3], 12, 0, 0, 0, 0, -1))
    places = Places(load(Options(str(site.root / "config.yaml"))).config)
    append(places, Line(attempt=attempt, **given), noon)


@pytest.fixture
def spent(site: Site) -> Site:
    site.plan({"id": "T-1", "usage": {"costUsd": 3.0}}, {"id": "T-2"})
    book(site, "a")
    book(site, "b", cost_usd=1.5, phase="review", agent="codex", priced=True)
    book(site, "b", cost_usd=1.5, phase="review", agent="codex", priced=True)  # after a crash
    book(site, "c", ticket="T-2", agent="other", model="strange", cost_usd=None)
    book(site, "d", days_ago=3, plan="gone", ticket="X", cost_usd=0.5)
    return site


def test_costs_are_told_by_plan_the_dearest_first_with_a_total(spent: Site) -> None:
    rows = [row.split() for row in spent.call("costs").out.splitlines()]
    assert rows[0] == ["PLAN", "ATTEMPTS", "IN", "CACHED", "OUT", "COST", "SHARE"]
    assert rows[1] == ["p", "3", "3.00k", "6.00k", "30", "≈$3.00", "+", "?", "86", "%"]
    assert rows[2] == ["gone", "1", "1.00k", "2.00k", "10", "$0.50", "14", "%"]
    assert rows[3] == ["total", "4", "4.00k", "8.00k", "40", "≈$3.50", "+", "?", "100", "%"]


def test_what_is_not_known_is_said_and_never_a_zero(spent: Site) -> None:
    out = spent.call("costs", "--by", "agent").out
    assert next(row for row in out.splitlines() if row.startswith("other")).split()[-2:] == ["10", "?"]
    assert "? the cost of 1 attempt is not known; a price of strange under `prices` in the config lets it count" in out
    assert "≈ worked out from tokens, by the prices of 2026-11-22" in out
    row = next(one for one in spent.call("costs", "--by", "agent", "--json").json["rows"] if one["agent"] == "other")
    assert (row["costUsd"], row["unknown"], row["inputTokens"]) == (None, 1, 1000)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--by", "agent"], [{"agent": "claude"}, {"agent": "codex"}, {"agent": "other"}]),
        (["--by", "phase"], [{"phase": "work"}, {"phase": "review"}]),
        (["--by", "model", "--plan", "p"], [{"model": "opus"}, {"model": "strange"}]),
        (["--by", "ticket", "--since", "today"], [{"plan": "p", "ticket": "T-1"}, {"plan": "p", "ticket": "T-2"}]),
        (["--plan", "gone"], [{"plan": "gone", "ticket": "X"}]),
        (["--by", "plan", "--since", "3d"], [{"plan": "p"}]),
        (["--by", "plan", "--since", "4d"], [{"plan": "p"}, {"plan": "gone"}]),
        (["--since", "2999-01-01"], []),
    ],
)  # fmt: skip
def test_they_are_told_by_what_is_asked_for_and_since_when(
    spent: Site, words: list[str], names: list[dict[str, str]]
) -> None:
    rows = spent.call("costs", *words, "--json").json["rows"]
    assert [{key: row[key] for key in names[0]} for row in rows if names] == names or rows == names == []


def test_days_are_in_their_order(spent: Site) -> None:
    rows = spent.call("costs", "--by", "day", "--json").json["rows"]
    assert [row["day"] for row in rows] == [str(date.today() - timedelta(days=3)), str(date.today())]


def test_the_json_has_the_shape_that_is_told(spent: Site) -> None:
    found = spent.call("costs", "--json").json
    sums = {"attempts", "inputTokens", "cachedTokens", "outputTokens", "costUsd", "priced", "unknown"}
    assert found.keys() == {"by", "plan", "since", "rows", "total", "budgets", "pricesOf"}
    assert (found["rows"][0].keys(), found["total"].keys()) == ({"plan"} | sums, sums)
    assert (found["by"], found["since"], found["total"]["costUsd"]) == ("plan", None, 3.5)


def test_budgets_are_told_with_what_is_used_of_them(spent: Site) -> None:
    spent.config(agents=AGENTS, budgets={"perDayUsd": 20, "perPlanUsd": 3, "perTicketUsd": 1})
    spent.plan({"id": "U", "usage": {"inputTokens": 5}}, plan="q", budgets={"perPlanTokens": 10, "perDayUsd": 2})
    out = spent.call("costs").out.partition("BUDGETS\n")[2].splitlines()
    assert out == [
        "day: $3.00 of $20.00 (perDayUsd in config.yaml)",
        "plan p: $3.00 of $3.00, used up (perPlanUsd in config.yaml)",
        "plan q: 5 tokens of 10 tokens (perPlanTokens in plan.json)",
        "plan q: $0.00 of $3.00 (perPlanUsd in config.yaml)",
        "day of plan q: $0.00 of $2.00 (perDayUsd in plan.json)",
    ]
    budgets = spent.call("costs", "--plan", "p", "--json").json["budgets"]
    assert budgets == [
        {"budget": "perPlanUsd", "plan": "p", "day": False, "from": "config", "limit": 3, "spent": 3, "reached": True}
    ]


def test_without_any_cost_it_says_so(site: Site) -> None:
    site.plan({"id": "T-1"})
    assert site.call("costs") == (0, "no agent has cost anything yet\n", "")
    assert site.call("costs", "--plan", "p").out == "no agent has cost anything yet for plan p\n"
    assert site.call("costs", "--json").json["rows"] == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--plan", "q"], 1, 'there is no plan "q"'),
        (["--since", "yesterday"], 2, '"yesterday" is no day; write 2026-11-01, 7d or today'),
        (["--by", "colour"], 2, "'colour' is not one of"),
        (["--plan", "../x"], 2, "cannot be a plan id"),
    ],
)
def test_mistakes_are_answered_with_what_would_be_right(site: Site, words: list[str], code: int, said: str) -> None:
    found = site.call("costs", *words)
    assert found.code == code and said in found.err


@pytest.mark.parametrize(
    ("tokens", "shown"),
    [(999, "999"), (1000, "1.00k"), (12_345, "12.3k"), (123_456, "123k"), (1_234_567, "1.23M"), (10**10, "10.0G")]
)  # fmt: skip
def test_tokens_take_few_columns(tokens: int, shown: str) -> None:
    assert short(tokens) == shown


# -- status -----------------------------------------------------------------------------------------------------------


def test_status_tells_what_plans_and_tickets_have_cost_and_which_budget_is_used_up(site: Site) -> None:
    site.config(agents=AGENTS, defaultAgent="claude", budgets={"perDayUsd": 1})
    site.workflow("w", FLOW)
    site.plan(
        {"id": "T-1", "status": "ready", "usage": {"costUsd": 2.5}}, {"id": "T-2", "status": "complete"},
        {"id": "T-3", "status": "complete", "usage": {"costUsd": 0.5}}, budgets={"perPlanUsd": 3},
    )  # fmt: skip
    book(site, "x", cost_usd=1.25)
    lines = site.call("status").out.splitlines()
    assert lines[:2] == [
        "budget of plan p reached: $3.00 of $3.00; raise perPlanUsd in plan.json of p",
        "day budget reached: $1.25 of $1.00; goes on at midnight, or raise perDayUsd in config.yaml",
    ]
    assert "2 of 3 complete, 1 ready, $3.00" in "\n".join(lines)
    assert next(row for row in lines if "T-1" in row).endswith(" · waits: budget of plan p is used up; $2.50")
    assert next(row for row in lines if "T-2" in row).endswith("Title T-2")


def test_without_budgets_and_costs_status_is_as_it_was(site: Site) -> None:
    site.plan({"id": "T-1", "status": "ready"})
    assert "$" not in site.call("status").out
