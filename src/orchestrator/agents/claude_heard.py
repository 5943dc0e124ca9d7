"""What `claude -p --output-format stream-json` says while it runs, gathered as far as it matters at its end."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from orchestrator.agents.kit import jsonl
from orchestrator.core.outcome import Usage
from orchestrator.core.times import epoch_or


class Heard(msgspec.Struct):
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
    model: str | None = None
    messages: dict[str, int] = {}
    """Tokens of the answers since the last result; each is told once for every block of it."""
    message: str = ""
    """The id of the last one."""
    tools_done: int = 0


def hear(heard: Heard, event: dict[str, Any]) -> None:
    heard.session = heard.session or jsonl.text(event, "session_id") or None
    heard.clock = epoch_or(jsonl.text(event, "timestamp"), heard.clock)
    match event.get("type"):
        case "result":
            _hear_result(heard, event)
        case "assistant" | "user":
            _count_message(heard, event)
            heard.went_on = heard.result is not None
            heard.retrying = ""
            heard.said = _said(event) or heard.said
        case "rate_limit_event":
            heard.limit = jsonl.mapping(event, "rate_limit_info")
        case "system" if event.get("subtype") == "init":
            heard.model = jsonl.text(event, "model") or heard.model
        case "system" if event.get("subtype") == "api_retry":
            status = event.get("error_status")
            heard.retrying = jsonl.text(event, "error") + (f" ({status})" if isinstance(status, int) else "")


def _hear_result(heard: Heard, event: dict[str, Any]) -> None:
    heard.result, heard.went_on = event, False
    heard.turns += int(jsonl.number(event, "num_turns") or 0)
    told: dict[str, int] = {}
    _add_tokens(told, event)
    if event.get("subtype") != "success":  # one that was ended at its limit, or cut off, leaves out its last answer
        told = {key: max(told.get(key, 0), heard.messages.get(key, 0)) for key in told.keys() | heard.messages.keys()}
    heard.tokens, heard.messages = _sums(heard.tokens, told), {}


def _count_message(heard: Heard, event: dict[str, Any]) -> None:
    message = jsonl.mapping(event, "message")
    if event.get("type") == "user":
        blocks = (block for block in jsonl.sequence(message, "content") if isinstance(block, dict))
        heard.tools_done += sum(b.get("type") == "tool_result" and b.get("is_error") is not True for b in blocks)
        return
    if (told := jsonl.text(message, "id")) and told != heard.message:
        heard.message = told
        _add_tokens(heard.messages, message)


def _add_tokens(tokens: dict[str, int], owner: dict[str, Any]) -> None:
    for key, count in jsonl.mapping(owner, "usage").items():
        if type(count) is int:
            tokens[key] = tokens.get(key, 0) + count


def _sums(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in one.keys() | other.keys()}


def _said(event: dict[str, Any]) -> str:
    """The model's text in one of its own messages, not a subagent's."""
    if event.get("type") != "assistant" or event.get("parent_tool_use_id") is not None:
        return ""
    blocks = jsonl.sequence(jsonl.mapping(event, "message"), "content")
    texts = (jsonl.text(block, "text") for block in blocks if isinstance(block, dict) and block.get("type") == "text")
    return "\n".join(filter(None, texts))


def final_text(heard: Heard) -> str:
    """The result's own text; where it has none (turn limit, interrupted) the last thing the model said."""
    return (jsonl.text(heard.result, "result") if heard.result else "") or heard.said


def usage(heard: Heard) -> Usage | None:
    if heard.result is None:
        return None
    tokens = _sums(heard.tokens, heard.messages)
    return replace(_of(tokens), cost_usd=jsonl.number(heard.result, "total_cost_usd"), turns=heard.turns)


def so_far(heard: Heard) -> Usage | None:
    """Without a result: what the answers told. Their output is told when it begins, so it may be more."""
    return _of(heard.messages) if heard.messages else None


def _of(tokens: dict[str, int]) -> Usage:
    return Usage(
        input_tokens=tokens.get("input_tokens", 0) + tokens.get("cache_creation_input_tokens", 0),
        cached_tokens=tokens.get("cache_read_input_tokens", 0),
        output_tokens=tokens.get("output_tokens", 0),
    )
