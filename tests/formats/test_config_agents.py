"""Keys of the configuration that name agents."""

from __future__ import annotations

import pytest

from orchestrator.formats.configuration.config import parse_settings

AGENTS = """
agents:
  one: {command: a}
  two:
    command: b
    fallbackAgents: [%s]
defaultAgent: one
fallbackAgents:
  - two
  - %s
"""


def found(own: str = "one", top: str = "one") -> list[tuple[str, str, int | None, str | None]]:
    problems = parse_settings(AGENTS % (own, top), "c.yaml").problems
    return [(str(one.severity), one.what, one.line, one.hint) for one in problems]


def test_who_stands_in_is_an_agent_that_there_is() -> None:
    assert found() == []
    listed = "agents defines one, two"
    assert found(top="on") == [
        ("error", 'fallbackAgents "on" is not defined', 10, f"did you mean one? {listed}"),
    ]
    assert found(own="codex") == [("error", 'agents.two.fallbackAgents "codex" is not defined', 6, listed)]


def test_nobody_stands_in_for_himself() -> None:
    ((severity, what, line, _),) = found(own="two")
    assert (severity, what, line) == ("warning", "agent two cannot stand in for itself", 6)


@pytest.mark.parametrize(
    "text", ["fallbackAgents: one", "fallbackAgents: {a: b}", "agents: {x: {command: a, fallbackAgents: 3}}"]
)
def test_a_list_of_another_kind_is_refused_with_its_line(text: str) -> None:
    parsed = parse_settings(text, "c.yaml")
    assert parsed.settings is None and parsed.problems[0].line == 1
