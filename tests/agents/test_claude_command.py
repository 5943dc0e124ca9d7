"""How Claude Code is called."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from orchestrator.agents import claude
from orchestrator.agents.base import Call
from orchestrator.core.settings import AgentSettings

SESSION = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
ALWAYS = ("claude", "-p", "--output-format", "stream-json", "--verbose")


def argv(*default_args: str, model: str | None = None, **wanted: object) -> tuple[str, ...]:
    settings = AgentSettings(command="claude", default_args=default_args, model=model)
    return claude.command(Call(settings=settings, prompt="do it", prompt_file="/p", **wanted)).argv  # type: ignore[arg-type]


def test_the_prompt_goes_by_standard_input_and_never_in_the_arguments() -> None:
    prompt = "--help\n-p\0'$(touch x)'"
    command = claude.command(Call(settings=AgentSettings(command="claude"), prompt=prompt, prompt_file="/p"))
    assert (command.argv, command.stdin) == (ALWAYS, prompt)


def test_a_new_session_gets_our_id_and_an_old_one_is_continued() -> None:
    assert argv(session=SESSION) == (*ALWAYS, "--session-id", SESSION)
    assert argv(session=SESSION, resume=True) == (*ALWAYS, "--resume", SESSION)


def test_the_default_arguments_of_the_original_are_kept() -> None:
    assert argv("--dangerously-skip-permissions") == (*ALWAYS, "--dangerously-skip-permissions")


def test_what_the_phase_and_the_settings_ask_for_is_given() -> None:
    given = argv(model="opus", max_turns=3, max_cost_usd=0.5, allowed_tools=("Read", "Bash(git log:*)"))
    asked = ("--model", "opus", "--max-turns", "3", "--max-budget-usd", "0.5", "--allowedTools", "Read,Bash(git log:*)")
    assert given == (*ALWAYS, *asked)


@pytest.mark.parametrize(
    "default_args",
    [
        ("-p",),
        ("--print", "--verbose"),
        ("--output-format", "json"),
        ("--output-format=json",),
        ("--input-format", "stream-json"),
        ("--continue",),
        ("-c",),
        ("--resume",),
        ("--resume", "other"),
        ("-r", "other"),
        ("--session-id", "other", "--fork-session"),
        ("--worktree", "elsewhere", "--tmux", "--no-session-persistence"),
        ("-w", "--background", "--replay-user-messages"),
    ],
)
def test_flags_that_are_ours_are_not_doubled(default_args: tuple[str, ...]) -> None:
    assert argv("--a", *default_args, "--b", "c", session=SESSION) == (
        *ALWAYS,
        "--session-id",
        SESSION,
        "--a",
        "--b",
        "c",
    )


@pytest.mark.parametrize("flag", ["--allowedTools", "--allowed-tools"])
def test_the_tools_of_the_phase_replace_those_of_the_default_arguments(flag: str) -> None:
    defaults = ("--add-dir", "/a", "/b", flag, "Bash", "Edit", "--max-turns", "9", "--model", "haiku")
    given = argv(*defaults, model="opus", max_turns=3, allowed_tools=("Read",))
    assert given == (*ALWAYS, "--add-dir", "/a", "/b", "--model", "opus", "--max-turns", "3", "--allowedTools", "Read")
    assert argv(*defaults) == (*ALWAYS, *defaults)


def test_a_person_resumes_a_session_with_nothing_that_would_surprise() -> None:
    settings = AgentSettings(command="/opt/bin/claude", default_args=("--dangerously-skip-permissions",))
    assert claude.resume_command(settings, SESSION) == ("/opt/bin/claude", "--resume", SESSION)


@pytest.mark.parametrize(
    ("variable", "seen"),
    [
        ("ANTHROPIC_API_KEY", True),
        ("ANTHROPIC_BASE_URL", True),
        ("CLAUDE_CODE_OAUTH_TOKEN", True),
        ("CLAUDE_CONFIG_DIR", True),
        ("CLAUDE_CODE_USE_BEDROCK", True),
        ("IS_SANDBOX", True),
        ("CLAUDECODE", False),
        ("CLAUDE_CODE_CHILD_SESSION", False),
        ("CLAUDE_CODE_SESSION_ID", False),
        ("CLAUDE_CODE_MESSAGING_TOKEN", False),
        ("AWS_SECRET_ACCESS_KEY", False),
        ("GH_TOKEN", False),
        ("OPENAI_API_KEY", False),
    ],
)
def test_it_sees_what_it_needs_to_log_in_but_not_another_session_nor_other_keys(variable: str, seen: bool) -> None:
    assert any(fnmatchcase(variable, pattern) for pattern in claude.login_env) == seen
