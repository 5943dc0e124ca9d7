"""What a tool can be told: its arguments, said to clients as a JSON Schema and held against what they send.

The law: everything that is wrong is told at once, each thing with what would be right; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from orchestrator.core.problems import Problem, did_you_mean

Kind = Literal["text", "count", "flag", "texts", "object", "objects"]
Values = dict[str, Any]

_WORDS: dict[Kind, str] = {
    "text": "a text",
    "count": "a whole number",
    "flag": "true or false",
    "texts": "a list of texts",
    "object": "an object",
    "objects": "a list of objects",
}
_SCHEMAS: dict[Kind, dict[str, Any]] = {
    "text": {"type": "string"},
    "count": {"type": "integer"},
    "flag": {"type": "boolean"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "object": {"type": "object"},
    "objects": {"type": "array", "items": {"type": "object"}},
}


class Field(NamedTuple):
    name: str
    kind: Kind
    about: str
    required: bool = False
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    default: Any = None
    schema: dict[str, Any] | None = None
    """More exactly what it looks like, for clients; whoever reads it then says what is wrong with it."""
    or_text: bool = False
    """A text does, too, though clients are not told: models write objects as text at times."""


class Told(NamedTuple):
    values: Values
    """Every field has one: what was sent, or its default."""
    problems: tuple[Problem, ...]


def schema_of(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {one.name: _schema(one) for one in fields},
        "required": [one.name for one in fields if one.required],
        "additionalProperties": False,
    }


def _schema(field: Field) -> dict[str, Any]:
    made: dict[str, Any] = {**(field.schema or _SCHEMAS[field.kind]), "description": field.about}
    if field.choices:
        named = {"enum": list(field.choices)}
        made |= {"items": {"type": "string", **named}} if field.kind == "texts" else named
    limits = {"minimum": field.least, "maximum": field.most, "default": field.default}
    return made | {key: value for key, value in limits.items() if value is not None}


def told(tool: str, fields: tuple[Field, ...], arguments: Mapping[str, Any]) -> Told:
    """null is what was not sent."""
    sent = {name: value for name, value in arguments.items() if value is not None}
    known = {one.name: one for one in fields}
    problems = [_unknown(tool, name, known) for name in sent if name not in known]
    for field in fields:
        if field.name not in sent:
            problems += [Problem(f"{tool}: {field.name}", "is missing", hint=_right(field))] if field.required else []
            continue
        what = _wrong(field, sent[field.name])
        problems += [Problem(f"{tool}: {field.name}", what, hint=_right(field))] if what else []
    return Told({one.name: sent.get(one.name, one.default) for one in fields}, tuple(problems))


def _unknown(tool: str, name: str, known: Mapping[str, Field]) -> Problem:
    hint = did_you_mean(name, known) or (f"it takes {', '.join(known)}" if known else "it takes no arguments")
    return Problem(f"{tool}: {name[:80]}", "there is no such argument", hint=hint)


def _right(field: Field) -> str:
    return f"{_WORDS[field.kind]}: {field.about}"


def _wrong(field: Field, value: Any) -> str | None:
    if field.or_text and isinstance(value, str):
        return None
    if not _FITS[field.kind](value):
        return f"is {_named(value)} and must be {_WORDS[field.kind]}"
    if field.choices:
        return _not_among(field, [value] if isinstance(value, str) else value)
    if field.least is not None and value < field.least:
        return f"is {value}, and must be {field.least} at least"
    if field.most is not None and value > field.most:
        return f"is {value}, and can be {field.most} at most"
    return None


def _not_among(field: Field, values: list[str]) -> str | None:
    unknown = [one for one in values if one not in field.choices]
    if not unknown:
        return None
    near = did_you_mean(unknown[0], field.choices)
    known = ", ".join(field.choices)
    return f'knows no "{unknown[0][:80]}" ({f"{near} " if near else ""}it is one of {known})'


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


_FITS: dict[Kind, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "count": _is_count,
    "flag": lambda value: isinstance(value, bool),
    "texts": _are_texts,
    "object": lambda value: isinstance(value, dict),
    "objects": _are_objects,
}


def _named(value: Any) -> str:
    """What was sent, in words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the text "{value[:40]}"'
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else f"the number {value}"
