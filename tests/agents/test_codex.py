"""What Codex's output means, told by recorded streams of the real program."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents.base import Ended, Told, heard
from orchestrator.agents.registry import AGENTS
from orchestrator.core.outcome import Usage
from orchestrator.core.prices import price_of, priced
from tests.agents.streams import names, odd_lines, recorded, reported

SESSION = "01a2050b-8162-7ff0-8121-19221c72de0c"


# name of the stream, exit code, what it means, words of the error
SITUATIONS = [
    ("wrote-a-file", 0, Ended.SUCCESS, ""),
    ("committed", 0, Ended.SUCCESS, ""),
    ("resumed", 0, Ended.SUCCESS, ""),
    ("failed-command", 0, Ended.SUCCESS, ""),
    ("cannot-commit", 0, Ended.SUCCESS, ""),
    ("reasoning", 0, Ended.SUCCESS, ""),
    ("schema", 0, Ended.SUCCESS, ""),
    ("unknown-model", 0, Ended.SUCCESS, ""),
    ("patch-refused", 0, Ended.SUCCESS, ""),
    ("e400", 1, Ended.FAILURE, "codex: invalid_request_error: scripted bad request"),
    ("e401", 1, Ended.NEEDS_LOGIN, "unexpected status 401 Unauthorized"),
    ("e401-after-retries", 1, Ended.NEEDS_LOGIN, "log in with `codex login`"),
    ("no-key", 1, Ended.NEEDS_LOGIN, "`SCRIPTED_KEY`.; name it in `env` or `passEnv`"),
    ("e403-after-retries", 1, Ended.PERMISSION_REFUSED, "403 Forbidden: Your account does not have access"),
    ("e404", 1, Ended.FAILURE, "does not exist or you do not have access to it.; correct `model`"),
    ("e429", 1, Ended.RATE_LIMITED, "last status: 429 Too Many Requests"),
    ("e429-after-retries", 1, Ended.RATE_LIMITED, "last status: 429 Too Many Requests"),
    ("usage-limit", 1, Ended.RATE_LIMITED, "hit your usage limit"),
    ("usage-limit-days", 1, Ended.RATE_LIMITED, "try again at Nov 25th, 2026"),
    ("usage-limit-no-time", 1, Ended.RATE_LIMITED, "try again later"),
    ("usage-limit-after-work", 1, Ended.RATE_LIMITED, "hit your usage limit"),
    ("quota", 1, Ended.RATE_LIMITED, "Quota exceeded. Check your plan and billing details.; add credit"),
    ("e500", 1, Ended.OVERLOADED, "high demand"),
    ("e503", 1, Ended.OVERLOADED, "503 Service Unavailable"),
    ("cut-stream", 1, Ended.FAILURE, "stream disconnected before completion"),
    ("refused-connection", 1, Ended.FAILURE, "Connection failed: error sending request"),
    ("prompt-too-long", 1, Ended.CONTEXT_TOO_LONG, "ran out of room"),
    ("sigint-during-tool", 1, Ended.INTERRUPTED, "ended without a result (exit code 1)"),
    ("sigterm-during-tool", 143, Ended.INTERRUPTED, "ended without a result (exit code 143)"),
    ("killed-while-hanging", None, Ended.INTERRUPTED, "ended without a result"),
    ("killed-while-retrying", -9, Ended.INTERRUPTED, "repeated a request that had failed: Reconnecting... 1/5"),
]


@pytest.mark.parametrize(("name", "exit_code", "ended", "words"), SITUATIONS, ids=[row[0] for row in SITUATIONS])
def test_every_recorded_situation_has_its_meaning(name: str, exit_code: int | None, ended: Ended, words: str) -> None:
    found = reported("codex", name, exit_code, "ERROR codex_core::session: failed to record rollout items\n")
    assert (found.ended, words in found.error) == (ended, True), found.error
    assert "\n" not in found.error
    assert bool(found.error) == (ended is not Ended.SUCCESS)


def test_every_recorded_stream_is_used() -> None:
    assert names("codex") == {row[0] for row in SITUATIONS}


@pytest.mark.parametrize(
    ("stderr", "exit_code", "ended", "words"),
    [
        (
            f"Error: thread/resume: thread/resume failed: no rollout found for thread id {SESSION} (code -32600)\n\n"
            "Stack backtrace:\n   0: <unknown>\n",
            1,
            Ended.SESSION_GONE,
            "no rollout found for thread id",
        ),
        (
            "error: unexpected argument '--nope' found\n\n  tip: …\n\nFor more information, try '--help'.\n",
            2,
            Ended.FAILURE,
            "unexpected argument '--nope' found; correct defaultArgs",
        ),
        ("Error: something new\n\nStack backtrace:\n   0: <unknown>\n", 1, Ended.FAILURE, "Error: something new"),
        ("", 127, Ended.FAILURE, "exited with code 127 and said nothing"),
        ("", 0, Ended.INTERRUPTED, "ended without a result"),
        ("", None, Ended.INTERRUPTED, "ended without a result"),
    ],
)
def test_before_a_turn_begins_the_error_output_speaks(stderr: str, exit_code: int, ended: Ended, words: str) -> None:
    found = heard(AGENTS["codex"], ()).report(stderr, exit_code)
    assert (found.ended, words in found.error) == (ended, True), found.error


def test_a_session_that_is_gone_reports_no_usage() -> None:
    assert heard(AGENTS["codex"], ()).report("no rollout found for thread id x", 1).usage is None


def test_a_refused_patch_is_told_on_stderr_alone_and_it_could_do_nothing() -> None:
    stderr = "ERROR codex_core::tools::router: error=patch rejected: writing is blocked by read-only sandbox\n"
    found = reported("codex", "patch-refused", 0, stderr)
    assert (found.ended, found.denied) == (Ended.PERMISSION_REFUSED, ("apply_patch",))
    assert reported("codex", "committed", 0, stderr).ended is Ended.SUCCESS


def test_the_final_text_and_the_session_are_told() -> None:
    found = reported("codex", "committed", 0)
    assert found.text == "Done."
    assert found.session == heard(AGENTS["codex"], recorded("codex", "committed")).session
    assert found.session is not None and found.session.startswith("01a2")


def test_cached_tokens_are_not_counted_twice_and_those_of_a_resumed_session_are_a_total() -> None:
    first, second = reported("codex", "committed", 0).usage, reported("codex", "resumed", 0).usage
    assert first == Usage(input_tokens=3600, cached_tokens=900, output_tokens=75, turns=1)
    assert second == Usage(input_tokens=4800, cached_tokens=1200, output_tokens=100, turns=1)
    assert AGENTS["codex"].cumulative == {"input_tokens", "cached_tokens", "output_tokens"}


@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_the_words_of_a_limit_are_known_with_either_apostrophe(apostrophe: str) -> None:
    failed = {"type": "turn.failed", "error": {"message": f"You{apostrophe}ve hit your usage limit. Try again later."}}
    assert heard(AGENTS["codex"], [json.dumps(failed).encode()]).report("", 1).ended is Ended.RATE_LIMITED


def test_words_say_when_a_limit_ends_if_nothing_surer_does() -> None:
    listener = heard(AGENTS["codex"], recorded("codex", "usage-limit-days"))
    found = listener.report("", 1, at=1795381000.0)
    assert (found.told, found.limit) == (Told.TEXT, "usage limit")
    assert found.until is not None and 1795381000 < found.until < 1795381000 + 4 * 86400
    assert reported("codex", "usage-limit-no-time", 1).until is None


def lines(*events: dict[str, Any]) -> list[bytes]:
    return [json.dumps(event).encode() + b"\n" for event in events]


STARTED, COMPLETED = {"type": "turn.started"}, {"type": "turn.completed", "usage": {}}
RECONNECTING = {"type": "error", "message": "Reconnecting... 2/5 (unexpected status 401 Unauthorized)"}
WARNING = {"type": "item.completed", "item": {"type": "error", "message": "You've hit your usage limit of warnings"}}


def test_errors_that_something_follows_are_none() -> None:
    said = {"type": "item.completed", "item": {"type": "agent_message", "text": "done"}}
    broken = {"type": "error", "message": "stream error"}
    for events in ((RECONNECTING, said), (WARNING, said), (broken, said), (said, WARNING), (said, RECONNECTING)):
        assert heard(AGENTS["codex"], lines(STARTED, *events, COMPLETED)).report("", 0).ended is Ended.SUCCESS
    assert heard(AGENTS["codex"], lines(STARTED, broken)).report("", 1).ended is Ended.FAILURE


def test_a_turn_that_began_after_one_that_was_completed_must_be_completed_too() -> None:
    assert heard(AGENTS["codex"], lines(STARTED, COMPLETED, STARTED)).report("", 0).ended is Ended.INTERRUPTED
    assert heard(AGENTS["codex"], lines(STARTED, COMPLETED)).report("", 137).ended is Ended.INTERRUPTED
    assert heard(AGENTS["codex"], lines(STARTED, COMPLETED)).report("", 3).ended is Ended.FAILURE


def test_tokens_are_priced_by_the_model_as_its_maker_lists_it() -> None:
    usage = Usage(input_tokens=1_000_000, cached_tokens=1_000_000, output_tokens=1_000_000)
    for model, cost in (("gpt-5.5", 35.5), ("gpt-5-codex", 11.375), ("gpt-5.4-mini", 5.325), ("gpt-6-sol", 12.2)):
        assert priced(usage, price_of(model, (AGENTS["codex"].prices,))).cost_usd == pytest.approx(cost), model
    assert price_of("o9", (AGENTS["codex"].prices,)) is None


KEYS = (
    "type", "thread_id", "item", "message", "error", "usage", "text", "status", "command", "exit_code", "changes",
    "path", "kind", "aggregated_output", "input_tokens", "cached_input_tokens", "output_tokens", "arguments", "result",
    "content", "items", "server", "tool", "query",
)  # fmt: skip
WORDS = (
    "thread.started", "turn.started", "turn.completed", "turn.failed", "item.started", "item.updated", "error",
    "item.completed", "agent_message", "command_execution", "file_change", "mcp_tool_call", "todo_list", "web_search",
    "declined", "completed", "failed", "reasoning",
)  # fmt: skip


@given(odd_lines(KEYS, WORDS), st.text(max_size=30), st.none() | st.integers(-64, 255))
def test_no_output_whatever_makes_it_raise(output: list[bytes], stderr: str, exit_code: int | None) -> None:
    listener = heard(AGENTS["codex"], output)
    listener.usage()
    found = listener.report(stderr, exit_code, 1795381000.0)
    assert "\n" not in found.error
    for line in output:
        for said in AGENTS["codex"].said(line):
            assert said.text
