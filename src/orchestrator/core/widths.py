"""How wide text is, in columns of a terminal or of a font whose letters are all of one width; cut and filled up.

A wide character (Chinese, Japanese, Korean, most emoji) takes two columns, a combining one none. Nothing of this costs
anything for plain ASCII.
"""

from __future__ import annotations


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
    return head(text, max(width - len(mark), 0)).rstrip() + mark if width >= len(mark) else ""


def head(text: str, width: int) -> str:
    """As many letters as fit."""
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
