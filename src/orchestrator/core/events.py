"""Something happened. Past tense; `at` is epoch seconds; ids and randomness come in as values."""

from __future__ import annotations

import msgspec

from orchestrator.core.accounts import Account
from orchestrator.core.outcome import Outcome


class Grant(msgspec.Struct, frozen=True):
    """Leave to start one attempt (a slot is held), with the random values that it needs."""

    attempt_id: str
    session: str
    """Used when the agent's CLI lets us choose its session id."""
    agent: str | None = None
    """Who does it; None: the agent of the phase. Else it stands in, for an account is held."""
    lane: str | None = None
    """The lane that it may enter, or is in."""
    stacked_on: str | None = None
    """The ticket on whose branch it starts."""
    slot: int | None = None
    """The ticket's, from now on; None: as it is."""


class EventBase(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", omit_defaults=True):
    at: float


class Unblocked(EventBase, frozen=True, kw_only=True, tag=True):
    """Every blocker is complete."""


class Dispatched(EventBase, frozen=True, kw_only=True, tag=True):
    """It is this ticket's turn."""

    grant: Grant


class HeldBack(EventBase, frozen=True, kw_only=True, tag=True):
    """Its turn would be next, but for another ticket; or what every start needs is not there (room on a disk)."""

    reason: str | None
    """None: that is over."""


class CheckStarted(EventBase, frozen=True, kw_only=True, tag=True):
    """The first check of a poll phase is about to run."""

    lane: str | None = None
    """As in a grant."""

    slot: int | None = None
    """The ticket's, from now on; None: as it is."""


class CheckEnded(EventBase, frozen=True, kw_only=True, tag=True):
    """A poll check has answered; `phase` is the one that was asked for."""

    phase: str
    outcome: Outcome
    grant: Grant | None = None
    held_up: str = ""
    """Why there is none: for whom the ticket waits."""


class AttemptEnded(EventBase, frozen=True, kw_only=True, tag=True):
    """Its processes are gone. With a grant the next attempt starts in the same save."""

    attempt_id: str
    outcome: Outcome
    grant: Grant | None = None
    held_up: str = ""
    """Why there is none: for whom the ticket waits."""
    account: Account | None = None
    """What was known of its agent's account; None: nothing."""


class SessionKnown(EventBase, frozen=True, kw_only=True, tag=True):
    """The agent told its session id."""

    attempt_id: str
    session: str


class CannotRun(EventBase, frozen=True, kw_only=True, tag=True):
    """Found before anything started: unknown workflow, phase or agent, missing script."""

    reason: str


class StopRequested(EventBase, frozen=True, kw_only=True, tag=True):
    """The runner stops an attempt that nobody wants any more: plan paused, shutdown, a hand edit of `status`."""

    reason: str


class PhaseEdited(EventBase, frozen=True, kw_only=True, tag=True):
    """`currentPhase` was changed by hand while an attempt was open: a skip."""


class AccountReleased(EventBase, frozen=True, kw_only=True, tag=True):
    """A person let an account go on whose limit it has met."""

    account: str


class PauseRequested(EventBase, frozen=True, kw_only=True, tag=True):
    pass


class ResumeRequested(EventBase, frozen=True, kw_only=True, tag=True):
    blocked: bool = False


class SkipRequested(EventBase, frozen=True, kw_only=True, tag=True):
    phase: str
    blocked: bool = False


class RetryRequested(EventBase, frozen=True, kw_only=True, tag=True):
    blocked: bool = False


Event = (
    Unblocked
    | Dispatched
    | HeldBack
    | CheckStarted
    | CheckEnded
    | AttemptEnded
    | SessionKnown
    | CannotRun
    | StopRequested
    | PhaseEdited
    | AccountReleased
    | PauseRequested
    | ResumeRequested
    | SkipRequested
    | RetryRequested
)
