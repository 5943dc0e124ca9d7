"""What Claude Code's output means, told by recorded streams of the real program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents import claude
from orchestrator.agents.base import Ended, Report, heard
from orchestrator.agents.claude import report

STREAMS = Path(__file__).parent.parent / "resources" / "streams" / "claude"


def recorded(name: str) -> list[bytes]:
    return (STREAMS / f"{name}.jsonl").read_bytes().splitlines(keepends=True)


def reported(name: str, exit_code: int | None, stderr: str = "") -> Report:
    return report(iter(recorded(name)), stderr, exit_code)


def result_line(**changes: Any) -> bytes:
    result = {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "result": "done",
        "session_id": "s",
        "num_turns": 1,
    }
    return json.dumps(result | changes).encode() + b"\n"


# name of the stream, exit code, what it means, words of the error
SITUATIONS = [
    ("wrote-a-file", 0, Ended.SUCCESS, ""),
    ("committed-partial-messages", 0, Ended.SUCCESS, ""),
    ("denied", 0, Ended.PERMISSION_REFUSED, "not allowed to use any tool it tried: "),
    ("resumed", 0, Ended.SUCCESS, ""),
    ("retried-then-ok", 0, Ended.SUCCESS, ""),
    ("background-command", 0, Ended.SUCCESS, ""),
    ("usage-warning", 0, Ended.SUCCESS, ""),
    ("max-turns", 1, Ended.FAILURE, "Reached maximum number of turns (3); raise maxTurns"),
    ("budget", 1, Ended.BUDGET_REACHED, "Reached maximum budget ($0.01); raise maxCostUsd"),
    ("e400", 1, Ended.FAILURE, "400 scripted bad request"),
    ("e403", 1, Ended.PERMISSION_REFUSED, "403 Your account does not have access"),
    ("e404", 1, Ended.FAILURE, "correct `model`"),
    ("e529", 1, Ended.OVERLOADED, "529 Overloaded"),
    ("credit", 1, Ended.RATE_LIMITED, "Credit balance is too low; add credit"),
    ("prompt-too-long", 1, Ended.CONTEXT_TOO_LONG, "Prompt is too long"),
    ("refused-connection", 1, Ended.FAILURE, "Connection refused"),
    ("cut-stream", 1, Ended.OVERLOADED, "API Error"),
    ("timed-out-request", 1, Ended.FAILURE, "Request timed out"),
    ("e401", 1, Ended.NEEDS_LOGIN, "Invalid API key · Fix external API key; log in with `claude`"),
    ("e401-after-retries", 1, Ended.NEEDS_LOGIN, "log in with `claude`"),
    ("no-key", 1, Ended.NEEDS_LOGIN, "Not logged in"),
    ("oauth-e401", 1, Ended.NEEDS_LOGIN, "Not logged in"),
    ("usage-limit", 1, Ended.RATE_LIMITED, "You've hit your limit"),
    ("usage-limit-text-only", 1, Ended.RATE_LIMITED, "You've hit your limit"),
    ("usage-limit-api-key", 1, Ended.RATE_LIMITED, "Request rejected (429)"),
    ("e429", 1, Ended.RATE_LIMITED, "Request rejected (429)"),
    ("sigint-during-tool", 0, Ended.INTERRUPTED, "was interrupted"),
    ("sigint-during-request", 0, Ended.INTERRUPTED, "was interrupted"),
    ("sigterm-during-tool", 143, Ended.INTERRUPTED, "ended without a result (exit code 143)"),
    ("sigterm-during-stream", 143, Ended.INTERRUPTED, "ended without a result"),
    ("killed-while-hanging", None, Ended.INTERRUPTED, "ended without a result"),
    ("e401-killed-while-retrying", -9, Ended.INTERRUPTED, "authentication_failed (401)"),
    ("unknown-session", 1, Ended.SESSION_GONE, "No conversation found with session ID"),
]


@pytest.mark.parametrize(("name", "exit_code", "ended", "words"), SITUATIONS, ids=[row[0] for row in SITUATIONS])
def test_every_recorded_situation_has_its_meaning(name: str, exit_code: int | None, ended: Ended, words: str) -> None:
    told = reported(name, exit_code)
    assert (told.ended, words in told.error) == (ended, True), told.error
    assert "\n" not in told.error
    assert bool(told.error) == (ended is not Ended.SUCCESS)


def test_every_recorded_stream_is_used() -> None:
    assert {path.stem for path in STREAMS.glob("*.jsonl")} == {row[0] for row in SITUATIONS}


@pytest.mark.parametrize(
    ("stderr", "exit_code", "ended", "words"),
    [
        ("No conversation found with session ID: 1ff1\n", 1, Ended.SESSION_GONE, "No conversation found"),
        ("Error: Session ID 1ff1 is already in use.\n", 1, Ended.SESSION_EXISTS, "already in use"),
        (
            "error: unknown option '--no-such-flag'\n",
            1,
            Ended.FAILURE,
            "unknown option '--no-such-flag'; correct defaultArgs",
        ),
        (
            "--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons\n",
            1,
            Ended.FAILURE,
            'set IS_SANDBOX: "1"',
        ),
        ("Not logged in · Please run /login\n", 1, Ended.NEEDS_LOGIN, "Not logged in"),
        ("", 1, Ended.FAILURE, "exited with code 1 and said nothing"),
        ("", 127, Ended.FAILURE, "exited with code 127"),
        ("", 0, Ended.INTERRUPTED, "ended without a result"),
        ("some warning\n\n", 130, Ended.INTERRUPTED, "ended without a result"),
        ("", -15, Ended.INTERRUPTED, "ended without a result"),
        ("", None, Ended.INTERRUPTED, "ended without a result"),
    ],
)
def test_without_a_result_the_error_output_speaks(stderr: str, exit_code: int | None, ended: Ended, words: str) -> None:
    told = report(iter(()), stderr, exit_code)
    assert (told.ended, words in told.error) == (ended, True), told.error
    assert "\n" not in told.error


def test_the_final_text_and_the_session_are_told() -> None:
    told = reported("wrote-a-file", 0)
    assert (told.text, told.session) == ("Wrote hello.txt.", "218e79ac-e6aa-4c11-9915-0fd0003ef620")
    assert told.session == heard(claude, recorded("wrote-a-file")).session


def test_without_a_final_text_the_last_words_of_the_model_are_told() -> None:
    assert reported("sigterm-during-tool", 143).text == "I will use Bash."


def test_tokens_written_to_the_cache_count_as_input_and_those_read_from_it_apart() -> None:
    usage = reported("wrote-a-file", 0).usage
    assert usage is not None
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.turns) == (2400, 600, 50, 2)
    assert usage.cost_usd == pytest.approx(0.01112)


def test_of_several_results_the_last_counts_tokens_add_up_and_cost_is_the_running_total() -> None:
    usage = reported("background-command", 0).usage
    assert usage is not None
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.turns) == (3600, 900, 75, 3)
    assert usage.cost_usd == pytest.approx(0.01668)


def test_a_failure_after_a_success_in_the_same_stream_is_a_failure() -> None:
    lines = [result_line(), result_line(is_error=True, result="API Error: 500")]
    assert report(lines, "", 1).ended is Ended.FAILURE


def test_a_conversation_that_went_on_after_its_result_and_broke_off_is_no_success() -> None:
    lines = [result_line(), b'{"type":"assistant","message":{"content":[]}}\n']
    assert report(lines, "", None).ended is Ended.INTERRUPTED
    assert report(lines[:1], "", None).ended is Ended.SUCCESS


@pytest.mark.parametrize(
    ("exit_code", "ended"), [(1, Ended.FAILURE), (143, Ended.INTERRUPTED), (-9, Ended.INTERRUPTED)]
)
def test_an_exit_code_that_contradicts_the_result_wins(exit_code: int, ended: Ended) -> None:
    told = report([result_line()], "", exit_code)
    assert (told.ended, told.text) == (ended, "done")


def test_an_error_is_an_error_even_with_subtype_success_and_exit_code_0() -> None:
    assert report([result_line(is_error=True)], "", 0).ended is Ended.FAILURE
    assert report([result_line(subtype="error_max_turns")], "", 0).ended is Ended.FAILURE


def test_the_reset_time_is_the_one_of_the_event() -> None:
    assert reported("usage-limit", 1).until == 1795361015


def test_without_the_event_the_reset_time_is_read_from_the_words_and_the_clock_of_the_stream() -> None:
    lines = [line for line in recorded("usage-limit") if b"rate_limit_event" not in line]
    told = report(lines, "", 1)
    # the words say 3:23pm (UTC), the event said 15:23:35 of that day
    assert (told.ended, told.until) == (Ended.RATE_LIMITED, 1795361040)


def test_without_event_and_clock_the_reset_time_is_unknown() -> None:
    assert reported("usage-limit-text-only", 1).until is None


@pytest.mark.parametrize("words", ["You've hit your 5-hour", "You’ve hit your weekly", "You've hit your"])
def test_the_words_of_a_limit_are_known_with_either_apostrophe_and_name_it(words: str) -> None:
    found = report([result_line(is_error=True, result=f"{words} limit · resets Nov 25, 9am (UTC)")], "", 1)
    name = {"5-hour": "five-hour", "weekly": "weekly"}.get(words.split()[-1], "usage")
    assert (found.ended, found.limit) == (Ended.RATE_LIMITED, f"{name} limit")


def test_a_used_up_window_that_was_paid_for_is_no_limit_when_the_run_fails_otherwise() -> None:
    event = {
        "type": "rate_limit_event",
        "rate_limit_info": {"status": "rejected", "resetsAt": 5, "isUsingOverage": True},
    }
    line = json.dumps(event).encode() + b"\n"
    told = report([line, result_line(is_error=True, result="API Error: 500")], "", 1)
    assert (told.ended, told.until) == (Ended.FAILURE, None)
    assert report([line, result_line()], "", 0).ended is Ended.SUCCESS


def test_the_words_of_a_limit_in_a_successful_answer_are_only_words() -> None:
    assert report([result_line(result="You've hit your limit · resets 1pm (UTC)")], "", 0).ended is Ended.SUCCESS


def test_a_session_that_is_gone_reports_no_usage_so_that_totals_do_not_run_backwards() -> None:
    assert reported("unknown-session", 1).usage is None


def test_lines_that_are_cut_off_or_no_json_are_skipped() -> None:
    good = recorded("wrote-a-file")
    noise = [
        b"warning: something\n",
        b"{\n",
        b"\xff\xfe\n",
        good[0][:100],
        b"[" * 100_000 + b"\n",
        b'{"a":' * 100_000,
        b"\n",
    ]
    mixed = [line for pair in zip(noise, good, strict=False) for line in pair] + good
    assert report(mixed, "", 0).ended is Ended.SUCCESS


def test_a_result_with_half_a_character_still_counts() -> None:
    line = result_line(result="XX").replace(b"XX", "caf\N{LATIN SMALL LETTER E WITH ACUTE}".encode()[:-1])
    assert report([line], "", 0).text == "caf\N{REPLACEMENT CHARACTER}"
    surrogate = result_line(result="XX").replace(b"XX", b"\\ud83d")
    assert report([surrogate], "", 0).text.encode("utf-8") == b"?"


def test_values_of_another_type_than_expected_do_not_matter() -> None:
    lines = [
        b'{"type":"assistant","message":7,"session_id":4,"timestamp":"never"}\n',
        b'{"type":"assistant","message":{"content":[7,{"type":"text","text":null}]}}\n',
        b'{"type":"rate_limit_event","rate_limit_info":[]}\n',
        b'{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":"soon"}}\n',
        b'{"type":"system","subtype":"api_retry","error_status":[]}\n',
        b'{"type":["result"]}\n',
    ]
    told = report(
        [*lines, result_line(result=3, usage={"input_tokens": "x"}, num_turns="y", total_cost_usd=True)], "", 0
    )
    assert (told.ended, told.text) == (Ended.SUCCESS, "")
    assert report([*lines, result_line(is_error=True, errors=7, result=None)], "", 1).ended is Ended.RATE_LIMITED


_keys = st.sampled_from(
    [
        "type",
        "subtype",
        "is_error",
        "result",
        "usage",
        "errors",
        "error",
        "error_status",
        "message",
        "content",
        "session_id",
        "timestamp",
        "rate_limit_info",
        "status",
        "resetsAt",
        "num_turns",
        "total_cost_usd",
        "api_error_status",
        "terminal_reason",
    ]
)
_words = st.sampled_from(
    ["result", "assistant", "rate_limit_event", "system", "success", "rejected", "api_retry", "resets 3pm (UTC)"]
)
_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | _words
_values = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=6), max_leaves=15
)
_events = st.dictionaries(_keys, _values, max_size=8).map(lambda event: json.dumps(event).encode() + b"\n")


def test_an_error_is_one_line_of_bearable_length() -> None:
    told = report([result_line(is_error=True, result="\n\nAPI Error: " + "x" * 100_000 + "\nmore")], "", 1)
    assert told.error.startswith("claude: API Error: xxx")
    assert len(told.error) < 600
    retry = {"type": "system", "subtype": "api_retry", "error": "over\nloaded", "error_status": 529}
    assert report([json.dumps(retry).encode()], "", None).error.endswith("had failed: over")


@given(st.lists(st.binary(max_size=200) | _events, max_size=8), st.text(max_size=30), st.none() | st.integers(-64, 255))
def test_no_output_whatever_makes_it_raise_and_nothing_but_a_result_is_success(
    lines: list[bytes], stderr: str, exit_code: int | None
) -> None:
    told = report(iter(lines), stderr, exit_code)
    assert "\n" not in told.error
    if told.ended is Ended.SUCCESS:
        assert exit_code in (0, None)
        assert any(b'"result"' in line for line in lines)
