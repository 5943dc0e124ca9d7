"""What all parts of the templates speak of."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from orchestrator.errors import TemplateError

Load = Callable[[str], str | None]
"""The text of a prompt by its name, None when there is none."""


class TemplateFault(TemplateError):
    """A template error that knows its place."""

    def __init__(self, name: str, line: int | None, what: str) -> None:
        super().__init__(f"{name}:{line}: {what}" if line else f"{name}: {what}")
        self.name = name
        self.line = line
        self.what = what


class NameUse(NamedTuple):
    """A name that a template takes from outside."""

    name: str
    """`context.x` for what is taken from the context."""
    line: int
    tested: bool
    """Only asked for with `if`, `default` or `is defined`: it may be missing."""
    file: str
    """The template it stands in, which may be an included one."""


def no_includes(name: str) -> str | None:
    """`load` for templates that stand alone."""
    return None
