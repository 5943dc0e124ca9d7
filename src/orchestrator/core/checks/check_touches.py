"""Which tickets of a plan would wait for each other's files, and nobody has said who goes first.

The law: every ticket that has such a neighbour is named, and only globs are compared with each other: a plan has
thousands of tickets, and few ways to say what they touch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from orchestrator.core.model import Plan, Status, Ticket
from orchestrator.core.problems import Problem
from orchestrator.core.turns.globs import overlaps

MAX_NAMED = 3
"""Tickets that one problem names."""
MAX_HINTS = 100
"""Problems; what is beyond is counted."""

Where = tuple[str | None, str]
"""A repository, and a glob in it."""
Bits = int
"""A set of tickets: one bit for each, by its position in the plan. (Of thousands each is compared with all.)"""


class Met(NamedTuple):
    """Who else touches what a ticket touches."""

    others: Bits
    first: str
    globs: tuple[str, str]
    """Of the ticket, and of the first of the others."""


def overlap_hints(plan: Plan, tickets: Iterable[Ticket]) -> Iterator[Problem]:
    """No fault, since one waits until the other has ended: only a check tells it."""
    if plan.allow_overlap:
        return
    blockers = {entry.ticket_id: entry.blocked_by for entry in reversed(plan.tickets)}
    blockers = {entry.ticket_id: blockers[entry.ticket_id] for entry in plan.tickets}
    found = [one for one in tickets if one.touches and one.status is not Status.COMPLETE and one.ticket_id in blockers]
    met = _met(plan, found, list(blockers), blockers) if len(found) > 1 else []
    for one, others in met[:MAX_HINTS]:
        yield _problem(one, others, list(blockers))
    if len(met) > MAX_HINTS:
        what = f"{len(met) - MAX_HINTS:,} more tickets touch the same files as others"
        yield Problem(f"plan {plan.id}", what, "warning", "mend those above first, and check again", key="tickets")


def _problem(one: Ticket, met: Met, order: list[str]) -> Problem:
    names = [f'{met.first} ("{met.globs[0]}", "{met.globs[1]}")']
    rest = met.others & (met.others - 1)  # without the first
    count = met.others.bit_count()
    while rest and len(names) < MAX_NAMED:
        names.append(order[_lowest(rest)])
        rest &= rest - 1
    left = f" and {count - len(names):,} more" if count > len(names) else ""
    waits = "one waits until the other has ended" if count == 1 else "they wait for each other"
    hint = (
        f'say by blockedBy who goes first, such as "blockedBy": ["{one.ticket_id}"] of {met.first}; '
        'let them touch other files; or allow it by "allowOverlap": true in the plan'
    )
    what = f"touches the same files as {', '.join(names)}{left}: {waits}"
    return Problem(f"ticket {one.key}", what, "warning", hint, key="touches")


# --- who touches what ------------------------------------------------------------------------------------------------


def _met(
    plan: Plan, found: list[Ticket], order: list[str], blockers: Mapping[str, tuple[str, ...]]
) -> list[tuple[Ticket, Met]]:
    """Each ticket that touches what a later one touches, neither of which is before the other."""
    at = {name: i for i, name in enumerate(order)}
    owners: dict[Where, Bits] = defaultdict(int)
    for one in found:
        for glob in one.touches:
            owners[one.repo or plan.repo, glob] |= 1 << at[one.ticket_id]
    meets = _meeting(owners)
    before, after = _closed(blockers, at), _closed(_turned(blockers), at)
    met = []
    for one in found:
        i = at[one.ticket_id]
        possible = ~(before[one.ticket_id] | after[one.ticket_id]) & ~((1 << (i + 1)) - 1)
        seen = {(glob, (repo, other)) for glob in one.touches for repo, other in meets[one.repo or plan.repo, glob]}
        others = 0
        for _, where in seen:
            others |= owners[where] & possible
        if others:
            first = others & -others
            globs = next((g, w[1]) for g in one.touches for w in meets[one.repo or plan.repo, g] if owners[w] & first)
            met.append((one, Met(others, order[_lowest(others)], globs)))
    return met


def _lowest(bits: Bits) -> int:
    return (bits & -bits).bit_length() - 1


def _meeting(touched: Iterable[Where]) -> dict[Where, list[Where]]:
    """For each glob those that it overlaps with, itself first. Two can only meet if what is literal at the start of
    one begins what is literal at the start of the other: in that order they stand near each other."""
    meets = {where: [where] for where in touched}
    around: list[tuple[str, str, Where]] = []
    for name, start, where in sorted(((str(one[0]), _literal(one[1]), one) for one in meets), key=lambda one: one[:2]):
        while around and not (around[-1][0] == name and start.startswith(around[-1][1])):
            around.pop()
        for _, _, other in around:
            if overlaps(other[1], where[1]):
                meets[where].append(other)
                meets[other].append(where)
        around.append((name, start, where))
    return meets


def _literal(glob: str) -> str:
    """What a path must begin with."""
    plain = "/".join(one for one in glob.split("/") if one not in ("", "."))
    return plain[: next((i for i, char in enumerate(plain) if char in "*?[{\\"), len(plain))]


# --- who comes before whom -------------------------------------------------------------------------------------------


def _turned(blockers: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Ticket → those that it blocks."""
    found: dict[str, list[str]] = {name: [] for name in blockers}
    for name, names in blockers.items():
        for one in names:
            if one in found:
                found[one].append(name)
    return {name: tuple(names) for name, names in found.items()}


def _closed(ahead: Mapping[str, tuple[str, ...]], at: Mapping[str, int]) -> dict[str, Bits]:
    """Whom one comes to from each ticket. (Of a cycle, which is a fault of its own, some.)"""
    found: dict[str, Bits] = {}
    opened: set[str] = set()
    for start in ahead:
        way = [start]
        while way:
            name = way[-1]
            if name not in opened:
                opened.add(name)
                way.extend(one for one in ahead[name] if one in at and one not in opened)
                continue
            way.pop()
            if name not in found:
                found[name] = _joined(ahead[name], at, found)
    return found


def _joined(names: Iterable[str], at: Mapping[str, int], found: Mapping[str, Bits]) -> Bits:
    bits = 0
    for name in names:
        if name in at:
            bits |= 1 << at[name] | found.get(name, 0)
    return bits
