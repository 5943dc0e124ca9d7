"""JSON → the same in words that a reader of YAML understands, so that every value has its line.

The law: what is no JSON stays as it is, and no line moves.
"""

from __future__ import annotations

import json
import re

_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_ALONE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_ESCAPES = re.compile(r"\\(?:u[0-9a-fA-F]{4}(?:\\u[dD][c-fC-F][0-9a-fA-F]{2})?|.)")


def as_yaml(text: str) -> str:
    """What YAML refuses of JSON: letters written as two halves (`\\ud83c\\udf89`), and tabs between values."""
    if not text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return text
    try:
        json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return text
    return _ESCAPES.sub(_whole, text.replace("\t", " "))  # in a text of JSON a tab is always written as \t


def _whole(match: re.Match[str]) -> str:
    pair = _PAIR.fullmatch(match[0])
    if pair is not None:
        return chr(0x10000 + ((int(pair[1], 16) - 0xD800) << 10) + (int(pair[2], 16) - 0xDC00))
    return "\\ufffd" if _ALONE.fullmatch(match[0]) else match[0]
