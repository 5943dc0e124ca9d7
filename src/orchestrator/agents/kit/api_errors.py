"""What the APIs of models say when they refuse, as agent CLIs hand it on: a status, JSON with a kind and a message."""

from __future__ import annotations

import json

from orchestrator.agents.base import Ended
from orchestrator.agents.kit import jsonl
from orchestrator.agents.kit.listening import Sign, credit_used_up, sign

_KINDS = ("code", "type", "status")


def plain(text: str) -> str:
    """`429 {"error":{"type":"rate_limit_error","message":"…"}}` as `429 rate_limit_error: …`; else as it is, without
    the `[API Error: …]` around it, and the advice after that."""
    text = _unwrapped(text)
    before, brace, _ = text.partition("{")
    try:
        value, _end = json.JSONDecoder().raw_decode(text, len(before)) if brace else (None, 0)
    except (ValueError, RecursionError):
        return text
    if not isinstance(value, dict):
        return text
    error = jsonl.mapping(value, "error") or value
    message = jsonl.text(error, "message")
    if not message:
        return text
    kinds = (jsonl.text(error, key) for key in _KINDS)
    reasons = (jsonl.text(one, "reason") for one in jsonl.sequence(error, "details") if isinstance(one, dict))
    kind = next((kind for kind in (*reasons, *kinds) if kind and not kind.isdecimal()), "")
    words = [_status(before, jsonl.number(error, "code")), kind]
    return ": ".join(filter(None, [" ".join(filter(None, words)), message]))


def _unwrapped(text: str) -> str:
    inside = text.removeprefix("[API Error: ")
    if inside == text:
        return text
    return inside if "{" in inside else inside.partition("]\n")[0].rstrip("]")


def _status(before: str, code: float | None) -> str:
    number = next((word for word in before.replace(":", " ").split() if word.isdecimal() and len(word) == 3), "")
    return number or (f"{code:.0f}" if code is not None else "")


def signs(log_in: str) -> tuple[Sign, ...]:
    """What their words mean, of whichever vendor. `log_in` says how to log in to this CLI."""
    return (
        sign(
            r"prompt (is )?too long|context.?(length|window)|maximum context|token count.{0,30}exceeds"
            r"|maximum prompt length|input is too long|request_too_large",
            Ended.CONTEXT_TOO_LONG,
        ),
        credit_used_up(
            r"insufficient_quota|credit balance|insufficient.{0,20}(credit|balance|funds)|billing_error|^402\b"
            r"|payment required|out of credits?\b"
        ),
        sign(r"^429\b|rate.?limit|usage.?limit|quota|too many requests|resource.?exhausted", Ended.RATE_LIMITED),
        sign(
            r"^(529|503)\b|overloaded|unavailable|(at|over) capacity|capacity.?exhausted|high demand", Ended.OVERLOADED
        ),
        sign(
            r"^401\b|unauthenticated|authentication.?error|invalid.{0,12}api.?key|api key not valid|no api key"
            r"|not logged in|please log ?in",
            Ended.NEEDS_LOGIN,
            log_in,
        ),
        sign(r"^403\b|permission.?(error|denied)", Ended.PERMISSION_REFUSED),
        sign(
            r"^404\b|model.{0,80}not (found|exist)|not found for api version",
            Ended.FAILURE,
            "correct `model` of this agent",
        ),
    )
