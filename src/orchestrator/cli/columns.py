"""Text in columns of a terminal: how wide it is, cut to fit, filled up, wrapped.

A wide character (Chinese, Japanese, Korean, most emoji) takes two columns, a combining one none. Nothing of this costs
anything for plain ASCII.
"""

from __future__ import annotations

import os
import sys

from orchestrator.core.widths import cells as cells
from orchestrator.core.widths import cut as cut
from orchestrator.core.widths import head
from orchestrator.core.widths import pad as pad

NARROWEST = 20
_ESCAPES = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"


def without_escapes(text: str) -> str:
    """Without colours and whatever else terminals are told in between."""
    if "\x1b" not in text:
        return text
    import re

    return re.sub(_ESCAPES, "", text)


def screen() -> int | None:
    """Columns of the terminal; None: there is none, so nothing need fit. `COLUMNS` counts more than the terminal."""
    from orchestrator.cli.output import is_terminal

    if not is_terminal():
        return None
    try:
        found = int(os.environ.get("COLUMNS") or os.get_terminal_size(sys.stdout.fileno()).columns)
    except (ValueError, OSError):
        found = 0
    return max(found or 80, NARROWEST)


def wrapped(text: str, width: int | None) -> list[str]:
    """Lines of at most `width` columns, broken between words where there are any; the indentation goes on."""
    if width is None or cells(text) <= width:
        return [text]
    indent = text[: min(len(text) - len(text.lstrip()), width // 2)]
    lines, line = [], ""
    for word in _words(text, max(width - len(indent), 2)):
        if cells(line) + cells(word.rstrip()) <= width:
            line += word
        else:
            lines.append(line.rstrip())
            line = indent + word
    return [*lines, line.rstrip()]


def _words(text: str, width: int) -> list[str]:
    """Words, each with the space after it; a word that is wider than `width` in parts."""
    found: list[str] = []
    for i, word in enumerate(text.split(" ")):
        spaced = f" {word}" if i and not found else word
        if i and found:
            found[-1] += " "
        while cells(spaced) > width and (part := head(spaced, width)):
            found.append(part)
            spaced = spaced[len(part) :]
        found.append(spaced)
    return found


def has_utf8() -> bool:
    """Whether stdout takes more than ASCII. (Python itself takes a C locale for UTF-8, and says so in LC_CTYPE.)"""
    if "utf" not in (getattr(sys.stdout, "encoding", None) or "").lower():
        return False
    ctype = os.environ.get("LC_CTYPE", "")
    lang = os.environ.get("LANG", "")
    named = os.environ.get("LC_ALL") or (lang if lang and ctype in ("", "C.UTF-8") else ctype)
    return not named or "utf" in named.lower()
