"""When a usage limit ends, from prose: `resets 3:23pm (UTC)`, `resets Nov 25, 11am (Europe/Berlin)`, `try again in 5m`.

The words name a minute and mean a moment within it, so the answer is the end of that minute. Without a zone it is the
clock of the CLI's machine, which is this one; `try again at 2:33 PM` is of the same day, too: else it names the date. A
zone that nobody knows gives no answer, for a wrong hour is worse than none.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_RESET = re.compile(
    r"""(?:resets?|(?P<local>try\s+again))\s+(?:at\s+|on\s+)?
    (?:(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?
        (?:,?\s+(?P<year>\d{4}))?,?\s+(?:at\s+)?)?
    (?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s*(?P<half>[ap]m\b)?
    (?:\s*\((?P<zone>[A-Za-z0-9_+/-]+)\)|(?(local)(?![\d:])|(?![\d:]|\s*\()))""",
    re.IGNORECASE | re.VERBOSE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SPAN = re.compile(
    r"""\b(?:try\s+again|retry|resets?|wait)\b[^\n]{0,20}?\b(?:in|after|for)\s+[~≈]?
    (?P<span>(?:\d{1,6}(?:\.\d{1,9})?\s*(?:days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])[,\s]*)+)""",
    re.IGNORECASE | re.VERBOSE,
)
_PART = re.compile(r"([\d.]+)\s*([dhms])", re.IGNORECASE)
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_YEAR = 366 * 86400


def reset_time(text: str, now: float | None) -> float | None:
    """Epoch seconds of the reset that `text`, written at `now`, speaks of; None if it does not say."""
    match = _RESET.search(text)
    if match is None or now is None:
        return None if now is None else _after(text, now)
    try:
        moment = _moment(match, _clock(match, now))
    except (ValueError, OverflowError, OSError, KeyError):
        return None
    return moment.timestamp()


def _clock(match: re.Match[str], now: float) -> datetime:
    """`now` on the clock that the words are about. Without a zone they must be plain: `again at 2` says little."""
    if match["zone"] is not None:
        return datetime.fromtimestamp(now, ZoneInfo(match["zone"]))
    if match["minute"] is None and match["half"] is None:
        raise ValueError("no time of day")
    return datetime.fromtimestamp(now)


def _after(text: str, now: float) -> float | None:
    match = _SPAN.search(text)
    if match is None:
        return None
    seconds = sum(float(n) * _SECONDS[unit.lower()] for n, unit in _PART.findall(match["span"]))
    return now + seconds if seconds < _YEAR else None


def _moment(match: re.Match[str], now: datetime) -> datetime:
    clock = now.replace(hour=_hour(match), minute=int(match["minute"] or 0), second=0, microsecond=0)
    if match["month"] is None:
        end = clock + timedelta(minutes=1)
        return end if end > now or match["local"] else end + timedelta(days=1)
    month, day = _MONTHS.index(match["month"].lower()) + 1, int(match["day"])
    end = clock.replace(year=int(match["year"] or now.year), month=month, day=day) + timedelta(minutes=1)
    passed = match["year"] is None and end < now - timedelta(days=1)
    return end.replace(year=end.year + 1) if passed else end


def _hour(match: re.Match[str]) -> int:
    hour = int(match["hour"])
    if match["half"] is None:
        return hour
    return hour % 12 + (12 if match["half"].lower() == "pm" else 0)
