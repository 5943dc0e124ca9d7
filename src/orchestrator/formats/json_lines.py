"""Where in a JSON text something stands. Lines and columns count from 1.

Only read on the way to an error message; the text may be broken, then the answer is as near as could be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
_SPACE = re.compile(r"[ \t\r\n]*")
_WORDS = {
    "Expecting value": "a value is expected",
    "Expecting ',' delimiter": "a comma is missing, or something is not closed",
    "Expecting ':' delimiter": "a colon is missing after the key",
    "Expecting property name enclosed in double quotes": 'a key in double quotes is expected, like "title"',
    "Unterminated string starting at": "a text that begins here is not closed",
    "Invalid control character at": "a line break or control character inside a text; write \\n instead",
    "Extra data": "something stands after the end",
}


class Flaw(NamedTuple):
    line: int
    column: int
    what: str


def place(text: str, offset: int) -> tuple[int, int]:
    """Offset → (line, column)."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def locate(text: str, path: Path) -> tuple[int, int]:
    """(line, column) of the value at `path`; of the nearest thing around it where the path leads nowhere."""
    offset = _skip(text, 0)
    try:
        for step in path:
            found = _child(text, offset, step)
            if found is None:
                break
            offset = found
    except (ValueError, IndexError, RecursionError):
        pass
    return place(text, offset)


def syntax_flaw(text: str) -> Flaw | None:
    """What keeps the text from being JSON, in words; None when it is JSON."""
    try:
        json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return _flaw(text, error)
    except RecursionError:
        return Flaw(1, 1, "nested too deeply")
    except ValueError as error:
        return Flaw(1, 1, str(error))
    return None


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON value")


def _flaw(text: str, error: json.JSONDecodeError) -> Flaw:
    # Python 3.13 points at such a comma, older ones behind it
    pos = error.pos + 1 if error.msg.startswith("Illegal trailing comma") else error.pos
    rest = text[pos:].lstrip()
    before = text[:pos].rstrip()
    what = _WORDS.get(error.msg, error.msg[:1].lower() + error.msg[1:])
    if rest[:1] and rest[0] in "}]" and before.endswith(","):
        what = f"a comma before `{rest[0]}` that closes the list or object; remove it"
    elif rest.startswith(("//", "/*", "#")):
        what = "JSON has no comments"
    elif rest.startswith("'"):
        what = "texts stand in double quotes"
    elif not rest:
        what = "the file ends too early; it may have been cut off"
    return Flaw(*place(text, error.pos), what)


def _skip(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


def _child(text: str, offset: int, step: str | int) -> int | None:
    """Offset of one member; of a key that is written twice the last one counts, as in the reading of it."""
    found = None
    for name, start in _members(text, offset):
        if name == step:
            found = start
    return found


def _members(text: str, offset: int) -> Iterator[tuple[str | int, int]]:
    """(key or index, offset of the value) of an object or array that begins at `offset`."""
    scan = json.JSONDecoder().raw_decode
    opener, offset, index = text[offset], _skip(text, offset + 1), 0
    if opener not in "{[":
        return
    while text[offset] not in "}]":
        name: str | int = index
        if opener == "{":
            name, offset = scan(text, offset)
            offset = _skip(text, _skip(text, offset) + 1)
        yield name, offset
        offset = _skip(text, scan(text, offset)[1])
        offset = _skip(text, offset + 1) if text[offset] == "," else offset
        index += 1
