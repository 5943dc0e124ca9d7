"""`history`: every attempt of a ticket, what happened in between, and a time line."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.columns import cells, cut, has_utf8, pad, screen, wrapped
from orchestrator.cli.opened import key_of, opened
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import STATE_COLOURS, clean, paint, say
from orchestrator.cli.times import clock
from orchestrator.core.outcome import dollars
from orchestrator.core.times import duration, iso

if TYPE_CHECKING:
    from orchestrator.control.history import Told
    from orchestrator.core.show.happenings import Happening
    from orchestrator.core.show.history import History, Past

HEADS = ("#", "PHASE", "STARTED", "TOOK", "OUTCOME", "EXIT", "AGENT", "COST")
RIGHT = frozenset({0, 3, 5, 7})
"""Columns of numbers."""
NARROW = 64
"""Columns below which an attempt takes two lines."""
OUTCOME_COLOURS = {
    "success": "green", "routed": "magenta", "failure": "red", "timeout": "red", "stalled": "red", "error": "red",
    "stopped": "yellow", "lost": "yellow", "rate_limited": "yellow", "skipped": "yellow", "running": "cyan",
    "stopping": "cyan", "not_yet": "cyan",
}  # fmt: skip


@command("history")
@click.argument("plan", metavar="PLAN")
@click.argument("ticket", metavar="TICKET")
@json_option
def history(plan: str, ticket: str, as_json: bool) -> int:
    """Show every attempt of a ticket, and a time line.

    Each with its phase, when it started, how long it took, how it ended and why, its exit code, agent, session, cost
    and tokens; in between what else happened: pauses, skips, waits for a limit or a retry. Then sums, and a bar for
    each attempt on a common axis.

    \b
    --json: {"plan", "ticket", "title", "status", "phase", "attempts": [{"attempt", "phase", "kind",
    "visit", "retry", "startedAt", "completedAt", "seconds", "outcome", "reason", "exitCode", "routedTo",
    "agent", "sessionId", "costUsd", "inputTokens", "cachedTokens", "outputTokens", "turns"}], "events":
    [{"at", "event", "phase", "reason", "until"}], "totals": {"attempts", "outcomes", "seconds", "worked",
    "costUsd", "inputTokens", "cachedTokens", "outputTokens"}}; null where nobody knows. "outcome" is
    success, failure, error, timeout, stalled, stopped, lost, rate_limited, skipped, not_yet, running,
    stopping or unknown; "routedTo" the phase that onExit led to (the table calls it routed); "event"
    paused, skipped, retried, waited, cannot_run, edited, deleted or reached.
    """
    from orchestrator.control import history as control

    told, now = control.tell(opened().config, key_of(plan, ticket)), time.time()
    if as_json:
        output.show_json(control.document(told, now))
        return 0
    seen = told.history
    if not seen.attempts and not seen.happenings:
        say(*_head(told), f"nothing has happened to ticket {ticket} yet")
        return 0
    from orchestrator.cli.look import timeline

    drawing = timeline.lines(seen, now)
    lines = [*_head(told), "", *_rows(seen, now), "", *_sums(seen, now), *([""] if drawing else []), *drawing]
    say(*(lines if has_utf8() else map(_plain, lines)))
    return 0


_ASCII = str.maketrans({"—": "-", "·": "-", "→": ">", "…": "~", "×": "x", "’": "'", "“": '"', "”": '"'})


def _plain(line: str) -> str:
    """For terminals that know nothing else."""
    return line.translate(_ASCII).encode("ascii", "replace").decode()


def _head(told: Told) -> list[str]:
    colour = output.has_colour()
    title = clean(told.ticket.title) if told.ticket and told.ticket.title else ""
    phase = f" in {clean(told.ticket.current_phase)}" if told.ticket and told.ticket.current_phase else ""
    name = str(told.key)
    first = _cut(f"{name} — {title}" if title else name).replace(name, paint(name, "bold", colour), 1)
    second = _cut(f"  {told.state}{phase}").replace(
        told.state, paint(told.state, STATE_COLOURS.get(told.state), colour), 1
    )
    error = told.ticket.error if told.ticket else None
    return [first, second, *(_wrapped(f"  {clean(error)}", "  ") if error else [])]


# -- the table --------------------------------------------------------------------------------------------------------


def _rows(seen: History, now: float) -> Iterator[str]:
    table = [(past, _cells(past, now)) for past in seen.attempts]
    sizes = [max(map(cells, (head, *(cells_[i] for _, cells_ in table)))) for i, head in enumerate(HEADS)]
    used = [i for i, head in enumerate(HEADS) if 0 < i < 5 or any(cells_[i] for _, cells_ in table)]
    room = screen()
    narrow = room is not None and room < max(NARROW, sum(sizes[i] + 2 for i in used))
    if table and not narrow:
        yield paint(_line(HEADS, sizes, used), "dim", output.has_colour())
    happenings = list(seen.happenings)
    size = sizes[0] if 0 in used else -2
    for past, row in table:
        while happenings and past.started is not None and happenings[0].at < past.started:
            yield from _happening(happenings.pop(0), size, now)
        yield from _narrow_row(row, size, past) if narrow else _wide_row(row, sizes, used, past)
    for one in happenings:
        yield from _happening(one, size, now)


def _cells(past: Past, now: float) -> tuple[str, ...]:
    end = now if past.is_open else past.ended
    took = duration(end - past.started) if end is not None and past.started is not None else ""
    return (
        str(past.n or ""),
        _phase(past),
        clock(iso(past.started), now) if past.started is not None else "",
        took,
        word_of(past).replace("_", " "),
        str(past.exit_code) if past.exit_code is not None else "",
        clean(past.agent or ""),
        dollars(past.cost_usd) if past.cost_usd is not None else "",
    )


def word_of(past: Past) -> str:
    """How it ended, in the word of the log."""
    return "routed" if past.route is not None else past.outcome


def _phase(past: Past) -> str:
    more = [f"visit {past.visit}"] * (past.visit > 1) + [f"retry {past.retry}"] * (past.retry > 0)
    return clean(past.phase) + (f" ({', '.join(more)})" if more else "")


def _line(row: tuple[str, ...], sizes: list[int], used: list[int]) -> str:
    return ("  " + "  ".join(pad(row[i], sizes[i], right=i in RIGHT) for i in used)).rstrip()


def _wide_row(row: tuple[str, ...], sizes: list[int], used: list[int], past: Past) -> Iterator[str]:
    plain = _line(row, sizes, used)
    details = " · ".join(_details(past))
    room = screen()
    start = 2 + sum(sizes[i] + 2 for i in used)
    beside = details and (room is None or start + cells(details) <= room)
    line = pad(plain, start) + details if beside else plain
    outcome = row[4]
    where = 2 + sum(sizes[i] + 2 for i in used if i < 4)
    colour = OUTCOME_COLOURS.get(word_of(past))
    yield line[:where] + paint(outcome, colour, output.has_colour()) + line[where + len(outcome) :]
    if details and not beside:
        yield from _indented(details, sizes[0] if 0 in used else -2)


def _narrow_row(row: tuple[str, ...], size: int, past: Past) -> Iterator[str]:
    indent = " " * (size + 4)
    yield _cut(f"  {row[0].rjust(size)}  {row[1]}" if size > 0 else f"  {row[1]}")
    words = [row[4], row[2], row[3], *([f"exit {row[5]}"] if row[5] else [])]
    text = _cut(indent + "  ".join(filter(None, words)))
    yield text.replace(row[4], paint(row[4], OUTCOME_COLOURS.get(word_of(past)), output.has_colour()), 1)
    for detail in filter(None, (" · ".join(filter(None, row[6:])), *_details(past))):
        yield from _indented(detail, size - 1)


def _details(past: Past) -> Iterator[str]:
    route = f"→ {past.route}" if past.route is not None else ""
    if past.reason or route:
        yield clean(f"{past.reason} {route}".strip())
    usage = past.usage
    if usage is not None and (usage.input_tokens or usage.output_tokens):
        yield f"{(usage.input_tokens or 0) + (usage.cached_tokens or 0):,} tokens in, {usage.output_tokens or 0:,} out"
    if past.session:
        yield f"session {clean(past.session)}"


def _indented(text: str, size: int) -> Iterator[str]:
    indent = " " * (size + 4)
    for line in _wrapped(indent + text, indent):
        yield indent + paint(line.strip(), "dim", output.has_colour())


def _happening(one: Happening, size: int, now: float) -> Iterator[str]:
    words = one.what.replace("_", " ")
    phase = f" {clean(one.phase)}" if one.phase else ""
    why = f"{' ' if one.what == 'skipped' else ': '}{clean(one.why)}" if one.why else ""
    took = f" for {duration((one.until or now) - one.at)}" if one.until is not None or one.is_open else ""
    still = ", still" if one.is_open else ""
    indent = " " * (size + 4)
    text = f"{clock(iso(one.at), now)}  {words}{phase}{took}{still}{why}"
    for line in _wrapped(indent + text, indent + "  "):
        yield indent + paint(
            line.removeprefix(indent), "yellow" if one.what != "reached" else "dim", output.has_colour()
        )


# -- sums -------------------------------------------------------------------------------------------------------------


def _sums(seen: History, now: float) -> list[str]:
    from orchestrator.core.show.totals import totals

    found = totals(seen, now)
    outcomes = Counter(map(word_of, seen.attempts))
    kinds = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in outcomes.items())
    parts = [
        f"{found.attempts} attempt{'' if found.attempts == 1 else 's'}{f' ({kinds})' if kinds else ''}",
        f"{duration(found.seconds)} in all",
        f"{duration(found.worked)} of work",
    ]
    if found.cost_usd is not None:
        parts.append(dollars(found.cost_usd))
    if found.input_tokens or found.output_tokens:
        parts.append(f"{found.input_tokens + found.cached_tokens:,} tokens in, {found.output_tokens:,} out")
    return _wrapped("  " + " · ".join(parts), "  ")


# -- lines that fit ---------------------------------------------------------------------------------------------------


def _cut(text: str) -> str:
    room = screen()
    return text if room is None else cut(text, room)


def _wrapped(text: str, indent: str) -> list[str]:
    """Wrapped at the width of the terminal; what follows the first line begins with `indent`."""
    first, *more = wrapped(text, screen())
    rest = " ".join(line.strip() for line in more)
    return [first, *wrapped(indent + rest, screen())] if rest else [first]
