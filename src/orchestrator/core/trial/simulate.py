"""A ticket that walks a workflow without anything being started: what would happen if its phases ended as one says.

The law: nothing here decides. Every step is an event given to `transition`, the function that tickets go by, with a
time that is made up; what is told of a step is read from the ticket before and after it, and from `route.lead`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.core.decisions import Save
from orchestrator.core.endings import MAX_LOSSES
from orchestrator.core.events import AttemptEnded, CheckEnded, CheckStarted, Dispatched, Event, Grant
from orchestrator.core.model import ENDED, Status, Ticket
from orchestrator.core.moves import bound
from orchestrator.core.outcome import COSTS, Outcome, OutcomeKind
from orchestrator.core.route import Way, lead, route_of
from orchestrator.core.rules import Rules
from orchestrator.core.times import epoch_or
from orchestrator.core.transition import transition
from orchestrator.core.trial.steps import Bound, BoundKind, Said, Step, Walked
from orchestrator.core.workflow import DEFAULT_POLL_TIMEOUT, Phase, PollPhase, TerminalPhase

BEGIN = 1_767_225_600.0
"""The moment at which every simulation begins: 2026-01-01."""
ATTEMPT_SECONDS = 60.0
CHECK_SECONDS = 1.0
LIMIT_SECONDS = 3600.0
"""How long things take here."""
MAX_STEPS = 1000


class _Script:
    """What was said of each phase, used up bit by bit; the last of it stays."""

    def __init__(self, said: Mapping[str, Sequence[Said]]) -> None:
        self._left = {phase: [(one, one.times) for one in sayings] for phase, sayings in said.items()}

    def next(self, phase: str) -> tuple[Said, bool]:
        """With whether it stays for good."""
        left = self._left.get(phase)
        if not left:
            return Said(kind=OutcomeKind.SUCCESS), False
        said, times = left[0]
        if times is None or (len(left) == 1 and times <= 1):
            return said, True
        if times > 1:
            left[0] = (said, times - 1)
        else:
            left.pop(0)
        return said, False


def simulate(rules: Rules, said: Mapping[str, Sequence[Said]], max_steps: int = MAX_STEPS) -> Walked:
    return _Walk(rules, said).to_its_end(max_steps)


class _Walk:
    def __init__(self, rules: Rules, said: Mapping[str, Sequence[Said]]) -> None:
        self.rules, self.script = rules, _Script(said)
        self.ticket = Ticket(
            plan_id=rules.plan.id, ticket_id="ticket", workflow=rules.workflow.name, status=Status.READY
        )
        self.at = BEGIN
        self.grants = 0
        self.steps: list[Step] = []
        self.bounds: list[Bound] = []
        self.attempts = self.checks = 0
        self.visits: dict[str, int] = {}

    def to_its_end(self, max_steps: int) -> Walked:
        self._dispatch()
        while self.ticket.status not in ENDED:
            if len(self.steps) >= max_steps:
                self._reached("steps", self.ticket.current_phase or "", max_steps)
                break
            self._step()
        if self.ticket.status in ENDED:
            self._arrived()
        return Walked(
            steps=tuple(self.steps),
            bounds=tuple(self.bounds),
            ticket=self.ticket,
            attempts=self.attempts,
            checks=self.checks,
            visits=self.visits,
            seconds=self.at - BEGIN,
        )

    # -- events -------------------------------------------------------------------------------------------------------

    def _do(self, event: Event) -> None:
        for decision in transition(self.rules, self.ticket, event):
            if isinstance(decision, Save):
                self.ticket = decision.ticket
        self._count_visits()

    def _count_visits(self) -> None:
        for phase, n in self.ticket.visits.items():
            self.visits[phase] = max(n, self.visits.get(phase, 0))

    def _grant(self) -> Grant:
        self.grants += 1
        return Grant(attempt_id=f"attempt-{self.grants}", session=f"session-{self.grants}")

    def _dispatch(self) -> None:
        """When its time has come."""
        self.at = max(self.at, epoch_or(self.ticket.wake_at, self.at))
        self._do(Dispatched(at=self.at, grant=self._grant()))

    def _step(self) -> None:
        phase = self._phase()
        if isinstance(phase, PollPhase):
            self._check(phase)
        elif self.ticket.attempt is None:
            self._dispatch()
        else:
            self._end_attempt(phase)

    def _phase(self) -> Phase:
        phase = self.rules.workflow.phase(self.ticket.current_phase or "")
        assert phase is not None
        return phase

    def _end_attempt(self, phase: Phase) -> None:
        before, attempt = self.ticket, self.ticket.attempt
        assert attempt is not None
        said, _ = self.script.next(phase.id)
        outcome = _outcome(said, self.at + LIMIT_SECONDS)
        self.at += ATTEMPT_SECONDS
        self.attempts += 1
        self._do(AttemptEnded(at=self.at, attempt_id=attempt.id, outcome=outcome, grant=self._grant()))
        self._tell(before, phase, outcome, attempt.n)

    def _check(self, phase: PollPhase) -> None:
        if self.ticket.wake_at is None:
            self._do(CheckStarted(at=self.at))
        self.at = max(self.at, epoch_or(self.ticket.wake_at, self.at))
        before = self.ticket
        said, stays = self.script.next(phase.id)
        outcome = _outcome(said, None)
        waits = outcome.kind in (OutcomeKind.NOT_YET, OutcomeKind.TIMEOUT) and route_of(phase, outcome) is None
        if waits and (stays or outcome.kind is OutcomeKind.TIMEOUT):
            self.at = max(self.at, self._deadline(phase))  # nothing else happens until then
        self.at += CHECK_SECONDS
        self.checks += 1
        self._do(CheckEnded(at=self.at, phase=phase.id, outcome=outcome, grant=self._grant()))
        self._tell(before, phase, outcome, None)

    def _deadline(self, phase: PollPhase) -> float:
        visit = self.ticket.visit
        started = epoch_or(visit.started_at if visit else None, self.at)
        return started + (phase.timeout_seconds or DEFAULT_POLL_TIMEOUT)

    # -- what is told -------------------------------------------------------------------------------------------------

    def _tell(self, before: Ticket, phase: Phase, outcome: Outcome, attempt: int | None) -> None:
        after, spent = self.ticket, before.retries.get(phase.id, 0)
        self.steps.append(
            Step(
                n=len(self.steps) + 1,
                phase=phase.id,
                type=_type(phase),
                attempt=attempt,
                visit=before.visits.get(phase.id, 1),
                outcome=outcome.kind.value,
                exit_code=outcome.exit_code,
                retries=spent,
                max_retries=phase.max_retries,
                why=self._why(before, phase, outcome),
                to=after.current_phase if after.status not in ENDED or self._arrives(after) else None,
                status=after.status,
                at=self.at - BEGIN,
            )
        )

    def _arrives(self, after: Ticket) -> bool:
        return isinstance(self.rules.workflow.phase(after.current_phase or ""), TerminalPhase)

    def _why(self, before: Ticket, phase: Phase, outcome: Outcome) -> str:
        after, kind = self.ticket, outcome.kind
        if kind is OutcomeKind.ERROR:
            return "cannot be run: a retry would not help"
        if kind is OutcomeKind.LOST:
            return self._why_lost(phase)
        if kind is OutcomeKind.RATE_LIMITED:
            return "waits until the account's limit is reset; no retry is spent"
        if isinstance(phase, PollPhase) and kind in (OutcomeKind.NOT_YET, OutcomeKind.TIMEOUT):
            if route_of(phase, outcome) is None and after.wake_at is not None:
                return "asked again later"
            if route_of(phase, outcome) is None:
                self._reached("timeoutSeconds", phase.id, phase.timeout_seconds or DEFAULT_POLL_TIMEOUT)
                return f"asked again until its time is up, {_way_of_failure(phase)}"
        return self._why_followed(before, phase, outcome)

    def _why_lost(self, phase: Phase) -> str:
        if self.ticket.status is not Status.NEEDS_ATTENTION:
            return "lost: the phase starts again; no retry is spent"
        self._reached("losses", phase.id, MAX_LOSSES)
        return f"lost more than {MAX_LOSSES} times in one visit"

    def _why_followed(self, before: Ticket, phase: Phase, outcome: Outcome) -> str:
        spent = before.retries.get(phase.id, 0)
        way, target = lead(phase, outcome, spent)
        if way is Way.RETRY:
            return f"retry {spent + 1} of {phase.max_retries}"
        why = _why_not_retried(phase, outcome)
        if COSTS[outcome.kind].spends_retry and route_of(phase, outcome) is None and phase.max_retries:
            self._reached("maxRetries", phase.id, phase.max_retries)
        return why + self._bound_of(target)

    def _bound_of(self, target: str | None) -> str:
        """More visits than the target may have: it is not entered."""
        phase = self.rules.workflow.phase(target or "")
        after = self.ticket
        if phase is None or isinstance(phase, TerminalPhase) or after.status is not Status.NEEDS_ATTENTION:
            return ""
        limit = bound(self.rules, phase)
        self._reached("maxVisits", phase.id, limit)
        return f", but {phase.id} may be entered {limit} times only"

    def _reached(self, kind: BoundKind, phase: str, limit: float) -> None:
        self.bounds.append(Bound(kind=kind, phase=phase, limit=limit, step=len(self.steps) + 1))

    def _arrived(self) -> None:
        """The terminal phase that it ends in, as a step."""
        phase = self.rules.workflow.phase(self.ticket.current_phase or "")
        if not isinstance(phase, TerminalPhase):
            return
        self.steps.append(
            Step(
                n=len(self.steps) + 1, phase=phase.id, type="terminal", attempt=None, visit=1, outcome=None,
                why="a terminal phase that notifies" if phase.notify else "a terminal phase",
                to=None, status=self.ticket.status, at=self.at - BEGIN,
            )
        )  # fmt: skip


def _type(phase: Phase) -> str:
    return str(phase.__struct_config__.tag)


def _outcome(said: Said, until: float | None) -> Outcome:
    if said.kind is OutcomeKind.RATE_LIMITED:
        return Outcome(kind=said.kind, reason="simulated", until=until)
    reason = "" if said.kind is OutcomeKind.SUCCESS else f"exit code {said.code}" if said.code else said.kind.value
    return Outcome(kind=said.kind, exit_code=said.code, reason=reason)


def _why_not_retried(phase: Phase, outcome: Outcome) -> str:
    if route_of(phase, outcome) is not None:
        return f"onExit {outcome.exit_code}"
    if outcome.kind is OutcomeKind.SUCCESS:
        return "onSuccess" if phase.on_success else "success, and no onSuccess: the ticket is complete"
    used = "no retry left, " if phase.max_retries else ""
    return used + _way_of_failure(phase)


def _way_of_failure(phase: Phase) -> str:
    if phase.on_failure is None:
        return "no onFailure: the ticket has failed"
    way, _ = lead(phase, Outcome(kind=OutcomeKind.FAILURE), phase.max_retries)
    if way is Way.FAILED:
        return f"onFailure is {phase.on_failure}: the ticket has failed"
    return "onFailure"
