"""What a ticket waits for whose agent's account is held, as it is shown. (Which tickets that are is in `holds`.)"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from orchestrator.core.model import Ticket


class Held(msgspec.Struct, frozen=True):
    account: str
    until: float
    limit: str
    """Which one, for a person: `five-hour limit`."""
    words: str = ""
    """What is said instead, where it is no account but a budget."""
    frees_at: float = 0
    """When it is tried again: a little later than `until`."""

    def is_over(self, now: float) -> bool:
        return max(self.until, self.frees_at) <= now


HeldOf = Callable[[Ticket], Held | None]


def nobody(_: Ticket) -> Held | None:
    """No account is held."""
    return None
