"""What templates compute with: the state of one render, names without a value, and how values print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from jinja2 import ChainableUndefined, Undefined
from jinja2.utils import missing

from orchestrator.core.problems import did_you_mean
from orchestrator.formats.template import limits
from orchestrator.formats.template.terms import Load

_FLOAT_LIMIT = 1e21


class Scope:
    """The state of one render."""

    def __init__(self, load: Load, captured: frozenset[str], known: Iterable[str], record: bool = False) -> None:
        self.load = load
        self.captured = captured
        self.known = frozenset(known) | captured
        self.recorded: list[str] | None = [] if record else None
        """The values in the order in which they were printed, when they are kept out of the text."""


SCOPE: ContextVar[Scope] = ContextVar("SCOPE", default=Scope(lambda name: None, frozenset(), ()))  # noqa: B039


class Captured(dict[str, Any]):
    """`context`: a key that some phase captures is empty until then."""


class Pending(ChainableUndefined):
    """A name that some phase captures later: prints as nothing."""

    __slots__ = ()


class Unknown(ChainableUndefined):
    """A name that nothing defines: can be tested, but not printed."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        scope, name = SCOPE.get(), str(self._undefined_name)
        if isinstance(self._undefined_obj, Captured):
            near = did_you_mean(name, set(self._undefined_obj) | scope.captured)
            return _unknown(f"context.{name}", near and near.replace("did you mean ", "did you mean context."))
        if self._undefined_obj is missing:
            return _unknown(name, did_you_mean(name, scope.known))
        keys = list(self._undefined_obj) if isinstance(self._undefined_obj, Mapping) else ()
        return _unknown(f".{name}", did_you_mean(name, map(str, keys)))

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        raise self._undefined_exception(self._undefined_message)

    def __contains__(self, item: object) -> bool:
        return False

    def __str__(self) -> str:
        return str(self._fail())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._fail())

    def __len__(self) -> int:
        return int(self._fail())


def _unknown(name: str, near: str | None) -> str:
    return f'unknown name "{name}"' + (f" ({near})" if near else "; nothing defines it")


def or_pending(obj: Any, name: Any, value: Any) -> Any:
    if isinstance(value, Undefined) and isinstance(obj, Captured) and name in SCOPE.get().captured:
        return Pending(name=str(name))
    return value


def text_of(value: Any) -> str:
    """How a value prints."""
    if isinstance(value, str | Undefined):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _FLOAT_LIMIT:
        return str(int(value))
    if isinstance(value, Mapping):
        limits.count(value)
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, list | tuple | Iterator):
        return ",".join(text_of(element) for element in counted(value))
    return str(value)


def counted(values: Any, pairs: bool = False) -> Iterator[Any]:
    """The elements, one step each. None has none; `for key, value in object` goes through both."""
    if values is None:
        return
    for element in values.items() if pairs and isinstance(values, Mapping) else values:
        limits.spend()
        yield element
