"""Times on disk are ISO 8601 in UTC with milliseconds, as the original writes them; inside they are epoch seconds."""

from __future__ import annotations

from datetime import UTC, datetime

LAST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def iso(at: float) -> str:
    """Epoch seconds → `2026-02-28T10:01:02.114Z`. What lies beyond the calendar is its last day."""
    moment = datetime.fromtimestamp(min(at, LAST), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def epoch(text: str) -> float:
    """ISO 8601 → epoch seconds; a time without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def epoch_or(text: str | None, default: float) -> float:
    """Like `epoch`, with a default for what is absent or not a time."""
    if not text:
        return default
    try:
        return epoch(text)
    except ValueError:
        return default


def duration(seconds: float) -> str:
    """Seconds for a person: `0.4s`, `12s`, `3m05s`, `2h10m`."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
