"""YAML text → nodes with their places: the syntax, and nothing of what a value means.

(`yaml.compose` would do, but it recurses in C, and ten thousand brackets end the whole process; the events do not.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from orchestrator.core.problems import did_you_mean

MAX_DEPTH = 100
MAX_NODES = 500_000
"""More than the most values that are read from one file, and their keys: a huge file is given up early."""


class Place(NamedTuple):
    """Both count from 1."""

    line: int
    column: int


class Fault(NamedTuple):
    what: str
    place: Place
    hint: str | None = None


class FatalFault(Exception):
    def __init__(self, what: str, place: Place, hint: str | None = None) -> None:
        super().__init__(what)
        self.fault = Fault(what, place, hint)


class Scalar(NamedTuple):
    place: Place
    tag: str | None
    text: str
    plain: bool
    """Neither quoted nor a block: may be a number, a boolean or null."""


class Sequence(NamedTuple):
    place: Place
    tag: str | None
    items: list[Node]


class Mapping(NamedTuple):
    place: Place
    tag: str | None
    pairs: list[tuple[Node, Node]]


Node = Scalar | Sequence | Mapping

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]|[\ud800-\udfff]|[\ufffe-\uffff]")
"""(The set of what is printable says the same, but takes ten times as long to compile, at every start.)"""


class Composer:
    """Owns the stream of parse events."""

    def __init__(self, text: str) -> None:
        _refuse_unprintable(text)
        self._events = _events(text)
        self._anchors: dict[str, Node | None] = {}
        self._count = 0

    def document(self) -> Node | None:
        """The one document of the stream, None when there is none."""
        next(self._events)
        if _kind(next(self._events)) == "StreamEnd":
            return None
        node = self._node(next(self._events), 0)
        next(self._events)
        after = next(self._events)
        if _kind(after) != "StreamEnd":
            raise FatalFault("a second document begins here", _place(after), "one file holds one document; remove ---")
        return node

    def _node(self, event: Any, depth: int) -> Node:
        place = _place(event)
        if depth > MAX_DEPTH:
            raise FatalFault(f"nested more than {MAX_DEPTH} levels deep", place)
        self._count += 1
        if self._count > MAX_NODES:
            raise FatalFault(f"more than {MAX_NODES:,} keys and values", place, "make several files of it")
        if _kind(event) == "Alias":
            return self._aliased(event.anchor, place)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._fresh(event, place, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _fresh(self, event: Any, place: Place, depth: int) -> Node:
        kind = _kind(event)
        if kind == "Scalar":
            return Scalar(place, event.tag, event.value, not event.style)
        if kind == "SequenceStart":
            return Sequence(place, event.tag, [self._node(e, depth + 1) for e in self._until("SequenceEnd")])
        pairs = [
            (self._node(e, depth + 1), self._node(next(self._events), depth + 1)) for e in self._until("MappingEnd")
        ]
        return Mapping(place, event.tag, pairs)

    def _until(self, kind: str) -> Iterator[Any]:
        while _kind(event := next(self._events)) != kind:
            yield event

    def _aliased(self, name: str, place: Place) -> Node:
        if name not in self._anchors:
            raise FatalFault(f"*{name} names no anchor", place, did_you_mean(name, self._anchors))
        node = self._anchors[name]
        if node is None:
            raise FatalFault(f"*{name} contains itself", place)
        return node


def _refuse_unprintable(text: str) -> None:
    if bad := _UNPRINTABLE.search(text):
        before = text[: bad.start()]
        place = Place(before.count("\n") + 1, bad.start() - before.rfind("\n"))
        raise FatalFault(f"character U+{ord(bad[0]):04X} cannot be in a text file", place, "is this a binary file?")


def parser() -> Any:
    """PyYAML. Not at the top: commands that read no YAML shall not pay for it."""
    import yaml

    return yaml


def _events(text: str) -> Iterator[Any]:
    yaml = parser()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        raise _syntax_fault(error, text) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FatalFault(f"not yaml: {error}", Place(1, 1)) from None


def _syntax_fault(error: Any, text: str) -> FatalFault:
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if line[place.column - 1 : place.column] == "\t":
        return FatalFault("a tab cannot indent", place, "use spaces")
    what = ", ".join(part for part in (error.context, error.problem) if part)
    return FatalFault(f"not yaml: {what}", place, _syntax_hint(what))


def _syntax_hint(what: str) -> str | None:
    if "mapping values are not allowed" in what:
        return 'check the indentation; a text that contains ": " needs quotes'
    if "cannot start any token" in what:
        return "a text that begins with this character needs quotes"
    return None


def _kind(event: Any) -> str:
    return type(event).__name__.removesuffix("Event")


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
