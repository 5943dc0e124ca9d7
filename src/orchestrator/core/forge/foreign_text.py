"""Text of somebody else, made fit to stand in a prompt; and an agent's, made fit to stand under a pull request.

The law: what a page does not show to people is not shown to an agent either, and a line says that something is missing.
Every line of foreign text begins with `> `, so that none can pass for ours. What an agent writes calls nobody, commands
no bot, and hides nothing.
"""

from __future__ import annotations

import re

LONGEST = 8000
"""Characters of one text."""
_CODE_OR_HIDDEN = re.compile(r"(?P<code>(?P<ticks>`{3,}|~{3,}).*?(?:(?P=ticks)|\Z))|<!--.*?(?:-->|\Z)", re.DOTALL)
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff\ud800-\udfff]"
)
_CALL = re.compile(r"@(?=[A-Za-z0-9])")
_COMMAND = re.compile(r"^(\s*)/(?=[A-Za-z])", re.MULTILINE)
_NOBODY = "\u200b"
"""Has no width, and keeps what is before it from what is after it."""


def quoted(text: str, longest: int = LONGEST) -> str:
    """Between the lines of a prompt."""
    seen = shown(text)
    if len(seen) > longest:
        seen = f"{seen[:longest].rstrip()}\n[… {len(seen) - longest:,} more characters are left out]"
    return "\n".join(f"> {line}".rstrip() for line in seen.strip("\n").split("\n"))


def shown(text: str) -> str:
    """As people see it on the page."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    without = _CODE_OR_HIDDEN.sub(lambda found: found["code"] or "[a comment that the page hides was left out]", lines)
    plain, removed = _UNSEEN.subn("", without)
    if not removed:
        return plain
    return f"{plain}\n[{removed} character{'' if removed == 1 else 's'} that nobody can see left out]"


def line_of(text: str, longest: int = 200) -> str:
    """A name, a path or an address: one line."""
    return _UNSEEN.sub("", " ".join(text.split()))[:longest]


def postable(text: str, longest: int) -> str:
    """What an agent wrote, to be read by people on the forge."""
    plain = _UNSEEN.sub("", text.replace("\r\n", "\n")).replace("<!--", "&lt;!--").strip()
    if len(plain) > longest:
        plain = f"{plain[:longest].rstrip()} …"
    return _COMMAND.sub(rf"\1{_NOBODY}/", _CALL.sub(f"@{_NOBODY}", plain))
