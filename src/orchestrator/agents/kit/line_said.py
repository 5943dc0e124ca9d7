"""What one line of any program's output says to a person: the line, or what is readable in a JSON object.

Many agents print their events as JSON lines, in a handful of habits: a message with blocks of content, a tool's name
with its input, an item or part inside an event, a text under one of a few names. Objects in none of these habits are
shown as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from orchestrator.agents.base import Kind, Said
from orchestrator.agents.kit import jsonl, saying
from orchestrator.agents.kit.phrases import first_line

_INSIDE = ("item", "part", "data", "state")
_TEXTS = ("text", "content", "message", "msg", "result", "summary", "response")
_NAMES = ("tool_name", "toolName", "tool")
_INPUTS = ("input", "parameters", "args", "arguments")
_OUTPUTS = ("aggregated_output", "output", "result", "content", "text", "status")
_BAD_LEVELS = frozenset({"error", "fatal", "critical", "panic"})
_PASSING = re.compile(
    r"""(start|started|begin|update|updated|delta|end|ended|finish|finished|loaded|idle|settled|completed|
    init|session|system|status|stream_event)\Z""",
    re.VERBOSE,
)
"""Types of events that only mark a place in the stream."""


def said(line: bytes) -> tuple[Said, ...]:
    if len(line) <= saying.LONGEST_LINE:
        event = next(jsonl.objects((line,)), None)
        if event is not None:
            found = _event(event)
            return found if found is not None else _as_it_is(line)
    return _as_it_is(line)


def _as_it_is(line: bytes) -> tuple[Said, ...]:
    text = line[: 8 * saying.LINE].decode("utf-8", "replace").rstrip()
    if not text.strip():
        return ()
    return (Said(Kind.TEXT, saying.shortened(text, 2000).splitlines()[0] or text.strip()),)


def _event(event: dict[str, Any]) -> tuple[Said, ...] | None:
    """None: it is in no habit that is known."""
    kind = jsonl.text(event, "type") or jsonl.text(event, "event")
    merged = _merged(event)
    if isinstance(merged.get("message"), dict) and "content" in merged["message"]:
        return tuple(_message(merged["message"])) if not kind.endswith(("start", "update", "turn_end")) else ()
    for look in (_error, _called, _ran, _changed, _gave, _text):
        found = look(merged, kind)
        if found is not None:
            return found
    return () if _PASSING.search(kind) else None


def _merged(event: dict[str, Any]) -> dict[str, Any]:
    """With what is in an item, a part or the like; two levels deep."""
    merged = dict(event)
    for _ in range(2):
        inside = [merged.pop(key) for key in _INSIDE if isinstance(merged.get(key), dict)]
        for one in inside:
            merged |= one
    return merged


def _message(message: dict[str, Any]) -> Iterator[Said]:
    role = jsonl.text(message, "role")
    content = message.get("content")
    blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
    for block in blocks:
        kind = jsonl.text(block, "type") if isinstance(block, dict) else ""
        if kind == "tool_result":
            yield from saying.result(_words(block.get("content")), block.get("is_error") is True)
        elif kind and role not in ("user", "system", "toolResult"):
            yield from _block(block, kind)


def _block(block: dict[str, Any], kind: str) -> Iterator[Said]:
    if kind == "text":
        yield from saying.prose(jsonl.text(block, "text"))
    elif kind in ("thinking", "reasoning"):
        yield from saying.prose(jsonl.text(block, kind) or jsonl.text(block, "text"), Kind.THINKING)
    elif jsonl.text(block, "name"):
        yield from saying.call(block["name"], _input(block))


def _input(event: dict[str, Any]) -> dict[str, Any]:
    return next((event[key] for key in _INPUTS if isinstance(event.get(key), dict)), {})


def _words(value: object) -> str:
    """The text in something that may be a text, blocks, or an object with one of them."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return next((found for key in ("message", *_OUTPUTS) if (found := _words(value.get(key)))), "")
    if isinstance(value, list):
        return "\n".join(filter(None, (_words(one) for one in value[:50] if not isinstance(one, list))))
    return ""


Found = tuple[Said, ...] | None


def _error(event: dict[str, Any], kind: str) -> Found:
    failed = event.get("error")
    why = _words(failed) if failed else ""
    if isinstance(failed, dict) and not why:
        why = _words(failed.get("data")) or jsonl.text(failed, "name")
    if not why and (kind.endswith("error") or jsonl.text(event, "type") == "error" or _is_bad(event)):
        why = next((event[key] for key in _TEXTS if isinstance(event.get(key), str)), "")
    return saying.result(why, failed=True) if why else None


def _is_bad(event: dict[str, Any]) -> bool:
    return any(jsonl.text(event, key).lower() in _BAD_LEVELS for key in ("level", "severity", "levelname"))


def _called(event: dict[str, Any], kind: str) -> Found:
    name = next((event[key] for key in _NAMES if isinstance(event.get(key), str) and event[key]), "")
    if not name and kind.endswith(("tool_use", "tool_call", "function_call")):
        name = jsonl.text(event, "name")
    given = _input(event)
    if not name or (not given and kind.endswith(("end", "complete", "completed", "update", "result", "delta"))):
        return None
    if kind.endswith("update"):
        return ()
    output = "" if kind.endswith("start") else _words(event.get("output"))
    return saying.call(name, given) + (saying.result(output) if output else ())


def _ran(event: dict[str, Any], kind: str) -> Found:
    """A command, with its exit code when it has ended."""
    if not isinstance(event.get("command"), str) or "exit_code" not in event:
        return None
    code = event["exit_code"]
    if code is None:
        return saying.call("$", {"command": event["command"]}) if not kind.endswith("updated") else ()
    output = jsonl.text(event, "aggregated_output") or jsonl.text(event, "output")
    return saying.result(f"exit code {code}\n{output}" if code else output, failed=bool(code))


def _changed(event: dict[str, Any], kind: str) -> Found:
    changes = [
        one for one in jsonl.sequence(event, "changes")[:50] if isinstance(one, dict) and jsonl.text(one, "path")
    ]
    if not changes:
        return None
    if not kind.endswith("completed"):
        return ()
    return tuple(
        Said(Kind.EDIT, saying.shortened(f"{jsonl.text(one, 'kind') or 'edit'} {one['path']}")) for one in changes
    )


def _gave(event: dict[str, Any], kind: str) -> Found:
    """The result of a tool."""
    called = any(key in event for key in ("tool_id", "toolCallId", "tool_use_id", "tool_call_id"))
    if not called:
        return None
    failed = event.get("isError") is True or event.get("is_error") is True
    return saying.result(_words(event), failed) if failed or not kind.endswith(("update", "delta")) else ()


def _text(event: dict[str, Any], kind: str) -> Found:
    if jsonl.text(event, "role") in ("user", "system"):
        return ()
    inside = jsonl.text(event, "type")
    text = next((event[key] for key in _TEXTS if isinstance(event.get(key), str) and event[key].strip()), "")
    if not text:
        ended = jsonl.text(event, "status") if kind == "result" else ""
        return (Said(Kind.DONE if ended == "success" else Kind.NOTE, first_line(ended)),) if ended.strip() else None
    if inside in ("reasoning", "thinking"):
        return saying.prose(text, Kind.THINKING)
    if kind == "result":
        return (Said(Kind.DONE, first_line(text)),)
    return saying.prose(text)
