"""Command-line arguments that a person configured, beside those that an adapter gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

Values = Literal["none", "one", "maybe", "many"]
"""What follows a flag; `maybe` and `many` end at the next flag."""


def without(args: Iterable[str], flags: Mapping[str, Values]) -> list[str]:
    """`args` without these flags and their values, so that what the adapter gives is not given twice."""
    kept: list[str] = []
    swallow: Values = "none"
    for arg in args:
        follows = swallow == "one" or (swallow != "none" and not arg.startswith("-"))
        if follows:
            swallow = "many" if swallow == "many" else "none"
            continue
        flag, equals, _ = arg.partition("=")
        known = flag in flags and flag.startswith("-")
        swallow = flags[flag] if known and not equals else "none"
        if not known:
            kept.append(arg)
    return kept
