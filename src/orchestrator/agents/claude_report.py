"""What the output of `claude -p --output-format stream-json` says. The law is told in `claude`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from orchestrator.agents.base import CREDIT, Ended, Report, Told
from orchestrator.agents.claude_heard import Heard, final_text, hear, so_far, usage
from orchestrator.agents.kit import jsonl
from orchestrator.agents.kit.phrases import first_line, last_line
from orchestrator.agents.kit.resets import reset_time
from orchestrator.core.outcome import Usage

_NOT_LOGGED_IN = ("not logged in", "please run /login", "invalid api key")
_NO_CREDIT = re.compile(r"credit balance|out of (extra usage|credits?)\b", re.IGNORECASE)
_PAY = "add credit to the account"
_STATUS = re.compile(r"API Error[: (]+(\d{3})\b|Request rejected \((\d{3})\)")
"""Older versions tell it in words alone."""
_LIMIT_NAMED = re.compile(r"\b(5-hour|weekly) (?:usage )?limit\b", re.IGNORECASE)
_LIMIT_REACHED = re.compile(r"you['’]ve hit your .*limit|usage limit reached", re.IGNORECASE)
_HINTS = (
    ("maximum number of turns", "raise maxTurns of the phase, or retry"),
    ("maximum budget", "raise maxCostUsd of the phase"),
    ("root/sudo privileges", 'run as another user or, in a sandbox, set IS_SANDBOX: "1" in the env of this agent'),
    ("issue with the selected model", "correct `model` of this agent"),
    ("unknown option", "correct defaultArgs of this agent, or update claude"),
)
_LOG_IN = "log in with `claude`, or give ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN in the env of this agent"


class Listener:
    def __init__(self) -> None:
        self._heard = Heard(limit={}, tokens={}, messages={})

    @property
    def session(self) -> str | None:
        return self._heard.session

    @property
    def model(self) -> str | None:
        return self._heard.model

    def hear(self, line: bytes) -> None:
        for event in jsonl.objects((line,)):
            hear(self._heard, event)

    def usage(self) -> Usage | None:
        return usage(self._heard) or so_far(self._heard)

    def report(self, stderr_tail: str, exit_code: int | None, at: float | None = None) -> Report:
        heard = self._heard
        heard.clock = heard.clock or at or 0.0
        ended, error, until = _judge(heard, stderr_tail, exit_code)
        limited = ended is Ended.RATE_LIMITED
        by_field = until is not None and until == jsonl.number(heard.limit, "resetsAt")
        return Report(
            ended=ended,
            text=final_text(heard),
            error=error,
            session=heard.session,
            until=until,
            limit=_limit_name(heard, error) if limited else "",
            told=None if until is None else Told.STRUCTURED if by_field else Told.TEXT,
            usage=None if ended is Ended.SESSION_GONE else self.usage(),
            model=heard.model,
            structured=heard.result.get("structured_output") if heard.result else None,
            denied=_denied(heard.result or {}),
        )


def report(lines: Iterable[bytes], stderr_tail: str, exit_code: int | None) -> Report:
    listener = Listener()
    for line in lines:
        listener.hear(line)
    return listener.report(stderr_tail, exit_code)


_LIMITS = {
    "five_hour": "five-hour limit",
    "seven_day": "weekly limit",
    "seven_day_opus": "weekly limit of Opus",
    "seven_day_sonnet": "weekly limit of Sonnet",
    "overage": "limit of extra usage",
}


def _limit_name(heard: Heard, error: str) -> str:
    if error.endswith(_PAY):
        return CREDIT
    kind = jsonl.text(heard.limit, "rateLimitType") if heard.limit.get("status") == "rejected" else ""
    return _LIMITS.get(kind, kind.replace("_", " ")) or _limit_in(error)


def _limit_in(message: str) -> str:
    """`You've hit your 5-hour limit` is all that some formats tell of it."""
    found = _LIMIT_NAMED.search(message)
    name = found[1].lower() if found is not None else ""
    return {"5-hour": _LIMITS["five_hour"], "weekly": _LIMITS["seven_day"]}.get(name, "usage limit")


def _denied(result: dict[str, Any]) -> tuple[str, ...]:
    refused = jsonl.sequence(result, "permission_denials")
    return tuple(dict.fromkeys(jsonl.text(one, "tool_name") for one in refused if isinstance(one, dict)))


_Verdict = tuple[Ended, str, float | None]


def _judge(heard: Heard, stderr_tail: str, exit_code: int | None) -> _Verdict:
    result = heard.result
    if result is None:
        return (*_without_result(heard, stderr_tail, exit_code), None)
    if result.get("subtype") == "success" and result.get("is_error", False) is False:
        return (*_after_success(heard, exit_code), None)
    message = _message(result)
    if _no_credit(result, message):
        return Ended.RATE_LIMITED, f"claude: {message}; {_PAY}", _until(heard, message)
    if _limit_reached(result, message, heard):
        return Ended.RATE_LIMITED, f"claude: {message}", _until(heard, message)
    return (*_failed(result, message), None)


def _message(result: dict[str, Any]) -> str:
    """The first line of what went wrong."""
    errors = [error for error in jsonl.sequence(result, "errors") if isinstance(error, str)]
    said = jsonl.text(result, "result") or "\n".join(errors) or jsonl.text(result, "subtype")
    return first_line(said) or "it failed without saying why"


def _no_credit(result: dict[str, Any], message: str) -> bool:
    used_up = _status(result, message) == 402 or jsonl.text(result, "api_error_type") == "billing_error"
    return used_up or (result.get("is_error") is True and _NO_CREDIT.search(message) is not None)


def _status(result: dict[str, Any], message: str) -> float | None:
    """Of the API's answer."""
    told = jsonl.number(result, "api_error_status")
    found = _STATUS.search(message) if told is None and result.get("is_error") is True else None
    return told if found is None else float(found[1] or found[2])


def _limit_reached(result: dict[str, Any], message: str, heard: Heard) -> bool:
    """`allowed_warning` is none, and neither is a used-up window whose work goes on at extra cost."""
    info = heard.limit
    rejected = info.get("status") == "rejected" and info.get("isUsingOverage") is not True
    return (
        (rejected and result.get("subtype") == "success")
        or _status(result, message) == 429
        or result.get("api_error") == "usage_limit_reached"
        or _LIMIT_REACHED.search(message) is not None
    )


def _until(heard: Heard, message: str) -> float | None:
    told = jsonl.number(heard.limit, "resetsAt") if heard.limit.get("status") == "rejected" else None
    if told is not None:
        return float(told)
    return reset_time(message, heard.clock) if heard.clock else None


def _failed(result: dict[str, Any], message: str) -> tuple[Ended, str]:
    if of_session := _about_session(message):
        return of_session
    if _status(result, message) == 401 or any(words in message.lower() for words in _NOT_LOGGED_IN):
        return Ended.NEEDS_LOGIN, f"claude: {message}; {_LOG_IN}"
    if jsonl.text(result, "terminal_reason").startswith("aborted"):
        return Ended.INTERRUPTED, "claude was interrupted"
    return _kind_of(result, message), f"claude: {_hinted(message)}"


def _kind_of(result: dict[str, Any], message: str) -> Ended:
    status, why = _status(result, message), jsonl.text(result, "terminal_reason")
    if why == "prompt_too_long" or "prompt is too long" in message.lower():
        return Ended.CONTEXT_TOO_LONG
    if why == "budget_exhausted" or result.get("subtype") == "error_max_budget_usd":
        return Ended.BUDGET_REACHED
    if status in (503, 529) or jsonl.text(result, "api_error_type") == "overloaded_error":
        return Ended.OVERLOADED
    return Ended.PERMISSION_REFUSED if status == 403 else Ended.FAILURE


def _about_session(message: str) -> tuple[Ended, str] | None:
    if "no conversation found" in message.lower():
        return Ended.SESSION_GONE, f"claude: {message}"
    if message.startswith("Error: Session ID") and "already in use" in message:
        return Ended.SESSION_EXISTS, f"claude: {message}"
    return None


def _after_success(heard: Heard, exit_code: int | None) -> tuple[Ended, str]:
    if exit_code == 0 or (exit_code is None and not heard.went_on):
        denied = _denied(heard.result or {})
        if denied and not heard.tools_done:
            refused = f"claude was not allowed to use any tool it tried: {', '.join(denied)}"
            return Ended.PERMISSION_REFUSED, f"{refused}; see allowedTools of the phase and defaultArgs of this agent"
        return Ended.SUCCESS, ""
    if _was_ended(exit_code):
        return Ended.INTERRUPTED, f"claude gave an answer, but was ended before it had finished{_with(exit_code)}"
    return Ended.FAILURE, f"claude gave an answer, but exited with code {exit_code}"


def _without_result(heard: Heard, stderr_tail: str, exit_code: int | None) -> tuple[Ended, str]:
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
