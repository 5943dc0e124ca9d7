"""What `gh` said when it failed, and what the headers of the last answer said of waiting.

With GH_DEBUG=api it tells all that goes to and fro (never the token); what it has to say itself comes last.
"""

from __future__ import annotations

import email.utils
import re
from typing import NamedTuple

ALOUD = {"GH_DEBUG": "api"}
_TOOK = "* Request took "
_ANSWER = re.compile(r"^< HTTP/\S+ (\d{3})[^\n]*\n((?:< [^\n]*\n)*)", re.MULTILINE)
_HEADER = re.compile(r"^< ([\w-]+): *([^\r\n]*)", re.MULTILINE)
_AFTER = re.compile(r"\bretry[- ]after:? *(\d{1,7})\b", re.IGNORECASE)


class Heard(NamedTuple):
    said: str
    """Of `gh` itself."""
    status: int = 0
    """Of the last answer; 0: it is not told."""
    retry_after: float | None = None
    """Seconds."""
    reset: float | None = None
    """Seconds, when the answer says that its limit is used up."""


def heard(text: str, now: float) -> Heard:
    before, took, last = text.rpartition(_TOOK)
    said = last.partition("\n")[2] if took else text
    answers = list(_ANSWER.finditer(before))
    if not answers:
        found = _AFTER.search(said)
        return Heard(said, retry_after=float(found[1]) if found else None)
    headers = {name.lower(): value.strip() for name, value in _HEADER.findall(answers[-1][2])}
    reset = headers.get("x-ratelimit-reset", "")
    is_used_up = headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal()
    return Heard(
        said,
        int(answers[-1][1]),
        _seconds(headers.get("retry-after", ""), now),
        max(0.0, int(reset) - now) if is_used_up else None,
    )


def _seconds(text: str, now: float) -> float | None:
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now) if text else None
    except ValueError:
        return None
