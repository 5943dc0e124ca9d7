"""How OpenCode is called, and what its output means: told by recorded streams of the real program."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents import opencode
from orchestrator.agents.base import Call, Ended, Told, heard
from orchestrator.agents.registry import AGENTS
from orchestrator.core.outcome import Usage
from orchestrator.core.settings import AgentSettings
from tests.agents.streams import names, odd_lines, recorded, reported, told

SESSION = "ses_dfcebb64cffep4g6wZps4DP98T"
ALWAYS = ("opencode", "run", "--format", "json", "--thinking", "--print-logs", "--log-level", "ERROR")
TITLED = (*ALWAYS, "--title", "T-1 002-implement")


def called(*default_args: str, model: str | None = None, **wanted: Any) -> Any:
    settings = AgentSettings(command="opencode", default_args=default_args, model=model)
    folder = "/logs/p/T-1/002-implement"
    return opencode.command(Call(settings=settings, prompt="--do it", prompt_file="/p", folder=folder, **wanted))


def test_the_prompt_goes_by_standard_input_and_never_in_the_arguments() -> None:
    assert (called().argv, called().stdin) == (TITLED, "--do it")


def test_a_session_is_continued_by_its_id_and_a_new_one_gets_a_title() -> None:
    assert called("--auto", model="a/b", session=SESSION, resume=True).argv == (
        *ALWAYS, "--session", SESSION, "--auto", "--model", "a/b",
    )  # fmt: skip
    assert called(session=SESSION).argv == TITLED


@pytest.mark.parametrize(
    "default_args",
    [
        ("--format", "default"), ("-c",), ("--continue",), ("-s", "ses_other"), ("--session=ses_other",), ("--fork",),
        ("--dir", "/elsewhere"), ("--title", "x"), ("-i",),
    ],
)  # fmt: skip
def test_what_is_ours_or_leads_elsewhere_is_left_out(default_args: tuple[str, ...]) -> None:
    assert called("--a", *default_args, "--auto").argv == (*TITLED, "--a", "--auto")


def test_the_word_of_a_whole_command_line_is_no_part_of_the_prompt() -> None:
    assert called("run", "--agent", "run").argv == (*TITLED, "--agent", "run")


def test_allowed_tools_become_rules_under_which_everything_else_is_denied() -> None:
    def rules(*tools: str) -> Any:
        return json.loads(called(allowed_tools=tools).env["OPENCODE_PERMISSION"])

    assert rules("Read", "Edit", "Write") == {"*": "deny", "read": "allow", "edit": "allow"}
    some = rules("Bash(git log:*)", "Bash(npm test)", "mcp__x")
    assert some == {"*": "deny", "bash": {"*": "deny", "git log*": "allow", "npm test": "allow"}, "mcp__x": "allow"}
    assert list(some) == ["*", "bash", "mcp__x"]  # the last that matches decides
    assert rules("Bash", "Bash(git log:*)")["bash"] == rules("Bash(git log:*)", "Bash")["bash"] == "allow"
    assert rules("Bash(:*)", "Bash(*)")["bash"] == "allow"
    assert "OPENCODE_PERMISSION" not in called().env


# name of the stream, exit code, what it means, words of the error
SITUATIONS = [
    ("wrote-a-file", 0, Ended.SUCCESS, ""),
    ("committed", 0, Ended.SUCCESS, ""),
    ("resumed", 0, Ended.SUCCESS, ""),
    ("failed-command", 0, Ended.SUCCESS, ""),
    ("thinking", 0, Ended.SUCCESS, ""),
    ("tools-allowed", 0, Ended.SUCCESS, ""),
    ("length", 0, Ended.FAILURE, "reached the model's limit of output"),
    ("permission-refused", 0, Ended.PERMISSION_REFUSED, "opencode was not allowed to use bash, and ended there"),
    ("outside-refused", 0, Ended.PERMISSION_REFUSED, "not allowed to use write, and ended there"),
    ("permission-denied", 0, Ended.PERMISSION_REFUSED, "any tool it tried: write"),
    ("tools-not-allowed", 0, Ended.PERMISSION_REFUSED, "any tool it tried: write, bash"),
    ("e400", 1, Ended.FAILURE, "opencode: 400 scripted bad request"),
    ("e401", 1, Ended.NEEDS_LOGIN, "401 Incorrect API key provided: x.; log in with `opencode auth login`"),
    ("e403", 1, Ended.PERMISSION_REFUSED, "403 Your account does not have access"),
    ("e404", 1, Ended.FAILURE, "404 The model `no-such` does not exist or you do not have access to it.; correct"),
    ("e429", 1, Ended.RATE_LIMITED, "429 Rate limit reached"),
    ("quota", 1, Ended.RATE_LIMITED, "check your plan and billing details.; add credit"),
    ("e503", 1, Ended.OVERLOADED, "503 Service unavailable"),
    ("prompt-too-long", 1, Ended.CONTEXT_TOO_LONG, "maximum context length is 200000 tokens"),
    ("unknown-model", 1, Ended.FAILURE, "Unexpected server error"),
    ("refused-connection", 1, Ended.FAILURE, "Cannot connect to API"),
    ("cut-stream", 143, Ended.FAILURE, "the stream of the model's answer was cut off"),
    ("sigint-during-tool", 130, Ended.INTERRUPTED, "ended without a result (exit code 130)"),
    ("sigterm-during-tool", None, Ended.INTERRUPTED, "ended without a result"),
]


@pytest.mark.parametrize(("name", "exit_code", "ended", "words"), SITUATIONS, ids=[row[0] for row in SITUATIONS])
def test_every_recorded_situation_has_its_meaning(name: str, exit_code: int | None, ended: Ended, words: str) -> None:
    found = reported("opencode", name, exit_code)
    assert (found.ended, words in found.error) == (ended, True), found.error
    assert "\n" not in found.error


def test_every_recorded_stream_is_used() -> None:
    assert names("opencode") == {row[0] for row in SITUATIONS}


@pytest.mark.parametrize("exit_code", [None, 1, 143, -9])
def test_without_exit_code_0_a_step_that_stopped_is_no_end(exit_code: int | None) -> None:
    assert reported("opencode", "committed", exit_code).ended in (Ended.INTERRUPTED, Ended.FAILURE)


def test_a_step_after_the_one_that_stopped_takes_the_end_back() -> None:
    lines = recorded("opencode", "committed")
    assert heard(AGENTS["opencode"], [*lines, lines[0]]).report("", 0).ended is Ended.INTERRUPTED


def test_what_it_has_overcome_is_no_failure_though_it_exits_with_1() -> None:
    """As it does after it has shortened a conversation that was too long."""
    overflow = {"type": "error", "error": {"name": "ContextOverflowError", "data": {"message": "maximum context"}}}
    lines = [json.dumps(overflow).encode(), *recorded("opencode", "committed")]
    assert heard(AGENTS["opencode"], lines).report("", 1).ended is Ended.SUCCESS
    assert heard(AGENTS["opencode"], lines[:2]).report("", 1).ended is not Ended.SUCCESS
    assert heard(AGENTS["opencode"], lines).report("", 143).ended is Ended.INTERRUPTED


RED = "\x1b[91m\x1b[1mError: \x1b[0m"


@pytest.mark.parametrize(
    ("stderr", "exit_code", "ended", "words"),
    [
        (f"{RED}Session not found\n", 1, Ended.SESSION_GONE, "opencode: Error: Session not found"),
        (f"{RED}You must provide a message or a command\n", 1, Ended.FAILURE, "You must provide a message"),
        ("opencode run [message..]\n\nrun opencode with a message\n", 1, Ended.FAILURE, "correct defaultArgs"),
        ("", 0, Ended.INTERRUPTED, "ended without a result"),
    ],
)
def test_before_the_first_event_the_error_output_speaks(stderr: str, exit_code: int, ended: Ended, words: str) -> None:
    found = heard(AGENTS["opencode"], ()).report(stderr, exit_code)
    assert (found.ended, words in found.error) == (ended, True), found.error
    assert "\x1b" not in found.error


def logged(at: str, said: str, small: str = "false") -> str:
    """As the real program writes it to stderr with --print-logs."""
    return (
        f'timestamp={at} level=ERROR run=1bb9e56b message="stream error" providerID=scripted modelID=scripted-1 '
        f'session.id={SESSION} small={small} agent=build mode=primary error.error="AI_APICallError: {said}"\n'
    )


@pytest.mark.parametrize("exit_code", [143, -9, None])
def test_who_is_ended_while_it_waits_for_a_limit_has_met_the_limit(exit_code: int | None) -> None:
    stderr = logged("2026-11-22T21:01:59.495Z", "The usage limit has been reached")
    found = heard(AGENTS["opencode"], ()).report(stderr, exit_code)
    assert (found.ended, found.limit) == (Ended.RATE_LIMITED, "usage limit")
    assert found.error == "opencode: The usage limit has been reached"


def test_what_was_logged_before_the_last_event_or_about_a_title_is_over() -> None:
    begun = recorded("opencode", "sigterm-during-tool")
    before = logged("2026-11-22T00:00:00.000Z", "The usage limit has been reached")
    about_title = logged("2026-11-29T00:00:00.000Z", "The usage limit has been reached", small="true")
    assert heard(AGENTS["opencode"], begun).report(before + about_title, 143).ended is Ended.INTERRUPTED
    after = logged("2026-11-29T00:00:00.000Z", "The usage limit has been reached")
    assert heard(AGENTS["opencode"], begun).report(before + after, 143).ended is Ended.RATE_LIMITED
    assert reported("opencode", "committed", 0, after).ended is Ended.SUCCESS


def test_an_error_that_says_nothing_is_explained_by_the_log() -> None:
    line = (
        "timestamp=2026-11-22T21:01:45.934Z level=ERROR run=751b180b message=failed ref=err_95d8ee47 "
        'error="ProviderModelNotFoundError: Model not found: scripted/nope." cause="…"\n'
    )
    found = reported("opencode", "unknown-model", 1, line)
    assert "Model not found: scripted/nope.; correct `model`" in found.error


@pytest.mark.parametrize(("rest", "until"), [("7200", 1795381000.5 + 7200), ("1", None), ("soon", None)])
def test_the_server_s_word_when_to_ask_again_is_the_reset_unless_it_has_been_waited_for(
    rest: str, until: float | None
) -> None:
    told = {"message": "Too many requests", "statusCode": 429, "responseHeaders": {"retry-after": rest}}
    error = {"name": "APIError", "data": told}
    event = {"type": "error", "timestamp": 1795381000500, "sessionID": SESSION, "error": error}
    found = heard(AGENTS["opencode"], [json.dumps(event).encode()]).report("", 1)
    assert (found.ended, found.until) == (Ended.RATE_LIMITED, until)
    assert found.told == (Told.STRUCTURED if until else None)


def test_the_final_text_and_the_session_are_told() -> None:
    found = reported("opencode", "committed", 0)
    assert found.text == "Done."
    assert found.session == heard(AGENTS["opencode"], recorded("opencode", "committed")[:1]).session
    assert found.session is not None and found.session.startswith("ses_")


def test_tokens_and_cost_of_all_steps_are_added_up_with_what_was_thought_as_output() -> None:
    usage = reported("opencode", "committed", 0).usage
    assert usage is not None and usage.cost_usd == pytest.approx(0.012195)
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.turns) == (3600, 900, 75, 3)


def test_a_cost_of_nothing_is_taken_for_none_told() -> None:
    tokens = {"input": 5, "output": 1, "reasoning": 0, "cache": {"read": 2, "write": 3}}
    part = {"type": "step-finish", "reason": "stop", "tokens": tokens, "cost": 0}
    line = json.dumps({"type": "step_finish", "sessionID": SESSION, "part": part}).encode()
    assert heard(AGENTS["opencode"], [line]).usage() == Usage(input_tokens=8, cached_tokens=2, output_tokens=1, turns=1)


@pytest.mark.parametrize(
    ("environ", "files", "known"),
    [
        ({"ANTHROPIC_API_KEY": "x"}, {}, True),
        ({}, {"~/.local/share/opencode/auth.json": '{"anthropic": {}}'}, True),
        ({"XDG_DATA_HOME": "/d"}, {"/d/opencode/auth.json": '{"anthropic": {}}'}, True),
        ({}, {}, None),
    ],
)
def test_whether_it_is_logged_in_is_known_from_keys_and_files(
    environ: dict[str, str], files: dict[str, str], known: bool | None
) -> None:
    assert AGENTS["opencode"].login(environ, files.get).known is known


@pytest.mark.parametrize(
    ("variable", "seen"),
    [
        ("OPENCODE_CONFIG_CONTENT", True), ("OPENCODE_PERMISSION", True), ("OPENROUTER_API_KEY", True),
        ("OPENCODE_SERVER_PASSWORD", False), ("GITHUB_TOKEN", False), ("AWS_SECRET_ACCESS_KEY", False),
    ],
)  # fmt: skip
def test_it_sees_what_it_needs_to_log_in_but_no_server_s_password_nor_other_keys(variable: str, seen: bool) -> None:
    assert any(fnmatchcase(variable, pattern) for pattern in AGENTS["opencode"].login_env) == seen


def test_a_person_resumes_a_session() -> None:
    assert AGENTS["opencode"].resume_command(AgentSettings(command="opencode"), SESSION) == (
        "opencode", "--session", SESSION,
    )  # fmt: skip


def test_a_run_is_told_in_calls_edits_results_and_its_end() -> None:
    assert told("opencode", "committed") == [
        ("edit", "write hello.txt +1"),
        ("tool", "bash git add -A && git commit -q -m 'Add hello' && git log --oneline | head -3"),
        ("result", told("opencode", "committed")[2][1]),
        ("text", "Done."),
        ("done", "done"),
    ]
    assert told("opencode", "thinking")[0] == ("thinking", "Let me think.")
    assert told("opencode", "failed-command")[:2] == [("tool", "bash exit 7"), ("error", "exit code 7")]
    assert told("opencode", "e401") == [("error", "failed: 401 Incorrect API key provided: x.")]
    assert told("opencode", "length")[-1] == ("error", "the step ended with length")
    refused = told("opencode", "permission-refused")
    assert refused[-1] == ("error", "The user rejected permission to use this specific tool call.")


KEYS = (
    "type", "timestamp", "sessionID", "part", "error", "data", "message", "name", "statusCode", "responseHeaders",
    "retry-after", "state", "input", "output", "status", "tool", "text", "reason", "tokens", "cache", "read", "write",
    "cost", "metadata", "exit", "reasoning",
)  # fmt: skip
WORDS = (
    "step_start", "step_finish", "text", "tool_use", "error", "reasoning", "stop", "tool-calls", "length", "completed",
    "APIError", "UnknownError", "ses_1",
)  # fmt: skip


@given(odd_lines(KEYS, WORDS), st.text(max_size=30), st.none() | st.integers(-64, 255))
def test_no_output_whatever_makes_it_raise(output: list[bytes], stderr: str, exit_code: int | None) -> None:
    listener = heard(AGENTS["opencode"], output)
    listener.usage()
    found = listener.report(f'timestamp={stderr} level=ERROR error="{stderr}"\n{stderr}', exit_code, 1795381000.0)
    assert "\n" not in found.error
    for line in output:
        for said in AGENTS["opencode"].said(line):
            assert said.text
