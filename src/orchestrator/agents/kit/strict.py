"""JSON Schemas as an API takes them that holds its model to every word: each object closed, each property required.

A property that may be left out becomes one that may be null; whoever reads the answer takes such a null for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TAKEN = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "$ref", "$defs"),
        *("title", "description"),
    }
)
_LEFT_OUT = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
        *("pattern", "format", "minItems", "maxItems", "uniqueItems", "default", "examples", "$schema", "$id"),
        *("$comment", "deprecated"),
    }
)
"""Bounds, which are looked after when the answer is there. A schema with any other word is too loose."""
_SAYS = frozenset({"type", "enum", "const", "anyOf", "$ref"})


class _LooseError(Exception):
    pass


def strict(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The schema so; None when it cannot be said so."""
    if schema is None or schema.get("type") != "object":
        return None
    try:
        found: dict[str, Any] = _closed(schema)
    except (_LooseError, RecursionError):
        return None
    return found


def _closed(schema: Any) -> Any:
    if not isinstance(schema, Mapping) or not _SAYS & schema.keys() or schema.keys() - _TAKEN - _LEFT_OUT:
        raise _LooseError
    found = {key: value for key, value in schema.items() if key in _TAKEN}
    if isinstance(found.get("$defs"), Mapping):
        found["$defs"] = {name: _closed(one) for name, one in found["$defs"].items()}
    if isinstance(found.get("anyOf"), list):
        found["anyOf"] = [_closed(one) for one in found["anyOf"]]
    if "items" in found:
        found["items"] = _closed(found["items"])
    if _is_object(found):
        _close(found)
    return found


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in schema


def _close(found: dict[str, Any]) -> None:
    if found.get("additionalProperties", False) is not False or not isinstance(found.get("properties"), Mapping):
        raise _LooseError
    required, properties = found.get("required") or (), found["properties"]
    found["properties"] = {
        name: _closed(one) if name in required else _nullable(_closed(one)) for name, one in properties.items()
    }
    found["required"], found["additionalProperties"] = list(properties), False


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind and "enum" not in schema):
        return schema
    return {"anyOf": [schema, {"type": "null"}]}
