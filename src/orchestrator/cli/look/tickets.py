"""Tickets in rows: state, phase, title, and everything that explains where they stand.

Where nobody looks a row is one line, uncut. On a terminal the columns adapt: titles are cut, remarks are wrapped below
the title, and where it is narrow they stand below the ticket.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.cli import output
from orchestrator.cli.columns import cells, cut, pad, screen, wrapped
from orchestrator.cli.output import STATE_COLOURS, clean, paint
from orchestrator.cli.times import held_text, passed, wait_text
from orchestrator.core.model import Status
from orchestrator.core.outcome import dollars
from orchestrator.core.show.views import MISSING, UNREADABLE

if TYPE_CHECKING:
    from orchestrator.core.show.views import TicketView

TITLE = 36
"""Columns of a title that stands before remarks."""
ROOM = 28
"""Columns that titles and remarks need beside the others; with fewer they stand below."""
INDENT = "  "
STAY = "\xa0"
"""A space at which no line is broken."""
WIDE = 120
"""Columns from which on the address of a pull request whose number is told fits on a line; `open` has it, too."""
NAME = 48
"""Columns of a ticket's name, at most."""


class Row(NamedTuple):
    name: str
    state: str
    phase: str
    title: str
    remarks: str


def row_of(ticket: TicketView, now: float, plan_is_paused: bool) -> Row:
    phase = clean(ticket.phase or "-")
    if ticket.position is not None:
        phase += f" ({ticket.position}/{ticket.phases})"
    remarks = "; ".join(map(clean, _remarks(ticket, now, plan_is_paused)))
    return Row(ticket.key.ticket, ticket.state, phase, clean(ticket.title), remarks)


def _remarks(ticket: TicketView, now: float, plan_is_paused: bool) -> Iterator[str]:
    """Everything that explains where it stands."""
    if ticket.running is not None:
        running = ticket.running
        who = f" ({running.agent})" if running.agent else ""
        at = f" in {running.phase}" if running.phase != ticket.phase else ""
        yield f"attempt {running.n}{who}{at} for {passed(running.since, now)}"
        if running.stopping:
            yield f"stopping: {running.stopping}"
    if ticket.blockers:
        named = (
            f"{one.key.ticket if one.key.plan == ticket.key.plan else one.key} ({one.state})" for one in ticket.blockers
        )
        yield f"waits for {', '.join(named)}"
    if ticket.held is not None:
        yield held_text(ticket.held, now)
    elif ticket.wake_at or ticket.wait_reason:
        yield wait_text(ticket.wait_reason, ticket.wake_at, now)
    if ticket.state in (Status.READY, Status.QUEUED) and plan_is_paused:
        yield "its plan is paused"
    if ticket.state == MISSING:
        yield "plan.json lists it, but it has no file"
    if ticket.state == UNREADABLE:
        yield "its file cannot be used, see the problems"
    if not ticket.is_listed:
        yield "not listed in plan.json, so it never starts"
    if ticket.error:
        yield ticket.error
    if ticket.cost_usd:
        yield dollars(ticket.cost_usd)
    if ticket.review:
        yield ticket.review + (f" · {ticket.pr}" if ticket.pr and (screen() or WIDE) >= WIDE else "")
    elif ticket.pr:
        yield f"PR {ticket.pr}"
    if ticket.session and ticket.state != Status.COMPLETE:
        yield f"session {ticket.session}"


def rows(found: Sequence[Row], whole: bool) -> list[str]:
    """`whole`: nothing but titles is cut; else each ticket takes one line, or two where it is narrow."""
    room = screen()
    names = min(max((cells(row.name) for row in found), default=0), NAME if room is None else max(room // 3, 10))
    states = max((len(row.state) for row in found), default=0)
    phases = max((cells(row.phase) for row in found), default=0)
    start = sum(2 + size for size in (names, states, phases) if size)
    if room is None:
        lines = [_line(row, states, phases, max(names, cells(row.name))) + _plain(row) for row in found]
    elif room - start - 2 < ROOM:
        lines = [line for row in found for line in _below(row, room, whole)]
    else:
        lines = [line for row in found for line in _beside(row, room, start, (names, states, phases), whole)]
    return [line.replace(STAY, " ") for line in lines]


def _line(row: Row, states: int, phases: int, names: int) -> str:
    """The columns before the title."""
    colour = output.has_colour()
    parts = [pad(cut(row.name, names), names)]
    if states:
        parts.append(paint(row.state.ljust(states), STATE_COLOURS.get(row.state), colour))
    parts.append(pad(row.phase, phases))
    return INDENT + "  ".join(parts)


def _plain(row: Row) -> str:
    if not row.remarks:
        return f"  {row.title}".rstrip()
    title = cut(row.title, TITLE)
    return f"  {title} · {row.remarks}" if title else f"  {row.remarks}"


def _beside(row: Row, room: int, start: int, sizes: tuple[int, int, int], whole: bool) -> list[str]:
    names, states, phases = sizes
    left = room - start - 2
    head = _line(row, states, phases, names)
    if not row.remarks:
        return [f"{head}  {cut(row.title, left)}".rstrip()]
    if not whole:
        return [f"{head}  {_short(row, left)}"]
    title = cut(row.title, min(TITLE, left))
    first, *more = wrapped(f"{title} · {row.remarks}" if title else row.remarks, left)
    return [f"{head}  {first}", *(" " * (start + 2) + line for line in more)]


def _below(row: Row, room: int, whole: bool) -> list[str]:
    colour = output.has_colour()
    name = cut(row.name, max(room - 2 - (len(row.state) + 2 if row.state else 0), 8))
    head = INDENT + name + (f"  {paint(row.state, STATE_COLOURS.get(row.state), colour)}" if row.state else "")
    left = room - 4
    text = [part for part in (row.phase, row.title) if part]
    lines = [cut(" · ".join(text), left)]
    if row.remarks:
        lines += wrapped(row.remarks, left) if whole else [cut(row.remarks, left)]
    if not whole and not row.state:
        head = cut(f"{INDENT}{row.name}  {row.phase}", room)
        lines = [_short(row, left)]
    return [head, *(f"    {line}" for line in lines if line)]


def _short(row: Row, room: int) -> str:
    """Of title and remarks what fits; the remarks matter more."""
    if not row.remarks:
        return cut(row.title, room)
    title = cut(row.title, max(min(TITLE, room - cells(row.remarks) - 3), min(TITLE, room // 4)))
    return cut(f"{title} · {row.remarks}" if title else row.remarks, room)
