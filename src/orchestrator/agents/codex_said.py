"""What one line of `codex exec --json` says to a person: each item once, when it is complete; a command when it begins.

Its edits are told by path, not by content, and the prompt is not shown again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.agents.base import Kind, Said
from orchestrator.agents.kit import api_errors, jsonl, saying
from orchestrator.agents.kit.line_said import said as plain
from orchestrator.agents.kit.phrases import first_line

_SHELLS = ("/bin/bash -lc ", "bash -lc ", "/bin/sh -lc ", "/bin/sh -c ", "/bin/zsh -lc ", "zsh -lc ")


def said(line: bytes) -> tuple[Said, ...]:
    if len(line) > saying.LONGEST_LINE:
        return plain(line)
    event = next(jsonl.objects((line,)), None)
    return plain(line) if event is None else tuple(_event(event))


def _event(event: dict[str, Any]) -> Iterator[Said]:
    kind, item = jsonl.text(event, "type"), jsonl.mapping(event, "item")
    match kind:
        case "thread.started":
            yield Said(Kind.NOTE, f"session {_word(event, 'thread_id')}")
        case "item.started" if item.get("type") == "command_execution":
            yield from saying.call("$", {"command": _command(jsonl.text(item, "command"))})
        case "item.started" if item.get("type") in ("mcp_tool_call", "collab_tool_call"):
            yield from saying.call(_tool(item), jsonl.mapping(item, "arguments"))
        case "item.completed":
            yield from _item(item)
        case "item.updated" if item.get("type") == "todo_list":
            yield from _todo(item)
        case "error":
            yield from _trouble(jsonl.text(event, "message"))
        case "turn.failed":
            yield from _failed(jsonl.text(jsonl.mapping(event, "error"), "message"))
        case "turn.completed":
            yield Said(Kind.DONE, f"done{_tokens(jsonl.mapping(event, 'usage'))}")


def _item(item: dict[str, Any]) -> Iterator[Said]:
    match item.get("type"):
        case "agent_message":
            yield from saying.prose(jsonl.text(item, "text"))
        case "reasoning":
            yield from saying.prose(jsonl.text(item, "text"), Kind.THINKING)
        case "command_execution":
            yield from _ran(item)
        case "file_change":
            yield from _changed(item)
        case "mcp_tool_call" | "collab_tool_call":
            yield from _gave(item)
        case "web_search":
            yield from saying.call("web_search", {"query": jsonl.text(item, "query")})
        case "todo_list":
            yield from _todo(item)
        case "error":
            yield from saying.said(Kind.NOTE, jsonl.text(item, "message"), saying.ERROR_LINES)


def _command(command: str) -> str:
    """What the shell was given, without the shell."""
    shell = next((one for one in _SHELLS if command.startswith(one)), None)
    if shell is None:
        return command
    inside = command.removeprefix(shell)
    if inside[:1] == inside[-1:] == "'" and "'" not in inside[1:-1]:
        return inside[1:-1]
    if inside[:1] == inside[-1:] == '"':
        return inside[1:-1].replace('\\"', '"').replace("\\$", "$").replace("\\\\", "\\")
    return inside


def _ran(item: dict[str, Any]) -> tuple[Said, ...]:
    output, code = jsonl.text(item, "aggregated_output"), jsonl.number(item, "exit_code")
    if item.get("status") == "declined":
        return saying.result("was not allowed", failed=True)
    return saying.result(f"exit code {code:.0f}\n{output}", failed=True) if code else saying.result(output)


def _changed(item: dict[str, Any]) -> Iterator[Said]:
    failed = item.get("status") not in ("completed", None)
    for one in jsonl.sequence(item, "changes")[:50]:
        if isinstance(one, dict) and jsonl.text(one, "path"):
            told = saying.shortened(f"{_word(one, 'kind')} {first_line(one['path'])}".strip())
            yield Said(Kind.ERROR, f"{told}: {_word(item, 'status')}") if failed else Said(Kind.EDIT, told)


def _tool(item: dict[str, Any]) -> str:
    return ".".join(filter(None, (jsonl.text(item, "server"), jsonl.text(item, "tool")))) or "tool"


def _gave(item: dict[str, Any]) -> tuple[Said, ...]:
    error = jsonl.text(jsonl.mapping(item, "error"), "message")
    if error or item.get("status") == "failed":
        return saying.result(error, failed=True)
    blocks = jsonl.sequence(jsonl.mapping(item, "result"), "content")
    return saying.result("\n".join(jsonl.text(one, "text") for one in blocks[:50] if isinstance(one, dict)))


def _todo(item: dict[str, Any]) -> tuple[Said, ...]:
    lines = (one for one in jsonl.sequence(item, "items")[:50] if isinstance(one, dict))
    listed = "\n".join(f"[{'x' if one.get('completed') is True else ' '}] {_word(one, 'text')}" for one in lines)
    return saying.said(Kind.NOTE, listed)


def _trouble(message: str) -> tuple[Said, ...]:
    """What counts is told again by the turn."""
    return saying.said(Kind.NOTE, message, 1) if message.startswith("Reconnecting") else ()


def _failed(message: str) -> tuple[Said, ...]:
    return saying.result(f"failed: {api_errors.plain(message) or 'without a reason'}", failed=True)


def _tokens(usage: dict[str, Any]) -> str:
    given, out = jsonl.number(usage, "input_tokens"), jsonl.number(usage, "output_tokens")
    return f", {given:,.0f} tokens in and {out:,.0f} out in this session" if given is not None and out else ""


def _word(event: dict[str, Any], key: str) -> str:
    return saying.shortened(first_line(jsonl.text(event, key)), 120)
