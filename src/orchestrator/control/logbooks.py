"""What happened to a ticket: its events, and the output of its attempts, to be read or to be followed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from orchestrator.adapters.attempt_files import read_exit, recorded
from orchestrator.adapters.places import Places
from orchestrator.control.following import FileTail
from orchestrator.control.reading import existing_ticket
from orchestrator.core.model import ENDED, Key
from orchestrator.core.settings import Config
from orchestrator.errors import NotFoundError, UnreadableError

LOOK_SECONDS = 0.2
STREAMS = ("stdout", "stderr")
_ATTEMPT = re.compile(r"(\d{3,})-(.+)\Z")


class AttemptLog(NamedTuple):
    """The directory of one attempt (or of one visit of a poll phase)."""

    n: int
    phase: str
    directory: Path


class Filter(NamedTuple):
    phase: str | None = None
    attempt: int | None = None

    @property
    def wants_output(self) -> bool:
        """Somebody who names an attempt wants to see what it printed."""
        return self != Filter()


class Piece(NamedTuple):
    """Something to show, in order. `title` begins the output of an attempt."""

    content: bytes
    title: AttemptLog | None = None
    stream: str | None = None


def attempts(config: Config, key: Key, chosen: Filter) -> list[AttemptLog]:
    """In order of their number. Raises NotFoundError for an attempt or phase that has left nothing."""
    found = sorted(_attempts(Places(config).ticket_logs(key)))
    fitting = [one for one in found if chosen.phase in (None, one.phase) and chosen.attempt in (None, one.n)]
    if chosen.wants_output and not fitting:
        asked = " of ".join(
            [f"attempt {chosen.attempt}"] * (chosen.attempt is not None)
            + [f"phase {chosen.phase}"] * (chosen.phase is not None)
        )
        known = ", ".join(f"{one.n} ({one.phase})" for one in found[-10:]) or "none"
        raise NotFoundError(f"ticket {key}: there is no log of {asked}; attempts so far: {known}")
    return fitting


def _attempts(folder: Path) -> Iterator[AttemptLog]:
    try:
        names = [path.name for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return
    for name in names:
        if match := _ATTEMPT.match(name):
            yield AttemptLog(int(match[1]), match[2], folder / name)


def check(config: Config, key: Key) -> None:
    """Raises NotFoundError for a ticket that has neither a file nor logs."""
    places = Places(config)
    if not places.ticket_logs(key).is_dir():
        try:
            existing_ticket(places, key)
        except UnreadableError:
            return


def pieces(config: Config, key: Key, chosen: Filter) -> Iterator[Piece]:
    """What there is now."""
    return _Reader(Places(config), key, chosen).news(last=True)


def follow(config: Config, key: Key, chosen: Filter) -> Iterator[Piece]:
    """What there is, then what comes, new attempts too; until the ticket has ended."""
    places = Places(config)
    reader = _Reader(places, key, chosen)
    while True:
        over = _is_over(places, key)
        yield from reader.news(last=over)
        if over:
            return
        time.sleep(LOOK_SECONDS)


def _is_over(places: Places, key: Key) -> bool:
    try:
        ticket = existing_ticket(places, key)
    except UnreadableError:
        return False
    except NotFoundError:
        return True
    return ticket.attempt is None and ticket.status in ENDED


class _Reader:
    """Reads on where it stopped: the ticket's log, or the output of the attempts that were asked for."""

    def __init__(self, places: Places, key: Key, chosen: Filter) -> None:
        self._places, self._key, self._chosen = places, key, chosen
        self._log = FileTail(places.ticket_logs(key) / "ticket.log", from_start=True)
        self._open: dict[tuple[Path, str], FileTail] = {}
        self._titled: tuple[Path, str] | None = None

    def news(self, last: bool) -> Iterator[Piece]:
        if not self._chosen.wants_output:
            yield from _all(self._log, last, Piece)
            return
        for one in sorted(_attempts(self._places.ticket_logs(self._key))):
            if self._chosen.phase in (None, one.phase) and self._chosen.attempt in (None, one.n):
                yield from self._output(one, last)

    def _output(self, one: AttemptLog, last: bool) -> Iterator[Piece]:
        for stream in STREAMS:
            place = (one.directory, stream)
            tail = self._open.setdefault(place, FileTail(one.directory / f"{stream}.log", from_start=True))
            for piece in _all(tail, last, lambda content, stream=stream: Piece(content, None, stream)):
                if self._titled != place:
                    self._titled = place
                    yield Piece(b"", one, stream)
                yield piece


def _all(tail: FileTail, last: bool, make: Any) -> Iterator[Piece]:
    while content := tail.read():
        yield make(content)
    if last and (content := tail.read(whole_lines=False)):
        yield make(content)


# -- for programs -----------------------------------------------------------------------------------------------------


def document(config: Config, key: Key, chosen: Filter) -> dict[str, Any]:
    """`{plan, ticket, events, attempts}`."""
    found = attempts(config, key, chosen)
    return {
        "plan": key.plan,
        "ticket": key.ticket,
        "events": [event for event in _events(Places(config), key) if _fits(event, chosen)],
        "attempts": [_attempt(one) for one in found],
    }


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
