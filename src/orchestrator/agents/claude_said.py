"""What one line of `claude -p --output-format stream-json` says to a person.

Results of calls that changed a file say nothing when they succeeded: the edit itself has been told.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from orchestrator.agents.base import Kind, Said
from orchestrator.agents.kit import jsonl, saying
from orchestrator.agents.kit.json_said import by_event, repeated, word
from orchestrator.agents.kit.phrases import first_line
from orchestrator.core.times import duration


def _event(event: dict[str, Any]) -> Iterator[Said]:
    match event.get("type"):
        case "assistant":
            yield from _assistant(event)
        case "user":
            yield from _user(event)
        case "system":
            yield from _system(event)
        case "rate_limit_event":
            yield from _limit(jsonl.mapping(event, "rate_limit_info"))
        case "result":
            yield _result(event)


def _blocks(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    blocks = jsonl.sequence(jsonl.mapping(event, "message"), "content")
    return (block for block in blocks if isinstance(block, dict))


def _is_inner(event: dict[str, Any]) -> bool:
    return event.get("parent_tool_use_id") is not None


def _assistant(event: dict[str, Any]) -> Iterator[Said]:
    inner = _is_inner(event)
    kind = Kind.ERROR if jsonl.text(event, "error") else Kind.TEXT
    for block in _blocks(event):
        match block.get("type"):
            case "text":
                yield from saying.prose(jsonl.text(block, "text"), kind, inner)
            case "thinking":
                yield from saying.prose(jsonl.text(block, "thinking"), Kind.THINKING, inner)
            case "tool_use" | "server_tool_use":
                yield from saying.call(jsonl.text(block, "name"), jsonl.mapping(block, "input"), inner)


def _user(event: dict[str, Any]) -> Iterator[Said]:
    """The results of tools. A text is a prompt, which is not shown again, or says that the run was interrupted."""
    inner = _is_inner(event)
    given = event.get("tool_use_result")
    edited = isinstance(given, dict) and "structuredPatch" in given
    for block in _blocks(event):
        failed = block.get("is_error") is True
        if block.get("type") == "tool_result" and (failed or not edited):
            yield from saying.result(_content(block.get("content")), failed, inner)
        elif block.get("type") == "text" and jsonl.text(block, "text").startswith("[Request interrupted"):
            yield Said(Kind.NOTE, first_line(jsonl.text(block, "text")).strip("[]"))


def _content(content: object) -> str:
    """A text, or a list of blocks of which some are images."""
    if isinstance(content, str):
        return _unwrapped(content)
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    return "\n".join(jsonl.text(block, "text") or f"({block.get('type', 'something')})" for block in blocks)


def _unwrapped(text: str) -> str:
    for tag in ("tool_use_error", "error"):
        text = text.removeprefix(f"<{tag}>").removesuffix(f"</{tag}>")
    return text


def _system(event: dict[str, Any]) -> Iterator[Said]:
    match event.get("subtype"):
        case "init":
            yield Said(Kind.NOTE, f"session {word(event, 'session_id')}, model {word(event, 'model')}")
        case "api_retry":
            yield _retry(event)
        case "compact_boundary":
            yield Said(Kind.NOTE, "the conversation was compacted")
        case "task_started":
            yield Said(Kind.NOTE, f"in the background: {word(event, 'description')}")
        case "task_notification":
            text = jsonl.text(event, "summary") or f"background: {word(event, 'status')}"
            yield Said(Kind.NOTE, first_line(text) or "the background command ended")


def _retry(event: dict[str, Any]) -> Said:
    status, delay = jsonl.number(event, "error_status"), jsonl.number(event, "retry_delay_ms")
    why = word(event, "error") if status is None else f"{status:.0f} {word(event, 'error')}"
    number, most = jsonl.number(event, "attempt"), jsonl.number(event, "max_retries")
    return repeated(why, None if delay is None else delay / 1000, number, most)


def _limit(info: dict[str, Any]) -> Iterator[Said]:
    status, window = info.get("status"), jsonl.text(info, "rateLimitType").replace("_", " ")
    used, resets = jsonl.number(info, "utilization"), _clock(jsonl.number(info, "resetsAt"))
    until = f", resets {resets}" if resets else ""
    if status == "rejected":
        yield Said(Kind.ERROR, f"usage limit reached{f' ({window})' if window else ''}{until}")
    elif status == "allowed_warning":
        share = f"{used * 100:.0f}%" if used is not None else "most"
        yield Said(Kind.NOTE, f"{share} of the usage limit is used{f' ({window})' if window else ''}{until}")


def _clock(at: float | None) -> str:
    try:
        return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M") if at else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _result(event: dict[str, Any]) -> Said:
    parts = list(filter(None, _figures(event)))
    if event.get("subtype") == "success" and event.get("is_error", False) is False:
        return Said(Kind.DONE, ", ".join(["done", *parts]), _final(jsonl.text(event, "result")))
    errors = [error for error in jsonl.sequence(event, "errors") if isinstance(error, str)]
    why = jsonl.text(event, "result") or "\n".join(errors) or jsonl.text(event, "subtype").replace("_", " ")
    lines = saying.lines_of(why, saying.ERROR_LINES) or ["without a reason"]
    return Said(Kind.ERROR, ", ".join([f"failed: {lines[0].strip()}", *parts]), "\n".join(lines[1:]))


def _final(text: str) -> str:
    return "\n".join(saying.lines_of(text, saying.TEXT_LINES, saying.PROSE))


def _figures(event: dict[str, Any]) -> Iterator[str]:
    turns, cost = jsonl.number(event, "num_turns"), jsonl.number(event, "total_cost_usd")
    took = jsonl.number(event, "duration_ms")
    denied = jsonl.sequence(event, "permission_denials")
    yield f"{turns:.0f} turn{'' if turns == 1 else 's'}" if turns is not None else ""
    yield f"${cost:.2f} for the session" if cost is not None else ""
    yield duration(took / 1000) if took is not None else ""
    yield f"denied: {', '.join(_denied(denied))}" if denied else ""


def _denied(denied: list[Any]) -> list[str]:
    names = (jsonl.text(one, "tool_name") if isinstance(one, dict) else "" for one in denied[:100])
    return list(dict.fromkeys(saying.shortened(name or "a tool", 40) for name in names))[:5]


said = by_event(_event)
