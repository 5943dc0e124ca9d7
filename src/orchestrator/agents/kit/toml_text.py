"""Values as TOML, for programs whose configuration is that; the standard library only reads it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any


def parsed(text: str | None) -> dict[str, Any]:
    """Empty when there is nothing, or nothing that can be read: the program itself says so."""
    try:
        return tomllib.loads(text or "")
    except tomllib.TOMLDecodeError:
        return {}


def toml_text(values: Mapping[str, Any]) -> str:
    """One line for each key; tables are written inline."""
    return "".join(f"{_string(key)} = {_value(value)}\n" for key, value in values.items())


def _value(value: Any) -> str:
    match value:
        case str():
            return _string(value)
        case bool():
            return "true" if value else "false"
        case Mapping():
            return "{" + ", ".join(f"{_string(key)} = {_value(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case int() | float():
            return str(value)
        case _:
            return str(value.isoformat())


def _string(text: str) -> str:
    """JSON's, which TOML's contains, but for DEL; half of a pair of surrogates is no character."""
    text = text.encode("utf-8", "replace").decode()
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
