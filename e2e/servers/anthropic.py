"""Anthropic's Messages API, as Claude Code asks it.

A stream that is cut makes Claude Code repeat its request without streaming; `Cut` refuses that one too.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from e2e.servers.script import Asked, Message, Refuse, Say, Trouble, Turn, UsageLimit, merged
from e2e.servers.tools import call, declared

CUT = 3
_ids = itertools.count(1)
# what the program says in the person's name
_REMINDERS = re.compile(r"<system-reminder>.*?</system-reminder>|\ATool loaded\.\Z", re.DOTALL)
_USAGE = {"input_tokens": 1000, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 300}


def speaks(path: str) -> bool:
    return path.endswith(("/v1/messages", "/v1/messages/count_tokens"))


def asked(path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Asked | dict[str, Any]:
    if "/count_tokens" in path:
        return {"input_tokens": 1000}
    return Asked(
        turns=merged([turn for message in body.get("messages", []) for turn in _turns(message)]),
        tools=dict(declared(tool["name"], tool.get("input_schema")) for tool in body.get("tools", [])),
        model=str(body.get("model")),
        stream=bool(body.get("stream")),
        session=headers.get("x-claude-code-session-id", ""),
        headers=headers,
        body=body,
    )


def _turns(message: Mapping[str, Any]) -> Iterator[Turn]:
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if message["role"] == "assistant":
        yield Turn("model", _text(blocks))
        return
    for block in blocks:
        if block.get("type") == "tool_result":
            told = block.get("content", "")
            yield Turn("tool", told if isinstance(told, str) else _text(told))
    if message["role"] == "user" and (prompt := _REMINDERS.sub("", _text(blocks)).strip()):
        yield Turn("user", prompt)


def _text(blocks: list[dict[str, Any]]) -> str:
    return "\n".join(block["text"] for block in blocks if block.get("type") == "text")


def refusal(trouble: Trouble | UsageLimit, asked: Asked) -> Refuse:
    match trouble:
        case UsageLimit(resets_at):
            return _refuse(429, "rate_limit_error", "This request would exceed your account's rate limit.", resets_at)
        case Trouble.RATE_LIMITED:
            said = "This request would exceed your organization's rate limit of 50 requests per minute."
            return _refuse(429, "rate_limit_error", said)
        case Trouble.UNAUTHORIZED:
            return _refuse(401, "authentication_error", "invalid x-api-key")
        case Trouble.OVERLOADED:
            return _refuse(529, "overloaded_error", "Overloaded")
        case Trouble.TOO_LONG:
            return _refuse(400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum")


def _refuse(status: int, kind: str, message: str, resets_at: int | None = None) -> Refuse:
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_scripted"}
    return Refuse(status, body, {} if resets_at is None else _used_up(resets_at))


def _used_up(resets_at: int) -> dict[str, str]:
    """What an account with a subscription is told when its five hours are used up."""
    unified = {
        "status": "rejected",
        "reset": str(resets_at),
        "representative-claim": "five_hour",
        "overage-status": "rejected",
        "5h-status": "rejected",
        "5h-reset": str(resets_at),
        "5h-utilization": "1.0",
    }
    return {f"anthropic-ratelimit-unified-{name}": value for name, value in unified.items()}


def whole(message: Message, asked: Asked) -> dict[str, Any]:
    return {
        "id": f"msg_{next(_ids):020}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": [_block(message, asked)],
        "stop_reason": "end_turn" if isinstance(message, Say) else "tool_use",
        "stop_sequence": None,
        "usage": _USAGE | {"output_tokens": 25},
    }


def _block(message: Message, asked: Asked) -> dict[str, Any]:
    if isinstance(message, Say):
        return {"type": "text", "text": message.text}
    tool, given = call(message, asked)
    return {"type": "tool_use", "id": f"toolu_{next(_ids):020}", "name": tool, "input": given}


def events(message: Message, asked: Asked) -> Iterator[dict[str, Any]]:
    """The same message in parts."""
    told = whole(message, asked)
    empty = told | {"content": [], "stop_reason": None, "usage": _USAGE | {"output_tokens": 1}}
    yield {"type": "message_start", "message": empty}
    for index, block in enumerate(told["content"]):
        hollow, delta = _block_parts(block)
        yield {"type": "content_block_start", "index": index, "content_block": hollow}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stop = {"stop_reason": told["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 25}}
    yield {"type": "message_stop"}


def _block_parts(block: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    if block["type"] == "tool_use":
        return block | {"input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    return block | {"text": ""}, {"type": "text_delta", "text": block["text"]}
