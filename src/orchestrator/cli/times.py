"""Times for people: the local clock, and how long."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from orchestrator.core.times import duration, epoch_or

if TYPE_CHECKING:
    from orchestrator.core.show.held import Held

DAY = 86_400.0


def clock(at: str | None, now: float | None = None) -> str:
    """`14:05:01`, with the date when it is more than half a day from `now`."""
    seconds = epoch_or(at, 0)
    moment = datetime.fromtimestamp(seconds)
    far = now is not None and abs(seconds - now) > DAY / 2
    return moment.strftime("%Y-%m-%d %H:%M" if far else "%H:%M:%S")


def moment(at: float, now: float) -> str:
    """`14:05`, with the date when that is another day."""
    then = datetime.fromtimestamp(at)
    return then.strftime("%H:%M" if then.date() == datetime.fromtimestamp(now).date() else "%Y-%m-%d %H:%M")


def held_text(held: Held, now: float) -> str:
    """`held until 14:05 (claude: five-hour limit)`"""
    return held.words or f"held until {moment(held.until, now)} ({held.account}: {held.limit})"


def account_text(held: Held, now: float) -> str:
    """`claude held until 14:05 (five-hour limit)`"""
    return held.words or f"{held.account} held until {moment(held.until, now)} ({held.limit})"


def passed(since: str, now: float) -> str:
    return duration(now - epoch_or(since, now))


def wait_text(reason: str | None, until: str | None, now: float) -> str:
    """`await_review said not yet, until 14:05:01 (in 12s)`"""
    text = reason or "waits"
    if not until:
        return text
    rest = epoch_or(until, now) - now
    return f"{text}, until {clock(until, now)} ({f'in {duration(rest)}' if rest > 0 else 'due now'})"
