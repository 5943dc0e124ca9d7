"""What happens to a vendor's server means the same, whichever agent's program tells it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from orchestrator.agents.base import CREDIT, Ended, Report, heard
from orchestrator.agents.registry import AGENTS
from tests.agents.streams import reported

Tells = Callable[[str, int | None], Report]
REFUSED = "connect ECONNREFUSED 127.0.0.1:443"


def claude(message: str, status: int | None) -> Report:
    told = {"type": "result", "subtype": "success", "is_error": True, "result": message, "api_error_status": status}
    return _report("claude", told, 1)


def codex(message: str, status: int | None) -> Report:
    said = message if status is None else f"unexpected status {status} Reason: {message}, url: http://x/v1/responses"
    return _report("codex", {"type": "turn.failed", "error": {"message": said}}, 1)


def pi(message: str, status: int | None) -> Report:
    said = message if status is None else f"{status} {json.dumps({'error': {'message': message}})}"
    told = {"role": "assistant", "stopReason": "error", "errorMessage": said, "content": []}
    return _report("pi", {"type": "message_end", "message": told}, 0)


def opencode(message: str, status: int | None) -> Report:
    told = {"name": "APIError", "data": {"message": message} | ({"statusCode": status} if status else {})}
    return _report("opencode", {"type": "error", "sessionID": "ses_1", "error": told}, 1)


def gemini(message: str, status: int | None) -> Report:
    said = message if status is None else f"[API Error: {json.dumps({'error': {'code': status, 'message': message}})}]"
    return _report("gemini", {"type": "result", "status": "error", "error": {"message": said}}, 1)


def qwen(message: str, status: int | None) -> Report:
    said = message if status is None else f"[API Error: {status} {message}]"
    return _report("qwen", {"type": "result", "subtype": "error", "is_error": True, "error": {"message": said}}, 1)


def _report(agent: str, event: dict[str, object], exit_code: int) -> Report:
    return heard(AGENTS[agent], [json.dumps(event).encode()]).report("", exit_code)


EVERY = pytest.mark.parametrize("tells", [claude, codex, pi, opencode, gemini, qwen], ids=lambda one: one.__name__)


@EVERY
@pytest.mark.parametrize(
    ("message", "status", "ended"),
    [
        ("Too many requests.", 429, Ended.RATE_LIMITED),
        ("The server is busy.", 503, Ended.OVERLOADED),
        ("Overloaded", 529, Ended.OVERLOADED),
        ("Internal server error", 500, Ended.FAILURE),
        ("Bad gateway", 502, Ended.FAILURE),
        ("Gateway timeout", 504, Ended.FAILURE),
        (REFUSED, None, Ended.FAILURE),
        ("invalid x-api-key", 401, Ended.NEEDS_LOGIN),
        ("Your account does not have access.", 403, Ended.PERMISSION_REFUSED),
    ],
)
def test_an_answer_of_the_server_means_the_same(tells: Tells, message: str, status: int | None, ended: Ended) -> None:
    assert tells(message, status).ended is ended


@pytest.mark.parametrize(
    ("message", "ended"),
    [
        ('API Error: 529 {"type":"error","error":{"type":"overloaded_error"}}', Ended.OVERLOADED),
        ("API Error (429 Too Many Requests)", Ended.RATE_LIMITED),
        ("API Error: Request rejected (429) · slow down", Ended.RATE_LIMITED),
        ("API Error: 401 Unauthorized", Ended.NEEDS_LOGIN),
    ],
)
def test_a_status_in_words_alone_counts_too(message: str, ended: Ended) -> None:
    assert claude(message, None).ended is ended


@EVERY
@pytest.mark.parametrize("status", [402, 400])
def test_credit_that_is_used_up_is_a_limit_of_the_account_without_a_known_end(tells: Tells, status: int) -> None:
    """It is no fault of a ticket: else all of a night's would fail, one after the other."""
    message = "Payment required" if status == 402 else "Credit balance is too low"
    told = tells(message, status)
    assert (told.ended, told.limit, told.until) == (Ended.RATE_LIMITED, CREDIT, None)
    assert told.error.endswith("; add credit to the account")


@pytest.mark.parametrize("agent", ["codex", "opencode", "pi"])
def test_a_recorded_quota_that_is_used_up_is_that_limit(agent: str) -> None:
    told = reported(agent, "no-credit" if agent == "pi" else "quota", 1 if agent != "pi" else 0)
    assert (told.ended, told.limit) == (Ended.RATE_LIMITED, CREDIT)


@pytest.mark.parametrize("agent", ["codex", "opencode", "pi"])
def test_a_stream_that_was_cut_off_is_a_failure(agent: str) -> None:
    """A server that is gone says nothing of its load."""
    assert reported(agent, "cut-stream", 0 if agent == "pi" else 1).ended is Ended.FAILURE
