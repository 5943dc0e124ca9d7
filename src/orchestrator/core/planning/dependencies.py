"""Who waits for whom, of what a tracker says: one of a circle's waits is left out, and told.

The law: the same issues give the same order, whoever reads them in whichever sequence. What a tracker itself keeps
counts more than what somebody wrote, and that more than who is part of whom.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple


class Why(IntEnum):
    """The strongest first."""

    RELATION = 0
    WORDS = 1
    PART = 2


class Wait(NamedTuple):
    ticket: str
    blocker: str
    why: Why


class Order(NamedTuple):
    blockers: dict[str, tuple[str, ...]]
    """By ticket, each as often as it was told, once."""
    cut: tuple[tuple[str, ...], ...]
    """Circles, as (a, b, …, a): that a waits for b was left out."""


def order(waits: Iterable[Wait], names: Sequence[str], fixed: Mapping[str, Collection[str]] | None = None) -> Order:
    """`names`: the tickets, in their order; `fixed`: what others wait for, which nothing can change."""
    strongest: dict[tuple[str, str], Why] = {}
    for one in waits:
        edge = (one.ticket, one.blocker)
        strongest[edge] = min(one.why, strongest.get(edge, one.why))
    kept: dict[str, list[str]] = {name: list(of) for name, of in (fixed or {}).items() if name not in set(names)}
    at = {name: i for i, name in enumerate(names)}
    tangled = _tangled([*strongest, *((name, of) for name, many in kept.items() for of in many)])
    cut = []
    for edge, _ in sorted(strongest.items(), key=lambda pair: _rank(pair[0], pair[1], at)):
        ticket, blocker = edge
        circle = way(blocker, ticket, kept) if {ticket, blocker} <= tangled else None
        if circle is None:
            kept.setdefault(ticket, []).append(blocker)
        else:
            cut.append((ticket, *circle))
    first = {name: tuple(sorted(kept.get(name, ()), key=lambda one: (at.get(one, -1), one))) for name in names}
    return Order(first, tuple(cut))


def _rank(edge: tuple[str, str], why: Why, at: Mapping[str, int]) -> tuple[object, ...]:
    """The strongest first; of equals those by which a later one waits for an earlier."""
    ticket, blocker = at.get(edge[0], -1), at.get(edge[1], -1)
    return why, blocker > ticket, ticket, blocker, edge


def _tangled(edges: Sequence[tuple[str, str]]) -> set[str]:
    """Who is in a circle, or between two. Linear: in plans there is none as a rule."""
    ahead = _peeled(edges)
    return _peeled([(b, a) for a, b in edges if a in ahead and b in ahead])


def _peeled(edges: Sequence[tuple[str, str]]) -> set[str]:
    """What is left when those that wait for nobody have been taken away, again and again."""
    waiting: dict[str, int] = {}
    behind: dict[str, list[str]] = {}
    for ticket, blocker in edges:
        waiting[ticket] = waiting.get(ticket, 0) + 1
        waiting.setdefault(blocker, 0)
        behind.setdefault(blocker, []).append(ticket)
    free = [name for name, count in waiting.items() if count == 0]
    while free:
        for name in behind.get(free.pop(), ()):
            waiting[name] -= 1
            if waiting[name] == 0:
                free.append(name)
    return {name for name, count in waiting.items() if count > 0}


def way(start: str, end: str, blockers: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """By whom `start` waits for `end`, both included."""
    before: dict[str, str] = {start: ""}
    ahead = [start]
    while ahead:
        one = ahead.pop()
        if one == end:
            return tuple(_back(before, end))[::-1]
        for blocker in blockers.get(one, ()):
            if blocker not in before:
                before[blocker] = one
                ahead.append(blocker)
    return None


def _back(before: Mapping[str, str], name: str) -> Iterator[str]:
    while name:
        yield name
        name = before[name]
