"""Texts of a pull request as a forge takes them: how long they may be, and what of an agent's words goes into them."""

from __future__ import annotations

import re

TITLE, BODY = 256, 65_536
"""What GitHub takes, in UTF-16 units, which is the strictest way to count."""
SUMMARY, DESCRIPTION, CRITERIA, FOREIGN = 8_000, 30_000, 10_000, 8_000
"""Characters of each part, so that the end of the body is never what is cut off."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PROTOCOL = re.compile(r"^[\s>*_`#-]*(?:(?:PASS|FAIL)\b[\s*_`.!]*$|(?:HANDLED|DECLINED|NO_CHANGE_NEEDED)\b.*:)")
_MENTION = re.compile(r"(?<![\w`/.@])@(?=[A-Za-z0-9])")
_CLOSING = re.compile(
    r"\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(:?\s+)(?=#\d|[\w.-]+/[\w.-]+#\d|https?://)", re.IGNORECASE
)


def one_line(text: str, limit: int = TITLE) -> str:
    return bounded(" ".join(_CONTROL.sub(" ", text).split()), limit)


def bounded(text: str, limit: int) -> str:
    """The beginning of a text that is too long, and a sign that there was more."""
    if _units(text) <= limit:
        return text
    cut = text[: limit - 1]
    while _units(cut) > limit - 1:
        cut = cut[: len(cut) - max(1, (_units(cut) - limit + 1) // 2)]
    return cut.rstrip() + "…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", errors="replace")) // 2


def written(text: str, limit: int) -> str:
    """What a person or planner wrote."""
    return bounded(_CONTROL.sub("", text.replace("\r\n", "\n")).strip(), limit)


def said(text: str, limit: int = SUMMARY) -> str:
    """What an agent said at its end, for people: without the lines that the runner asked for, without comments that
    nobody would see, and so that it neither calls anybody nor closes an issue."""
    lines = (line for line in text.replace("\r\n", "\n").split("\n") if not _PROTOCOL.match(line))
    plain = _CONTROL.sub("", "\n".join(lines)).strip().replace("<!--", "&lt;!--")
    return bounded(_CLOSING.sub("\\1\\2\u200b", _MENTION.sub("@\u200b", plain)), limit)


def body_of(text: str) -> str:
    return bounded(re.sub(r"\n{3,}", "\n\n", text).strip(), BODY - 1) + "\n"
