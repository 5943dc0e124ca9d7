"""Gates: a script waits at its own until it is opened from here. Nobody polls."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.home import Home


def gate(home: Home, ticket: str) -> Path:
    """Closed. A script that comes to it later waits too."""
    path = home.root / "gates" / ticket
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    return path


def open_gate(home: Home, ticket: str) -> None:
    """Raises OSError when nobody waits there."""
    descriptor = os.open(home.root / "gates" / ticket, os.O_WRONLY | os.O_NONBLOCK)
    os.write(descriptor, b"\n")
    os.close(descriptor)
