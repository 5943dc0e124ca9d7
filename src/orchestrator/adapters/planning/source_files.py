"""What is remembered of sources, in one small file, and who looks at one just now.

The law: a file that cannot be understood is as good as none: the worst that follows is a look too many.
"""

from __future__ import annotations

import hashlib

import msgspec

from orchestrator.adapters.files import Lock, locked, make_folder, read_whole, try_lock, write_atomically
from orchestrator.adapters.places import Places
from orchestrator.core.planning.sources import Looked

_DECODER = msgspec.json.Decoder(dict[str, Looked])


def known(places: Places) -> dict[str, Looked]:
    """By the name of the source."""
    try:
        return _DECODER.decode(read_whole(places.sources))
    except (OSError, msgspec.DecodeError):
        return {}


def remember(places: Places, name: str, looked: Looked) -> None:
    """Raises StoreError."""
    with locked(places.sources_lock):
        found = {**known(places), name: looked}
        make_folder(places.sources.parent)
        write_atomically(places.sources, msgspec.json.format(msgspec.json.encode(found)) + b"\n")


def try_to_look(places: Places, name: str) -> Lock | None:
    """Held by whoever looks at the source. None: somebody does."""
    return try_lock(places.sources_lock.with_name(f".source-{hashlib.sha256(name.encode()).hexdigest()[:16]}"))
