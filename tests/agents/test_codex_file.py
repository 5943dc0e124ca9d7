"""What the file that Codex keeps of a session tells, by recorded ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from orchestrator.agents.base import Written
from orchestrator.agents.codex_file import session_files, told_in
from orchestrator.core.outcome import Usage
from orchestrator.core.times import epoch
from tests.agents.streams import odd_lines

SESSIONS = Path(__file__).parent.parent / "resources" / "sessions" / "codex"
SESSION = "01a2050b-8162-7ff0-8121-19221c72de0c"
AT = "2026-11-22T20:56:04.212Z"


def recorded(name: str) -> Written:
    with (SESSIONS / f"{name}.jsonl").open("rb") as lines:
        return told_in(lines)


def limits(primary: Any, secondary: Any = None) -> Written:
    told = {"type": "token_count", "info": None, "rate_limits": {"primary": primary, "secondary": secondary}}
    return told_in([json.dumps({"timestamp": AT, "type": "event_msg", "payload": told}).encode()])


def test_a_recorded_limit_ends_when_the_window_that_is_used_up_does() -> None:
    assert recorded("usage-limit") == Written(until=1795388164, limit="five-hour limit", model="gpt-5.5")
    assert recorded("usage-limit-days").until == 1795640164


@pytest.mark.parametrize("name", ["usage-limit-no-time", "usage-limit-after-work", "resumed", "prompt-too-long"])
def test_where_the_server_told_no_window_that_is_used_up_no_end_is_told(name: str) -> None:
    assert (recorded(name).until, recorded(name).limit) == (None, "")


def test_tokens_of_a_turn_that_failed_are_there_and_a_counter_that_was_reset_says_nothing() -> None:
    assert recorded("usage-limit-after-work").usage == Usage(input_tokens=1200, cached_tokens=300, output_tokens=25)
    assert recorded("resumed").usage == Usage(input_tokens=4800, cached_tokens=1200, output_tokens=100)
    zeros = {"input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0, "total_tokens": 258400}
    told = {"type": "token_count", "info": {"total_token_usage": zeros}}
    assert told_in([json.dumps({"type": "event_msg", "payload": told}).encode()]).usage is None


def test_of_two_windows_that_are_used_up_the_later_end_counts_and_others_do_not() -> None:
    five_hours = {"used_percent": 100.0, "window_minutes": 300, "resets_at": 1795390000}
    week = {"used_percent": 100, "window_minutes": 10080, "resets_at": 1795990000}
    assert limits(five_hours, week) == Written(until=1795990000, limit="weekly limit")
    assert limits(five_hours, week | {"used_percent": 99.9}) == Written(until=1795390000, limit="five-hour limit")
    assert limits(five_hours | {"used_percent": 93}).until is None
    assert limits(five_hours | {"resets_at": 1795380000}).until is None  # over already


def test_seconds_count_from_the_event_and_an_odd_window_has_no_name() -> None:
    told = limits({"used_percent": 100, "window_minutes": 77, "resets_in_seconds": 60})
    assert (told.until, told.limit) == (epoch(AT) + 60, "usage limit")


def test_the_file_is_found_by_the_session_where_codex_keeps_it() -> None:
    name = f"sessions/*/*/*/rollout-*-{SESSION}.jsonl"
    assert session_files({}, SESSION) == (f"~/.codex/{name}",)
    assert session_files({"CODEX_HOME": "/c"}, SESSION) == (f"/c/{name}",)


@pytest.mark.parametrize("session", [None, "", "*", "../../etc/passwd", "a" * 100, "01a2\n"])
def test_a_session_that_is_no_id_leads_to_no_file(session: str | None) -> None:
    assert session_files({}, session) == ()


KEYS = (
    "type", "payload", "timestamp", "info", "total_token_usage", "rate_limits", "primary", "secondary", "used_percent",
    "resets_at", "resets_in_seconds", "window_minutes", "input_tokens", "cached_input_tokens", "output_tokens", "model",
)  # fmt: skip


@given(odd_lines(KEYS, ("token_count", "turn_context", "event_msg", AT)))
def test_no_file_whatever_makes_it_raise(lines: list[bytes]) -> None:
    told_in(lines)
