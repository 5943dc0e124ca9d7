"""What one line of `opencode run --format json` says to a person. A call of a tool is told once, with its result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.agents.base import Kind, Said
from orchestrator.agents.kit import api_errors, jsonl, saying
from orchestrator.agents.kit.line_said import said as plain


def said(line: bytes) -> tuple[Said, ...]:
    if len(line) > saying.LONGEST_LINE:
        return plain(line)
    event = next(jsonl.objects((line,)), None)
    if event is None or not jsonl.text(event, "sessionID"):
        return plain(line)
    return tuple(_event(event, jsonl.mapping(event, "part")))


def _event(event: dict[str, Any], part: dict[str, Any]) -> Iterator[Said]:
    match event.get("type"):
        case "text":
            yield from saying.prose(jsonl.text(part, "text"))
        case "reasoning":
            yield from saying.prose(jsonl.text(part, "text"), Kind.THINKING)
        case "tool_use":
            yield from _called(part, jsonl.mapping(part, "state"))
        case "step_finish":
            yield from _finished(part)
        case "error":
            yield from _failed(jsonl.mapping(event, "error"))


def _called(part: dict[str, Any], state: dict[str, Any]) -> Iterator[Said]:
    given = jsonl.mapping(state, "input")
    calls = saying.call(jsonl.text(part, "tool"), given)
    yield from calls
    if state.get("status") == "error":
        yield from saying.result(jsonl.text(state, "error"), failed=True)
    elif not any(one.kind is Kind.EDIT for one in calls):
        code = jsonl.number(jsonl.mapping(state, "metadata"), "exit")
        output = jsonl.text(state, "output")
        yield from saying.result(f"exit code {code:.0f}\n{output}", True) if code else saying.result(output)


def _finished(part: dict[str, Any]) -> Iterator[Said]:
    reason = jsonl.text(part, "reason")
    if reason == "stop":
        yield Said(Kind.DONE, "done")
    elif reason != "tool-calls":
        yield from saying.said(Kind.ERROR, f"the step ended with {reason or 'no reason'}", 1)


def _failed(error: dict[str, Any]) -> tuple[Said, ...]:
    told = jsonl.mapping(error, "data")
    status = jsonl.number(told, "statusCode")
    why = api_errors.plain(jsonl.text(told, "message")) or jsonl.text(error, "name") or "without a reason"
    return saying.result(f"failed: {f'{status:.0f} ' if status is not None else ''}{why}", failed=True)
