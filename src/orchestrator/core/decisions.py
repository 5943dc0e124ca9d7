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


class HoldAccount(msgspec.Struct, frozen=True, tag_field="decision", tag=True):
    agent: str
    until: float
    """Epoch seconds."""
    reason: str
    guessed: bool = False
    """Nobody told until when: it may well go on then."""


Decision = Save | StartAttempt | StopAttempt | Notify | HoldAccount
