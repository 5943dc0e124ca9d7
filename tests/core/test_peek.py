"""Which agent comes next is known before the outcome is applied, and is the one that then starts."""

from __future__ import annotations

import pytest

from orchestrator.core.peek import next_agent
from tests.core.builders import Walk, agent, outcome, script, terminal, ticket

PHASES = (
    agent("a", "b", agent="claude", max_retries=1, on_failure="s"),
    agent("b", "end"),
    script("s", on_exit={3: "a"}),
    terminal("end"),
)


@pytest.mark.parametrize(
    ("phase", "kind", "code", "expected"),
    [
        ("a", "success", None, "codex"),
        ("a", "failure", None, "claude"),
        ("b", "success", None, None),
        ("b", "failure", None, None),
        ("s", "success", 0, None),
        ("s", "failure", 3, "claude"),
        ("nowhere", "success", None, None),
    ],
)
def test_the_next_agent_is_the_one_of_the_phase_that_the_outcome_leads_to(
    phase: str, kind: str, code: int | None, expected: str | None
) -> None:
    start = ticket(current_phase=phase, agent="codex")
    walk = Walk(*PHASES, start=start)
    assert next_agent(walk.rules, start, outcome(kind, exit_code=code)) == expected
    if phase != "nowhere":
        walk.dispatch()
        walk.end(kind, exit_code=code)
        assert (walk.t.attempt and walk.attempt.agent) == expected


def test_when_the_retries_are_used_up_the_agent_of_the_failed_phase_is_not_needed() -> None:
    start = ticket(current_phase="a", retries={"a": 1})
    assert next_agent(Walk(*PHASES).rules, start, outcome("failure")) is None
