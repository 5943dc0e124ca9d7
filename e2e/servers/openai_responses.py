"""OpenAI's Responses API, as Codex asks it."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from e2e.servers.script import Asked, Message, Refuse, Say, Trouble, Turn, UsageLimit, Use, Write, merged
from e2e.servers.tools import call, declared

CUT = 2
_ids = itertools.count(1)
_USAGE = {
    "input_tokens": 1500,
    "input_tokens_details": {"cached_tokens": 300},
    "output_tokens": 25,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 1525,
}
# what the program adds on its own, as messages of the user
_OWN = ("<environment_context>", "<user_instructions>", "# AGENTS.md instructions", "<permissions", "<skills")


def speaks(path: str) -> bool:
    return path.endswith("/v1/responses")


def asked(path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Asked | dict[str, Any]:
    return Asked(
        turns=merged([turn for item in body.get("input", []) for turn in _turns(item)]),
        tools=dict(
            declared(str(tool.get("name") or tool.get("type")), tool.get("parameters"))
            for tool in body.get("tools", [])
        ),
        model=str(body.get("model")),
        stream=bool(body.get("stream")),
        session=str(body.get("prompt_cache_key") or ""),
        headers=headers,
        body=body,
    )


def _turns(item: Mapping[str, Any]) -> Iterator[Turn]:
    match item.get("type", "message"):
        case "message" if item["role"] == "assistant":
            yield Turn("model", _text(item["content"]))
        case "message" if item["role"] == "user":
            text = _text(item["content"])
            if not text.lstrip().startswith(_OWN):
                yield Turn("user", text)
        case "function_call" | "custom_tool_call" | "local_shell_call" | "tool_search_call":
            yield Turn("model", "")
        case "function_call_output" | "custom_tool_call_output":
            yield Turn("tool", _text(item["output"]))
        case "tool_search_output":
            yield Turn("tool", json.dumps(item["tools"]))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content)


def refusal(trouble: Trouble | UsageLimit, asked: Asked) -> Refuse:
    match trouble:
        case UsageLimit(resets_at):
            return _used_up(resets_at)
        case Trouble.RATE_LIMITED:
            said = "Rate limit reached for gpt-5.5 in organization org-scripted on requests per min (RPM): Limit 3."
            return _refuse(429, "requests", said, "rate_limit_exceeded")
        case Trouble.UNAUTHORIZED:
            return _refuse(401, "invalid_request_error", "Incorrect API key provided: scripted.", "invalid_api_key")
        case Trouble.OVERLOADED:
            said = "Our servers are currently overloaded. Please try again later."
            return _refuse(503, "server_error", said, "server_is_overloaded")
        case Trouble.TOO_LONG:
            said = "Your input exceeds the context window of this model. Please adjust your input and try again."
            return _refuse(400, "invalid_request_error", said, "context_length_exceeded")


def _refuse(status: int, kind: str, message: str, code: str) -> Refuse:
    return Refuse(status, {"error": {"type": kind, "code": code, "message": message, "param": None}})


def _used_up(resets_at: int) -> Refuse:
    """What an account with a subscription is told when its five hours are used up."""
    seconds = max(0, resets_at - int(time.time()))
    body = {
        "type": "usage_limit_reached",
        "message": "The usage limit has been reached",
        "plan_type": "plus",
        "resets_at": resets_at,
        "resets_in_seconds": seconds,
    }
    window = {"used-percent": "100.0", "window-minutes": "300", "reset-at": str(resets_at)}
    return Refuse(429, {"error": body}, {f"x-codex-primary-{name}": value for name, value in window.items()})


def whole(message: Message, asked: Asked) -> dict[str, Any]:
    return {
        "id": f"resp_{next(_ids):020}",
        "object": "response",
        "created_at": int(time.time()),
        "model": asked.model,
        "status": "completed",
        "output": [_item(message, asked)],
        "usage": _USAGE,
    }


def _item(message: Message, asked: Asked) -> dict[str, Any]:
    known = {"id": f"item_{next(_ids):020}", "status": "completed"}
    match message:
        case Say(text):
            content = [{"type": "output_text", "text": text, "annotations": []}]
            return known | {"type": "message", "role": "assistant", "content": content}
        case Write(path, content):
            lines = "".join(f"+{line}\n" for line in content.splitlines())
            patch = f"*** Begin Patch\n*** Add File: {path}\n{lines}*** End Patch\n"
            return known | {"type": "custom_tool_call", "name": "apply_patch", "input": patch} | _call_id()
        case Use("tool_search", given):  # tools of MCP servers are not among those it offers: they are looked up
            return known | {"type": "tool_search_call", "execution": "client", "arguments": given} | _call_id()
        case _:
            tool, given = call(message, asked)
            return known | _function(tool, given)


def _function(tool: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "function_call", "name": tool, "arguments": json.dumps(given)} | _call_id()


def _call_id() -> dict[str, str]:
    return {"call_id": f"call_{next(_ids):020}"}


def events(message: Message, asked: Asked) -> Iterator[dict[str, Any]]:
    """The same answer in parts."""
    told = whole(message, asked)
    begun = told | {"status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    for index, item in enumerate(told["output"]):
        yield {"type": "response.output_item.added", "output_index": index, "item": item | {"status": "in_progress"}}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": told}
