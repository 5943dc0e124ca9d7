"""OpenAI's Chat Completions API, as opencode asks it for any provider that speaks it, and pi."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from e2e.servers.script import Asked, Message, Refuse, Say, Trouble, Turn, UsageLimit, merged
from e2e.servers.tools import call, declared

CUT = 1
_ids = itertools.count(1)
_USAGE = {
    "prompt_tokens": 1500,
    "completion_tokens": 25,
    "total_tokens": 1525,
    "prompt_tokens_details": {"cached_tokens": 300},
}


def speaks(path: str) -> bool:
    return path.endswith("/v1/chat/completions")


def asked(path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Asked | dict[str, Any]:
    return Asked(
        turns=merged([turn for message in body.get("messages", []) for turn in _turns(message)]),
        tools=dict(
            declared(tool["function"]["name"], tool["function"].get("parameters")) for tool in body.get("tools", [])
        ),
        model=str(body.get("model")),
        stream=bool(body.get("stream")),
        session=headers.get("x-session-affinity", "") or headers.get("x-session-id", ""),
        headers=headers,
        body=body,
    )


def _turns(message: Mapping[str, Any]) -> Iterator[Turn]:
    text = _text(message.get("content") or "")
    match message["role"]:
        case "assistant":
            yield Turn("model", text)
        case "tool":
            yield Turn("tool", text)
        case "user":
            yield Turn("user", text)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content)


def refusal(trouble: Trouble | UsageLimit, asked: Asked) -> Refuse:
    match trouble:
        case UsageLimit(resets_at):
            seconds = max(1, resets_at - int(time.time()))
            said = f"Usage limit reached for 5 hour. Please try again in {seconds}s."
            return _refuse(429, "usage_limit_reached", said, "usage_limit_reached", {"retry-after": str(seconds)})
        case Trouble.RATE_LIMITED:
            said = "Rate limit reached for scripted-1 in organization org-scripted on requests per min (RPM): Limit 3."
            return _refuse(429, "requests", said, "rate_limit_exceeded")
        case Trouble.UNAUTHORIZED:
            return _refuse(401, "invalid_request_error", "Incorrect API key provided: scripted.", "invalid_api_key")
        case Trouble.OVERLOADED:
            return _refuse(503, "server_error", "The engine is currently overloaded, please try again later", None)
        case Trouble.TOO_LONG:
            said = (
                "This model's maximum context length is 200000 tokens. However, your messages resulted in 250000 "
                "tokens. Please reduce the length of the messages."
            )
            return _refuse(400, "invalid_request_error", said, "context_length_exceeded")


# opencode repeats a request five times, by default within two minutes; what it is told here it does at once
_AT_ONCE = {"retry-after-ms": "20"}


def _refuse(status: int, kind: str, message: str, code: str | None, headers: Mapping[str, str] | None = None) -> Refuse:
    error = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Refuse(status, error, _AT_ONCE | dict(headers or {}))


def whole(message: Message, asked: Asked) -> dict[str, Any]:
    choice = {"index": 0, "message": _message(message, asked), "finish_reason": _finish(message)}
    return _envelope("chat.completion", asked) | {"choices": [choice], "usage": _USAGE}


def _envelope(kind: str, asked: Asked) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{next(_ids):020}",
        "object": kind,
        "created": int(time.time()),
        "model": asked.model,
    }


def _message(message: Message, asked: Asked) -> dict[str, Any]:
    if isinstance(message, Say):
        return {"role": "assistant", "content": message.text}
    tool, given = call(message, asked)
    function = {"name": tool, "arguments": json.dumps(given)}
    called = {"index": 0, "id": f"call_{next(_ids):020}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [called]}


def _finish(message: Message) -> str:
    return "stop" if isinstance(message, Say) else "tool_calls"


def events(message: Message, asked: Asked) -> Iterator[dict[str, Any] | str]:
    """The same message in parts."""
    part = _envelope("chat.completion.chunk", asked)
    for delta, finish in ((_message(message, asked), None), ({}, _finish(message))):
        yield part | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    yield part | {"choices": [], "usage": _USAGE}
    yield "[DONE]"
