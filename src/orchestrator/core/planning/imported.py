"""What an import took last, and what the next one may change: decided three ways.

The law: a field follows the tracker only while nobody here has changed it. The runner's part is no field of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from orchestrator.core.planning.draft import DraftTicket


class Taken(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a ticket said when it was brought in last."""

    source: str = ""
    title: str = ""
    description: str = ""
    acceptance_criteria: tuple[str, ...] = ()
    linear_url: str | None = None
    blocked_by: tuple[str, ...] = ()


class Imported(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Of one plan."""

    sources: tuple[str, ...] = ()
    tickets: dict[str, Taken] = {}


WORDS = {
    "title": "the title", "description": "the description", "acceptance_criteria": "the criteria",
    "linear_url": "the link", "blocked_by": "whom it waits for",
}  # fmt: skip


class Change(NamedTuple):
    to: Mapping[str, object]
    """Field → what to write."""
    kept: tuple[str, ...]
    """Fields that both sides have changed: ours stay."""


def taken_of(draft: DraftTicket, source: str) -> Taken:
    return Taken(source, **{name: getattr(draft, name) for name in WORDS})


def changes(last: Taken | None, now: Taken, here: Mapping[str, object]) -> Change:
    """`last`: None: nobody knows what was brought in, so whatever differs is taken for ours. `here`: by field, as the
    ticket says it."""
    to, kept = {}, []
    for name, ours in here.items():
        theirs, before = getattr(now, name), getattr(last, name) if last is not None else None
        if _same(name, theirs, ours) or (last is not None and _same(name, theirs, before)):
            continue
        if last is not None and _same(name, ours, before):
            to[name] = theirs
        else:
            kept.append(name)
    return Change(to, tuple(kept))


def _same(name: str, one: object, other: object) -> bool:
    if name == "blocked_by" and isinstance(one, tuple) and isinstance(other, tuple):
        return set(one) == set(other)
    return one == other or (not one and not other)
