"""When each source is looked at.

The law: a source that fails is asked more and more seldom, an hour at most, and never more often than it asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from orchestrator.core.settings import SourceSettings

LONGEST = 3600.0
"""Seconds between two looks at a source that fails, unless it asks for longer itself."""
A_DAY = 86_400.0
"""Whatever a tracker asks for."""


class Looked(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What is remembered of a source."""

    at: float = 0
    """When it was looked at last, in seconds since 1970."""
    failures: int = 0
    """In a row."""
    error: str | None = None
    """Why the last look failed."""
    until: float = 0
    """Before then the tracker does not want to be asked again."""
    plan: str | None = None
    """The plan that got its tickets."""


def rest(source: SourceSettings, looked: Looked) -> float:
    """Seconds from one look to the next."""
    if not looked.failures:
        return source.every
    grown: float = source.every * 2 ** min(looked.failures - 1, 10)
    return max(source.every, min(grown, LONGEST))


def due_at(source: SourceSettings, known: Mapping[str, Looked], now: float) -> float:
    """When it is to be looked at. A clock that was set back keeps nobody waiting."""
    looked = known.get(source.name)
    if looked is None or looked.at > now:
        return now
    return max(looked.at + rest(source, looked), min(looked.until, looked.at + A_DAY))


def due(sources: Sequence[SourceSettings], known: Mapping[str, Looked], now: float) -> list[SourceSettings]:
    """Those that are to be looked at now, whoever waits longest first."""
    waiting = [(due_at(one, known, now), one) for one in sources]
    return [one for at, one in sorted(waiting, key=lambda pair: pair[0]) if at <= now]


def next_at(sources: Sequence[SourceSettings], known: Mapping[str, Looked], now: float) -> float | None:
    """When somebody has to look again; None: there is no source."""
    return min((due_at(one, known, now) for one in sources), default=None)
