"""The planner's part of a ticket, changed as a person with an editor changes it, but under the ticket's lock.

The law: the store sees a hand edit and journals it as one; nothing of the runner's part is written, but that a ticket
which has not begun forgets the first phase of a workflow that is not its own any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from orchestrator.adapters.files import LOOK_SECONDS, PATIENCE, again_if_changed, locked, read_whole, write_atomically
from orchestrator.adapters.places import Places
from orchestrator.core.model import RUNNER_FIELDS, Key, Ticket
from orchestrator.errors import NotFoundError, UnreadableError
from orchestrator.formats.plan_json import decode_ticket, dump, encode, patch


def edit(places: Places, key: Key, decide: Callable[[Ticket], Ticket], patience: float = PATIENCE) -> Ticket:
    """Let `decide` say what the ticket is to say, from what its file says now. Keys that nobody knows stay.

    Raises NotFoundError, UnreadableError, StoreError, and what `decide` raises.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            with locked(places.store_lock(key)):
                return again_if_changed(lambda: _edit(places, key, decide))
        except UnreadableError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(LOOK_SECONDS)  # somebody may be writing


def _edit(places: Places, key: Key, decide: Callable[[Ticket], Ticket]) -> Ticket:
    path = places.ticket_file(key)
    try:
        content = read_whole(path)
    except FileNotFoundError:
        raise NotFoundError(f"ticket {key} is not there any more") from None
    loaded = decode_ticket(content, str(path))
    after = decide(loaded.record)
    changed = {name for name, value in encode(after).items() if encode(loaded.record).get(name) != value}
    if wrong := changed & RUNNER_FIELDS - ({"currentPhase"} if after.current_phase is None else set()):
        raise AssertionError(f"{', '.join(sorted(wrong))}: the runner's, changed by an edit")
    if changed:
        write_atomically(path, dump(patch(loaded.raw, loaded.record, after)), expected=content)
    return after
