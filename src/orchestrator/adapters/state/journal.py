"""The journal of a ticket: every event and decision, one JSON line each, append-only.

Each line says what the save changed (`set`, `unset`, `history`) and how the file looked afterwards (`sum`). So a file
that was changed by somebody else is recognised, and what was written at any `rev` can be told again by folding lines.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from orchestrator.adapters.lines import append_lines
from orchestrator.formats.plan_json import dump

Doc = dict[str, Any]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    at: str
    kind: str
    """`event`; `seen` (first sight of the file), `edited` (by others), `stale` and `merged` (from an old copy),
    `recovered`, `notified`, `deleted`."""
    rev: int = 0
    sum: str = ""
    event: Any = None
    decisions: list[Any] = []
    set: Doc = {}
    unset: list[str] = []
    history: list[Any] = []
    whole: bool = False
    """`set` is the whole file."""
    note: str = ""


class Last(NamedTuple):
    """What the journal says of the file as it is now."""

    rev: int
    sum: str
    deleted: bool = False
    """Its deletion was seen afterwards."""


_DECODER = msgspec.json.Decoder(Entry)
_BLOCK = 65_536
REMEMBERED = 16_384
"""Journals whose last state is kept."""


def digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def difference(before: Doc, after: Doc) -> tuple[Doc, list[str], list[Any]]:
    """(set, unset, history): what changed between two files; the history only by what was appended."""
    changed = {key: value for key, value in after.items() if key not in before or before[key] != value}
    unset = [key for key in before if key not in after]
    old, new = before.get("phaseHistory"), changed.get("phaseHistory")
    if isinstance(old, list) and isinstance(new, list) and new[: len(old)] == old:
        del changed["phaseHistory"]
        return changed, unset, new[len(old) :]
    return changed, unset, []


class Journal:
    """The journals of one log directory; remembers the last state of each as long as nobody else appends."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, Last | None]] = {}

    def append(self, path: Path, entries: list[Entry]) -> None:
        """Raises OSError. A line that a crash cut off is closed first."""
        size = append_lines(path, b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))
        states = [entry for entry in entries if entry.sum]
        if states:
            self._remember(path, size, Last(states[-1].rev, states[-1].sum))

    def last(self, path: Path) -> Last | None:
        """How the file last looked; None when nothing says so."""
        try:
            size = path.stat().st_size
            known = self._last.get(str(path))
            if known is None or known[0] != size:
                known = self._remember(path, size, _last_state(path, size))
        except OSError:
            return None
        return known[1]

    def _remember(self, path: Path, size: int, last: Last | None) -> tuple[int, Last | None]:
        if len(self._last) >= REMEMBERED:
            self._last.clear()  # tickets come and go
        known = self._last[str(path)] = (size, last)
        return known

    def forget(self, path: Path) -> None:
        self._last.pop(str(path), None)


def _last_state(path: Path, size: int) -> Last | None:
    """Reads backwards in growing blocks: captured values make lines long."""
    block = _BLOCK
    with path.open("rb") as stream:
        while True:
            stream.seek(max(size - block, 0))
            lines = stream.read().split(b"\n")
            found = _last_of(lines if block >= size else lines[1:])
            if found is not None or block >= size:
                return found
            block *= 4


def _last_of(lines: list[bytes]) -> Last | None:
    deleted = False
    for line in reversed(lines):
        entry = _decode(line)
        if entry is not None and entry.sum:
            return Last(entry.rev, entry.sum, deleted)
        deleted = deleted or (entry is not None and entry.kind == "deleted")
    return None


def _decode(line: bytes) -> Entry | None:
    if not line.strip():
        return None
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def entries(path: Path) -> list[Entry]:
    """All lines that can be read; a torn one is left out."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    return [entry for entry in map(_decode, lines) if entry is not None]


class Told(NamedTuple):
    """What a journal tells of its file."""

    latest: Doc | None
    """The file as it was last known; None: the journal does not say, or has lost a line."""
    at_rev: tuple[Doc, ...]
    """How it looked while it had a certain `rev`: as we wrote it, and as others edited it then."""


def tell(path: Path, rev: int | None = None) -> Told:
    """Fold the lines: the latest state, and the states that a copy with `rev` may have been made of."""
    doc: Doc | None = None
    last = Entry("", "")
    found: list[Doc] = []
    for entry in entries(path):
        if not entry.sum:
            continue
        doc = dict(entry.set) if entry.whole else _apply(doc, entry) if doc is not None else None
        if doc is not None and entry.rev == rev and _is_sound(doc, entry):
            found.append(doc)
        last = entry
    sound = doc is not None and _is_sound(doc, last)
    return Told(doc if sound else None, tuple(found))


def _is_sound(doc: Doc, entry: Entry) -> bool:
    return entry.whole or digest(dump(doc)) == entry.sum


def fold(path: Path) -> Doc | None:
    """The file as it was last known; None when the journal does not say."""
    return tell(path).latest


def _apply(doc: Doc, entry: Entry) -> Doc:
    doc = {key: value for key, value in doc.items() if key not in entry.unset} | entry.set
    if entry.history:
        doc["phaseHistory"] = [*doc.get("phaseHistory", []), *entry.history]
    return doc
