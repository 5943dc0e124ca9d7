"""What a simulation is given and what it tells: how phases shall end, the steps walked, the bounds reached."""

from __future__ import annotations

from typing import Literal

import msgspec

from orchestrator.core.model import Status, Ticket
from orchestrator.core.outcome import OutcomeKind

BoundKind = Literal["maxRetries", "maxVisits", "losses", "timeoutSeconds", "steps"]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """How a phase shall end."""

    kind: OutcomeKind
    code: int | None = None
    times: int | None = 1
    """None: from then on."""


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    kind: BoundKind
    phase: str
    limit: float
    step: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    n: int
    phase: str
    type: str
    attempt: int | None
    """None: no attempt is made there."""
    visit: int
    outcome: str | None
    exit_code: int | None = None
    retries: int = 0
    """Of this visit, before this step."""
    max_retries: int = 0
    why: str
    to: str | None
    """The phase that it goes to; None: the ticket ends or stays to wait."""
    status: Status
    """Of the ticket, afterwards."""
    at: float
    """Seconds since the beginning."""


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    steps: tuple[Step, ...]
    bounds: tuple[Bound, ...]
    ticket: Ticket
    attempts: int
    checks: int
    visits: dict[str, int]
    seconds: float
