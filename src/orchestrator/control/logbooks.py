"""What happened to a ticket: its events, and the output of its attempts, to be read or to be followed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.adapters.attempts.attempt_files import read_exit, recorded
from orchestrator.adapters.places import Places
from orchestrator.control.reading import existing_ticket
from orchestrator.control.transcripts import (
    EVENTS,
    AttemptLog,
    Filter,
    Outputs,
    Piece,
    Reader,
    Story,
    attempts_in,
)
from orchestrator.core.model import ENDED, Key
from orchestrator.core.settings import Config
from orchestrator.errors import NotFoundError, UnreadableError

LOOK_SECONDS = 0.2
SPOKEN = 1000
"""Lines of output that a document has at most, the last ones."""
LINE = 4000
"""Characters of one of them."""


def attempts(config: Config, key: Key, chosen: Filter) -> list[AttemptLog]:
    """In order of their number. Raises NotFoundError for an attempt or phase that has left nothing."""
    found = attempts_in(Places(config).ticket_logs(key))
    fitting = [one for one in found if chosen.fits(one)]
    if chosen.names_attempts and not fitting:
        asked = " of ".join(
            [f"attempt {chosen.attempt}"] * (chosen.attempt is not None)
            + [f"phase {chosen.phase}"] * (chosen.phase is not None)
        )
        known = ", ".join(f"{one.n} ({one.phase})" for one in found[-10:]) or "none"
        raise NotFoundError(f"ticket {key}: there is no log of {asked}; attempts so far: {known}")
    return fitting


def check(config: Config, key: Key) -> None:
    """Raises NotFoundError for a ticket that has neither a file nor logs."""
    places = Places(config)
    if not places.ticket_logs(key).is_dir():
        try:
            existing_ticket(places, key)
        except UnreadableError:
            return


def has_history(config: Config, key: Key) -> bool:
    """Whether the ticket's file tells of phases: the original kept no such logs, and logs may be deleted."""
    try:
        return bool(existing_ticket(Places(config), key).phase_history)
    except (NotFoundError, UnreadableError):
        return False


def pieces(config: Config, key: Key, chosen: Filter) -> Iterator[Piece]:
    """What there is now: events with what agents said, or the output of the attempts that are asked for."""
    return _reader(config, key, chosen).news(last=True)


def follow(config: Config, key: Key, chosen: Filter) -> Iterator[Piece]:
    """What there is, then what comes, new attempts too; until the ticket, or the attempt that was named, has ended."""
    places = Places(config)
    reader = _reader(config, key, chosen)
    while True:
        over = _is_over(places, key, chosen)
        yield from reader.news(last=over)
        if over:
            return
        time.sleep(LOOK_SECONDS)


def _reader(config: Config, key: Key, chosen: Filter) -> Reader:
    folder = Places(config).ticket_logs(key)
    return Outputs(config, folder, chosen) if chosen.names_attempts or chosen.raw else Story(config, folder)


def _is_over(places: Places, key: Key, chosen: Filter) -> bool:
    if chosen.attempt is not None and _has_ended(places, key, chosen.attempt):
        return True
    try:
        ticket = existing_ticket(places, key)
    except UnreadableError:
        return False
    except NotFoundError:
        return True
    return ticket.attempt is None and ticket.status in ENDED


def _has_ended(places: Places, key: Key, n: int) -> bool:
    found = attempts_in(places.ticket_logs(key))
    return any(one.n > n or (one.n == n and one.is_over) for one in found)


# -- for programs -----------------------------------------------------------------------------------------------------


def document(config: Config, key: Key, chosen: Filter) -> dict[str, Any]:
    """`{plan, ticket, events, attempts}`; of attempts that are asked for the output, too."""
    found = attempts(config, key, chosen)
    document = {
        "plan": key.plan,
        "ticket": key.ticket,
        "events": [event for event in _events(Places(config), key) if _fits(event, chosen)],
        "attempts": [_attempt(one) for one in found],
    }
    if chosen.names_attempts:
        lines = (line for piece in pieces(config, key, chosen) for line in spoken(piece))
        document["output"] = list(deque(lines, SPOKEN))
    return document


def spoken(piece: Piece) -> Iterator[dict[str, Any]]:
    """A piece as objects, one per line or thing said."""
    whose = {"attempt": piece.attempt.n, "phase": piece.attempt.phase} if piece.attempt else {}
    where = {"attempt": None, "phase": None, **whose, "stream": piece.stream}
    if piece.said is None:
        kind = "event" if piece.stream == EVENTS else "line"
        for line in piece.content.splitlines():
            yield {**where, "kind": kind, "text": line[: 4 * LINE].decode("utf-8", "replace")[:LINE], "detail": ""}
        return
    for one in piece.said:
        yield {**where, "kind": str(one.kind), "text": one.text, "detail": one.detail}


def _fits(event: dict[str, Any], chosen: Filter) -> bool:
    return chosen.phase in (None, event.get("phase")) and chosen.attempt in (None, event.get("attempt"))


def _events(places: Places, key: Key) -> Iterator[dict[str, Any]]:
    """The lines of this ticket in `orchestrator.log`."""
    mark = msgspec.json.encode(key.ticket)
    try:
        stream = places.log_file.open("rb")
    except OSError:
        return
    with stream:
        for line in stream:
            if mark not in line:
                continue
            try:
                event: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.MsgspecError:
                continue
            if (event.get("plan"), event.get("ticket")) == key:
                yield event


def _attempt(one: AttemptLog) -> dict[str, Any]:
    record = recorded(one.directory)
    return {
        "attempt": one.n,
        "phase": one.phase,
        "kind": record.kind if record else None,
        "agent": record.agent if record else None,
        "sessionId": record.session if record else None,
        "startedAt": record.started_at if record else None,
        "exitCode": read_exit(one.directory),
        "outcome": _outcome(one.directory),
        "directory": str(one.directory),
    }


def _outcome(directory: Path) -> Any:
    """`outcome.json` as it is written; None while there is none."""
    try:
        return msgspec.json.decode((directory / "outcome.json").read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None
