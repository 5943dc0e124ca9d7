"""The logs: `orchestrator.log` (JSON lines, all tickets) and a readable `ticket.log` per ticket.

A line has a stable verb and key=value pairs; always plan, ticket, attempt where there are any. Nothing here ever
raises: a full disk must not stop the work, and a terminal that went away neither.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.adapters.places import Places
from orchestrator.core.model import Key
from orchestrator.core.times import iso
from orchestrator.formats.plan_terms import whole

Line = dict[str, Any]
Tell = Callable[[Line], None]

PLAIN = (str, int, float, bool)


class Logs:
    """Writes one line to where it belongs and shows it to whoever listens."""

    def __init__(self, places: Places, tell: Tell | None = None) -> None:
        self._places = places
        self._tell = tell

    def event(self, verb: str, key: Key | None = None, level: str = "info", **fields: Any) -> None:
        line: Line = {"at": iso(time.time()), "level": level, "event": verb}
        if key is not None:
            line |= {"plan": key.plan, "ticket": key.ticket}
        line |= {name: value for name, value in fields.items() if value is not None}
        line, encoded = _encoded(line)
        _append(self._places.log_file, encoded + b"\n")
        if key is not None:
            _append(self._places.ticket_logs(key) / "ticket.log", (readable(line) + "\n").encode())
        if self._tell is not None:
            with contextlib.suppress(OSError, ValueError):
                self._tell(line)


def _encoded(line: Line) -> tuple[Line, bytes]:
    """What is no JSON as text, and a file's name that is no UTF-8 as well as it can be."""
    if all(type(value) in PLAIN for value in line.values()):
        with contextlib.suppress(UnicodeEncodeError):
            return line, msgspec.json.encode(line)
    decoded: Line = whole(msgspec.to_builtins(line, enc_hook=str))
    return decoded, msgspec.json.encode(decoded)


def readable(line: Line) -> str:
    """`2026-02-28T10:01:02.114Z started phase=implement attempt=2`: always one line."""
    shown = {name: value for name, value in line.items() if name not in ("at", "level", "event", "plan", "ticket")}
    words = [f"{name}={_quoted(value)}" for name, value in shown.items()]
    mark = "" if line["level"] == "info" else f"{line['level'].upper()} "
    return " ".join([line["at"], f"{mark}{line['event']}", *words])


def _quoted(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if text and text.isprintable() and not any(c in text for c in ' "='):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _append(path: Path, content: bytes) -> None:
    with contextlib.suppress(OSError):
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            os.write(fd, content)
        finally:
            os.close(fd)
