"""How what an agent does is put for a person: one line, and a bounded number of lines after it.

The law: whatever comes in, what goes out is short. Nothing here knows the format of any agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import msgspec

from orchestrator.agents.base import Kind, Said

LONGEST_LINE = 1 << 20
"""Bytes of a line of output that are looked at as JSON."""
LINE = 400
"""Characters of one line that is shown."""
PROSE = 4000
"""The same for what a model wrote."""
TEXT_LINES = 400
RESULT_LINES = 5
ERROR_LINES = 12
DIFF_LINES = 16
COMMAND_LINES = 8
MORE = "… {} more lines"


def lines_of(text: str, most: int, width: int = LINE) -> list[str]:
    """The first lines, cut to a width; the last one says how many more there are. None for a text without words."""
    text = text.strip("\r\n")
    total = text.count("\n") + 1
    head = text.split("\n", most)[:most]
    found = [shortened(line.rstrip(), width) for line in head]
    if total > most:
        found.append(MORE.format(total - most))
    while found and not found[0].strip():
        found.pop(0)
    return found


def shortened(text: str, width: int = LINE) -> str:
    return text if len(text) <= width else text[: width - 2].rstrip() + " …"


def said(kind: Kind, text: str, most: int = TEXT_LINES, width: int = LINE, inner: bool = False) -> tuple[Said, ...]:
    """One record of a text; none when it is empty."""
    lines = lines_of(text, most, width)
    if not lines:
        return ()
    first = lines[0] if kind is Kind.RESULT else lines[0].strip()
    return (Said(kind, first, "\n".join(lines[1:]), inner),)


def prose(text: str, kind: Kind = Kind.TEXT, inner: bool = False) -> tuple[Said, ...]:
    """What a model wrote: all of it, in reason."""
    return said(kind, text, TEXT_LINES, PROSE, inner)


def result(text: str, failed: bool = False, inner: bool = False) -> tuple[Said, ...]:
    """What a tool gave back."""
    if failed:
        return said(Kind.ERROR, text or "failed, without a word", ERROR_LINES, inner=inner)
    return said(Kind.RESULT, text, RESULT_LINES, inner=inner)


# -- calls of tools ---------------------------------------------------------------------------------------------------

_PATHS = ("file_path", "filePath", "notebook_path", "path", "absolute_path", "filename")
_TELLING = (
    "command", "cmd", "pattern", "query", "url", *_PATHS, "description", "skill", "prompt", "text", "message", "name",
    "task_id", "shell_id", "bash_id", "id",
)  # fmt: skip
"""Arguments by which a person recognises a call, the most telling first."""
_OLD, _NEW = ("old_string", "oldString", "old_str", "oldText"), ("new_string", "newString", "new_str", "newText")
_WHOLE = ("content", "file_text", "new_source", "contents")
_WRITES = ("write", "create", "notebookedit")


def call(name: str, given: Mapping[str, Any], inner: bool = False) -> tuple[Said, ...]:
    """A tool is called. One that changes a file is an edit."""
    edit = _edit(name, given, inner)
    if edit is not None:
        return (edit,)
    argument = _argument(given)
    lines = lines_of(argument, COMMAND_LINES) or [""]
    return (Said(Kind.TOOL, f"{_name(name)} {lines[0].strip()}".strip(), "\n".join(lines[1:]), inner),)


def _name(name: str) -> str:
    return shortened("_".join(name.split()) or "tool", 80)


def _argument(given: Mapping[str, Any]) -> str:
    key = next((key for key in _TELLING if given.get(key) and isinstance(given[key], str | int)), None)
    if key is None:
        return _as_json(given) if given else ""
    told = str(given[key])
    if key == "pattern":
        return " ".join([told, *(f"in {given[k]}" for k in ("path", "glob") if isinstance(given.get(k), str))])
    if key in _PATHS:
        return told + _range(given)
    return told


def _range(given: Mapping[str, Any]) -> str:
    """`:10-29` of the lines that are read."""
    offset, limit = given.get("offset"), given.get("limit")
    if type(offset) is not int and type(limit) is not int:
        return ""
    first = offset if type(offset) is int else 1
    return f":{first}-{first + limit - 1}" if type(limit) is int else f":{first}-"


def _as_json(given: Mapping[str, Any]) -> str:
    try:
        return shortened(msgspec.json.encode(dict(islice(given.items(), 20))).decode())
    except (TypeError, ValueError, RecursionError):
        return ""


def _edit(name: str, given: Mapping[str, Any], inner: bool) -> Said | None:
    path = _text(given, _PATHS)
    if not path:
        return None
    changes = [one for one in given.get("edits") or () if isinstance(one, dict)] or [dict(given)]
    pairs = [(_text(one, _OLD), _text(one, _NEW)) for one in changes if any(key in one for key in (*_OLD, *_NEW))]
    if not pairs and any(word in name.lower().replace("_", "") for word in _WRITES):
        pairs = [("", _text(given, _WHOLE))]
    if not pairs:
        return None
    parts = [_difference(old, new) for old, new in pairs]
    added, removed = sum(len(one[1]) for one in parts), sum(len(one[0]) for one in parts)
    counts = f"+{added} -{removed}" if removed or any(old for old, _ in pairs) else f"+{added}"
    return Said(Kind.EDIT, f"{_name(name)} {shortened(path)} {counts}", _shown(parts), inner)


def _text(given: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((given[key] for key in keys if isinstance(given.get(key), str)), "")


Difference = tuple[list[str], list[str]]
"""Lines that went, and lines that came."""


def _difference(old: str, new: str) -> Difference:
    """Without what they begin and end with in common. (A true diff would cost the square of their length.)"""
    before, after = old.splitlines(), new.splitlines()
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return before[start : len(before) - end], after[start : len(after) - end]


def _shown(parts: list[Difference]) -> str:
    marked = (f"{mark}{line}" for old, new in parts for mark, side in (("-", old), ("+", new)) for line in side)
    lines = [shortened(line.rstrip()) for line in islice(marked, DIFF_LINES)]
    more = sum(len(old) + len(new) for old, new in parts) - len(lines)
    return "\n".join([*lines, MORE.format(more)] if more > 0 else lines)
