"""Who reviews: another agent than the one that wrote, where somebody says so."""

from __future__ import annotations

import pytest

from orchestrator.core.checks.check_plan import Known, plan_problems
from orchestrator.core.rules import agents_of
from orchestrator.core.workflow import Phase
from tests import factories
from tests.core.builders import agent, rules, script, ticket


@pytest.mark.parametrize(
    ("phase", "of_plan", "of_config", "chosen"),
    [
        (agent("self_review"), "plan's", "config's", "plan's"),
        (agent("self_review"), None, "config's", "config's"),
        (agent("self_review"), None, None, "writer"),
        (agent("self_review", agent="own"), "plan's", "config's", "own"),
        (agent("look", reviewer=True), "plan's", "config's", "plan's"),
        (agent("look", reviewer=True), None, None, "writer"),
        (agent("look", reviewer=True, agent="own"), "plan's", None, "own"),
        (agent("look"), "plan's", "config's", "writer"),
    ],
)
def test_a_review_is_done_by_the_phases_agent_else_the_reviewer_of_the_plan_then_of_the_config(
    phase: Phase, of_plan: str | None, of_config: str | None, chosen: str
) -> None:
    plan = factories.plan("T-1", review_agent=of_plan, agent="of plan")
    made = rules(script("setup", "write"), agent("write", phase.id), phase, plan=plan, review_agent=of_config)
    assert agents_of(made, ticket(agent="writer")) == {"write": "writer", phase.id: chosen}


def test_a_reviewer_that_the_config_does_not_define_is_a_problem_of_the_plan() -> None:
    plan = factories.plan(review_agent="codx")
    problems = plan_problems(plan, {}, Known(agents=["claude", "codex"]))
    assert [str(one) for one in problems] == ['plan p1: unknown reviewAgent "codx" (did you mean codex?)']
