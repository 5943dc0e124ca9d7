"""Plans and tickets as records. On disk the keys are camelCase; keys that are not named here belong to somebody else.

The planner writes the first part of a ticket, the runner the second. Every key of the runner is optional with a
default, so that a file of the original loads unchanged.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

import msgspec

from orchestrator.core.budgets import Budgets
from orchestrator.core.outcome import Usage
from orchestrator.core.settings import MergeMethod, PullRequestSettings

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")


class Key(NamedTuple):
    """A ticket's address. Its text form is `<planId>/<ticketId>`."""

    plan: str
    ticket: str

    def __str__(self) -> str:
        return f"{self.plan}/{self.ticket}"


class Status(StrEnum):
    """What should be (what is: `Ticket.attempt`)."""

    QUEUED = "queued"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETE = "complete"
    NEEDS_ATTENTION = "needs_attention"
    FAILED = "failed"


ENDED = frozenset({Status.COMPLETE, Status.NEEDS_ATTENTION, Status.FAILED})


class PlanStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETE = "complete"


class PhaseStatus(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    SKIPPED = "skipped"


class PlanEntry(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    ticket_id: str
    order: float = 0
    blocked_by: tuple[str, ...] = ()
    """Ticket ids of the same plan, or `<planId>/<ticketId>`."""


class Plan(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    id: str
    name: str = ""
    created_at: str = ""
    created_by: str = ""
    repo: str | None = None
    workflow: str | None = None
    agent: str | None = None
    worktree_root: str | None = None
    status: PlanStatus = PlanStatus.ACTIVE
    tickets: tuple[PlanEntry, ...] = ()
    budgets: Budgets | None = None
    review_agent: str | None = None
    """Who does its reviews."""
    base: str | None = None
    """The branch that its tickets start from and return to; None: the configuration's, else the repository's own."""
    pull_request: PullRequestSettings | None = None
    """How its pull requests are opened; None: as the configuration says."""
    auto_merge: bool | None = None
    """Whether they are merged without a person; None: as the configuration says."""
    merge_method: MergeMethod | None = None
    """How its tickets get into the base; None: as the configuration says."""
    stack: bool = False
    """Its tickets may start on the branch of the one that blocks them, as soon as that has its pull request."""
    allow_overlap: bool = False
    """Tickets that touch the same files may run at the same time."""


class PhaseEntry(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One line of a ticket's history: one attempt that counted, a skip, or the arrival at a terminal phase."""

    phase: str
    status: PhaseStatus
    started_at: str = ""
    completed_at: str | None = None
    output: str | None = None
    session_id: str | None = None
    agent: str | None = None


class Attempt(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What is under way. Set by the save that decides to start; gone when its outcome is applied."""

    n: int
    id: str
    phase: str
    started_at: str
    session: str | None = None
    agent: str | None = None
    resume: bool = False
    """Continue `session` instead of starting it."""
    say: str | None = None
    """What the agent is told when its session goes on; None: that it was interrupted."""
    account: str | None = None
    """Who is held when it meets a limit."""
    stop: str | None = None
    """Why it is being stopped. After `skip` and `retry` its outcome no longer counts."""


class Visit(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One stay in a phase, over all its attempts."""

    phase: str
    started_at: str
    first: int | None = None
    """Number of its first attempt; for a poll phase the number of its log directory."""
    losses: int = 0
    session: str | None = None
    """The session that the next attempt continues, after a stop or a loss."""
    agent: str | None = None
    """Whose session it is; another agent cannot continue it."""
    say: str | None = None
    """What the next attempt is told in that session; None: that it was interrupted."""
    asked: bool = False
    """It was told once already to put something right, in this try."""


class Ticket(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    plan_id: str
    ticket_id: str
    title: str = ""
    description: str = ""
    acceptance_criteria: tuple[str, ...] = ()
    linear_url: str | None = None
    repo: str | None = None
    workflow: str | None = None
    branch: str | None = None
    worktree: str | None = None
    agent: str | None = None
    budgets: Budgets | None = None
    base: str | None = None
    """The branch that it starts from and returns to; None: its plan's."""
    touches: tuple[str, ...] = ()
    """Globs of the files that it will change."""
    stack: bool | None = None
    """None: as its plan says."""

    status: Status = Status.QUEUED
    current_phase: str | None = None
    phase_history: tuple[PhaseEntry, ...] = ()
    context: dict[str, str] = {}
    retries: dict[str, int] = {}
    error: str | None = None

    rev: int = 0
    """Counts the runner's writes."""
    attempt: Attempt | None = None
    attempts: int = 0
    """The highest attempt number given out; numbers never repeat."""
    visit: Visit | None = None
    visits: dict[str, int] = {}
    wake_at: str | None = None
    wait_reason: str | None = None
    usage: Usage | None = None
    """Of all its attempts."""
    steered: str | None = None
    """The last command of a person that changed it, so that saying it twice is a no-op."""
    lane: str | None = None
    """The lane that it is in (`core.turns.lane`)."""
    claim: str | None = None
    """Since when it claims what it touches: from its start until it ends or is paused."""
    stacked_on: str | None = None
    """The ticket on whose branch it started."""
    slot: int | None = None
    """Of those under way no other has the same (`core.turns.slots`); kept at the end, for a retry."""

    @property
    def key(self) -> Key:
        return Key(self.plan_id, self.ticket_id)


PLANNER_FIELDS = frozenset(
    {
        "planId", "ticketId", "title", "description", "acceptanceCriteria", "linearUrl", "repo", "workflow",
        "branch", "worktree", "agent", "budgets", "base", "touches", "stack",
    }
)  # fmt: skip
"""The planner's part of a ticket, by its names on disk."""

RUNNER_FIELDS = frozenset(f.encode_name for f in msgspec.structs.fields(Ticket)) - PLANNER_FIELDS
"""The runner's part, by its names on disk."""


def should_be(ticket: Ticket) -> Status:
    """The status that counts: `running` without an attempt (a hand edit, the original's file) means `ready`."""
    if ticket.status is Status.RUNNING and ticket.attempt is None:
        return Status.READY
    return ticket.status
