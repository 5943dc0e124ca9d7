"""What the shell must do, in this order. The first is always the one `Save`; no decisions: nothing changes."""

from __future__ import annotations

import msgspec

from orchestrator.core.model import Attempt, Ticket


class Save(msgspec.Struct, frozen=True, tag_field="decision", tag=True):
    ticket: Ticket


class StartAttempt(msgspec.Struct, frozen=True, tag_field="decision", tag=True):
    attempt: Attempt


class StopAttempt(msgspec.Struct, frozen=True, tag_field="decision", tag=True):
    attempt_id: str
    reason: str


class Notify(msgspec.Struct, frozen=True, tag_field="decision", tag=True):
    what: str
    """`needs_attention` or `failed`."""
    text: str


class HoldAccount(msgspec.Struct, frozen=True, tag_field="decision", tag=True, omit_defaults=True):
    """Its limit was met, and nothing of it starts until then. It may be held already: that hold goes on."""

    account: str
    agent: str
    until: float
    """Epoch seconds."""
    reason: str
    limit: str = ""
    """Which one, for a person: `five-hour limit`."""
    told: str = ""
    """How `until` is known: structured, file, text or guess."""
    guesses: int = 0
    """In a row, this one included."""
    logins: int = 0
    """How often in a row it was refused for want of a login."""
    slack: float = 0
    """Seconds after `until` in which the reset may still come: who tells it names a minute or a second."""

    @property
    def guessed(self) -> bool:
        """Nobody told until when: it may well go on then."""
        return self.told == "guess"


Decision = Save | StartAttempt | StopAttempt | Notify | HoldAccount
