"""One line for a person out of many."""

from __future__ import annotations

from collections.abc import Iterable

LINE_LIMIT = 500
"""Characters."""


def first_line(text: str) -> str:
    """The first line that says something, or ""."""
    return _line(text.splitlines())


def last_line(text: str) -> str:
    """The last line that says something, or ""."""
    return _line(reversed(text.splitlines()))


def _line(lines: Iterable[str]) -> str:
    said = next((line.strip() for line in lines if line.strip()), "")
    return said if len(said) <= LINE_LIMIT else said[:LINE_LIMIT] + " …"
