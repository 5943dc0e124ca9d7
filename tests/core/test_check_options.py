"""What phases ask of agents whose CLIs cannot be told: warned of, with what happens instead."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.checks.check_options import Able, agent_named, option_problems
from orchestrator.core.workflow import Workflow
from tests import factories

NOTHING = Able(is_known=True, cli="acme", options=frozenset(), tells_cost=False, counts=False)
ALL = frozenset({"model", "allowedTools", "maxTurns", "maxCostUsd"})


def found(able: Able, **asked: Any) -> list[tuple[tuple[str | int, ...], str, str]]:
    workflow = Workflow(name="w", phases=(factories.script("s"), factories.agent("a", agent="x", **asked)))
    return [(one.path, one.what, one.severity) for one in option_problems(workflow, {"a": "x"}, {"x": able})]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"allowed_tools": ("Read",)}, "allowedTools cannot be told to acme (agent x): it uses whatever tools"),
        ({"max_turns": 3}, "maxTurns cannot be told to acme (agent x): it may take any number of them"),
        ({"max_cost_usd": 1.0}, "maxCostUsd cannot be told to acme (agent x): what it costs is never known"),
    ],
)
def test_each_wish_that_cannot_be_passed_on_is_a_warning_at_its_key(asked: dict[str, Any], words: str) -> None:
    (problem,) = found(NOTHING, **asked)
    key = words.partition(" ")[0]
    assert problem[0] == ("phases", 1, key)
    assert problem[1].startswith(words)
    assert problem[2] == "warning"


def test_a_model_that_cannot_be_told_is_said_of_each_phase_of_that_agent() -> None:
    able = Able(is_known=True, cli="acme", options=frozenset(), tells_cost=False, counts=False, model="big")
    (problem,) = found(able)
    assert problem[:2] == (
        ("phases", 1, "agent"),
        "agent x has model big, which cannot be told to acme: it chooses its model itself",
    )


def test_what_its_cli_can_be_told_is_no_problem() -> None:
    able = Able(is_known=True, cli="acme", options=ALL, tells_cost=True, counts=True, model="big")
    assert found(able, allowed_tools=("Read",), max_turns=3, max_cost_usd=1.0) == []


def test_a_cost_that_is_counted_while_it_works_is_bounded_by_the_runner() -> None:
    counted = Able(is_known=True, cli="acme", options=frozenset(), tells_cost=True, counts=True)
    assert found(counted, max_cost_usd=1.0) == []
    at_the_end = Able(is_known=True, cli="acme", options=frozenset(), tells_cost=True, counts=False)
    (problem,) = found(at_the_end, max_cost_usd=1.0)
    assert problem[1].endswith("what it has cost is known only when it has ended")


def test_a_schema_is_asked_for_in_words_where_there_is_no_option() -> None:
    assert found(NOTHING, output_schema={"type": "object"}) == []


def test_of_an_agent_that_is_not_known_nothing_is_said() -> None:
    workflow = Workflow(name="w", phases=(factories.agent("a", max_turns=3),))
    assert list(option_problems(workflow, {"a": "x"}, {})) == []
    assert list(option_problems(workflow, {}, {"x": NOTHING})) == []


def test_who_does_a_phase_where_nobody_says_otherwise() -> None:
    plain, review = factories.agent("a"), factories.agent("self_review")
    assert [agent_named(one, "d", "r") for one in (plain, review, factories.agent("b", agent="n"))] == ["d", "r", "n"]
    assert agent_named(factories.agent("b", reviewer=True), "d", "r") == "r"
    assert agent_named(review, "d") == "d"
