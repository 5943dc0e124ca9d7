"""When a comment that could not be written is tried again: soon, then seldom, for a day. Pure, but for what is stored.

The law: a try is stored before it begins and when it has ended; one whose end is not known is not repeated before
whatever it started is surely over.
"""

from __future__ import annotations

import msgspec

RESTS = (5.0, 60.0, 600.0)
SELDOM = 3600.0
"""Seconds; at once where it will hardly get better by itself."""
LONGEST = 86_400.0
"""Seconds after the first try, when it is given up."""
TOLD_FROM = 600.0
"""Seconds of rest: what takes that long is told, once."""
HURRIED = 120.0
"""Shorter rests (with the try itself) are none for a runner that is about to end."""


class Try(msgspec.Struct, frozen=True, omit_defaults=True):
    first: float
    """When it was tried first, in seconds since 1970."""
    at: float
    """When it was tried last."""
    due: float | None = None
    """When it is to be tried again; None: it is not known how the last try ended."""
    told: bool = False


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one ticket, by id of a remark."""

    tries: dict[str, int] = {}
    over: tuple[str, ...] = ()
    last: dict[str, Try] = {}
    unknown: bool = False
    """The file could not be read: anything may be there already."""

    def tried(self, id_: str, one: Try) -> Said:
        """A try begins."""
        count = self.tries.get(id_, int(self.unknown)) + 1
        return Said(self.tries | {id_: count}, self.over, self.last | {id_: one})

    def failed(self, id_: str, one: Try) -> Said:
        return Said(self.tries, self.over, self.last | {id_: one})

    def ended(self, id_: str) -> Said:
        return Said(self.tries, (*self.over, id_), {name: one for name, one in self.last.items() if name != id_})


def begun(last: Try | None, now: float) -> Try:
    return Try(last.first if last else now, now, None, last.told if last else False)


def due(last: Try | None, now: float, hurried: bool, lingers: float) -> float:
    """When it may be tried (again). `lingers`: seconds for which a try may go on after its runner has died. A clock
    that was set back keeps nobody waiting."""
    if last is None or last.at > now:
        return now
    if last.due is None:
        return last.at + lingers
    if hurried and last.due - last.at <= HURRIED:
        return now
    return last.due


def rest(tries: int, lasts: bool, wait: float | None) -> float:
    """Seconds. `lasts`: it will hardly get better by itself; `wait`: what the tracker asks for."""
    usual = SELDOM if lasts or tries > len(RESTS) else RESTS[tries - 1]
    return max(usual, min(wait or 0.0, LONGEST))
