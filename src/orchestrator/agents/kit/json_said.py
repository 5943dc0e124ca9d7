"""What a line of JSON says to a person, given what its event means; also what is said of lines that are none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from orchestrator.agents.base import Kind, Said
from orchestrator.agents.kit import jsonl, saying
from orchestrator.agents.kit.phrases import first_line
from orchestrator.core.times import duration

_TYPE = re.compile(rb'"type"\s*:\s*"([\w.]+)"')


def by_event(read: Callable[[dict[str, Any]], Iterable[Said]]) -> Callable[[bytes], tuple[Said, ...]]:
    """`Agent.said` of a CLI whose events `read` tells of."""

    def said(line: bytes) -> tuple[Said, ...]:
        if len(line) > saying.LONGEST_LINE:
            return _huge(line)
        event = next(jsonl.objects((line,)), None)
        return _no_event(line) if event is None else tuple(read(event))

    return said


def _huge(line: bytes) -> tuple[Said, ...]:
    kind = _TYPE.search(line[:200])
    what = f"a line of more than {saying.LONGEST_LINE >> 20} MiB" + (f" ({kind[1].decode()})" if kind else "")
    return (Said(Kind.NOTE, f"{what}, which is not shown"),)


def _no_event(line: bytes) -> tuple[Said, ...]:
    text = line.decode("utf-8", "replace")
    if text.lstrip().startswith('{"'):
        return (Said(Kind.NOTE, f"a broken line: {saying.shortened(text.strip(), 120)}"),)
    return saying.prose(text)


def word(event: dict[str, Any], key: str) -> str:
    return saying.shortened(first_line(jsonl.text(event, key)) or "unknown", 120)


def repeated(why: str, seconds: float | None, number: float | None, most: float | None) -> Said:
    """A request is made once more."""
    count = f", try {number:.0f} of {most:.0f}" if number is not None and most is not None else ""
    rest = f" in {duration(seconds)}" if seconds is not None else ""
    return Said(
        Kind.NOTE, f"request failed ({saying.shortened(first_line(why) or 'unknown', 200)}), is repeated{rest}{count}"
    )


def failed(why: str) -> Said:
    """The end of a run that went wrong."""
    lines = saying.lines_of(why, saying.ERROR_LINES) or ["without a reason"]
    return Said(Kind.ERROR, f"failed: {lines[0].strip()}", "\n".join(lines[1:]))
