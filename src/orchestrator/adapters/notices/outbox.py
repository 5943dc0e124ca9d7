"""Notices that are still to be sent, one file each, in a folder of the state: what a crash must not lose.

A file's first line is the notice, each further one says what became of it in one channel. Written by whoever has
something to tell; read, marked and removed only by who holds its lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import msgspec

from orchestrator.adapters.places import Places
from orchestrator.core.notices import Notice
from orchestrator.core.times import epoch_or

INTENDED = ".intended"


class Mark(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    channel: str
    over: bool = False
    """It was sent, or given up. Else: a try began."""


class Letter(NamedTuple):
    name: str
    notice: Notice
    over: frozenset[str]
    """Keys of channels that are done with it."""
    tries: dict[str, int]


class Outbox:
    def __init__(self, places: Places) -> None:
        self.folder = places.notices

    # -- telling ------------------------------------------------------------------------------------------------------

    def put(self, notice: Notice, found: bool = False) -> None:
        """Raises OSError. `found`: after a crash; it may be there already, and is then left as it is."""
        if not (found and self._is_there(notice)):
            self._write(_name(notice), notice)

    def _is_there(self, notice: Notice) -> bool:
        return any(name.endswith(f"-{notice.id}.json") for name in self.names())

    def _write(self, name: str, notice: Notice) -> None:
        temporary = self.folder / f".{name}.{os.getpid()}.tmp"
        content = msgspec.json.encode(notice) + b"\n"
        try:
            temporary.write_bytes(content)
        except FileNotFoundError:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
        temporary.rename(self.folder / name)

    # -- what is told only if something comes true --------------------------------------------------------------------

    def intend(self, slot: str, notice: Notice) -> None:
        """Raises OSError. `confirm` makes a notice of it; one per slot, and the last counts."""
        self._write(slot + INTENDED, notice)

    def confirm(self, slot: str) -> bool:
        """False: there is none (any more)."""
        path = self.folder / (slot + INTENDED)
        with suppress(OSError, msgspec.DecodeError):
            notice = msgspec.json.decode(path.read_bytes(), type=Notice)
            path.rename(self.folder / _name(notice))
            return True
        return False

    def drop(self, slot: str) -> None:
        with suppress(OSError):
            (self.folder / (slot + INTENDED)).unlink()

    def intended(self) -> list[str]:
        """The slots that have one."""
        return [name.removesuffix(INTENDED) for name in self._all() if name.endswith(INTENDED)]

    # -- sending ------------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Oldest first."""
        return sorted(name for name in self._all() if name.endswith(".json") and not name.startswith("."))

    def changed_ns(self) -> int:
        """When something was put or removed last; 0: there is no outbox."""
        try:
            return os.stat(self.folder).st_mtime_ns  # noqa: PTH116 - asked every second
        except OSError:
            return 0

    def read(self, name: str) -> Letter | None:
        """None: it is gone, or cannot be understood."""
        try:
            first, *rest = (self.folder / name).read_bytes().split(b"\n")
            notice = msgspec.json.decode(first, type=Notice)
        except (OSError, msgspec.DecodeError):
            return None
        marks = list(_marks(rest))
        tries: dict[str, int] = {}
        for mark in marks:
            tries[mark.channel] = tries.get(mark.channel, 0) + (not mark.over)
        return Letter(name, notice, frozenset(mark.channel for mark in marks if mark.over), tries)

    def mark(self, name: str, channel: str, over: bool) -> None:
        """What is no longer there stays away: a file of marks alone would never be understood, nor removed."""
        with suppress(OSError), open(self.folder / name, "ab", opener=_existing) as stream:
            stream.write(msgspec.json.encode(Mark(channel, over)) + b"\n")

    def remove(self, name: str) -> None:
        with suppress(OSError):
            (self.folder / name).unlink()

    def _all(self) -> list[str]:
        try:
            return os.listdir(self.folder)
        except OSError:
            return []

    # -- accounts that were told of ------------------------------------------------------------------------------------

    def held(self) -> dict[str, float]:
        """Accounts, and until when they are held, as far as that was told."""
        return self._times("held")

    def note_held(self, held: dict[str, float]) -> None:
        """Raises OSError."""
        self._note_times("held", held)

    def budgets(self) -> dict[str, float]:
        """Budgets of which was told that they are used up, and when."""
        return self._times("budgets")

    def note_budgets(self, told: dict[str, float]) -> None:
        """Raises OSError."""
        self._note_times("budgets", told)

    def _times(self, name: str) -> dict[str, float]:
        with suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode((self.folder / name).read_bytes(), type=dict[str, float])
        return {}

    def _note_times(self, name: str, times: dict[str, float]) -> None:
        temporary = self.folder / f".{name}.{os.getpid()}.tmp"
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(msgspec.json.encode(times))
        temporary.rename(self.folder / name)


def _existing(path: str, flags: int) -> int:
    return os.open(path, (flags & ~os.O_CREAT) | os.O_CLOEXEC)


def _name(notice: Notice) -> str:
    """Names sort by time."""
    return f"{int(epoch_or(notice.at, 0) * 1000):013d}-{notice.id}.json"


def _marks(lines: list[bytes]) -> Iterator[Mark]:
    for line in lines:
        with suppress(msgspec.DecodeError):
            yield msgspec.json.decode(line, type=Mark)
