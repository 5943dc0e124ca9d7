"""Ticket files: bytes on disk, records inside, and what was read or written last.

The law: what is remembered counts only while the file has the same bytes. A ticket's file carries its whole history; to
understand it anew for every step would take longer the more steps there were.
"""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.adapters.files import read_whole, write_atomically
from orchestrator.adapters.places import Places
from orchestrator.adapters.state import journal as journals
from orchestrator.adapters.watching.folders import Mark
from orchestrator.core.model import Key, Ticket
from orchestrator.errors import UnreadableError
from orchestrator.formats.plan_json import Loaded, Malformed, check_ticket_path, decode_ticket

REMEMBERED_BYTES = 4 * 1024 * 1024
"""Of files in all; those that were read or written longest ago go first."""


class TicketFile(NamedTuple):
    content: bytes
    sum: str
    loaded: Loaded[Ticket]


class TicketFiles:
    """The ticket files of a home."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[Key, TicketFile] = {}
        self._bytes = 0

    def read(self, key: Key) -> TicketFile | UnreadableError:
        """Raises FileNotFoundError."""
        path = self._places.ticket_file(key)
        try:
            content = read_whole(path)
            known = self._known.get(key)
            if known is not None and known.content == content:
                return known
            loaded = decode_ticket(content, str(path))
        except UnreadableError as error:
            return error
        if problems := check_ticket_path(loaded.record, key.plan, key.ticket, str(path)):
            return Malformed(tuple(problems))
        return self._remember(key, TicketFile(content, journals.digest(content), loaded))

    def write(self, key: Key, file: TicketFile, expected: bytes) -> Mark | None:
        """Replace the file; returns how it then is, as far as nobody has changed it since. Raises as
        `write_atomically`."""
        mark = write_atomically(self._places.ticket_file(key), file.content, expected=expected)
        self._remember(key, file)
        return mark

    def _remember(self, key: Key, file: TicketFile) -> TicketFile:
        self._forget(key)
        self._known[key] = file
        self._bytes += len(file.content)
        while self._bytes > REMEMBERED_BYTES:
            self._forget(next(iter(self._known)))
        return file

    def _forget(self, key: Key) -> None:
        gone = self._known.pop(key, None)
        if gone is not None:
            self._bytes -= len(gone.content)
