"""One readable line per event: `14:05:01  PROJ-101  implement (2/7)  started, attempt 3 (claude)`.

The law: every line is whole and flushed at once; what is not a terminal gets no colour.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from orchestrator.cli.output import clean, has_colour, paint
from orchestrator.core.outcome import dollars
from orchestrator.core.times import duration, epoch_or

Line = dict[str, Any]

LEVEL_COLOURS = {"error": "red", "critical": "red", "warning": "yellow"}
QUIET = frozenset({"notify", "notified"})
"""Said by another line already."""


class Events:
    """Prints events. Until `open` it holds them back, because something else must be printed first."""

    def __init__(self, names_plans: bool, is_open: bool = True, colour: bool | None = None) -> None:
        """`colour`: None: where there is a terminal."""
        self._names_plans = names_plans
        self._held: list[Line] | None = None if is_open else []
        self._ticket_width = 8
        self._phase_width = 16
        self._colour = has_colour() if colour is None else colour

    def open(self) -> None:
        held, self._held = self._held or [], None
        for line in held:
            self.tell(line)

    def tell(self, line: Line) -> None:
        if self._held is not None:
            self._held.append(line)
        elif line["event"] not in QUIET:
            sys.stdout.write(self.text(line) + "\n")
            sys.stdout.flush()

    def text(self, line: Line) -> str:
        at = datetime.fromtimestamp(epoch_or(line.get("at"), 0)).strftime("%H:%M:%S")
        ticket, phase = self._ticket(line), self._phase(line)
        self._ticket_width = max(self._ticket_width, len(ticket))
        self._phase_width = max(self._phase_width, len(phase))
        what = paint(clean(said(line)), colour_of(line), self._colour)
        if not ticket:
            return f"{paint(at, 'dim', self._colour)}  {what}"
        columns = [
            paint(at, "dim", self._colour),
            paint(ticket.ljust(self._ticket_width), "bold", self._colour),
            phase.ljust(self._phase_width),
            what,
        ]
        return "  ".join(columns)

    def _ticket(self, line: Line) -> str:
        if "ticket" not in line:
            return ""
        return clean(f"{line['plan']}/{line['ticket']}" if self._names_plans else line["ticket"])

    def _phase(self, line: Line) -> str:
        phase, position = line.get("phase"), line.get("position")
        return clean(f"{phase} ({position})" if phase and position else phase or "")


def colour_of(line: Line) -> str | None:
    if line["event"] == "complete" or line["event"] == "plan_complete":
        return "green"
    return LEVEL_COLOURS.get(str(line.get("level")))


def said(line: Line) -> str:
    """The event in words; one that has none is shown as it is logged."""
    words = WORDS.get(line["event"])
    return words(line) if words is not None else _as_logged(line)


def _started(line: Line) -> str:
    who = f" ({line['agent']})" if line.get("agent") else ""
    return f"{'continued' if line.get('resume') else 'started'}, attempt {line.get('attempt')}{who}"


def _ended(line: Line) -> str:
    outcome = str(line.get("outcome", "")).replace("_", " ")
    took = f" after {duration(line['took'])}" if line.get("took") is not None else ""
    reason = f": {line['reason']}" if line.get("reason") and outcome != "stopped" else ""
    cost = f", {dollars(line['cost'])}" if line.get("cost") else ""
    retry = f", retry {line['retry']}" if line.get("retry") else ""
    again = f", {line['again']}" if line.get("again") else ""
    following = f" → {line['next']}" if line.get("next") else ""
    return f"{outcome}{took}{cost}{reason}{retry}{again}{following}{_until(line)}"


def _unpriced(line: Line) -> str:
    of = f"model {line['model']}" if line.get("model") else f"agent {line.get('agent')}"
    return f"nobody knows what {of} costs: budgets in dollars do not see it; give it a price (`prices` in the config)"


def _untold(line: Line) -> str:
    return f"agent {line.get('agent')} tells nothing of what it uses: no budget sees it; limit its time or its retries"


def _until(line: Line) -> str:
    if not line.get("until"):
        return ""
    return f", waits until {datetime.fromtimestamp(epoch_or(line['until'], 0)).strftime('%H:%M:%S')}"


def _held(line: Line) -> str:
    """An account, or a file that cannot be used."""
    reason = str(line.get("reason", ""))
    if "account" not in line:
        return f"held: {reason}{_until(line)}"
    until = datetime.fromtimestamp(epoch_or(line.get("until"), 0)).strftime("%H:%M:%S")
    return f"{line['account']} is held until {until} ({line.get('limit') or reason})"


def _by(line: Line) -> str:
    return f": {line['by']} released it" if line.get("by") else ""


def _as_logged(line: Line) -> str:
    hidden = ("at", "level", "event", "plan", "ticket", "phase", "position", "traceback")
    rest = ", ".join(
        str(value) if name == "reason" else f"{name} {value}" for name, value in line.items() if name not in hidden
    )
    verb = str(line["event"]).replace("_", " ")
    plan = f" {line['plan']}" if "plan" in line and "ticket" not in line else ""
    return f"{verb}{plan}{f': {rest}' if rest else ''}"


def _not_told(line: Line) -> str:
    plan = f" of plan {line['plan']}" if "plan" in line and "ticket" not in line else ""
    what = f"{str(line.get('what', '')).replace('_', ' ')}{plan}, {line.get('channel', 'any channel')}"
    return f"notification not sent ({what}): {line.get('reason', '')}"


def _notifications(line: Line) -> str:
    return "1 notification is" if line.get("count") == 1 else f"{line.get('count')} notifications are"


WORDS: dict[str, Callable[[Line], str]] = {
    "started": _started,
    "ended": _ended,
    "stopping": lambda e: f"stopping: {e.get('reason', '')}",
    "adopted": lambda e: f"adopted attempt {e.get('attempt')}, which outlived its runner",
    "held": _held,
    "released": lambda e: f"{e.get('account')} is no longer held{_by(e)}",
    "budget_reached": lambda e: str(e.get("reason", "")),
    "unpriced": _unpriced,
    "untold": _untold,
    "budget_free": lambda e: f"goes on: {e.get('budget', '')} is no longer used up",
    "cannot_run": lambda e: f"cannot be run: {e.get('reason', '')}",
    "needs_attention": lambda e: f"needs attention: {e.get('reason') or e.get('phase', '')}",
    "failed": lambda e: f"failed: {e.get('reason', '')}",
    "complete": lambda e: "complete",
    "notify_failed": _not_told,
    "notify_unavailable": lambda e: f"no notification by {e.get('channel', '')}: {e.get('reason', '')}",
    "notices_awaited": lambda e: f"{_notifications(e)} still being sent; this waits at most {e.get('seconds', 0):g} s",
    "notices_left": lambda e: f"{_notifications(e)} not sent yet; the next runner does it",
    "plan_complete": lambda e: f"plan {e.get('plan')} is complete",
}
