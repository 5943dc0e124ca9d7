"""Text in columns of a terminal: how wide it is, cut to fit, filled up, wrapped.

A wide character (Chinese, Japanese, Korean, most emoji) takes two columns, a combining one none. Nothing of this costs
anything for plain ASCII.
"""

from __future__ import annotations

import os
import sys

NARROWEST = 20


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


def cells(text: str) -> int:
    """Columns that the text takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def _cell(char: str) -> int:
    if char.isascii():
        return 1
    from unicodedata import category, east_asian_width

    if category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def cut(text: str, width: int, mark: str = "…") -> str:
    """At most `width` columns; what was cut off is marked."""
    if cells(text) <= width:
        return text
    return _head(text, max(width - len(mark), 0)).rstrip() + mark if width >= len(mark) else ""


def _head(text: str, width: int) -> str:
    if text.isascii():
        return text[:width]
    used = 0
    for i, char in enumerate(text):
        used += _cell(char)
        if used > width:
            return text[:i]
    return text


def pad(text: str, width: int, right: bool = False) -> str:
    """At least `width` columns."""
    space = " " * (width - cells(text))
    return space + text if right else text + space


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
        while cells(spaced) > width and (part := _head(spaced, width)):
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
