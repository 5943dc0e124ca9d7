"""The states of a ticket as a graph, found by asking: every row of the table is tried with tickets of every kind.

The law: no way is written down here. What `transition` makes of the samples is what is drawn; an event without a sample
is an error, so that a new row cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from orchestrator.core.accounts import wait_reason
from orchestrator.core.decisions import Save
from orchestrator.core.endings import MAX_LOSSES
from orchestrator.core.events import (
    AccountReleased,
    AttemptEnded,
    CannotRun,
    CheckEnded,
    CheckStarted,
    Dispatched,
    Event,
    Grant,
    HeldBack,
    PauseRequested,
    PhaseEdited,
    ResumeRequested,
    RetryRequested,
    SessionKnown,
    SkipRequested,
    StopRequested,
    Unblocked,
)
from orchestrator.core.model import Attempt, Plan, Status, Ticket, Visit
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.rules import Rules
from orchestrator.core.times import iso
from orchestrator.core.transition import COMMANDS, TABLE, transition
from orchestrator.core.workflow import Phase, PollPhase, ScriptPhase, TerminalPhase, Workflow
from orchestrator.errors import IllegalTransitionError

AT = 1_767_225_600.0
LONG_AGO = AT - 200_000.0
GRANT = Grant(attempt_id="next", session="s")


class Change(msgspec.Struct, frozen=True, order=True):
    """One thing that leads from a status to another, or keeps it."""

    source: Status
    target: Status
    event: str
    """`AttemptEnded`, and so on."""
    outcome: str | None = None
    """Of an attempt or a check."""
    is_open: bool = False
    """An attempt was open."""

    @property
    def is_settling(self) -> bool:
        """An attempt ends, or is ended, whose ticket is no longer running."""
        return self.event in OF_OPEN_ATTEMPTS and self.source is not Status.RUNNING


OF_OPEN_ATTEMPTS = frozenset(kind.__name__ for kind in (AttemptEnded, SessionKnown, StopRequested, PhaseEdited))
BY_PERSON = frozenset(kind.__name__ for kind in COMMANDS)
SKIP = SkipRequested.__name__
WORDS = {
    Unblocked: "blockers complete", Dispatched: "dispatched", CheckStarted: "check begins",
    CheckEnded: "poll answers", AttemptEnded: "attempt ends", SessionKnown: "session known",
    CannotRun: "cannot be run", StopRequested: "stopped", PhaseEdited: "phase edited",
    AccountReleased: "account released", HeldBack: "held back",
    **COMMANDS,
}  # fmt: skip
"""What each event is called in a drawing."""


def word_of(event: str) -> str:
    return next(word for kind, word in WORDS.items() if kind.__name__ == event)


class StateWay(msgspec.Struct, frozen=True):
    """All that leads from one status to another."""

    source: Status
    target: Status
    events: tuple[str, ...]
    """In the order of WORDS."""


def ways(found: Iterable[Change]) -> list[StateWay]:
    """Merged per pair. Left out is what keeps the status, but for the next phase and the next check, and what is left
    of an attempt whose ticket is no longer running."""
    order = [kind.__name__ for kind in WORDS]
    pairs: dict[tuple[Status, Status], set[str]] = {}
    for change in found:
        goes_on = change.event in (AttemptEnded.__name__, CheckEnded.__name__)
        if not change.is_settling and (change.source is not change.target or goes_on):
            pairs.setdefault((change.source, change.target), set()).add(change.event)
    listed = list(Status)
    ordered = sorted(pairs, key=lambda pair: (listed.index(pair[0]), listed.index(pair[1])))
    return [
        StateWay(source, target, tuple(sorted(pairs[source, target], key=order.index))) for source, target in ordered
    ]


def changes() -> list[Change]:
    """Every one that the samples bring about, in order."""
    return sorted({found for row in TABLE for found in _of_row(*row)})


def _of_row(status: Status, is_open: bool, kind: type) -> Iterator[Change]:
    samples = ((ticket, event) for ticket in _tickets(status, is_open) for event in _events(kind, ticket))
    for ticket, event in samples:
        try:
            decisions = transition(RULES, ticket, event)
        except IllegalTransitionError:
            continue  # legal only for tickets of another kind
        saved = next((one.ticket for one in decisions if isinstance(one, Save)), None)
        if saved is not None:
            outcome = getattr(event, "outcome", None)
            yield Change(status, saved.status, kind.__name__, outcome.kind.value if outcome else None, is_open)


# -- samples ----------------------------------------------------------------------------------------------------------


def _ways(kind: str) -> Iterator[Phase]:
    """Phases of one type that lead to everything there is."""
    for name, success, failure in (
        ("on", "script", "script"), ("poll", "poll", "poll"), ("full", "full", "full"), ("bare", None, None),
        ("end", "done", "attention"), ("attention", "attention", "done"), ("lost", "nowhere", "nowhere"),
    ):  # fmt: skip
        fields = {"id": f"{kind}-{name}", "on_success": success, "on_failure": failure, "command": "x"}
        yield (PollPhase if kind == "poll" else ScriptPhase)(**fields)  # type: ignore[arg-type]


WORKFLOW = Workflow(
    name="samples",
    phases=(
        ScriptPhase(id="script", command="x", max_retries=1, on_success="done"),
        ScriptPhase(id="slow", command="x", max_retries=1, retry_delay_seconds=1),
        ScriptPhase(id="full", command="x", max_visits=1),
        PollPhase(id="poll", command="x"),
        *_ways("script"),
        *_ways("poll"),
        TerminalPhase(id="done"),
        TerminalPhase(id="attention", notify=True),
    ),
)
RULES = Rules(workflow=WORKFLOW, plan=Plan(id="samples"))


def _tickets(status: Status, is_open: bool) -> Iterator[Ticket]:
    if not is_open:
        yield replace(_ticket(status), current_phase="nowhere")
        yield replace(_ticket(status), wake_at=iso(AT + 1), wait_reason=wait_reason("claude", ""))
    for phase in WORKFLOW.phases:
        if is_open and not isinstance(phase, ScriptPhase):
            continue
        for started, losses in ((AT, 0), (LONG_AGO, MAX_LOSSES)):
            visit = Visit(phase=phase.id, started_at=iso(started), losses=losses)
            yield Ticket(
                plan_id="samples", ticket_id="t", workflow="samples", status=status, current_phase=phase.id,
                visits={phase.id: 1, "full": 1}, visit=None if isinstance(phase, TerminalPhase) else visit,
                attempt=Attempt(n=1, id="open", phase=phase.id, started_at=iso(started)) if is_open else None,
            )  # fmt: skip
        if is_open:
            edited = Attempt(n=1, id="open", phase="slow" if phase.id != "slow" else "script", started_at=iso(AT))
            yield replace(_ticket(status), current_phase=phase.id, attempt=edited)


def _ticket(status: Status) -> Ticket:
    return Ticket(plan_id="samples", ticket_id="t", workflow="samples", status=status)


_K = OutcomeKind
OF_CHECKS = (_K.SUCCESS, _K.FAILURE, _K.NOT_YET, _K.TIMEOUT, _K.ERROR, _K.STOPPED, _K.LOST)
OF_ATTEMPTS = tuple(kind for kind in OutcomeKind if kind is not _K.NOT_YET)


def _outcomes(kinds: Iterable[OutcomeKind]) -> list[Outcome]:
    return [Outcome(kind=kind, reason="sample", session="s") for kind in kinds]


def _events(kind: type, ticket: Ticket) -> list[Event]:
    both = (True, False)
    phases = [phase.id for phase in WORKFLOW.phases]
    samples: dict[type, list[Event]] = {
        Unblocked: [Unblocked(at=AT)],
        Dispatched: [Dispatched(at=AT, grant=GRANT)],
        HeldBack: [HeldBack(at=AT, reason="sample")],
        CheckStarted: [CheckStarted(at=AT)],
        CheckEnded: [
            CheckEnded(at=AT, phase=ticket.current_phase or "", outcome=outcome, grant=grant)
            for outcome in _outcomes(OF_CHECKS) for grant in (GRANT, None)
        ],
        AttemptEnded: [
            AttemptEnded(at=AT, attempt_id="open", outcome=outcome, grant=grant)
            for outcome in _outcomes(OF_ATTEMPTS) for grant in (GRANT, None)
        ],
        SessionKnown: [SessionKnown(at=AT, attempt_id="open", session="other")],
        CannotRun: [CannotRun(at=AT, reason="sample")],
        StopRequested: [StopRequested(at=AT, reason="shutdown")],
        PhaseEdited: [PhaseEdited(at=AT)],
        AccountReleased: [AccountReleased(at=AT, account="claude")],
        PauseRequested: [PauseRequested(at=AT)],
        ResumeRequested: [ResumeRequested(at=AT, blocked=blocked) for blocked in both],
        SkipRequested: [SkipRequested(at=AT, phase=phase, blocked=blocked) for phase in phases for blocked in both],
        RetryRequested: [RetryRequested(at=AT, blocked=blocked) for blocked in both],
    }  # fmt: skip
    return samples[kind]
