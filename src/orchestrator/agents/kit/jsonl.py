"""JSON lines as agent CLIs print them. What is not an object is skipped: lines may be cut off, or be no JSON at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode


def objects(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Every line that is a JSON object, in order. Never raises for what the lines contain."""
    for line in lines:
        value = _value(line)
        if isinstance(value, dict):
            yield value


def _value(line: bytes) -> object:
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _mended(line)


def _mended(line: bytes) -> object:
    """Half characters become U+FFFD: the rest of such a line still counts."""
    try:
        return _whole(json.loads(line.decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return None


def _whole(value: object) -> object:
    """Lone surrogates, which no file can hold, become `?`."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_whole(key): _whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return value


def text(event: dict[str, Any], key: str) -> str:
    """A string, or "" for anything else."""
    value = event.get(key)
    return value if isinstance(value, str) else ""


def number(event: dict[str, Any], key: str) -> float | None:
    """A finite number, or None for anything else."""
    value = event.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        return None
    return value


def mapping(event: dict[str, Any], key: str) -> dict[str, Any]:
    """An object, or {} for anything else."""
    value = event.get(key)
    return value if isinstance(value, dict) else {}


def sequence(event: dict[str, Any], key: str) -> list[Any]:
    """A list, or [] for anything else."""
    value = event.get(key)
    return value if isinstance(value, list) else []
