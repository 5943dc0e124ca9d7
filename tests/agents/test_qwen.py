"""How Qwen Code is called, and what its output means: told by recorded streams of the real program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents import qwen
from orchestrator.agents.base import Call, Ended, heard
from orchestrator.agents.registry import AGENTS
from orchestrator.core.settings import AgentSettings
from tests.agents.streams import names, odd_lines, reported

SESSION = "53a20522-de1d-4b99-8470-4917e5ceb74d"

# name of the stream, exit code, what it means, words of the error
SITUATIONS = [
    ("committed", 0, Ended.SUCCESS, ""),
    ("unknown-tools", 0, Ended.SUCCESS, ""),
    ("failed-command", 0, Ended.SUCCESS, ""),
    ("resumed", 0, Ended.SUCCESS, ""),
    ("e401", 1, Ended.NEEDS_LOGIN, "401 invalid x-api-key; give OPENAI_API_KEY"),
    ("cut-stream", 1, Ended.FAILURE, "Model stream ended without a finish reason."),
    ("refused-connection", 1, Ended.FAILURE, "Connection error."),
    ("no-structured-answer", 1, Ended.FAILURE, "instead of calling the structured_output tool"),
    ("sigterm-during-tool", -15, Ended.INTERRUPTED, "ended without a result"),
    ("killed-while-retrying", None, Ended.INTERRUPTED, "ended without a result"),
]


@pytest.mark.parametrize(("name", "exit_code", "ended", "words"), SITUATIONS, ids=[row[0] for row in SITUATIONS])
def test_every_recorded_situation_has_its_meaning(name: str, exit_code: int | None, ended: Ended, words: str) -> None:
    found = reported("qwen", name, exit_code)
    assert (found.ended, words in found.error) == (ended, True), found.error


def test_every_recorded_stream_is_used() -> None:
    assert names("qwen") == {row[0] for row in SITUATIONS}


@pytest.mark.parametrize(
    ("stderr", "ended"),
    [
        (f"No saved session found with ID {SESSION}. Run `qwen --resume` without an ID.\n", Ended.SESSION_GONE),
        (f"Error: Session Id {SESSION} already exists (active or archived).\n", Ended.SESSION_EXISTS),
    ],
)
def test_without_a_result_the_error_output_speaks(stderr: str, ended: Ended) -> None:
    assert heard(AGENTS["qwen"], ()).report(stderr, 1).ended is ended


def test_the_tokens_of_a_resumed_run_are_its_own() -> None:
    """Its result tells 7500: the session's running total."""
    found = reported("qwen", "resumed", 0)
    assert found.usage is not None
    assert (found.usage.input_tokens, found.usage.cached_tokens, found.usage.output_tokens) == (1200, 300, 25)
    assert (found.text, found.session) == ("All done: nothing to change.", SESSION)


def test_it_is_called_with_our_session_and_the_prompt_on_standard_input() -> None:
    settings = AgentSettings(command="qwen", default_args=("--yolo", "-o", "json", "-m", "x"), model="coder")
    call = Call(settings=settings, prompt="--help", prompt_file="/p", session=SESSION, max_turns=3)
    always = ("qwen", "-o", "stream-json")
    asked = ("--yolo", "--model", "coder", "--max-session-turns", "3")
    assert qwen.command(call).argv == (*always, "--session-id", SESSION, *asked)
    assert qwen.command(call).stdin == "--help"
    resumed = Call(settings=AgentSettings(command="qwen"), prompt="", prompt_file="", session=SESSION, resume=True)
    assert qwen.command(resumed).argv == (*always, "--resume", SESSION)


KEYS = ("type", "subtype", "is_error", "session_id", "message", "usage", "input_tokens", "result", "error", "message")
WORDS = ("result", "success", "assistant", "system", "[API Error: 429 {", "error_during_execution")


@given(odd_lines(KEYS, WORDS), st.text(max_size=30), st.none() | st.integers(-64, 255))
def test_no_output_whatever_makes_it_raise(lines: list[bytes], stderr: str, exit_code: int | None) -> None:
    assert "\n" not in heard(AGENTS["qwen"], lines).report(stderr, exit_code).error
