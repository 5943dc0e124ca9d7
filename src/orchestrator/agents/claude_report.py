"""What the output of `claude -p --output-format stream-json` says. The law is told in `claude`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from orchestrator.agents import jsonl
from orchestrator.agents.base import Ended, Report
from orchestrator.agents.phrases import first_line, last_line
from orchestrator.agents.resets import reset_time
from orchestrator.core.outcome import Usage
from orchestrator.core.times import epoch_or

_NOT_LOGGED_IN = ("not logged in", "please run /login", "invalid api key")
_LIMIT_REACHED = re.compile(r"you['’]ve hit your .*limit|usage limit reached", re.IGNORECASE)
_HINTS = (
    ("maximum number of turns", "raise maxTurns of the phase, or retry"),
    ("maximum budget", "raise maxCostUsd of the phase"),
    ("root/sudo privileges", 'run as another user or, in a sandbox, set IS_SANDBOX: "1" in the env of this agent'),
    ("issue with the selected model", "correct `model` of this agent"),
    ("unknown option", "correct defaultArgs of this agent, or update claude"),
    ("credit balance", "add credit to the account"),
)
_LOG_IN = "log in with `claude`, or give ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN in the env of this agent"


class _Heard(msgspec.Struct):
    """What the stream said, as far as it matters at its end."""

    session: str | None = None
    result: dict[str, Any] | None = None
    went_on: bool = False
    """The conversation continued after the result."""
    said: str = ""
    """The last text of the model."""
    limit: dict[str, Any] = {}
    """The last `rate_limit_info`."""
    retrying: str = ""
    """Why the last request was being repeated; empty again when there was an answer."""
    clock: float = 0.0
    """When the last dated event was written."""
    tokens: dict[str, int] = {}
    turns: int = 0


def report(lines: Iterable[bytes], stderr_tail: str, exit_code: int | None) -> Report:
    heard = _Heard(limit={}, tokens={})
    for event in jsonl.objects(lines):
        _hear(heard, event)
    ended, error, until = _judge(heard, stderr_tail, exit_code)
    return Report(
        ended=ended,
        text=_final_text(heard),
        error=error,
        session=heard.session,
        until=until,
        usage=None if ended is Ended.SESSION_GONE else _usage(heard),
    )


def _hear(heard: _Heard, event: dict[str, Any]) -> None:
    heard.session = heard.session or jsonl.text(event, "session_id") or None
    heard.clock = epoch_or(jsonl.text(event, "timestamp"), heard.clock)
    match event.get("type"):
        case "result":
            _hear_result(heard, event)
        case "assistant" | "user":
            heard.went_on = heard.result is not None
            heard.retrying = ""
            heard.said = _said(event) or heard.said
        case "rate_limit_event":
            heard.limit = jsonl.mapping(event, "rate_limit_info")
        case "system" if event.get("subtype") == "api_retry":
            status = event.get("error_status")
            heard.retrying = jsonl.text(event, "error") + (f" ({status})" if isinstance(status, int) else "")


def _hear_result(heard: _Heard, event: dict[str, Any]) -> None:
    heard.result, heard.went_on = event, False
    heard.turns += int(jsonl.number(event, "num_turns") or 0)
    for key, count in jsonl.mapping(event, "usage").items():
        if type(count) is int:
            heard.tokens[key] = heard.tokens.get(key, 0) + count


def _said(event: dict[str, Any]) -> str:
    """The model's text in one of its own messages, not a subagent's."""
    if event.get("type") != "assistant" or event.get("parent_tool_use_id") is not None:
        return ""
    blocks = jsonl.sequence(jsonl.mapping(event, "message"), "content")
    texts = (jsonl.text(block, "text") for block in blocks if isinstance(block, dict) and block.get("type") == "text")
    return "\n".join(filter(None, texts))


def _final_text(heard: _Heard) -> str:
    """The result's own text; where it has none (turn limit, interrupted) the last thing the model said."""
    return (jsonl.text(heard.result, "result") if heard.result else "") or heard.said


def _usage(heard: _Heard) -> Usage | None:
    if heard.result is None:
        return None
    tokens = heard.tokens
    return Usage(
        input_tokens=tokens.get("input_tokens", 0) + tokens.get("cache_creation_input_tokens", 0),
        cached_tokens=tokens.get("cache_read_input_tokens", 0),
        output_tokens=tokens.get("output_tokens", 0),
        cost_usd=jsonl.number(heard.result, "total_cost_usd"),
        turns=heard.turns,
    )


_Verdict = tuple[Ended, str, float | None]


def _judge(heard: _Heard, stderr_tail: str, exit_code: int | None) -> _Verdict:
    result = heard.result
    if result is None:
        return (*_without_result(heard, stderr_tail, exit_code), None)
    if result.get("subtype") == "success" and result.get("is_error", False) is False:
        return (*_after_success(heard, exit_code), None)
    message = _message(result)
    if _limit_reached(result, message, heard):
        return Ended.RATE_LIMITED, f"claude: {message}", _until(heard, message)
    return (*_failed(result, message), None)


def _message(result: dict[str, Any]) -> str:
    """The first line of what went wrong."""
    errors = [error for error in jsonl.sequence(result, "errors") if isinstance(error, str)]
    said = jsonl.text(result, "result") or "\n".join(errors) or jsonl.text(result, "subtype")
    return first_line(said) or "it failed without saying why"


def _limit_reached(result: dict[str, Any], message: str, heard: _Heard) -> bool:
    """`allowed_warning` is none, and neither is a used-up window whose work goes on at extra cost."""
    info = heard.limit
    rejected = info.get("status") == "rejected" and info.get("isUsingOverage") is not True
    return (
        (rejected and result.get("subtype") == "success")
        or result.get("api_error_status") == 429
        or result.get("api_error") == "usage_limit_reached"
        or _LIMIT_REACHED.search(message) is not None
    )


def _until(heard: _Heard, message: str) -> float | None:
    told = jsonl.number(heard.limit, "resetsAt") if heard.limit.get("status") == "rejected" else None
    if told is not None:
        return float(told)
    return reset_time(message, heard.clock) if heard.clock else None


def _failed(result: dict[str, Any], message: str) -> tuple[Ended, str]:
    if of_session := _about_session(message):
        return of_session
    if result.get("api_error_status") == 401 or any(words in message.lower() for words in _NOT_LOGGED_IN):
        return Ended.NEEDS_LOGIN, f"claude: {message}; {_LOG_IN}"
    if jsonl.text(result, "terminal_reason").startswith("aborted"):
        return Ended.INTERRUPTED, "claude was interrupted"
    return Ended.FAILURE, f"claude: {_hinted(message)}"


def _about_session(message: str) -> tuple[Ended, str] | None:
    if "no conversation found" in message.lower():
        return Ended.SESSION_GONE, f"claude: {message}"
    if message.startswith("Error: Session ID") and "already in use" in message:
        return Ended.SESSION_EXISTS, f"claude: {message}"
    return None


def _after_success(heard: _Heard, exit_code: int | None) -> tuple[Ended, str]:
    if exit_code == 0 or (exit_code is None and not heard.went_on):
        return Ended.SUCCESS, ""
    if _was_ended(exit_code):
        return Ended.INTERRUPTED, f"claude gave an answer, but was ended before it had finished{_with(exit_code)}"
    return Ended.FAILURE, f"claude gave an answer, but exited with code {exit_code}"


def _without_result(heard: _Heard, stderr_tail: str, exit_code: int | None) -> tuple[Ended, str]:
    last = last_line(stderr_tail)
    if of_session := _about_session(last):
        return of_session
    if any(words in last.lower() for words in _NOT_LOGGED_IN):
        return Ended.NEEDS_LOGIN, f"claude: {last}; {_LOG_IN}"
    if _was_ended(exit_code) or exit_code == 0:
        trying = f" while it repeated a request that had failed: {first_line(heard.retrying)}" if heard.retrying else ""
        return Ended.INTERRUPTED, f"claude ended without a result{_with(exit_code)}{trying}"
    return (
        Ended.FAILURE,
        f"claude: {_hinted(last)}" if last else f"claude exited with code {exit_code} and said nothing",
    )


def _was_ended(exit_code: int | None) -> bool:
    """By a signal, or together with its launcher."""
    return exit_code is None or exit_code < 0 or exit_code > 128


def _with(exit_code: int | None) -> str:
    return "" if exit_code is None else f" (exit code {exit_code})"


def _hinted(message: str) -> str:
    hint = next((hint for words, hint in _HINTS if words in message.lower()), None)
    return f"{message}; {hint}" if hint else message
