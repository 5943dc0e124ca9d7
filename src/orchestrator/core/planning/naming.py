"""Ids for tickets of a draft that names none, the same as at the last import of it.

The law: a ticket that is known by its title keeps its id, whatever stands before it now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from orchestrator.core.planning.draft import Draft
from orchestrator.core.planning.imported import Taken

PREFIX = "T-"


def named(draft: Draft, known: Mapping[str, Taken], used: Collection[str]) -> Draft:
    """With ids for all, and ids instead of titles in `blockedBy`."""
    titles = {_words(taken.title): name for name, taken in known.items()}
    given = {one.ticket_id for one in draft.tickets if one.ticket_id}
    taken = {*given, *used, *known}
    ids: list[str] = []
    for one in draft.tickets:
        known_id = titles.get(_words(one.title))
        if one.ticket_id is None and (known_id is None or known_id in {*given, *ids}):
            known_id = _free({*taken, *ids})
        ids.append(one.ticket_id or known_id or "")
    by_title = titled(zip((one.title for one in draft.tickets), ids, strict=True))
    tickets = tuple(
        replace(
            one,
            ticket_id=id_,
            title=_words(one.title),
            blocked_by=tuple(name if name in ids else by_title.get(_words(name), name) for name in one.blocked_by),
        )
        for one, id_ in zip(draft.tickets, ids, strict=True)
    )
    return replace(draft, tickets=tickets)


def titled(known: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Title → id, of (title, id); of titles that only one has."""
    titles: dict[str, str | None] = {}
    for title, id_ in known:
        words = _words(title)
        titles[words] = None if words in titles else id_
    return {title: id_ for title, id_ in titles.items() if id_ is not None}


def _words(title: str) -> str:
    return " ".join(title.split())


def _free(used: Collection[str]) -> str:
    number = 1
    while f"{PREFIX}{number}" in used:
        number += 1
    return f"{PREFIX}{number}"
