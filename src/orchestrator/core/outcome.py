"""How an attempt ended, and what each ending costs."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

OUTPUT_LIMIT = 4096
"""Characters of output kept in the history: the first, for a failure the last."""


class OutcomeKind(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    NOT_YET = "not_yet"
    ERROR = "error"
    STOPPED = "stopped"
    LOST = "lost"
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    STALLED = "stalled"


class Cost(NamedTuple):
    spends_retry: bool
    counts_in_history: bool
    why: str


COSTS: dict[OutcomeKind, Cost] = {
    OutcomeKind.SUCCESS: Cost(False, True, "did what was asked"),
    OutcomeKind.FAILURE: Cost(True, True, "ran and said no"),
    OutcomeKind.TIMEOUT: Cost(True, True, "ran longer than timeoutSeconds"),
    OutcomeKind.STALLED: Cost(True, True, "wrote nothing for idleTimeoutSeconds"),
    OutcomeKind.ERROR: Cost(False, True, "could not be run at all; a retry would not help"),
    OutcomeKind.NOT_YET: Cost(False, False, "a poll check that is to be repeated"),
    OutcomeKind.STOPPED: Cost(False, False, "somebody stopped it"),
    OutcomeKind.LOST: Cost(False, False, "ended without a trace; counted apart"),
    OutcomeKind.RATE_LIMITED: Cost(False, False, "the account has reached its limit"),
}


class Usage(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Tokens and cost of one attempt; None where the agent does not say."""

    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    turns: int | None = None


class Outcome(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    kind: OutcomeKind
    reason: str = ""
    """One line for a person: what happened and, where known, what to do."""
    exit_code: int | None = None
    """Set when the program ended by itself; only then may `onExit` match."""
    output: str = ""
    text: str = ""
    """The whole final message, until the captures are done."""
    fresh: bool = False
    """Its session cannot be continued."""
    captured: dict[str, str] = {}
    session: str | None = None
    until: float | None = None
    """RATE_LIMITED: epoch seconds of the reset."""
    usage: Usage | None = None
