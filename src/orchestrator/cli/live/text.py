"""A view of what is under way as lines of text that fit: who is in flight, what waits and why, and a summary.

The law: not one line more than there is room for, and none wider. What there is no room for is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from orchestrator.cli.columns import cells, cut, pad
from orchestrator.cli.live.screen import ESCAPES
from orchestrator.cli.output import STATE_COLOURS, clean, paint
from orchestrator.cli.times import account_text, held_text
from orchestrator.core.model import Key, Status
from orchestrator.core.show.held import Held
from orchestrator.core.show.live import Row, View, Wait
from orchestrator.core.show.reviews import no_news
from orchestrator.core.times import duration

SAID_LEAST = 14
"""Columns below which other columns make room for what is said."""
GONE_FIRST = ("agent", "attempt", "position", "cost")
"""Columns that give way on a narrow terminal, in this order."""
ORDER = (
    Status.RUNNING, Status.FAILED, Status.NEEDS_ATTENTION, Status.READY, Status.QUEUED, Status.PAUSED,
)  # fmt: skip
LISTED = 5
"""So many that wait are shown where there is room at all."""
PLAIN_SIGNS = {"…": "...", "→": "->", "·": "-", "—": "-", "’": "'"}


class Style(NamedTuple):
    colour: bool
    utf8: bool

    @property
    def cut_mark(self) -> str:
        return "…" if self.utf8 else "~"

    @property
    def between(self) -> str:
        return " · " if self.utf8 else ", "

    def clean(self, text: object) -> str:
        """One line that no terminal obeys, in letters that this one has."""
        line = " ".join(clean(ESCAPES.sub("", str(text))).split())
        return line if self.utf8 else plain(line)

    def paint(self, text: str, colour: str | None) -> str:
        return paint(text, colour, self.colour)


def plain(text: str) -> str:
    """ASCII."""
    for sign, instead in PLAIN_SIGNS.items():
        text = text.replace(sign, instead)
    return text.encode("ascii", "replace").decode()


def ticking(seconds: float) -> str:
    """Whole seconds, for a clock that is seen to move."""
    return f"{max(int(seconds), 0)}s" if seconds < 10 else duration(seconds)


# -- the whole --------------------------------------------------------------------------------------------------------


class Room(NamedTuple):
    columns: int
    lines: int


def lines(view: View, room: Room, style: Style, now: float) -> list[str]:
    """Accounts that are held, tickets in flight, and those that wait."""
    texts = [style.clean(account_text(one, now)) for one in view.held[: max(room.lines // 4, 0)]]
    held = [style.paint(cut(text, room.columns, style.cut_mark), "yellow") for text in texts]
    room = room._replace(lines=room.lines - len(held))
    rows, waits = shares(view, room.lines)
    name = namer(view)
    width = _name_width(view, rows, waits, name, style, room.columns)
    listed = _rows(view, rows, room, style, now, name, width)
    return [*held, *listed, *_waits(view, waits, room, style, now, name, width)]


def _short(one: Held, now: float) -> str:
    return f"{one.account} {one.limit}" if one.words else f"{one.account} held, {ticking(one.until - now)}"


def shares(view: View, room: int) -> tuple[int, int]:
    """Lines for those in flight, and for those that wait. The former come first, and of many that wait only some."""
    rows, waits = view.in_flight, _wait_lines(view)
    if waits > LISTED and rows + waits > room // 2:
        waits = max(min(waits, room // 2), min(LISTED, room))
    taken = min(rows, max(room - min(waits, room // 3), 0))
    return taken, min(waits, room - taken)


def _wait_lines(view: View) -> int:
    return len(view.waits) + (sum(view.waiting.values()) > len(view.waits))


def namer(view: View) -> str | None:
    """The plan whose tickets are called by their own name: that of all, shown or not. None: there are several."""
    keys = [*(row.key for row in view.rows), *(one.key for one in view.waits)]
    plans = {key.plan for key in keys} | set(view.plans)
    return None if len(plans) > 1 else next(iter(plans), "")


def _name(key: Key, plan: str | None) -> str:
    return key.ticket if key.plan == plan else str(key)


def _name_width(view: View, rows: int, waits: int, plan: str | None, style: Style, columns: int) -> int:
    shown: list[Row | Wait] = [*view.rows[:rows], *view.waits[:waits]]
    longest = max((cells(style.clean(_name(one.key, plan))) for one in shown), default=0)
    return min(longest, max(columns // 4, 7))


# -- in flight --------------------------------------------------------------------------------------------------------


class _Cell(NamedTuple):
    text: str
    colour: str | None = None


def _rows(view: View, most: int, room: Room, style: Style, now: float, plan: str | None, width: int) -> list[str]:
    shown = view.rows[: most if view.in_flight <= most else most - 1]
    cells_of = [_row(row, style, now, plan, width, room.columns) for row in shown]
    widths = _widths(cells_of, room.columns)
    found = [_line(row, widths, room.columns, style) for row in cells_of]
    if len(shown) < view.in_flight and most:
        more = f"… and {view.in_flight - len(shown)} more in flight"
        found.append(style.paint(cut(style.clean(more), room.columns, style.cut_mark), "dim"))
    return found


def _row(row: Row, style: Style, now: float, plan: str | None, width: int, columns: int) -> dict[str, _Cell]:
    attempt, mark = row.attempt, style.cut_mark
    position = f"{row.position}/{row.phases}" if row.position else ""
    stopping = f"stopping: {attempt.stop}" if attempt.stop else ""
    said = style.clean(stopping or row.said)
    return {
        "ticket": _Cell(_cut_left(style.clean(_name(row.key, plan)), width, mark), "bold"),
        "phase": _Cell(cut(style.clean(attempt.phase), max(columns // 5, 6), mark), "cyan"),
        "position": _Cell(position, "dim"),
        "attempt": _Cell(f"#{attempt.n}", "dim"),
        "elapsed": _Cell(ticking(now - row.since) if row.since else ""),
        "agent": _Cell(cut(style.clean(attempt.agent or ""), 16, mark), "magenta"),
        "cost": _Cell(f"${row.cost:.2f}" if row.cost is not None else "", "green"),
        "said": _Cell(said or style.clean(row.title), "yellow" if stopping else None if said else "dim"),
    }


def _cut_left(text: str, width: int, mark: str) -> str:
    """The end of a name tells more than its beginning."""
    while cells(text) > width:
        text = mark + text[len(mark) + 1 :]
    return text


def _widths(rows: Sequence[dict[str, _Cell]], columns: int) -> dict[str, int]:
    """Of the columns that have room; what is said gets what is left."""
    if not rows:
        return {}
    widths = {name: max(cells(row[name].text) for row in rows) for name in rows[0] if name != "said"}
    widths = {name: width for name, width in widths.items() if width}
    for name in GONE_FIRST:
        if _left(widths, columns) >= SAID_LEAST:
            break
        widths.pop(name, None)
    left = _left(widths, columns)
    return {**widths, "said": left} if left >= SAID_LEAST // 2 else widths


def _left(widths: dict[str, int], columns: int) -> int:
    return columns - sum(width + 2 for width in widths.values())


def _line(row: dict[str, _Cell], widths: dict[str, int], columns: int, style: Style) -> str:
    used, parts = 0, []
    for name, width in widths.items():
        text = cut(row[name].text, min(width, max(columns - used, 0)), style.cut_mark)
        parts.append(style.paint(text, row[name].colour) + " " * (width - cells(text)))
        used += width + 2
    return "  ".join(parts).rstrip()


# -- what waits -------------------------------------------------------------------------------------------------------


def _waits(view: View, most: int, room: Room, style: Style, now: float, plan: str | None, width: int) -> list[str]:
    if most <= 0:
        return []
    total = sum(view.waiting.values())
    shown = fairly(view.waits, most if total <= most else most - 1)
    found = [_wait(one, room, style, now, plan, width) for one in shown]
    if total > len(shown):
        found.append(style.paint(cut(style.clean(_more(view, shown)), room.columns, style.cut_mark), "dim"))
    return found


def fairly(waits: Sequence[Wait], room: int) -> list[Wait]:
    """Some of each state, when there is not room for all."""
    if len(waits) <= room:
        return list(waits)
    groups: dict[Status, list[Wait]] = {}
    for one in waits:
        groups.setdefault(one.state, []).append(one)
    taken = dict.fromkeys(groups, 0)
    while room > 0:
        for state, group in groups.items():
            if taken[state] < len(group) and room > 0:
                taken[state] += 1
                room -= 1
    return [one for state, group in groups.items() for one in group[: taken[state]]]


def _more(view: View, shown: Iterable[Wait]) -> str:
    counts = dict(view.waiting)
    for one in shown:
        counts[one.state] = counts.get(one.state, 0) - 1
    rest = {state: number for state, number in counts.items() if number > 0}
    listed = ", ".join(_number_of(state, number) for state, number in rest.items())
    return f"… and {listed}" if len(rest) == 1 else f"… and {sum(rest.values())} more: {listed}"


def _word(state: Status) -> str:
    return str(state).replace("_", " ")


def _number_of(state: Status, number: int) -> str:
    many = state is Status.NEEDS_ATTENTION and number != 1
    return f"{number} {'need attention' if many else _word(state)}"


def _wait(one: Wait, room: Room, style: Style, now: float, plan: str | None, width: int) -> str:
    name = pad(_cut_left(style.clean(_name(one.key, plan)), width, style.cut_mark), width)
    state = _word(one.state)
    why = style.clean(_why(one, now, plan))
    rest = room.columns - width - 2
    text = cut(f"{state}  {why}" if why else state, max(rest, 0), style.cut_mark)
    head, tail = style.paint(text[: len(state)], STATE_COLOURS.get(one.state)), text[len(state) :]
    return f"{style.paint(name, 'dim')}  {head}{tail}".rstrip()


def _why(one: Wait, now: float, plan: str | None) -> str:
    at = f"{one.phase}: " if one.phase and one.state is not Status.QUEUED else ""
    if one.held is not None:
        return f"{at}{held_text(one.held, now)}"
    if one.blockers:
        return "waits for " + ", ".join(f"{_name(each.key, plan)} ({each.state})" for each in one.blockers)
    if one.until is not None:
        when = f"in {ticking(one.until - now)}" if one.until > now else "due now"
        if one.review and no_news(one.why, one.phase):
            return f"{at}{one.review} · {when}"
        why = one.why if one.why.startswith(f"{one.phase} ") else f"{at}{one.why}"
        return " · ".join(filter(None, (why, when, one.review)))
    why = one.why if one.phase and one.why.startswith(f"{one.phase}:") else f"{at}{one.why}".removesuffix(": ")
    return " · ".join(filter(None, (why, one.review)))


# -- the summary ------------------------------------------------------------------------------------------------------


def summary(view: View, columns: int, style: Style, began: float | None, now: float) -> str:
    """One line. `began`: when what it is about began."""
    used, line = 0, ""
    for text, colour in _parts(view, style, began, now):
        more = cells(text) + (cells(style.between) if line else 0)
        if line and used + more > columns:
            continue
        shown = cut(text, columns, style.cut_mark)
        line += (style.between if line else "") + style.paint(shown, colour)
        used += more
    return line


def _parts(view: View, style: Style, began: float | None, now: float) -> list[tuple[str, str | None]]:
    counts = view.counts
    parts: list[tuple[str, str | None]] = []
    if view.stopping is not None:
        left = f" {view.in_flight} in flight" if view.in_flight else ""
        parts.append((style.clean(f"stopping …{left}"), "yellow"))
    if view.only is None:
        parts.append((f"{counts[Status.COMPLETE]} of {view.total} complete", "green"))
        parts += [(_number_of(s, counts[s]), STATE_COLOURS.get(s)) for s in ORDER if counts[s]]
    else:
        state = next((state for state, number in counts.items() if number), None)
        parts += [(_word(state), STATE_COLOURS.get(state))] if state is not None else []
    if view.only is None and (view.slots_used or view.slots is not None):
        of = f" of {view.slots}" if view.slots is not None else ""
        parts.append((f"{view.slots_used}{of} slots{'' if of else ' used'}", None))
    parts += [(ticking(now - began), None)] if began is not None else []
    parts += [(f"${view.cost:.2f}", "green")] if view.cost is not None else []
    parts += [(style.clean(_short(one, now)), "yellow") for one in view.held]
    if view.problems:
        parts.append((f"{view.problems} unusable file{'s' if view.problems > 1 else ''}", "red"))
    return parts
