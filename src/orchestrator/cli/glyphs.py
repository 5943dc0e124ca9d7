"""The signs that drawings are made of, for terminals that know them and for those that do not."""

from __future__ import annotations

from typing import NamedTuple


class Glyphs(NamedTuple):
    success: str
    failure: str
    again: str
    """Back to itself."""
    nodes: dict[str, str]
    """By the kind of node."""
    down: str
    branch: str
    last: str
    """A branch with nothing below it."""
    across: str
    along: str
    cross: str
    top: str
    """Where a lane begins, ends, and where another line meets it."""
    bottom: str
    meet: str
    into: str
    most: str
    dot: str
    cut: str
    to: str
    critical: str
    first_tier: str
    tier: str
    last_tier: str


DRAWN = Glyphs(
    success="✓", failure="✗", again="↻",
    nodes={"script": "●", "agent": "◆", "poll": "○", "terminal": "■", "end": "□", "unknown": "✗"},
    down="▼", branch="├─", last="╰─", across="─", along="│", cross="┼", top="╮", bottom="╯", meet="┤", into="◀",
    most="≤", dot="·", cut="…", to="→", critical="◆", first_tier="╭", tier="├", last_tier="╰",
)  # fmt: skip
PLAIN = Glyphs(
    success="ok", failure="failed", again="~",
    nodes={"script": "*", "agent": "@", "poll": "o", "terminal": "#", "end": "=", "unknown": "!"},
    down="v", branch="+-", last="`-", across="-", along="|", cross="|", top="+", bottom="+", meet="+", into="<",
    most="max", dot="-", cut="..", to="->", critical="*", first_tier="+", tier="+", last_tier="+",
)  # fmt: skip
