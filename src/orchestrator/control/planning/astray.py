"""Tickets whose issue is not what it was when it was imported: closed, or not found any more. What becomes of them is
for a person to decide."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.control.planning.updating import Here
from orchestrator.core.model import ENDED, Status, Ticket
from orchestrator.core.planning.issue import Issues
from orchestrator.core.planning.mapping import some


def is_over(ticket: Ticket | None) -> bool:
    return ticket is None or ticket.status is Status.COMPLETE


def same(source: str) -> str:
    """Trackers do not tell capitals of labels and milestones apart; folders do."""
    return source if source.startswith("file ") else source.casefold()


def astray(issues: Issues, here: Here, source: str) -> Iterator[str]:
    """In words."""
    found = {one.id for one in issues.found}
    closed = {*issues.ended, *(one.id for one in issues.found if one.state != "open")}
    lost: dict[Status, list[str]] = {}
    for name, taken in here.record.tickets.items():
        ticket = here.tickets.get(name)
        if ticket is None or is_over(ticket):
            continue
        if name in closed:
            hint = "" if ticket.status in ENDED else f" (`orchestrator pause {here.plan.id} {name}` holds it back)"
            yield f"{name} was closed in the tracker, but its ticket is {ticket.status}{hint}"
        elif same(taken.source) == same(source) and name not in found:
            lost.setdefault(ticket.status, []).append(name)
    for status, ids in lost.items():
        word = "its ticket is" if len(ids) == 1 else "their tickets are"
        yield f"{some(ids)}: not found any more (deleted, moved, or no longer among these), but {word} {status}"
