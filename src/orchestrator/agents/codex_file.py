"""The file that Codex keeps of a session (a rollout): when a limit ends, what its turns used, which model it was.

Its lines are dated events. Limits are those of the last answer of the server that told any: a window that is not used
up has nothing to do with the end of the one that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestrator.agents.base import Written
from orchestrator.agents.kit import jsonl
from orchestrator.core.outcome import Usage
from orchestrator.core.times import epoch_or

_SESSION = re.compile(r"[A-Za-z0-9-]{8,64}")
_TELLING = (b'"token_count"', b'"turn_context"')
"""A file is mostly what was said; only lines with these are read."""
_WINDOWS = {300: "five-hour limit", 1440: "daily limit", 10080: "weekly limit", 43200: "monthly limit"}


def session_files(environ: Mapping[str, str], session: str | None) -> tuple[str, ...]:
    if session is None or _SESSION.fullmatch(session) is None:
        return ()
    return (f"{environ.get('CODEX_HOME') or '~/.codex'}/sessions/*/*/*/rollout-*-{session}.jsonl",)


def told_in(lines: Iterable[bytes]) -> Written:
    until, limit, usage, model = None, "", None, None
    for event in jsonl.objects(line for line in lines if any(mark in line for mark in _TELLING)):
        inside = jsonl.mapping(event, "payload")
        if event.get("type") == "turn_context":
            model = jsonl.text(inside, "model") or model
        elif inside.get("type") == "token_count":
            usage = tokens(jsonl.mapping(jsonl.mapping(inside, "info"), "total_token_usage")) or usage
            limits = jsonl.mapping(inside, "rate_limits")
            if limits:
                until, limit = _end(limits, epoch_or(jsonl.text(event, "timestamp"), 0.0))
    return Written(until=until, limit=limit, usage=usage, model=model)


def tokens(told: dict[str, Any]) -> Usage | None:
    """A total of a session; cached tokens are counted in those that went in. None for one that says nothing."""
    given, out = jsonl.number(told, "input_tokens"), jsonl.number(told, "output_tokens")
    if not given and not out:
        return None
    cached = min(jsonl.number(told, "cached_input_tokens") or 0, given or 0)
    return Usage(input_tokens=int((given or 0) - cached), cached_tokens=int(cached), output_tokens=int(out or 0))


def _end(limits: dict[str, Any], at: float) -> tuple[float | None, str]:
    """The last end of a window that is used up."""
    return max(_used_up(limits, at), key=lambda found: found[0], default=(None, ""))


def _used_up(limits: dict[str, Any], at: float) -> Iterator[tuple[float, str]]:
    for key in ("primary", "secondary"):
        window = jsonl.mapping(limits, key)
        resets, rest = jsonl.number(window, "resets_at"), jsonl.number(window, "resets_in_seconds")
        until = resets if resets is not None else at + rest if rest is not None and at else None
        if (jsonl.number(window, "used_percent") or 0) >= 100 and until is not None and until > at:
            yield until, _WINDOWS.get(int(jsonl.number(window, "window_minutes") or 0), "usage limit")
