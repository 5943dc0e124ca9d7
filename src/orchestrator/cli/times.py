"""Times for people: the local clock, and how long."""

from __future__ import annotations

from datetime import datetime

from orchestrator.core.times import duration, epoch_or

DAY = 86_400.0


def clock(at: str | None, now: float | None = None) -> str:
    """`14:05:01`, with the date when it is more than half a day from `now`."""
    seconds = epoch_or(at, 0)
    moment = datetime.fromtimestamp(seconds)
    far = now is not None and abs(seconds - now) > DAY / 2
    return moment.strftime("%Y-%m-%d %H:%M" if far else "%H:%M:%S")


def passed(since: str, now: float) -> str:
    return duration(now - epoch_or(since, now))


def wait_text(reason: str | None, until: str | None, now: float) -> str:
    """`await_review said not yet, until 14:05:01 (in 12s)`"""
    text = reason or "waits"
    if not until:
        return text
    rest = epoch_or(until, now) - now
    return f"{text}, until {clock(until, now)} ({f'in {duration(rest)}' if rest > 0 else 'due now'})"
