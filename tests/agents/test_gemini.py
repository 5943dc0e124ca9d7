"""How Gemini CLI is called, and what its output means: told by recorded streams of the real program."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents import gemini
from orchestrator.agents.base import Call, Ended, Option, Told, heard
from orchestrator.agents.registry import AGENTS
from orchestrator.core.prices import price_of, priced
from orchestrator.core.settings import AgentSettings
from tests.agents.streams import names, odd_lines, recorded, reported, told

SESSION = "53a20522-de1d-4b99-8470-4917e5ceb74d"
ALWAYS = ("gemini", "-o", "stream-json", "--skip-trust")


def argv(*default_args: str, model: str | None = None, **wanted: Any) -> tuple[str, ...]:
    settings = AgentSettings(command="gemini", default_args=default_args, model=model)
    return gemini.command(Call(settings=settings, prompt="do it", prompt_file="/p", **wanted)).argv


# name of the stream, exit code, what it means, words of the error
SITUATIONS = [
    ("committed", 0, Ended.SUCCESS, ""),
    ("prompt-on-stdin", 0, Ended.SUCCESS, ""),
    ("resumed", 0, Ended.SUCCESS, ""),
    ("failed-command", 0, Ended.SUCCESS, ""),
    ("allowed-tools", 0, Ended.SUCCESS, ""),
    ("max-tokens", 0, Ended.SUCCESS, ""),
    ("denied", 0, Ended.PERMISSION_REFUSED, "any tool it tried: write_file, run_shell_command"),
    ("empty-answer", 0, Ended.FAILURE, "empty response with no text or thoughts"),
    ("cut-stream", 0, Ended.FAILURE, "ended without a finish reason"),
    ("max-turns", 53, Ended.FAILURE, "raise model.maxSessionTurns"),
    ("e400", 144, Ended.FAILURE, "400 INVALID_ARGUMENT: scripted bad request"),
    ("e401", 145, Ended.NEEDS_LOGIN, "401 UNAUTHENTICATED: invalid x-api-key; log in with `gemini`"),
    ("bad-key", 144, Ended.NEEDS_LOGIN, "API key not valid"),
    ("e403", 147, Ended.PERMISSION_REFUSED, "403 PERMISSION_DENIED"),
    ("e404", 1, Ended.FAILURE, "is not found for API version v1beta; correct `model`"),
    ("e429", 173, Ended.RATE_LIMITED, "This request would exceed your rate limit of 50 requests per minute."),
    ("daily-quota", 173, Ended.RATE_LIMITED, "You have exhausted your daily quota on this model."),
    ("quota-with-delay", 173, Ended.RATE_LIMITED, "Please retry in 3h12m41.5s."),
    ("prompt-too-long", 144, Ended.CONTEXT_TOO_LONG, "exceeds the maximum number of tokens allowed"),
    ("e500", 244, Ended.FAILURE, "500 INTERNAL: An internal error has occurred."),
    ("e503", 247, Ended.OVERLOADED, "The model is overloaded."),
    ("sigint-during-tool", 0, Ended.INTERRUPTED, "ended without a result (exit code 0)"),
    ("killed-during-tool", 137, Ended.INTERRUPTED, "ended without a result (exit code 137)"),
    ("killed-while-retrying", None, Ended.INTERRUPTED, "ended without a result"),
]


@pytest.mark.parametrize(("name", "exit_code", "ended", "words"), SITUATIONS, ids=[row[0] for row in SITUATIONS])
def test_every_recorded_situation_has_its_meaning(name: str, exit_code: int | None, ended: Ended, words: str) -> None:
    found = reported("gemini", name, exit_code, "YOLO mode is enabled.\n    at Turn.run (chunk.js:1)\n}\n")
    assert (found.ended, words in found.error) == (ended, True), found.error
    assert "\n" not in found.error
    assert "API Error" not in found.error


def test_every_recorded_stream_is_used() -> None:
    assert names("gemini") == {row[0] for row in SITUATIONS}


@pytest.mark.parametrize(
    ("stderr", "exit_code", "ended", "words"),
    [
        (
            f'Error resuming session: Invalid session identifier "{SESSION}".\n  Use --list-sessions to see them.\n',
            42,
            Ended.SESSION_GONE,
            "Invalid session identifier",
        ),
        (
            f'Error starting session: Session ID "{SESSION}" already exists. Use --resume to resume it.\n',
            42,
            Ended.SESSION_EXISTS,
            "already exists",
        ),
        ("Invalid auth method selected.\n\n", 41, Ended.NEEDS_LOGIN, "GEMINI_API_KEY"),
        ("Please set an Auth method in your settings.json\n", 41, Ended.NEEDS_LOGIN, "log in with `gemini`"),
        ("Gemini CLI is not running in a trusted directory.\n", 55, Ended.PERMISSION_REFUSED, "trusted directory"),
        ("Unknown argument: nope\nUsage: gemini [options]\n\n-h, --help\n", 1, Ended.FAILURE, "correct defaultArgs"),
        ("", 42, Ended.FAILURE, "exited with code 42 and said nothing"),
        ("", 130, Ended.INTERRUPTED, "ended without a result"),
    ],
)
def test_without_a_result_the_error_output_speaks(stderr: str, exit_code: int, ended: Ended, words: str) -> None:
    found = heard(AGENTS["gemini"], ()).report(stderr, exit_code)
    assert (found.ended, words in found.error) == (ended, True), found.error


def test_a_success_that_the_exit_code_contradicts_is_none() -> None:
    assert reported("gemini", "committed", 1).ended is Ended.FAILURE
    assert reported("gemini", "committed", 143).ended is Ended.INTERRUPTED
    assert reported("gemini", "committed", None).ended is Ended.SUCCESS


def test_the_final_text_is_put_together_from_its_pieces() -> None:
    found = reported("gemini", "prompt-on-stdin", 0)
    assert (found.text, found.session) == ("Implemented answer() and committed it.", SESSION)


def test_thoughts_are_paid_for_as_output_and_a_resumed_run_tells_its_own_tokens() -> None:
    for name, tokens in (("prompt-on-stdin", (3600, 900, 105)), ("resumed", (1200, 300, 35))):
        usage = reported("gemini", name, 0).usage
        assert usage is not None
        assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens) == tokens
        assert usage.cost_usd is None


def test_it_is_priced_by_its_model() -> None:
    found = reported("gemini", "prompt-on-stdin", 0)
    assert found.usage is not None
    usage = priced(found.usage, price_of(found.model, (AGENTS["gemini"].prices,)))
    assert usage.cost_usd == pytest.approx((3600 * 1.25 + 900 * 0.125 + 105 * 10) / 1e6)


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("gemini-2.5-pro", 1.25),
        ("gemini-2.5-flash", 0.3),
        ("gemini-2.5-flash-lite", 0.1),
        ("gemini-3-pro-preview", 2),
        ("gemini-3.1-pro-preview-customtools", 2),
        ("gemini-3-flash-preview", 0.5),
        ("gemini-3.1-flash-lite", 0.25),
        ("gemini-3.5-flash", 1.5),
        ("gemini-3.5-flash-lite", 0.3),
        ("gemini-3.8-flash", 0.75),
    ],
)
def test_the_longest_name_that_fits_a_model_prices_it(model: str, dollars: float) -> None:
    price = price_of(model, (AGENTS["gemini"].prices,))
    assert price is not None
    assert price.input == dollars


def test_when_to_try_again_is_read_from_the_words_and_the_clock_of_the_stream() -> None:
    found = reported("gemini", "quota-with-delay", 173)
    assert (found.until, found.told) == (pytest.approx(1795379373.467 + 11561.5), Told.TEXT)
    daily = reported("gemini", "daily-quota", 173)
    assert (daily.until, daily.limit) == (None, "daily quota")


# -- how it is called -------------------------------------------------------------------------------------------------


def test_the_prompt_goes_by_standard_input_and_never_in_the_arguments() -> None:
    prompt = "--help\n-p"
    found = gemini.command(Call(settings=AgentSettings(command="gemini"), prompt=prompt, prompt_file="/p"))
    assert (found.argv, found.stdin) == (ALWAYS, prompt)


def test_a_new_session_gets_our_id_and_an_old_one_is_continued_by_its_own() -> None:
    assert argv(session=SESSION) == (*ALWAYS, "--session-id", SESSION)
    assert argv(session=SESSION, resume=True) == (*ALWAYS, "--resume", SESSION)
    found = AGENTS["gemini"].resume_command(AgentSettings(command="gemini"), SESSION)
    assert found == ("gemini", "--resume", SESSION)


def test_what_it_may_do_is_for_a_person_to_say() -> None:
    assert not any("yolo" in one for one in argv())
    assert argv("--approval-mode", "yolo") == (*ALWAYS, "--approval-mode", "yolo")


def test_tools_are_called_by_their_own_names_with_what_they_are_limited_to() -> None:
    given = argv(
        "--allowed-tools", "a", "b", "-m", "x", model="gemini-2.5-pro", allowed_tools=("Read", "Bash(git log:*)")
    )
    asked = ("--model", "gemini-2.5-pro", "--allowed-tools", "read_file,read_many_files,run_shell_command(git log)")
    assert given == (*ALWAYS, *asked)


def test_what_it_cannot_be_told_is_not_given() -> None:
    assert argv(max_turns=3, max_cost_usd=1.0, output_schema={"type": "object"}) == ALWAYS
    assert AGENTS["gemini"].options == {Option.MODEL, Option.ALLOWED_TOOLS}


@pytest.mark.parametrize(
    "default_args",
    [
        ("-p",),
        ("-p", "x"),
        ("-o", "json"),
        ("--output-format=json",),
        ("-r", "latest"),
        ("--resume",),
        ("--skip-trust",),
    ],
)
def test_flags_that_are_ours_are_not_doubled(default_args: tuple[str, ...]) -> None:
    assert argv("-d", *default_args, "-y") == (*ALWAYS, "-d", "-y")


def test_a_login_is_a_key_or_the_file_of_its_own_login() -> None:
    assert gemini.login({}, lambda path: None).known is None
    assert gemini.login({"GEMINI_API_KEY": "x"}, lambda path: None).known is True
    assert gemini.login({}, {"~/.gemini/oauth_creds.json": '{"a":1}'}.get).known is True
    assert gemini.login({"GEMINI_CLI_HOME": "/x"}, {"/x/.gemini/oauth_creds.json": '{"a":1}'}.get).known is True


# -- what it says to a person -----------------------------------------------------------------------------------------


def test_a_run_is_told_in_texts_calls_results_and_its_end() -> None:
    assert told("gemini", "prompt-on-stdin") == [
        ("note", f"session {SESSION}, model gemini-2.5-pro"),
        ("text", "I will write it."),
        ("edit", "write_file feature.py +2"),
        ("tool", "run_shell_command git add -A && git commit -q -m 'Add answer()' && git log --oneline | head -1"),
        ("result", "521caaa Add answer()"),
        ("text", "Implemented answer()"),
        ("text", "and committed it."),
        ("done", "done, 2 calls, 4605 tokens, 0.1s"),
    ]


def test_what_failed_is_told_without_wrapping() -> None:
    assert told("gemini", "daily-quota")[-1] == ("error", "failed: You have exhausted your daily quota on this model.")
    assert told("gemini", "e401")[-1] == ("error", "failed: 401 UNAUTHENTICATED: invalid x-api-key")
    assert told("gemini", "cut-stream")[-2] == ("error", "Model stream ended without a finish reason.")
    assert ("error", 'Tool "run_shell_command" not found.') in [(k, t[:35]) for k, t in told("gemini", "denied")]


KEYS = (
    "type", "session_id", "timestamp", "model", "role", "content", "tool_name", "tool_id", "status", "error", "message",
    "severity", "stats", "models", "total_tokens", "input", "input_tokens", "cached", "output_tokens", "parameters",
)  # fmt: skip
WORDS = (
    "init", "message", "assistant", "tool_use", "tool_result", "result", "success", "error", "policy_violation",
    '[API Error: {"error":{"code":429,"message":"quota, retry in 5s"}}]', "a__b",
)  # fmt: skip


@given(odd_lines(KEYS, WORDS), st.text(max_size=30), st.none() | st.integers(-64, 255))
def test_no_output_whatever_makes_it_raise_and_nothing_but_a_result_is_success(
    lines: list[bytes], stderr: str, exit_code: int | None
) -> None:
    found = heard(AGENTS["gemini"], lines).report(stderr, exit_code)
    assert "\n" not in found.error
    if found.ended is Ended.SUCCESS:
        assert exit_code in (0, None)
        assert any(b'"result"' in line for line in lines)
    for line in (*lines, *recorded("gemini", "e500")):
        assert all(one.text and "\n" not in one.text for one in AGENTS["gemini"].said(line))
