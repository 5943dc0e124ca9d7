"""What one line of `gemini -o stream-json` says to a person. An answer comes in pieces, and is told piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.agents.base import Kind, Said
from orchestrator.agents.kit import jsonl, saying
from orchestrator.agents.kit.api_errors import plain
from orchestrator.agents.kit.json_said import by_event, failed, word
from orchestrator.core.times import duration


def _event(event: dict[str, Any]) -> Iterator[Said]:
    match event.get("type"):
        case "init":
            yield Said(Kind.NOTE, f"session {word(event, 'session_id')}, model {word(event, 'model')}")
        case "message" if event.get("role") == "assistant":
            yield from saying.prose(jsonl.text(event, "content"))
        case "tool_use":
            yield from saying.call(jsonl.text(event, "tool_name"), jsonl.mapping(event, "parameters"))
        case "tool_result":
            wrong, output = event.get("status") == "error", jsonl.text(event, "output")
            yield from saying.result(output, wrong)
        case "error":
            bad = event.get("severity") == "error"
            yield from saying.said(Kind.ERROR if bad else Kind.NOTE, jsonl.text(event, "message"), saying.ERROR_LINES)
        case "result":
            yield _result(event)


def _result(event: dict[str, Any]) -> Said:
    if event.get("status") != "success":
        return failed(plain(jsonl.text(jsonl.mapping(event, "error"), "message")))
    stats = jsonl.mapping(event, "stats")
    tools, tokens, took = (jsonl.number(stats, key) for key in ("tool_calls", "total_tokens", "duration_ms"))
    parts = [
        f"{tools:.0f} call{'' if tools == 1 else 's'}" if tools is not None else "",
        f"{tokens:.0f} tokens" if tokens is not None else "",
        duration(took / 1000) if took is not None else "",
    ]
    return Said(Kind.DONE, ", ".join(filter(None, ["done", *parts])))


said = by_event(_event)
