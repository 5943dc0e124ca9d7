"""What one line of `pi -p --mode json` says to a person.

A call is told when it is executed, not when it is asked for; what changed a file and succeeded says nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.agents.base import Kind, Said
from orchestrator.agents.kit import jsonl, saying
from orchestrator.agents.kit.api_errors import plain
from orchestrator.agents.kit.json_said import by_event, failed, repeated, word

_EDITS = ("edit", "write")


def _event(event: dict[str, Any]) -> Iterator[Said]:
    match event.get("type"):
        case "session":
            yield Said(Kind.NOTE, f"session {word(event, 'id')}")
        case "message_end" if jsonl.mapping(event, "message").get("role") == "assistant":
            yield from _answered(jsonl.mapping(event, "message"))
        case "tool_execution_start":
            yield from saying.call(jsonl.text(event, "toolName"), jsonl.mapping(event, "args"))
        case "tool_execution_end":
            yield from _gave(event)
        case "auto_retry_start":
            delay, why = jsonl.number(event, "delayMs"), plain(jsonl.text(event, "errorMessage"))
            number, most = jsonl.number(event, "attempt"), jsonl.number(event, "maxAttempts")
            yield repeated(why, None if delay is None else delay / 1000, number, most)
        case "compaction_start":
            yield Said(Kind.NOTE, "the conversation is compacted")


def _answered(message: dict[str, Any]) -> Iterator[Said]:
    for block in jsonl.sequence(message, "content"):
        if isinstance(block, dict) and block.get("type") == "text":
            yield from saying.prose(jsonl.text(block, "text"))
        elif isinstance(block, dict) and block.get("type") == "thinking":
            yield from saying.prose(jsonl.text(block, "thinking"), Kind.THINKING)
    match message.get("stopReason"):
        case "stop":
            yield Said(Kind.DONE, "done")
        case "error":
            yield failed(plain(jsonl.text(message, "errorMessage")))
        case "length":
            yield failed("the answer was cut off")
        case "aborted":
            yield Said(Kind.NOTE, "aborted")


def _gave(event: dict[str, Any]) -> tuple[Said, ...]:
    wrong = event.get("isError") is True
    if not wrong and event.get("toolName") in _EDITS:
        return ()
    results = jsonl.sequence(jsonl.mapping(event, "result"), "content")
    texts = (jsonl.text(one, "text") for one in results if isinstance(one, dict))
    return saying.result("\n".join(filter(None, texts)), wrong)


said = by_event(_event)
