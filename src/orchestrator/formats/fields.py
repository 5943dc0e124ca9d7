"""A mapping of a YAML file → the fields of a record, with every problem at once.

The record itself is the schema: its fields say which keys there are and what they hold. `null` means absent.
Numbers and booleans count as text inside lists and maps of text (`args: [1, true]`), nowhere else.
"""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from orchestrator.core.problems import did_you_mean
from orchestrator.formats.problem_list import Explain, Range, Reading, Where
from orchestrator.formats.yaml_tree import INVALID, Path


def is_mapping(reading: Reading, where: Where, path: Path, value: Any) -> bool:
    return isinstance(value, dict) or _wrong(reading, where, path, "a mapping", value)


def read_fields(
    reading: Reading,
    where: Where,
    path: Path,
    record: type[msgspec.Struct],
    ranges: Mapping[str, Range],
    *,
    also_known: Collection[str] = (),
    explain: Explain = lambda key: None,
    value: dict[str, Any],
) -> dict[str, Any]:
    """The fields that are there and sound, by attribute name. `explain`: why an unknown key does not belong here."""
    fields = _fields(record)
    _report_unknown(reading, where, path, value, [*fields, *also_known], explain)
    found = {}
    for key, field in fields.items():
        raw = value.get(key)
        if raw is None:
            if field.required and not (key in value and value[key] is INVALID):
                reading.report(where, path, f"{_label(where, (*path, key))} is missing", at_key=True)
            continue
        read = _read(reading, where, (*path, key), raw, field.type, ranges)
        if read is not INVALID:
            found[field.name] = read
    return found


@cache
def _fields(record: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(record)}


def _report_unknown(
    reading: Reading, where: Where, path: Path, value: dict[str, Any], known: list[str], explain: Explain
) -> None:
    for key in value:
        if key not in known:
            reason = explain(key)
            what = f'unknown key "{_label(where, (*path, key))}"' + (f": {reason}" if reason else "")
            hint = None if reason else near(key, known)
            reading.report(where, (*path, key), what, hint, "warning", at_key=True)


def near(word: str, known: Collection[str]) -> str | None:
    """Like did_you_mean, and not put off by capitals, - and _ (`max_retries`)."""
    bare = {_bare(one): one for one in known}
    import difflib  # not at the top: a sound file needs no suggestion

    match = difflib.get_close_matches(_bare(word), bare, n=1, cutoff=0.7)
    return f"did you mean {bare[match[0]]}?" if match else did_you_mean(word, known)


def _bare(word: str) -> str:
    return re.sub(r"[-_\s]", "", word).lower()


# --- one value ------------------------------------------------------------------------------------------------------

Reader = Callable[[Reading, Where, Path, Any, "Range | None"], Any]


def _read(reading: Reading, where: Where, path: Path, value: Any, kind: Any, ranges: Mapping[str, Range]) -> Any:
    """The value as the field's type wants it, or INVALID once that is reported."""
    if value is INVALID:
        return INVALID
    if get_origin(kind) in (Union, types.UnionType):
        kinds = [one for one in get_args(kind) if one is not type(None)]
        kind = str if str in kinds and isinstance(value, str) else kinds[0]
    if get_origin(kind) is Literal:
        return _choice(reading, where, path, value, get_args(kind))
    if get_origin(kind) is tuple and get_origin(get_args(kind)[0]) is Literal:
        return _choices(reading, where, path, value, get_args(get_args(kind)[0]))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _record(reading, where, path, value, kind, ranges)
    inner = get_args(kind)[1] if get_origin(kind) is dict else None
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        return _records(reading, where, path, value, inner, ranges)
    return _READERS[kind](reading, where, path, value, ranges.get(str(path[-1])))


_MAY_BE_EMPTY = ("description",)


def _text(reading: Reading, where: Where, path: Path, value: Any, _: Range | None) -> Any:
    if not isinstance(value, str):
        typed = reading.tree.typed.get(path)
        return _wrong(reading, where, path, "a text", value, typed and f'put it into quotes: "{typed}"') or INVALID
    if not value.strip() and path[-1] not in _MAY_BE_EMPTY:
        reading.report(where, path, f"{_label(where, path)} is empty")
        return INVALID
    return value


def _flag(reading: Reading, where: Where, path: Path, value: Any, _: Range | None) -> Any:
    if isinstance(value, bool):
        return value
    hint = {"yes": "write true", "on": "write true", "no": "write false", "off": "write false"}.get(str(value).lower())
    return _wrong(reading, where, path, "true or false", value, hint) or INVALID


def _number(reading: Reading, where: Where, path: Path, value: Any, allowed: Range | None) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return _wrong(reading, where, path, "a number", value) or INVALID
    if allowed and not allowed.allows(value):
        reading.report(where, path, f"{_label(where, path)} must be {allowed.text}, not {reading.tree.typed[path]}")
        return INVALID
    return value


def _whole(reading: Reading, where: Where, path: Path, value: Any, allowed: Range | None) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        return _wrong(reading, where, path, "a whole number", value) or INVALID
    read = _number(reading, where, path, value, allowed)
    return read if read is INVALID else int(read)


def _texts(reading: Reading, where: Where, path: Path, value: Any, _: Range | None) -> Any:
    if not isinstance(value, list):
        typed = value if isinstance(value, str) else reading.tree.typed.get(path)
        return _wrong(reading, where, path, "a list", value, typed and f'write ["{typed}"]') or INVALID
    read = [_loose_text(reading, where, (*path, i), item) for i, item in enumerate(value)]
    return INVALID if INVALID in read else tuple(read)


def _text_map(reading: Reading, where: Where, path: Path, value: Any, _: Range | None) -> Any:
    if not isinstance(value, dict):
        return _wrong(reading, where, path, "a mapping", value) or INVALID
    read = {key: _loose_text(reading, where, (*path, key), item) for key, item in value.items()}
    return INVALID if INVALID in read.values() else read


def _loose_text(reading: Reading, where: Where, path: Path, value: Any) -> Any:
    if isinstance(value, str) or value is INVALID:
        return value
    if value is not None and path in reading.tree.typed:
        return reading.tree.typed[path]
    return (
        _wrong(reading, where, path, "a text", value, 'write "" for an empty text' if value is None else None)
        or INVALID
    )


_EXIT_CODE = re.compile(r"(0|[1-9][0-9]{0,2})\Z", re.ASCII)


def _exit_routes(reading: Reading, where: Where, path: Path, value: Any, _: Range | None) -> Any:
    if not isinstance(value, dict):
        return _wrong(reading, where, path, "a mapping of exit codes to phases", value, "onExit: {3: phase}") or INVALID
    routes = {}
    for key, target in value.items():
        if not _EXIT_CODE.match(key) or int(key) > 255:
            what = f'exit code "{key}" in {_label(where, path)} must be a whole number from 0 to 255'
            reading.report(where, (*path, key), what, at_key=True)
        elif target is not INVALID and (read := _text(reading, where, (*path, key), target, None)) is not INVALID:
            routes[int(key)] = read
    return routes


def _choice(reading: Reading, where: Where, path: Path, value: Any, choices: tuple[str, ...]) -> Any:
    if value in choices:
        return value
    hint = did_you_mean(value, choices) if isinstance(value, str) else None
    return _wrong(reading, where, path, f"{', '.join(choices[:-1])} or {choices[-1]}", value, hint) or INVALID


def _choices(reading: Reading, where: Where, path: Path, value: Any, choices: tuple[str, ...]) -> Any:
    read = _texts(reading, where, path, value, None)
    if read is INVALID:
        return INVALID
    chosen = tuple(_choice(reading, where, (*path, i), one, choices) for i, one in enumerate(read))
    return INVALID if INVALID in chosen else chosen


def _records(
    reading: Reading, where: Where, path: Path, value: Any, record: type[msgspec.Struct], ranges: Mapping[str, Range]
) -> Any:
    if not is_mapping(reading, where, path, value):
        return INVALID
    read = {name: _record(reading, where, (*path, name), raw, record, ranges) for name, raw in value.items()}
    return {name: one for name, one in read.items() if one is not INVALID}


def _record(
    reading: Reading, where: Where, path: Path, value: Any, record: type[msgspec.Struct], ranges: Mapping[str, Range]
) -> Any:
    if value is INVALID or not is_mapping(reading, where, path, value):
        return INVALID
    fields = read_fields(reading, where, path, record, ranges, value=value)
    whole = {field.name for field in _fields(record).values() if field.required} <= fields.keys()
    return record(**fields) if whole else INVALID


def _anything(reading: Reading, where: Where, path: Path, value: Any, _: Range | None) -> Any:
    """A mapping whose values are somebody else's."""
    if not isinstance(value, dict):
        return _wrong(reading, where, path, "a mapping", value) or INVALID
    return INVALID if _holds_invalid(value) else value


def _holds_invalid(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_invalid, value.values() if isinstance(value, dict) else value))
    return value is INVALID


_READERS: dict[Any, Reader] = {
    str: _text,
    bool: _flag,
    int: _whole,
    float: _number,
    tuple[str, ...]: _texts,
    dict[str, str]: _text_map,
    dict[int, str]: _exit_routes,
    dict[str, Any]: _anything,
}


def _wrong(
    reading: Reading, where: Where, path: Path, wanted: str, value: Any, hint: str | None = None
) -> Literal[False]:
    if value is not INVALID:
        reading.report(where, path, f"{_label(where, path)} must be {wanted}, not {said(value)}", hint)
    return False


def said(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, str):
        return f'"{value if len(value) <= 40 else value[:39] + "…"}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return str(value)


def _label(where: Where, path: Path) -> str:
    """`onExit.2`, `args[0]`, as seen from `where`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path[where.depth :])
    return text.removeprefix(".") or ("it" if path else "the file")
