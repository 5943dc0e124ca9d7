"""JSON text → the line and column of every value. For text that was read already; never raises.

(The YAML reader would do, but takes a second for a plan of two thousand tickets.)
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping

import msgspec

from orchestrator.formats.yaml_nodes import Place

Path = tuple[str | int, ...]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def places(text: str) -> Mapping[Path, Place]:
    """Of a value in an object the place of its key. The whole has the path ()."""
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    found: dict[Path, Place] = {(): Place(1, 1)}
    around: list[str | int] = []
    """The way to where we are: per object its last key, per list the position."""
    kinds: list[str] = []
    is_key = False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "{[":
            _note(found, around, kinds, match.start(), starts)
            kinds.append(token)
            around.append(0 if token == "[" else "")
            is_key = token == "{"
        elif token in "}]":
            if kinds:
                kinds.pop()
                around.pop()
            is_key = False
        elif token == ",":
            is_key = bool(kinds) and kinds[-1] == "{"
            if kinds and not is_key:
                around[-1] = int(around[-1]) + 1
        elif token != ":" and is_key:
            around[-1] = _text(token)
            found.setdefault(tuple(around), _place(match.start(), starts))
            is_key = False
        elif token != ":":
            _note(found, around, kinds, match.start(), starts)
    return found


def nearest(known: Mapping[Path, Place], path: Path) -> Place:
    """Of the value there, or of the nearest thing around it."""
    while path and path not in known:
        path = path[:-1]
    return known.get(path, Place(1, 1))


def _note(found: dict[Path, Place], around: list[str | int], kinds: list[str], at: int, starts: list[int]) -> None:
    """A value in a list has its own place; one in an object that of its key."""
    if kinds and kinds[-1] == "[":
        found.setdefault(tuple(around), _place(at, starts))


def _place(at: int, starts: list[int]) -> Place:
    line = bisect_right(starts, at)
    return Place(line, at - starts[line - 1] + 1)


def _text(token: str) -> str:
    try:
        return msgspec.json.decode(token, type=str)
    except msgspec.DecodeError:
        return token.strip('"')
