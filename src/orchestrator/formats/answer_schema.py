"""JSON Schemas of the answers that agents give: what is wrong with one, and whether an answer matches it.

The law: nothing is fetched. A `$ref` to anything but the schema itself is a fault, and so is whatever else would show
only when an agent has done its work. The library is loaded only where there is such a schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from orchestrator.core.problems import did_you_mean
from orchestrator.formats.yaml_tree import Path

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
TOLD = 5
"""Mismatches that are told of one answer."""
LONG = 300
"""Characters of one of them."""


class Fault(NamedTuple):
    what: str
    path: Path = ()
    """In the schema."""


def faults(schema: Any) -> list[Fault]:
    """All that is wrong with the schema of an answer."""
    if not isinstance(schema, dict):
        return [Fault("must be a JSON Schema: a mapping with type: object and properties")]
    if found := _not_an_object(schema):
        return [found]
    wrong = [Fault(_of_schema(error), tuple(error.instance_path)) for error in _of_dialect(schema)]
    return wrong or _compiled(schema)


def mismatches(schema: Mapping[str, Any], value: Any) -> list[str]:
    """What of a value does not match, each with its place; empty when it does."""
    import jsonschema_rs

    errors = list(jsonschema_rs.validator_for(dict(schema), retriever=_refuse).iter_errors(value))
    told = [_told(error) for error in errors[:TOLD]]
    return told + ([f"and {len(errors) - TOLD} more"] if len(errors) > TOLD else [])


def _not_an_object(schema: dict[str, Any]) -> Fault | None:
    """The answer has names, for its properties are captured."""
    if schema.get("type") != "object":
        return Fault("must describe an object: write type: object", ("type",) if "type" in schema else ())
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        return Fault("must have properties: they are what is captured", ("properties",) if properties else ())
    return None


def _of_dialect(schema: dict[str, Any]) -> list[Any]:
    """What its own meta-schema says; nothing when it names one that is not known, which `_compiled` reports."""
    import jsonschema_rs

    dialect = schema.get("$schema", DIALECT)
    try:
        return list(jsonschema_rs.validator_for({"$ref": str(dialect)}, retriever=_refuse).iter_errors(schema))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
        return []


def _compiled(schema: dict[str, Any]) -> list[Fault]:
    import jsonschema_rs

    try:
        jsonschema_rs.validator_for(schema, retriever=_refuse)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        path = tuple(getattr(error, "instance_path", ()))
        return [Fault(f"cannot be used: {_short(getattr(error, 'message', str(error)))}", path)]
    return []


def _of_schema(error: Any) -> str:
    path, word = tuple(error.instance_path), error.instance
    if path and path[-1] == "type" and isinstance(word, str):
        hint = did_you_mean(word, TYPES) or f"write {', '.join(TYPES)}"
        return f'unknown type "{word}" ({hint})'
    return f"no JSON Schema: {_short(error.message)}"


def _told(error: Any) -> str:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
    return f"{place.removeprefix('.')}: {_short(error.message)}" if place else _short(error.message)


def _short(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= LONG else line[: LONG - 1] + "…"


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched; write it into $defs")
