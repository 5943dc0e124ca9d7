"""How each agent's own program continues a session for a person."""

from __future__ import annotations

import pytest

from orchestrator.agents.registry import AGENTS
from orchestrator.core.settings import AgentSettings

SESSION = "0b5c9a3e-1111-4222-8333-444455556666"
CONTINUED = {
    "claude": ("--resume", SESSION),
    "codex": ("resume", "-c", "features.daemon_auto_start=false", SESSION),
    "gemini": ("--resume", SESSION),
    "opencode": ("--session", SESSION),
    "pi": ("--session", SESSION),
    "pi-old": ("--session", SESSION),
    "qwen": ("--resume", SESSION),
}


@pytest.mark.parametrize("name", CONTINUED)
def test_a_session_is_continued_under_its_own_id_by_the_program_of_the_configuration(name: str) -> None:
    found = AGENTS[name].resume_command(AgentSettings(command="/opt/it"), SESSION)
    assert found == ("/opt/it", *CONTINUED[name])


@pytest.mark.parametrize("name", CONTINUED)
def test_a_session_is_continued_with_the_model_that_is_configured_and_no_other_argument(name: str) -> None:
    settings = AgentSettings(command="/opt/it", model="some/model", default_args=("--model", "other", "--yolo"))
    assert AGENTS[name].resume_command(settings, SESSION) == ("/opt/it", *CONTINUED[name], "--model", "some/model")
    settings = AgentSettings(command="/opt/it", default_args=("--yolo", "--model=other", "-v"))
    assert AGENTS[name].resume_command(settings, SESSION) == ("/opt/it", *CONTINUED[name], "--model=other")


def test_every_agent_with_sessions_can_be_taken_over() -> None:
    assert {name for name, agent in AGENTS.items() if agent.has_sessions} == set(CONTINUED)
