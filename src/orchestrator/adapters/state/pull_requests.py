"""What is remembered of each ticket's pull request, a small file each, written by the scripts that ask the forge.

The law: written atomically, under a lock, after reading it again. A file that cannot be understood is as good as none
for those who look on, and an error for who would overwrite it: what was answered already must not be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from orchestrator.adapters.files import locked, make_folder, read_whole, write_atomically
from orchestrator.adapters.places import Places
from orchestrator.core.forge.pull_request import Remembered
from orchestrator.core.model import Key
from orchestrator.errors import UnreadableError


def file_of(places: Places, key: Key) -> Path:
    return Path(places.pull_request_name(key))


def remembered(places: Places, key: Key) -> Remembered | None:
    """None: nothing is known. Raises UnreadableError."""
    path = places.pull_request_name(key)
    try:
        return msgspec.json.decode(read_whole(path), type=Remembered)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise UnreadableError(f"{path}: {error}; correct it, or remove it to begin anew") from error


def remember(places: Places, key: Key, decide: Callable[[Remembered], Remembered]) -> Remembered:
    """Let `decide` say what is to be known, from what is known now. Raises StoreError, UnreadableError."""
    path = file_of(places, key)
    with locked(places.pull_requests_lock):
        known = remembered(places, key)
        changed = decide(known or Remembered())
        if changed != known:
            make_folder(path.parent)
            write_atomically(path, msgspec.json.format(msgspec.json.encode(changed)) + b"\n")
    return changed
