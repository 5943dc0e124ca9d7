"""A ticket that is walked by hand: each step is one event, and every decision is looked at."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from orchestrator.core import events
from orchestrator.core.decisions import Decision, Notify, Save, StartAttempt, StopAttempt
from orchestrator.core.events import Event, Grant
from orchestrator.core.model import Attempt, Key, PhaseStatus, Plan, Status, Ticket, Visit
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.rules import Rules
from orchestrator.core.times import iso
from orchestrator.core.transition import transition
from orchestrator.core.workflow import Phase, Workflow
from tests import factories
from tests.factories import AT, agent, poll, script, terminal

__all__ = [
    "AT", "Walk", "agent", "grant", "key", "of", "open_ticket", "outcome", "poll", "rules", "script", "terminal",
    "ticket",
]  # fmt: skip


def rules(*phases: Phase, plan: Plan | None = None, **fields: Any) -> Rules:
    """Rules for a workflow of these phases; `workflow_…` fields go to the workflow, the rest to the rules."""
    of_workflow = {name.removeprefix("workflow_"): fields.pop(name) for name in list(fields) if "workflow_" in name}
    workflow: Workflow = factories.workflow(*phases, **of_workflow)
    return Rules(workflow=workflow, plan=plan or factories.plan("T-1", worktree_root="/trees"), **fields)


def ticket(**fields: Any) -> Ticket:
    return factories.ticket(**{"status": Status.READY, **fields})


def open_ticket(status: Status = Status.RUNNING, phase: str = "work", stop: str | None = None, **fields: Any) -> Ticket:
    """A ticket with an open attempt, number 1."""
    attempt = Attempt(n=1, id="a1", phase=phase, started_at=iso(AT), stop=stop)
    given = {"attempts": 1, "visit": Visit(phase=phase, started_at=iso(AT), first=1), "visits": {phase: 1}, **fields}
    return ticket(status=status, current_phase=given.pop("current_phase", phase), attempt=attempt, **given)


def outcome(kind: str = "success", **fields: Any) -> Outcome:
    return Outcome(kind=OutcomeKind(kind), **fields)


def grant(n: int = 0) -> Grant:
    return Grant(attempt_id=f"id-{n}", session=f"session-{n}")


def key(ticket_id: str, plan_id: str = "p1") -> Key:
    return Key(plan_id, ticket_id)


def of(kind: type, decisions: tuple[Decision, ...]) -> list[Any]:
    return [decision for decision in decisions if isinstance(decision, kind)]


class Walk:
    """Applies events to one ticket, a second apart. Checks of each answer what holds for every answer."""

    def __init__(self, *phases: Phase, start: Ticket | None = None, **fields: Any) -> None:
        self.rules = rules(*phases, **fields)
        self.t = start or ticket()
        self.at = AT
        self.n = 0
        self.decisions: tuple[Decision, ...] = ()

    def do(self, event: Event) -> Ticket:
        self.decisions = transition(self.rules, self.t, event)
        if self.decisions:
            save, *rest = self.decisions
            assert isinstance(save, Save) and not of(Save, tuple(rest))
            self.t = save.ticket
        self.at += 1
        return self.t

    def give(self) -> Grant:
        self.n += 1
        return grant(self.n)

    def edit(self, **fields: Any) -> Ticket:
        """A person with an editor."""
        self.t = replace(self.t, **fields)
        return self.t

    # -- the runner

    def dispatch(self) -> Ticket:
        return self.do(events.Dispatched(at=self.at, grant=self.give()))

    def end(self, kind: str = "success", granted: bool = True, **fields: Any) -> Ticket:
        """The open attempt ends."""
        assert self.t.attempt is not None
        return self.do(
            events.AttemptEnded(
                at=self.at,
                attempt_id=self.t.attempt.id,
                outcome=outcome(kind, **fields),
                grant=self.give() if granted else None,
            )
        )

    def start_check(self) -> Ticket:
        return self.do(events.CheckStarted(at=self.at))

    def check(self, kind: str = "success", granted: bool = False, **fields: Any) -> Ticket:
        """A poll check answers."""
        given = self.give() if granted else None
        phase = self.t.current_phase or ""
        return self.do(events.CheckEnded(at=self.at, phase=phase, outcome=outcome(kind, **fields), grant=given))

    def request_stop(self, reason: str = "shutdown") -> Ticket:
        return self.do(events.StopRequested(at=self.at, reason=reason))

    # -- a person

    def pause(self) -> Ticket:
        return self.do(events.PauseRequested(at=self.at))

    def resume(self, blocked: bool = False) -> Ticket:
        return self.do(events.ResumeRequested(at=self.at, blocked=blocked))

    def retry(self, blocked: bool = False) -> Ticket:
        return self.do(events.RetryRequested(at=self.at, blocked=blocked))

    def skip(self, phase: str, blocked: bool = False) -> Ticket:
        return self.do(events.SkipRequested(at=self.at, phase=phase, blocked=blocked))

    # -- what there is to see

    @property
    def status(self) -> Status:
        return self.t.status

    @property
    def history(self) -> list[tuple[str, str]]:
        return [(entry.phase, PhaseStatus(entry.status).value) for entry in self.t.phase_history]

    @property
    def started(self) -> list[Attempt]:
        return [start.attempt for start in of(StartAttempt, self.decisions)]

    @property
    def stopped(self) -> list[str]:
        return [stop.reason for stop in of(StopAttempt, self.decisions)]

    @property
    def notified(self) -> list[str]:
        return [notify.what for notify in of(Notify, self.decisions)]

    @property
    def attempt(self) -> Attempt:
        assert self.t.attempt is not None
        return self.t.attempt
