"""The end of a check's log, as somebody who has to mend it wants to see it."""

from __future__ import annotations

import re

LINES, CHARACTERS = 60, 6000
_STAMP = re.compile(r"^(?:[^\t\n]*\t[^\t\n]*\t)?\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z ?", re.MULTILINE)
"""Time, and before it the names of job and step."""
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\].*?(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def log_end(text: str) -> str:
    """Without times, colours, and what was only tidied up after the last error."""
    plain = _CONTROL.sub("", _ESCAPE.sub("", _STAMP.sub("", text.replace("\r\n", "\n"))))
    lines = plain.rstrip().split("\n")
    errors = [at for at, line in enumerate(lines) if line.startswith("##[error]")]
    if errors:
        lines = lines[: errors[-1] + 1]
    end = "\n".join(lines[-LINES:]).strip("\n")
    return end if len(end) <= CHARACTERS else "…" + end[-CHARACTERS:]
