"""How pi is called, and what its output means: told by recorded streams of the real program, today's and an old one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents import pi
from orchestrator.agents.base import Call, Ended, Told, heard
from orchestrator.agents.registry import AGENTS
from orchestrator.core.settings import AgentSettings
from tests.agents.streams import names, odd_lines, recorded, reported, told

SESSION = "9c885ba2-0bc4-49fb-8420-d8f499031cf8"
ALWAYS = ("pi", "-p", "--mode", "json")


def argv(*default_args: str, model: str | None = None, **wanted: Any) -> tuple[str, ...]:
    settings = AgentSettings(command="pi", default_args=default_args, model=model)
    return pi.command(Call(settings=settings, prompt="do it", prompt_file="/p", **wanted)).argv


# name of the stream, exit code, what it means, words of the error
SITUATIONS = [
    ("wrote-a-file", 0, Ended.SUCCESS, ""),
    ("wrote-a-file-old", 0, Ended.SUCCESS, ""),
    ("committed", 0, Ended.SUCCESS, ""),
    ("failed-command", 0, Ended.SUCCESS, ""),
    ("resumed", 0, Ended.SUCCESS, ""),
    ("same-session-id", 0, Ended.SUCCESS, ""),
    ("retried-then-ok", 0, Ended.SUCCESS, ""),
    ("tools-not-allowed", 0, Ended.PERMISSION_REFUSED, "not allowed to use any tool it tried: write, bash"),
    ("no-prompt", 0, Ended.INTERRUPTED, "pi ended without a result (exit code 0)"),
    ("length", 0, Ended.FAILURE, "the answer was cut off"),
    ("e400", 0, Ended.FAILURE, "400 invalid_request_error: scripted bad request"),
    ("e401", 0, Ended.NEEDS_LOGIN, "401 authentication_error: invalid x-api-key; log in with `pi`"),
    ("e401-openai", 0, Ended.NEEDS_LOGIN, "401 invalid_api_key: invalid x-api-key; log in"),
    ("no-key", 1, Ended.INTERRUPTED, ""),
    ("e403", 0, Ended.PERMISSION_REFUSED, "403 permission_error: Your account does not have access"),
    ("e404", 0, Ended.FAILURE, "correct `model`"),
    ("e429", 0, Ended.RATE_LIMITED, "429 rate_limit_error: This request would exceed"),
    ("e429-with-delay", 0, Ended.RATE_LIMITED, "try again in 20s"),
    ("usage-limit", 0, Ended.RATE_LIMITED, "429 usage_limit_reached"),
    ("no-credit", 0, Ended.RATE_LIMITED, "insufficient_quota: You exceeded your current quota"),
    ("e500", 0, Ended.FAILURE, "500 api_error: Internal server error"),
    ("e529", 0, Ended.OVERLOADED, "529 overloaded_error: Overloaded"),
    ("overload-mid-stream", 0, Ended.OVERLOADED, "overloaded_error: Overloaded"),
    ("prompt-too-long", 0, Ended.CONTEXT_TOO_LONG, "prompt is too long"),
    ("cut-stream", 0, Ended.FAILURE, "stream ended before"),
    ("refused-connection", 0, Ended.FAILURE, "Connection error."),
    ("killed-while-retrying", 137, Ended.INTERRUPTED, "a request that had failed: 529 overloaded_error"),
    ("sigterm-during-tool", 143, Ended.INTERRUPTED, "ended without a result (exit code 143)"),
    ("sigterm-while-hanging", 143, Ended.INTERRUPTED, "ended without a result"),
]


@pytest.mark.parametrize(("name", "exit_code", "ended", "words"), SITUATIONS, ids=[row[0] for row in SITUATIONS])
def test_every_recorded_situation_has_its_meaning(name: str, exit_code: int | None, ended: Ended, words: str) -> None:
    stderr = ""
    if name == "no-key":
        stderr, ended = "No API key found for anthropic.\n\nUse /login, see:\n  /docs/models.md\n", Ended.NEEDS_LOGIN
    found = reported("pi", name, exit_code, stderr)
    assert (found.ended, words in found.error) == (ended, True), found.error
    assert "\n" not in found.error
    assert "models.md" not in found.error


def test_every_recorded_stream_is_used() -> None:
    assert names("pi") == {row[0] for row in SITUATIONS}


@pytest.mark.parametrize(
    ("stderr", "ended", "words"),
    [
        (f"No session found matching '{SESSION}'\n", Ended.SESSION_GONE, "No session found"),
        ("Error: Unknown option: --session-id\n", Ended.FAILURE, "set `type: pi-old`"),
        ("Error: Unknown option: --nope\n", Ended.FAILURE, "correct defaultArgs"),
        ('Error: Model "nope" not found. Use --list-models to see available models.\n', Ended.FAILURE, "`model`"),
        ("node:internal\nSyntaxError: Unexpected token\n", Ended.FAILURE, "SyntaxError"),
        ("", Ended.FAILURE, "exited with code 1 and said nothing"),
    ],
)
def test_without_events_the_error_output_speaks(stderr: str, ended: Ended, words: str) -> None:
    found = heard(AGENTS["pi"], ()).report(stderr, 1)
    assert (found.ended, words in found.error) == (ended, True), found.error


def test_the_final_text_the_session_and_the_model_are_told() -> None:
    found = reported("pi", "resumed", 0)
    assert (found.text, found.session, found.model) == ("Wrote hello.txt.", SESSION, "scripted-1")


def test_tokens_and_cost_are_those_of_this_run_and_failed_requests_are_no_turns() -> None:
    for name in ("wrote-a-file", "resumed", "retried-then-ok"):
        usage = reported("pi", name, 0).usage
        assert usage is not None
        assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.turns) == (2400, 600, 50, 2)
        assert usage.cost_usd == pytest.approx(0.00843)


def test_usage_is_known_while_it_runs() -> None:
    listener = AGENTS["pi"].listen()
    counted = []
    for line in recorded("pi", "wrote-a-file"):
        listener.hear(line)
        usage = listener.usage()
        counted.append(usage.tokens if usage else None)
    assert counted[0] is None
    assert [n for i, n in enumerate(counted) if n and n != counted[i - 1]] == [1525, 3050]


def test_when_to_try_again_is_read_from_the_words_and_the_clock_of_the_stream() -> None:
    found = reported("pi", "e429-with-delay", 0)
    assert (found.until, found.told, found.limit) == (pytest.approx(1795379466.565 + 20), Told.TEXT, "rate limit")
    assert reported("pi", "usage-limit", 0).limit == "usage limit"


def test_a_success_that_was_taken_back_is_none() -> None:
    lines = recorded("pi", "wrote-a-file")
    aborted = [*lines[:-1], b'{"type":"agent_settled","aborted":true}\n']
    went_on = [*lines, b'{"type":"agent_start"}\n']
    assert heard(AGENTS["pi"], aborted).report("", 0).ended is Ended.INTERRUPTED
    assert heard(AGENTS["pi"], went_on).report("", None).ended is Ended.INTERRUPTED
    assert heard(AGENTS["pi"], lines).report("", 1).ended is Ended.FAILURE


def test_what_a_compaction_used_is_counted() -> None:
    usage = {"input": 10, "output": 5, "cacheRead": 1, "cacheWrite": 2, "cost": {"total": 0.5}}
    line = json.dumps({"type": "compaction_end", "result": {"usage": usage}}).encode()
    found = heard(AGENTS["pi"], [line]).usage()
    assert found is not None
    assert (found.input_tokens, found.cached_tokens, found.output_tokens, found.turns) == (12, 1, 5, 0)


def test_line_separators_of_unicode_are_part_of_a_line() -> None:
    message = {"role": "assistant", "stopReason": "stop", "content": [{"type": "text", "text": "a\u2028b"}]}
    line = json.dumps({"type": "message_end", "message": message}, ensure_ascii=False).encode()
    assert heard(AGENTS["pi"], [line]).report("", 0).text == "a\u2028b"


# -- how it is called -------------------------------------------------------------------------------------------------


def test_the_prompt_goes_by_standard_input_and_never_in_the_arguments() -> None:
    prompt = "--help\n@file"
    found = pi.command(Call(settings=AgentSettings(command="pi"), prompt=prompt, prompt_file="/p"))
    assert (found.argv, found.stdin) == (ALWAYS, prompt)


def test_a_new_session_gets_our_id_and_an_old_one_is_continued() -> None:
    assert argv(session=SESSION) == (*ALWAYS, "--session-id", SESSION)
    assert argv(session=SESSION, resume=True) == (*ALWAYS, "--session", SESSION)
    assert AGENTS["pi"].resume_command(AgentSettings(command="/opt/pi"), SESSION) == ("/opt/pi", "--session", SESSION)


def test_the_old_program_chooses_its_session_itself() -> None:
    old = AGENTS["pi-old"]
    assert (AGENTS["pi"].chooses_session, old.chooses_session, old.has_sessions) == (True, False, True)
    assert "--session-id" not in old.flags


def test_tools_are_called_by_their_own_names() -> None:
    given = argv(
        "--tools", "read,ls", "-e", "x.ts", model="anthropic/opus", allowed_tools=("Read", "Glob", "Bash(git:*)")
    )
    assert given == (*ALWAYS, "-e", "x.ts", "--model", "anthropic/opus", "--tools", "read,find,bash")
    assert argv(allowed_tools=("WebFetch", "my_tool"))[-1] == "WebFetch,my_tool"


@pytest.mark.parametrize(
    "default_args",
    [
        ("-p",),
        ("--mode", "text"),
        ("--continue",),
        ("-c",),
        ("-r",),
        ("--session", "x"),
        ("--fork", "x"),
        ("--no-session",),
    ],
)
def test_flags_that_are_ours_are_not_doubled(default_args: tuple[str, ...]) -> None:
    assert argv("-e", "a", *default_args, "-a") == (*ALWAYS, "-e", "a", "-a")


def test_a_login_is_a_key_or_a_file_with_something_in_it() -> None:
    nothing = pi.login({}, lambda path: None)
    assert (nothing.known, "/login" in nothing.how) == (None, True)
    assert pi.login({"OPENAI_API_KEY": "x"}, lambda path: None).how == "OPENAI_API_KEY is set"
    assert pi.login({}, {"~/.pi/agent/auth.json": '{"a":{}}'}.get).known is True
    assert pi.login({}, {"~/.pi/agent/auth.json": "{}"}.get).known is None
    assert pi.login({"PI_CODING_AGENT_DIR": "/x"}, {"/x/auth.json": '{"a":{}}'}.get).known is True


# -- what it says to a person -----------------------------------------------------------------------------------------


def test_a_run_is_told_with_each_call_once() -> None:
    assert told("pi", "committed")[1:] == [
        ("text", "I will use write."),
        ("edit", "write feature.py +2"),
        ("text", "I will use bash."),
        ("tool", "bash git add -A && git commit -q -m 'Add answer()' && git log --oneline | head -3"),
        ("result", "8ebfdfc Add answer()"),
        ("text", "Implemented answer() and committed it."),
        ("done", "done"),
    ]


def test_what_is_repeated_and_what_failed_is_told() -> None:
    assert told("pi", "retried-then-ok")[1:3] == [
        ("error", "failed: 529 overloaded_error: Overloaded"),
        ("note", "request failed (529 overloaded_error: Overloaded), is repeated in 2.0s, try 1 of 3"),
    ]
    assert ("error", "failed: 401 authentication_error: invalid x-api-key") in told("pi", "e401")
    assert ("error", "(no output)") in told("pi", "failed-command")


KEYS = (
    "type", "id", "timestamp", "message", "role", "content", "text", "usage", "input", "output", "cacheRead", "cost",
    "total", "stopReason", "errorMessage", "model", "toolName", "isError", "result", "aborted",
)  # fmt: skip
WORDS = (
    "session", "message_end", "assistant", "stop", "error", "length", "aborted", "tool_execution_end", "agent_settled",
    "auto_retry_start", "compaction_end", '429 {"error":{"message":"try again in 5s"}}', "text",
)  # fmt: skip


@given(odd_lines(KEYS, WORDS), st.text(max_size=30), st.none() | st.integers(-64, 255))
def test_no_output_whatever_makes_it_raise_and_nothing_but_a_stop_is_success(
    lines: list[bytes], stderr: str, exit_code: int | None
) -> None:
    found = heard(AGENTS["pi"], lines).report(stderr, exit_code)
    assert "\n" not in found.error
    if found.ended is Ended.SUCCESS:
        assert exit_code in (0, None)
        assert any(b'"stop"' in line for line in lines)
    for line in lines:
        assert all(one.text and "\n" not in one.text for one in AGENTS["pi"].said(line))
