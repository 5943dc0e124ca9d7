"""What an attempt has cost, when its agent tells totals of a session, some of whose runs died."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.agents.base import Agent
from orchestrator.agents.registry import agent_for
from orchestrator.core.model import Attempt
from orchestrator.core.outcome import Usage
from orchestrator.core.prices import Price
from orchestrator.core.rules import Rules
from orchestrator.core.settings import AgentSettings
from orchestrator.engine.attempt.prepare import Scene
from orchestrator.engine.attempt.spending import Meter
from orchestrator.engine.home import Home
from tests import factories
from tests.adapters.shelf import config_of

TOKENS = 1000
"""Of each run; a million cost $1000 here, so a run costs $1."""


class Session:
    """A ticket whose attempts are told one after the other, all in one session."""

    def __init__(self, root: Path, cumulative: str = "cost_usd", price: float | None = 1000) -> None:
        prices = {} if price is None else {"dear": Price(input=price, output=0)}
        self.home = Home(config_of(root, prices=prices, agents={"claude": AgentSettings(command="claude")}))
        agent = agent_for(AgentSettings(command="claude"))
        self.agent = Of(agent, frozenset({cumulative}))
        self.n = 0

    def run(self, told: Usage, resume: bool = True, session: str = "s") -> float | None:
        """What it cost."""
        self.n += 1
        ticket = factories.ticket()
        attempt = Attempt(n=self.n, id=str(self.n), phase="work", started_at="", session=session, resume=resume)
        directory = self.home.places.attempt(ticket.key, self.n, "work")
        directory.mkdir(parents=True)
        rules = Rules(workflow=factories.workflow(), plan=factories.plan("T-1"))
        usage = Meter(self.home, Scene(ticket, {}, rules, attempt, directory), self.agent).own(told, "dear", session)
        outcome = {"kind": "success", "session": session, "usage": _plain(usage), "total": _plain(told)}
        (directory / "outcome.json").write_text(json.dumps(outcome))
        return usage.cost_usd


class Of:
    """An agent whose counters of this name run on."""

    def __init__(self, agent: Agent, cumulative: frozenset[str]) -> None:
        self._agent, self.cumulative = agent, cumulative

    def __getattr__(self, name: str) -> Any:
        return getattr(self._agent, name)


def _plain(usage: Usage) -> dict[str, Any]:
    names = {"input_tokens": "inputTokens", "cost_usd": "costUsd"}
    return {there: value for here, there in names.items() if (value := getattr(usage, here)) is not None}


def ended(total: float) -> Usage:
    return Usage(input_tokens=TOKENS, cost_usd=total)


DIED = Usage(input_tokens=TOKENS)
"""No result, so no total; what it said costs a dollar."""


@pytest.mark.parametrize(
    ("told", "costs"),
    [
        ([ended(1.0), ended(2.1), ended(3.0)], [1.0, 1.1, 0.9]),
        ([ended(1.0), DIED, ended(3.0)], [1.0, 1.0, 1.0]),  # ended by TERM: its session knows what it has used
        ([ended(1.0), DIED, ended(2.0)], [1.0, 1.0, 1.0]),  # ended by KILL: its session does not
        ([DIED, DIED, ended(3.2)], [1.0, 1.0, 1.2]),
        ([DIED, ended(1.1)], [1.0, 1.1]),
        ([ended(1.0), DIED, DIED, ended(4.0), ended(5.0)], [1.0, 1.0, 1.0, 1.0, 1.0]),
        ([ended(5.0), ended(1.0)], [5.0, 1.0]),  # a total that went back began anew
        ([ended(0.1), ended(0.3)], [0.1, 0.2]),  # and not 0.19999999999999998
        ([ended(0.0045000000000000005)], [0.0045]),
    ],
)
def test_each_run_of_a_session_costs_what_the_total_has_grown(
    tmp_path: Path, told: list[Usage], costs: list[float]
) -> None:
    site = Session(tmp_path)
    assert [site.run(one, resume=i > 0) for i, one in enumerate(told)] == costs


def test_without_a_price_what_died_is_in_the_next_total(tmp_path: Path) -> None:
    site = Session(tmp_path, price=None)
    assert [site.run(ended(1.0), resume=False), site.run(DIED), site.run(ended(3.0))] == [1.0, None, 2.0]


def test_another_session_has_a_total_of_its_own(tmp_path: Path) -> None:
    site = Session(tmp_path)
    costs = [site.run(ended(1.0), False, "s"), site.run(ended(1.5), False, "t"), site.run(ended(2.5), True, "s")]
    assert costs == [1.0, 1.5, 1.5]


def test_tokens_that_run_on_are_differenced_before_they_are_priced(tmp_path: Path) -> None:
    site = Session(tmp_path, cumulative="input_tokens")
    assert [site.run(Usage(input_tokens=n), resume=n > 1000) for n in (1000, 3000, 3500)] == [1.0, 2.0, 0.5]


def test_an_outcome_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    site = Session(tmp_path)
    site.run(ended(1.0), resume=False)
    directory = site.home.places.attempt(factories.ticket().key, 2, "work")
    directory.mkdir()
    (directory / "outcome.json").write_text('{"session": 5')
    site.n = 2
    assert site.run(ended(1.5)) == 0.5
