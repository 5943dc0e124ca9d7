"""In which order the tickets of a plan can be walked: tiers whose tickets can run side by side, and the longest chain.

The law: a ticket is one tier below the last of its blockers, also where the way there leads through other plans. What
is in a cycle, or behind one, has no tier: it never starts. Linear in the number of tickets and blockers.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from orchestrator.core.model import Key

BlockersOf = Callable[[Key], Iterable[Key]]


class Tiers(NamedTuple):
    tiers: tuple[tuple[Key, ...], ...]
    cyclic: tuple[Key, ...]
    """In a cycle, or behind one."""
    critical: tuple[Key, ...]
    """The longest chain of tickets, each a blocker of the next; among equals the one with most left to do. Tickets of
    other plans stand in it where they are between two of this one, and do not count."""


class _Length(NamedTuple):
    """Of the longest chain that ends in a ticket."""

    tickets: int
    left: int
    """Of these, not complete."""


def tiers(own: Sequence[Key], blockers: BlockersOf, complete: Collection[Key] = ()) -> Tiers:
    """`own`: the tickets of the plan, in its order."""
    mine = set(own)
    waits = _everything(own, blockers)
    order = _in_order(waits)
    lengths: dict[Key, _Length] = {}
    before: dict[Key, Key | None] = {}
    for key in order:
        before[key] = max(waits[key], key=lambda one: lengths[one], default=None)
        last = before[key]
        so_far = lengths[last] if last is not None else _Length(0, 0)
        counts = key in mine
        lengths[key] = _Length(so_far.tickets + counts, so_far.left + (counts and key not in complete))
    found: dict[int, list[Key]] = defaultdict(list)
    for key in dict.fromkeys(own):
        if key in lengths:
            found[lengths[key].tickets].append(key)
    return Tiers(
        tiers=tuple(tuple(found[depth]) for depth in sorted(found)),
        cyclic=tuple(key for key in dict.fromkeys(own) if key not in lengths),
        critical=tuple(_chain([key for keys in found.values() for key in keys], lengths, before, mine)),
    )


def _everything(own: Iterable[Key], blockers: BlockersOf) -> dict[Key, list[Key]]:
    """What each ticket waits for, with the tickets of other plans that are on the way."""
    waits: dict[Key, list[Key]] = {}
    ahead = list(own)
    while ahead:
        key = ahead.pop()
        if key not in waits:
            waits[key] = list(dict.fromkeys(blockers(key)))
            ahead.extend(waits[key])
    return waits


def _in_order(waits: dict[Key, list[Key]]) -> list[Key]:
    """Blockers first; without those that wait for themselves."""
    dependents: dict[Key, list[Key]] = defaultdict(list)
    for key, found in waits.items():
        for blocker in found:
            dependents[blocker].append(key)
    left = {key: len(found) for key, found in waits.items()}
    free = deque(key for key, number in left.items() if not number)
    order = []
    while free:
        key = free.popleft()
        order.append(key)
        for dependent in dependents[key]:
            left[dependent] -= 1
            if not left[dependent]:
                free.append(dependent)
    return order


def _chain(
    ends: Sequence[Key], lengths: dict[Key, _Length], before: dict[Key, Key | None], mine: Collection[Key]
) -> list[Key]:
    """Of equal chains the first one."""
    key: Key | None = max(ends, key=lambda one: lengths[one], default=None)
    chain: list[Key] = []
    while key is not None:
        chain.append(key)
        key = before[key]
    while chain and chain[-1] not in mine:
        chain.pop()
    return chain[::-1]
