"""What happens to a ticket beside its attempts: pauses, skips, waits, edits; read from the lines of its journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from orchestrator.core.model import Attempt, Status
from orchestrator.core.outcome import Outcome

TOGETHER = 1.5
"""Seconds within which an entry of the history and an event are about the same."""


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something else than an attempt: a pause, a skip, a wait, an arrival."""

    at: float
    what: str
    """paused, skipped, retried, waited, cannot_run, edited, deleted, reached."""
    phase: str | None = None
    why: str = ""
    until: float | None = None
    """When it was over; None: it takes no time, or is not over."""
    is_open: bool = False


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the journal, as far as it matters here."""

    at: float
    event: str = ""
    """Name of the event; for a line that is none its kind."""
    phase: str | None = None
    reason: str = ""
    attempt_id: str | None = None
    outcome: Outcome | None = None
    starts: Attempt | None = None
    status: str | None = None
    """The status that it set."""
    wake_at: str | None = None
    wait_reason: str | None = None
    current_phase: str | None = None


def steered(steps: Sequence[Step]) -> list[Happening]:
    """What people and limits did, as the journal tells it."""
    found: list[Happening] = []
    for step in steps:
        by_hand = "by hand" if step.event in ("edited", "merged") else ""
        match step.event:
            case "PauseRequested":
                found.append(Happening(at=step.at, what="paused", is_open=True))
            case "RetryRequested":
                found.append(Happening(at=step.at, what="retried", phase=step.current_phase))
            case "CannotRun":
                found.append(Happening(at=step.at, what="cannot_run", why=step.reason))
            case "deleted":
                found.append(Happening(at=step.at, what="deleted"))
            case "edited" | "merged" if step.status is not None and step.status != Status.PAUSED:
                found.append(Happening(at=step.at, what="edited", why=f"status {step.status}"))
            case _ if step.status == Status.PAUSED and by_hand:
                found.append(Happening(at=step.at, what="paused", why=by_hand, is_open=True))
        if step.status not in (None, Status.PAUSED):
            _end(found, "paused", step.at)
        if step.starts is not None or step.wake_at is not None:
            _end(found, "waited", step.at)
        if step.wake_at is not None and step.event != "CheckEnded":
            found.append(Happening(at=step.at, what="waited", why=step.wait_reason or "", is_open=True))
    return found


def _end(found: list[Happening], what: str, at: float) -> None:
    for i, one in enumerate(found):
        if one.what == what and one.is_open and one.at < at:
            found[i] = replace(one, until=at, is_open=False)


def closed(happenings: Iterable[Happening], starts: Sequence[float]) -> Iterator[Happening]:
    """What the start of an attempt shows to be over is over, whatever the journal says. `starts`: in order."""
    for one in happenings:
        following = next((at for at in starts if at > one.at), None)
        yield replace(one, until=following, is_open=False) if one.is_open and following is not None else one
