"""YAML text → plain values, and the line and column of every one of them.

Nothing here raises: what cannot be read is a fault with its place. Keys are always text, as the author typed them
(`on`, `no` and `2` included). Values follow YAML 1.2, as the original's loader does: only true and false are booleans,
so `yes`, `no`, `on` and `off` stay text, and there are no dates and no base-60 numbers.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from orchestrator.formats.yaml_nodes import (
    MAX_DEPTH,
    Composer,
    FatalFault,
    Fault,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
)

Path = tuple[str | int, ...]

MAX_VALUES = 100_000
"""Aliases count each time they are used, so that a few lines cannot unfold into gigabytes."""


class Invalid:
    """Stands where a value could not be read; its fault is already reported."""

    def __repr__(self) -> str:
        return "INVALID"


INVALID = Invalid()


class Tree(NamedTuple):
    value: Any
    """None for an empty file; INVALID when the text is not YAML at all."""
    keys: dict[Path, Place]
    values: dict[Path, Place]
    typed: dict[Path, str]
    """What the author typed, for values that are not text (`1.10`, `true`)."""
    faults: tuple[Fault, ...]

    def place(self, path: Path) -> Place:
        """Of the value there, or of the nearest thing around it."""
        return self._nearest(self.values, path)

    def key_place(self, path: Path) -> Place:
        return self.keys[path] if path in self.keys else self.place(path)

    def _nearest(self, places: dict[Path, Place], path: Path) -> Place:
        while path and path not in places:
            path = path[:-1]
        return places.get(path, Place(1, 1))


def read_yaml(text: str) -> Tree:
    """Never raises. With faults the values are still there as far as they could be read."""
    builder = _Builder()
    value: Any = INVALID
    try:
        node = Composer(text.removeprefix("\ufeff")).document()
        value = None if node is None else builder.build(node, ())
    except FatalFault as fatal:
        builder.faults.append(fatal.fault)
    return Tree(value, builder.keys, builder.values, builder.typed, tuple(builder.faults))


_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}\Z", re.ASCII)
_BASED = re.compile(r"0o[0-7]{1,18}\Z|0x[0-9a-fA-F]{1,15}\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z", re.ASCII)
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")

_TAG = "tag:yaml.org,2002:"
_TAGGED: dict[str, tuple[type, ...]] = {
    f"{_TAG}int": (int,),
    f"{_TAG}float": (float, int),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}


def plain_value(text: str) -> Any:
    """What an unquoted scalar means."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text, 0)
    if _FLOAT.match(text):
        return float(text)
    return float(text.replace(".", "", 1)) if _SPECIAL.match(text) else text


class _Builder:
    """Collects places and faults while values are built."""

    def __init__(self) -> None:
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.typed: dict[Path, str] = {}
        self.faults: list[Fault] = []
        self._built = 0

    def build(self, node: Node, path: Path) -> Any:
        self._count(node, len(path))
        self.values[path] = node.place
        if isinstance(node, Scalar):
            return self._scalar(node, path)
        if node.tag not in (None, "!", f"{_TAG}seq" if isinstance(node, Sequence) else f"{_TAG}map"):
            return self._unknown_tag(node)
        if isinstance(node, Sequence):
            return [self.build(item, (*path, i)) for i, item in enumerate(node.items)]
        return self._mapping(node, path)

    def _count(self, node: Node, depth: int) -> None:
        self._built += 1
        if self._built > MAX_VALUES:
            raise FatalFault(f"more than {MAX_VALUES} values", node.place, "do its aliases multiply?")
        if depth > MAX_DEPTH:
            raise FatalFault(f"nested more than {MAX_DEPTH} levels deep", node.place)

    def _scalar(self, node: Scalar, path: Path) -> Any:
        if node.tag in ("!", f"{_TAG}str") or (node.tag is None and not node.plain):
            return node.text
        value = plain_value(node.text)
        if node.tag is not None and node.tag not in _TAGGED:
            return self._unknown_tag(node)
        if node.tag is not None and not isinstance(value, _TAGGED[node.tag]):
            kind = node.tag.removeprefix(_TAG)
            self.faults.append(Fault(f'"{node.text}" is not of the type !!{kind}', node.place))
            return INVALID
        if not isinstance(value, str):
            self.typed[path] = node.text
        return value

    def _unknown_tag(self, node: Node) -> Invalid:
        tag = (node.tag or "").replace(_TAG, "!!")
        self.faults.append(Fault(f"unknown tag {tag}", node.place, "remove it, or quote a text that begins with !"))
        return INVALID

    def _mapping(self, node: Mapping, path: Path) -> Any:
        pairs = self._own_pairs(node)
        if pairs is None:
            return INVALID
        built = {}
        for text, (key, value) in (self._merged(node, 0) | pairs).items():
            self.keys[(*path, text)] = key.place
            built[text] = self.build(value, (*path, text))
        return built

    def _own_pairs(self, node: Mapping) -> dict[str, tuple[Scalar, Node]] | None:
        """None when a key is not text, as in `{{ x }}` without quotes."""
        own: dict[str, tuple[Scalar, Node]] = {}
        for key, value in node.pairs:
            if not isinstance(key, Scalar):
                hint = 'put a template into quotes: "{{ … }}"' if isinstance(key, Mapping) else None
                self.faults.append(Fault("a key must be text", key.place, hint))
                return None
            if _is_merge(key):
                continue
            if key.text in own:
                first = own[key.text][0].place.line
                self.faults.append(Fault(f'key "{key.text}" is there twice', key.place, f"first in line {first}"))
                continue
            own[key.text] = (key, value)
        return own

    def _merged(self, node: Mapping, depth: int) -> dict[str, tuple[Scalar, Node]]:
        """The pairs that `<<` brings in; of several, the first counts."""
        merged: dict[str, tuple[Scalar, Node]] = {}
        for key, value in node.pairs:
            if not _is_merge(key):
                continue
            for source in value.items if isinstance(value, Sequence) else [value]:
                self._count(source, depth)
                if isinstance(source, Mapping):
                    merged = self._merged(source, depth + 1) | self._texts(source) | merged
                else:
                    self.faults.append(Fault("<< takes a mapping or a list of mappings", source.place))
        return merged

    def _texts(self, node: Mapping) -> dict[str, tuple[Scalar, Node]]:
        self._built += len(node.pairs)
        return {k.text: (k, v) for k, v in reversed(node.pairs) if isinstance(k, Scalar) and not _is_merge(k)}


def _is_merge(key: Node) -> bool:
    return isinstance(key, Scalar) and key.plain and key.text == "<<"
