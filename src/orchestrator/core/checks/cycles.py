"""Tickets that wait for themselves, over any number of plans. Linear: finds one cycle of each knot, not all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from orchestrator.core.model import Key


def address(blocker: str, plan: str) -> Key:
    """Whom an entry of `blockedBy` means: `<planId>/<ticketId>`, or a ticket of the same plan."""
    head, slash, tail = blocker.partition("/")
    return Key(head, tail) if slash else Key(plan, head)


def cycles(starts: Iterable[Key], blockers: Callable[[Key], Iterable[Key]]) -> Iterator[list[Key]]:
    """Each as `[a, b]` for `a → b → a`. A ticket that blocks itself alone is no cycle here."""
    done: set[Key] = set()
    knotted: set[Key] = set()
    for start in starts:
        if start not in done:
            yield from _from(start, blockers, done, knotted)


def _from(
    start: Key, blockers: Callable[[Key], Iterable[Key]], done: set[Key], knotted: set[Key]
) -> Iterator[list[Key]]:
    way, ahead = [start], [iter(blockers(start))]
    on_way = {start}
    while way:
        following = next(ahead[-1], None)
        if following is None:
            ahead.pop()
            on_way.discard(way[-1])
            done.add(way.pop())
        elif following in on_way:
            yield from _loop(way, following, knotted)
        elif following not in done:
            way.append(following)
            ahead.append(iter(blockers(following)))
            on_way.add(following)


def _loop(way: list[Key], back_to: Key, knotted: set[Key]) -> Iterator[list[Key]]:
    """The end of the way, from `back_to` on; nothing when that touches a cycle already found."""
    if way[-1] == back_to:
        return
    loop: list[Key] = []
    for key in reversed(way):
        if key in knotted:
            knotted.update(loop)
            return
        loop.append(key)
        if key == back_to:
            break
    knotted.update(loop)
    yield loop[::-1]
