"""What a template may cost. Templates are written by people and models; a slip must be an error, not a hang.

Every loop step, call and filter spends a step, every text that is made its length; what would grow too long is refused
before it exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any

MAX_STEPS = 100_000
MAX_TEXT = 10 * 1024 * 1024
"""Characters; captured values have 1 MiB each."""
MAX_MADE = 10 * MAX_TEXT
"""Characters of all texts that one render makes on its way."""
MAX_WIDTH = 10_000
MAX_BITS = 10_000

_WIDE_FORMAT = re.compile(r"\d{5,}|\*|\{[^{}]*\{")
_SIZED = (str, bytes, list, tuple)
_GROWING_METHODS = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})
_WIDTH_FILTERS = frozenset({"center", "indent", "batch", "slice", "wordwrap", "tojson", "round"})


class TooMuch(Exception):
    """A template asks for more than it may."""


class Budget:
    """What is left of one render's steps and characters."""

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.made = MAX_MADE


BUDGET: ContextVar[Budget | None] = ContextVar("BUDGET", default=None)
"""None outside of a render, where only constants are computed."""


def spend() -> None:
    budget = BUDGET.get()
    if budget is not None:
        budget.steps -= 1
        if budget.steps < 0:
            raise TooMuch(f"takes more than {MAX_STEPS:,} steps; is there a loop without end?")


def check_length(length: int) -> None:
    """A text or list of this length is about to be made."""
    budget = BUDGET.get()
    if budget is not None:
        budget.made -= length
    if length > MAX_TEXT or (budget is not None and budget.made < 0):
        raise TooMuch(f"makes more than {MAX_TEXT:,} characters")


def bounded_join(parts: Iterable[str]) -> str:
    """`"".join` that stops in time."""
    texts, total = [], 0
    for part in parts:
        total += len(part)
        if total > MAX_TEXT:
            check_length(total)
        texts.append(part)
    check_length(total)
    return "".join(texts)


def check_binary(operator: str, left: Any, right: Any) -> None:
    if operator == "**":
        _check_power(left, right)
    elif operator == "*":
        _check_product(left, right)
    elif operator == "+" and isinstance(left, _SIZED) and isinstance(right, _SIZED):
        check_length(len(left) + len(right))
    elif operator == "%" and isinstance(left, str):
        check_format(left)


def _check_power(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > MAX_BITS:
        raise TooMuch("makes too large a number")


def _check_product(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > MAX_BITS:
            raise TooMuch("makes too large a number")
    elif isinstance(left, _SIZED) and isinstance(right, int):
        check_length(len(left) * right)
    elif isinstance(right, _SIZED) and isinstance(left, int):
        check_length(len(right) * left)


def check_format(text: str) -> None:
    if _WIDE_FORMAT.search(text):
        raise TooMuch("formats with a width that is too large or computed")


def check_replace(text: Any, old: Any, new: Any) -> None:
    text, old, new = str(text), str(old), str(new)
    check_length(len(text) + text.count(old) * len(new))


def check_call(called: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Methods of texts that can grow them."""
    owner, name = getattr(called, "__self__", None), getattr(called, "__name__", "")
    if not isinstance(owner, str):
        return
    if name in _GROWING_METHODS:
        _check_widths([*args, *kwargs.values()])
    elif name == "replace" and len(args) >= 2:
        check_replace(owner, args[0], args[1])
    elif name == "join" and args:
        check_length(len(owner) * len(args[0]) if isinstance(args[0], _SIZED) else MAX_TEXT + 1)
    elif name == "translate":
        raise TooMuch("translate cannot be used")


def check_filter(name: str, value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    given = [*args, *kwargs.values()]
    if name in _WIDTH_FILTERS:
        _check_widths(given)
    elif name == "format":
        check_format(str(value))
    elif name == "replace":
        old, new, *_ = [*given, "", ""]
        check_replace(value, old, new)
    elif name == "sum" and any(isinstance(one, _SIZED) and not isinstance(one, str) for one in given):
        raise TooMuch("sum adds numbers only")


def _check_widths(values: Iterable[Any]) -> None:
    for value in values:
        if isinstance(value, int) and abs(value) > MAX_WIDTH:
            raise TooMuch(f"a width of {value:,} is too large")


def count(value: Any) -> None:
    """Spends a step for every element of nested lists and objects, so that none is too large to be written."""
    if isinstance(value, str):
        check_length(len(value))
        return
    spend()
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for element in value:
        count(element)
