"""How wide text is, in columns of a terminal or of a font whose letters are all of one width."""

from __future__ import annotations

import unicodedata


def cells(text: str) -> int:
    """Columns that a text takes."""
    return len(text) if text.isascii() else sum(_cell(letter) for letter in text)


def _cell(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def shortened(text: str, room: int, mark: str = "…") -> str:
    """Cut at the end, with a mark, if it takes more columns than there is room for."""
    if cells(text) <= room:
        return text
    room -= cells(mark)
    kept = ""
    for letter in text:
        if room < cells(letter):
            break
        kept += letter
        room -= cells(letter)
    return kept.rstrip() + mark if room >= 0 else ""


def padded(text: str, room: int) -> str:
    return text + " " * (room - cells(text))
