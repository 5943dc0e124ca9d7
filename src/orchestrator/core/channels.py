"""Through which channels a person is told. Pure.

The law: what stands in a channel may be a secret. `label` can be shown and logged, `target` never.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from orchestrator.core.notices import Notice
from orchestrator.core.settings import NOTICE_KINDS, NoticeKind, NotifySettings

REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}\Z")
"""What is wholly taken from the environment says no secret."""
SHELL = ("/bin/sh", "-c")

Way = Literal["command", "desktop", "url"]


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One way to one receiver."""

    way: Way
    target: tuple[str, ...] = ()
    """argv, or the one URL."""
    key: str
    """Tells it from the others on disk; says nothing of what is in it."""
    label: str
    """For the log: no argument of a command, no more of a URL than its scheme."""
    on: frozenset[NoticeKind] = frozenset(NOTICE_KINDS)
    plans: tuple[str, ...] = ()
    timeout_seconds: float = 30

    def wants(self, notice: Notice) -> bool:
        """What belongs to no plan is not for a channel of certain plans."""
        return notice.event in self.on and (
            not self.plans or any(fnmatchcase(notice.plan or "", pattern) for pattern in self.plans)
        )


def channels(settings: Iterable[NotifySettings]) -> tuple[Channel, ...]:
    """Every way that is named is a channel of its own."""
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    named: Counter[str] = Counter()
    for entry in settings:
        for way, target, label in _ways(entry):
            named[label] += 1
            seen[(way, *target)] += 1
            parts = "\0".join((way, *target, str(seen[(way, *target)])))
            found.append(
                Channel(
                    way=way,
                    target=target,
                    key=hashlib.blake2b(parts.encode(errors="replace"), digest_size=6).hexdigest(),
                    label=label if named[label] == 1 else f"{label} #{named[label]}",
                    on=frozenset(entry.on),
                    plans=entry.plans,
                    timeout_seconds=entry.timeout_seconds,
                )
            )
    return tuple(found)


def _ways(entry: NotifySettings) -> Iterator[tuple[Way, tuple[str, ...], str]]:
    if entry.command is not None:
        argv = (*SHELL, entry.command) if isinstance(entry.command, str) else entry.command
        yield "command", argv, f"command {program_name(entry.command)}"
    if entry.desktop:
        yield "desktop", (), "desktop"
    for url in (entry.url,) if isinstance(entry.url, str) else entry.url or ():
        yield "url", (url,), f"url {scheme(url)}"


def program_name(command: str | tuple[str, ...]) -> str:
    """The program of a command, without what it is given; of a line for the shell its first word, when that is one."""
    words = command.split() if isinstance(command, str) else command
    first = words[0] if words else ""
    return "(shell)" if "=" in first or not first or any(c in first for c in "\"'$`;&|<>()") else first


def scheme(url: str) -> str:
    """What of a URL is no secret."""
    name, found, _ = url.partition("://")
    if REFERENCE.match(url):
        return url
    return name if found and name.isalnum() else "(hidden)"
