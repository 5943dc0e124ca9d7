"""The journal of a ticket: every event and decision, one JSON line each, append-only.

Each line says what the save changed (`set`, `unset`, `history`) and how the file looked afterwards (`sum`). So a file
that was changed by somebody else is recognised, and what was written at any `rev` can be told again by folding lines.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec

Doc = dict[str, Any]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    at: str
    kind: str
    """`event`; `seen` (first sight of the file), `edited` (by others), `stale` (merged), `recovered`, `notified`."""
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


_DECODER = msgspec.json.Decoder(Entry)
_BLOCK = 65_536


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
    """The journals of one log directory; remembers the last line of each as long as nobody else appends."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, Entry | None]] = {}

    def append(self, path: Path, entries: list[Entry]) -> None:
        """Raises OSError. A line that a crash cut off is closed first."""
        payload = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            fd = os.open(path, flags, 0o644)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, flags, 0o644)
        try:
            size = os.fstat(fd).st_size
            if size and os.pread(fd, 1, size - 1) != b"\n":
                payload = b"\n" + payload
            os.write(fd, payload)
            states = [entry for entry in entries if entry.sum]
            if states:
                self._last[str(path)] = (size + len(payload), states[-1])
        finally:
            os.close(fd)

    def last(self, path: Path) -> Entry | None:
        """The last line that says how the file looked; None when there is none."""
        try:
            size = path.stat().st_size
        except OSError:
            return None
        known = self._last.get(str(path))
        if known is None or known[0] != size:
            known = (size, _last_state(path, size))
            self._last[str(path)] = known
        return known[1]

    def forget(self, path: Path) -> None:
        self._last.pop(str(path), None)


def _last_state(path: Path, size: int) -> Entry | None:
    """Reads backwards in growing blocks: captured values make lines long."""
    block = _BLOCK
    with path.open("rb") as stream:
        while True:
            stream.seek(max(size - block, 0))
            lines = stream.read().split(b"\n")
            for line in reversed(lines if block >= size else lines[1:]):
                entry = _decode(line)
                if entry is not None and entry.sum:
                    return entry
            if block >= size:
                return None
            block *= 4


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


def fold(path: Path, rev: int | None = None) -> Doc | None:
    """The file as we wrote it at `rev` (None: the latest); None when the journal does not reach back to it."""
    doc: Doc | None = None
    for entry in entries(path):
        if not entry.sum:
            continue
        if rev is not None and entry.rev > rev:
            break
        if entry.whole:
            doc = dict(entry.set)
        elif doc is not None:
            doc = _apply(doc, entry)
    return doc


def _apply(doc: Doc, entry: Entry) -> Doc:
    doc = {key: value for key, value in doc.items() if key not in entry.unset} | entry.set
    if entry.history:
        doc["phaseHistory"] = [*doc.get("phaseHistory", []), *entry.history]
    return doc
