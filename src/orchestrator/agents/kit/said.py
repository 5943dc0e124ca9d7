"""What a line of an agent's output says to a person."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What a line of an agent's output is about."""

    TEXT = "text"
    THINKING = "thinking"
    TOOL = "tool"
    """A tool is called; the first word is its name."""
    EDIT = "edit"
    """A tool that changes a file: its name, the path, and how much."""
    RESULT = "result"
    """What a tool gave back."""
    ERROR = "error"
    NOTE = "note"
    DONE = "done"
    """The end of the run, if it went well; else it is an ERROR."""


class Said(msgspec.Struct, frozen=True):
    """Something that an agent's output tells a person. Both texts are short, and not cleaned of control characters."""

    kind: Kind
    text: str
    """One line, never empty."""
    detail: str = ""
    """What follows it, of one or more lines: the rest of a text, a short diff, the next lines of a result. Of what is
    DONE the final message, which has usually been said already."""
    inner: bool = False
    """It is about an agent that this agent has started."""
