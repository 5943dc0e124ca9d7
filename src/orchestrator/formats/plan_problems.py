"""What is wrong with a plan or ticket file: everything at once, each with its line.

Harmless forms that people and models write are forgiven: null for a key that has a default, numbers and booleans as
captured text. Only what a wrong reading could make harmful is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from orchestrator.core.model import Plan, Ticket
from orchestrator.core.problems import Problem, did_you_mean
from orchestrator.formats.json_lines import Path, locate, syntax_flaw
from orchestrator.formats.plan_terms import bad_globs, empty_budgets, is_time, times, where_of, whole

Record = TypeVar("Record", Plan, Ticket)
Fault = tuple[Path, str, str | None]
"""Where, what, what to write instead."""

_NAMES = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
_DROP = object()


def read(content: bytes, file: str, kind: type[Record]) -> tuple[Record | None, dict[str, Any], list[Problem]]:
    """The record and what is written, or None and the problems."""
    text, raw, problem = _parse(content, file)
    if problem:
        return None, {}, [problem]
    faults: list[Fault] = []
    mended = _mend(raw, inspect.type_info(kind), (), faults)
    record = _convert(mended, kind, faults)
    if record is None or faults:
        return None, {}, sorted((_problem(text, file, fault) for fault in faults), key=_place)
    return record, raw, []


def _convert(mended: Any, kind: type[Record], faults: list[Fault]) -> Record | None:
    if faults:
        return None
    try:
        record = msgspec.convert(mended, kind)
    except msgspec.ValidationError as error:
        faults.append(((), str(error), None))
        return None
    faults.extend(_wrong_times(record))
    faults.extend(_empty_budgets(record))
    faults.extend((path, f"{path_text(path)}: {what}", None) for path, what in bad_globs(record))
    return record


def _wrong_times(record: Plan | Ticket) -> Iterator[Fault]:
    if isinstance(record, Ticket):
        for path, text in times(record):
            if not is_time(text):
                yield path, f'{path_text(path)}: "{text}" is not a time', "write it like 2026-02-28T10:01:02.114Z"


def _empty_budgets(record: Plan | Ticket) -> Iterator[Fault]:
    for path, amount in empty_budgets(record):
        hint = "leave it out for no limit; pause it if nothing shall run"
        yield path, f"{path_text(path)} must be more than 0; it is {amount:g}", hint


def _parse(content: bytes, file: str) -> tuple[str, Any, Problem | None]:
    where = where_of(file)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return "", None, Problem(where, "not UTF-8", hint="save the file as UTF-8", file=file or None, line=line)
    if not text.strip():
        return "", None, Problem(where, "the file is empty", file=file or None, line=1)
    flaw = syntax_flaw(text)
    if flaw:
        what = f"not JSON: {flaw.what}"
        return "", None, Problem(where, what, file=file or None, line=flaw.line, column=flaw.column)
    return text, whole(json.loads(text)), None


def _problem(text: str, file: str, fault: Fault) -> Problem:
    path, what, hint = fault
    line, column = locate(text, path)
    return Problem(where_of(file), what, hint=hint, file=file or None, line=line, column=column)


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0


def path_text(path: Path) -> str:
    """`phaseHistory[2].status`"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def _mend(value: Any, kind: inspect.Type, path: Path, faults: list[Fault]) -> Any:
    """The value with harmless forms put right; whatever is wrong is added to the faults."""
    if isinstance(kind, inspect.UnionType):
        if value is None and any(isinstance(member, inspect.NoneType) for member in kind.types):
            return None
        kind = next(member for member in kind.types if not isinstance(member, inspect.NoneType))
    if isinstance(kind, inspect.StructType):
        return _mend_object(value, kind, path, faults)
    if isinstance(kind, inspect.DictType):
        return _mend_map(value, kind, path, faults)
    if isinstance(kind, inspect.VarTupleType):
        return _mend_list(value, kind, path, faults)
    return _check_plain(value, kind, path, faults)


def _mend_object(value: Any, kind: inspect.StructType, path: Path, faults: list[Fault]) -> Any:
    if not isinstance(value, dict):
        return _wrong(value, "an object", path, faults)
    if kind.cls.__struct_config__.forbid_unknown_fields:
        faults.extend(_unknown(value, [field.encode_name for field in kind.fields], path))
    mended = {}
    for field in kind.fields:
        name = field.encode_name
        found = value.get(name)
        if found is None and not field.required:
            continue
        if found is None:
            faults.append((path, f"{path_text((*path, name))} is missing", None))
        else:
            mended[name] = _mend(found, field.type, (*path, name), faults)
    return mended


def _unknown(value: dict[str, Any], names: list[str], path: Path) -> Iterator[Fault]:
    for name in value.keys() - set(names):
        known = did_you_mean(name, names) or f"known are {', '.join(names)}"
        yield (*path, name), f"{path_text((*path, name))} is unknown", known


def _mend_map(value: Any, kind: inspect.DictType, path: Path, faults: list[Fault]) -> Any:
    if not isinstance(value, dict):
        return _wrong(value, "an object", path, faults)
    present = {key: element for key, element in value.items() if element is not None}
    if isinstance(kind.value_type, inspect.StrType):
        present = {key: _as_text(element) for key, element in present.items()}
    return {key: _mend(element, kind.value_type, (*path, key), faults) for key, element in present.items()}


def _as_text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def _mend_list(value: Any, kind: inspect.VarTupleType, path: Path, faults: list[Fault]) -> Any:
    if not isinstance(value, list):
        return _wrong(value, "a list", path, faults)
    return [_mend(element, kind.item_type, (*path, i), faults) for i, element in enumerate(value)]


def _check_plain(value: Any, kind: inspect.Type, path: Path, faults: list[Fault]) -> Any:
    if isinstance(kind, inspect.EnumType):
        return _check_word(value, [str(member.value) for member in kind.cls], path, faults)
    if isinstance(kind, inspect.StrType):
        return value if isinstance(value, str) else _wrong(value, "a text", path, faults)
    if isinstance(kind, inspect.BoolType):
        return value if isinstance(value, bool) else _wrong(value, "true or false", path, faults)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _wrong(value, "a number", path, faults)
    if isinstance(kind, inspect.IntType) and isinstance(value, float):
        return int(value) if value.is_integer() else _wrong(value, "a whole number", path, faults)
    return value


def _check_word(value: Any, words: list[str], path: Path, faults: list[Fault]) -> Any:
    if value not in words:
        what = f"{path_text(path)} must be one of {', '.join(words)}; it is {_shown(value)}"
        faults.append((path, what, did_you_mean(value, words) if isinstance(value, str) else None))
    return value


def _wrong(value: Any, expected: str, path: Path, faults: list[Fault]) -> Any:
    name = path_text(path) or "the file"
    faults.append((path, f"{name} must be {expected}; it is {_shown(value)}", None))
    return _DROP


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    name = _NAMES[type(value)]
    if isinstance(value, dict | list):
        return name
    text = json.dumps(value, ensure_ascii=False)
    return text if isinstance(value, bool) else f"{name}: {text[:60]}{'…' if len(text) > 60 else ''}"
