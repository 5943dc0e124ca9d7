"""A problem is a finding of a check: where, what, what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

Severity = Literal["error", "warning"]


class Problem(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    where: str
    """In words: `workflow standard: phase create_pr`, `ticket p1/T-1`, `config`."""
    what: str
    severity: Severity = msgspec.field(default_factory=lambda: "error")
    """A factory, because a plain default would be left out of JSON."""
    hint: str | None = None
    """What to write or do instead."""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    key: str | None = None
    """The key of the plan or ticket that is meant: who knows its file finds the line."""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}"
        if self.hint:
            text += f" ({self.hint})"
        if self.file:
            place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
            text = f"{place}: {text}"
        return text


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`did you mean await_review?`, or None when nothing is near."""
    import difflib  # not at the top: most commands have nothing to suggest

    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else None
