"""What imports took, a file for each plan.

The law: a record that cannot be understood is as good as none: what differs then is taken for a person's, and stays.
"""

from __future__ import annotations

import contextlib

import msgspec

from orchestrator.adapters.files import Lock, lock, make_folder, read_whole, write_atomically
from orchestrator.adapters.places import Places
from orchestrator.core.model import ID_PATTERN
from orchestrator.core.planning.imported import Imported
from orchestrator.errors import UnreadableError

_DECODER = msgspec.json.Decoder(Imported)
PATIENCE = 60.0
"""Seconds: another import may be writing thousands of tickets."""


def one_at_a_time(places: Places) -> Lock:
    """Held by whoever brings something in. Raises StoreError."""
    return lock(places.imports_lock, PATIENCE)


def known(places: Places) -> dict[str, Imported]:
    """By plan; of plans that are there."""
    try:
        files = sorted(places.imports.glob("*.json"))
    except OSError:
        return {}
    names = [one.stem for one in files if ID_PATTERN.match(one.stem)]
    return {name: read(places, name) for name in names if places.plan_file(name).exists()}


def read(places: Places, plan_id: str) -> Imported:
    try:
        return _DECODER.decode(read_whole(places.imports / f"{plan_id}.json"))
    except (OSError, UnreadableError, msgspec.DecodeError):
        return Imported()


def write(places: Places, plan_id: str, imported: Imported) -> None:
    """Raises StoreError."""
    make_folder(places.imports)
    content = msgspec.json.format(msgspec.json.encode(imported)) + b"\n"
    write_atomically(places.imports / f"{plan_id}.json", content)


def forget(places: Places, plan_id: str) -> None:
    """Of a plan that is gone: another one of that id is nobody's import."""
    with contextlib.suppress(OSError):
        (places.imports / f"{plan_id}.json").unlink()
