"""What happened to a ticket, put together from what is left of it: its file, its journal, its attempts' directories.

The law: nothing is needed and nothing is doubted. Each source tells what it knows, the later ones fill in what the
earlier ones left open; so a ticket of which only the file is left has a history too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from orchestrator.core.model import ENDED, PhaseEntry, PhaseStatus, Status, Ticket
from orchestrator.core.outcome import Outcome, OutcomeKind, Usage
from orchestrator.core.route import exit_route
from orchestrator.core.show.happenings import TOGETHER, Happening, Step, closed, steered
from orchestrator.core.times import epoch_or
from orchestrator.core.workflow import Workflow

RUNNING, STOPPING, WAITING, UNKNOWN = "running", "stopping", "not_yet", "unknown"
"""How an attempt stands that has no outcome."""
MOMENT = 0.5
"""Seconds that it takes the original at most to enter a terminal phase."""
SKIPPED = "skipped"
"""A poll phase was left before it had an answer."""
SAME_VISIT = frozenset({OutcomeKind.STOPPED, OutcomeKind.LOST, OutcomeKind.RATE_LIMITED})
"""Endings after which the phase begins again without a retry being spent."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one attempt, or of one visit of a poll phase."""

    phase: str
    n: int | None = None
    id: str | None = None
    kind: str | None = None
    """script, agent or poll; None: nobody knows."""
    started: float | None = None
    ended: float | None = None
    outcome: str = UNKNOWN
    reason: str = ""
    exit_code: int | None = None
    route: str | None = None
    """Where `onExit` led from here: the exit code was an answer, and no failure."""
    agent: str | None = None
    session: str | None = None
    usage: Usage | None = None
    """Of this attempt alone. What an earlier version wrote is the running total of the session (`is_total`)."""
    is_total: bool = False
    cost_usd: float | None = None
    """Of this attempt alone."""
    visit: int = 1
    """Which stay in its phase it belongs to."""
    retry: int = 0
    """How many failures of this visit came before it."""
    resumed: bool = False
    """It went on in the session of the one before; a failure that counts is followed by a new one."""

    @property
    def is_open(self) -> bool:
        return self.outcome in (RUNNING, STOPPING, WAITING)


class History(msgspec.Struct, frozen=True):
    attempts: tuple[Past, ...]
    happenings: tuple[Happening, ...]
    """Both in order of time."""

    @property
    def begin(self) -> float | None:
        return min((at for at, _ in self._spans), default=None)

    def end(self, now: float) -> float:
        return max((now if end is None else end for _, end in self._spans), default=now)

    @property
    def _spans(self) -> list[tuple[float, float | None]]:
        spans = [
            (one.started, None if one.is_open else one.ended or one.started) for one in self.attempts if one.started
        ]
        return spans + [(one.at, None if one.is_open else one.until or one.at) for one in self.happenings]


def history(
    ticket: Ticket | None, steps: Sequence[Step], found: Iterable[Past], workflow: Workflow | None = None
) -> History:
    """`found`: of the attempts' directories, with the times and outcomes that they tell."""
    attempts = _told(steps)
    for past in found:
        _fill(attempts, past)
    entries = ticket.phase_history if ticket else ()
    goal = ticket.current_phase if ticket and ticket.status in ENDED else None
    happenings = [one for entry in entries if (one := _entered(entry, attempts, steps, goal))]
    happenings += steered(steps)
    if ticket is not None:
        _stand(attempts, ticket)
    if workflow is not None:
        attempts = [_routed(past, workflow, steps) for past in attempts]
    ordered = sorted(attempts, key=lambda one: (one.started or 0.0, one.n or 0))
    happenings = sorted(happenings, key=lambda one: one.at)
    starts = [past.started for past in ordered if past.started is not None]
    return History(tuple(_priced(_counted(ordered, happenings))), tuple(closed(happenings, starts)))


# -- attempts ---------------------------------------------------------------------------------------------------------


def _told(steps: Sequence[Step]) -> list[Past]:
    """What the journal tells."""
    found: dict[str, Past] = {}
    for step in steps:
        if step.attempt_id in found and step.outcome is not None:
            found[step.attempt_id] = ended(found[step.attempt_id], step.outcome, step.at)
        a = step.starts
        if a is not None:
            started = epoch_or(a.started_at, step.at)
            kind = "agent" if a.agent else None
            found[a.id] = Past(
                phase=a.phase, n=a.n, id=a.id, kind=kind, started=started, agent=a.agent, session=a.session,
                resumed=a.resume,
            )  # fmt: skip
    return list(found.values())


def ended(past: Past, outcome: Outcome, at: float | None) -> Past:
    exit_code = outcome.exit_code if outcome.exit_code is not None else past.exit_code
    return replace(
        past, ended=at, outcome=str(outcome.kind), reason=outcome.reason, exit_code=exit_code,
        session=outcome.session or past.session, usage=outcome.usage, is_total=not outcome.ended,
    )  # fmt: skip


def _fill(attempts: list[Past], past: Past) -> None:
    """What a directory tells beyond the journal."""
    for i, known in enumerate(attempts):
        if known.id == past.id and past.id is not None:
            attempts[i] = replace(
                known,
                kind=past.kind or known.kind,
                exit_code=known.exit_code if known.exit_code is not None else past.exit_code,
                session=known.session or past.session,
                usage=known.usage or past.usage,
                is_total=known.is_total if known.usage else past.is_total,
                **({} if known.outcome != UNKNOWN else _ending(past)),
            )
            return
    attempts.append(past)


def _ending(past: Past) -> dict[str, object]:
    return {"ended": past.ended, "outcome": past.outcome, "reason": past.reason}


def _stand(attempts: list[Past], ticket: Ticket) -> None:
    """What is under way."""
    a, visit = ticket.attempt, ticket.visit
    for i, past in enumerate(attempts):
        if a is not None and past.id == a.id:
            attempts[i] = replace(past, outcome=STOPPING if a.stop else RUNNING, reason=a.stop or "", ended=None)
            return
        is_poll = past.kind == "poll" and past.outcome in (UNKNOWN, OutcomeKind.NOT_YET)
        if is_poll and visit is not None and visit.first == past.n and ticket.status is Status.READY:
            started = epoch_or(visit.started_at, past.started or 0.0)
            attempts[i] = replace(past, outcome=WAITING, reason="", started=started, ended=None)
            return
    if a is not None:
        attempts.append(
            Past(
                phase=a.phase, n=a.n, id=a.id, started=epoch_or(a.started_at, 0.0) or None, agent=a.agent,
                session=a.session, outcome=STOPPING if a.stop else RUNNING, reason=a.stop or "",
            )
        )  # fmt: skip


def _routed(past: Past, workflow: Workflow, steps: Sequence[Step]) -> Past:
    """The workflow may have changed since: where the journal tells that it went elsewhere, that counts."""
    phase = workflow.phase(past.phase)
    target = exit_route(phase, past.exit_code) if phase is not None and past.outcome == OutcomeKind.FAILURE else None
    ends = (step for step in steps if step.outcome is not None and step.attempt_id == past.id is not None)
    went = next((step.current_phase for step in ends), None)
    if target is None or (went is not None and workflow.resolve(went) != workflow.resolve(target)):
        return past
    return replace(past, route=went or target)


def _counted(attempts: list[Past], happenings: list[Happening]) -> Iterable[Past]:
    """With visits and retries. A visit ends with a success, a route, another phase, or a skip or retry of a person."""
    visits: Counter[str] = Counter()
    before: Past | None = None
    resets = [one.at for one in happenings if one.what in ("skipped", "retried")]
    for past in attempts:
        retry = 0
        if before is None or not _goes_on(before, past, resets):
            visits[past.phase] += 1
        else:
            retry = before.retry + (before.outcome not in SAME_VISIT and not past.resumed)
        before = replace(past, visit=visits[past.phase], retry=retry)
        yield before


def _goes_on(before: Past, past: Past, resets: list[float]) -> bool:
    """In the same visit."""
    if before.phase != past.phase or before.outcome == OutcomeKind.SUCCESS or before.route is not None:
        return False
    return not any((before.started or 0.0) <= at <= (past.started or 0.0) for at in resets)


def _priced(attempts: Iterable[Past]) -> Iterable[Past]:
    """Where only totals were told, a session that goes on goes on counting."""
    known: dict[str, float] = {}
    for past in attempts:
        told = past.usage.cost_usd if past.usage else None
        if told is None or not past.is_total:
            yield replace(past, cost_usd=told)
            continue
        before = known.get(past.session or "", 0.0)
        if past.session:
            known[past.session] = max(told, before)
        yield replace(past, cost_usd=round(told - before if told >= before else told, 6))


# -- the ticket's own history -----------------------------------------------------------------------------------------


def _entered(entry: PhaseEntry, attempts: list[Past], steps: Sequence[Step], goal: str | None) -> Happening | None:
    """An entry of `phaseHistory`: it completes what is known of an attempt, or is one, or is something else.

    `goal`: the phase in which the ticket has ended.
    """
    started, completed = epoch_or(entry.started_at, 0.0) or None, epoch_or(entry.completed_at, 0.0) or None
    if entry.status is PhaseStatus.SKIPPED:
        _left(entry.phase, attempts, started, completed)
        at = completed or started or 0.0
        target = next((step.phase for step in steps if step.phase and abs(step.at - at) < TOGETHER), None)
        why = f"to {target}" if target else ""
        return Happening(at=at, what="skipped", phase=entry.phase, why=why)
    for i, past in enumerate(attempts):
        if _is_about(entry, past, started, completed):
            attempts[i] = _completed(past, entry, started, completed)
            return None
    is_empty = not entry.output and not entry.session_id
    if started is not None and is_empty and _is_arrival(entry, started, completed, goal):
        return Happening(at=started, what="reached", phase=entry.phase)
    attempts.append(
        Past(
            phase=entry.phase, started=started, ended=completed, outcome=str(entry.status), agent=entry.agent,
            session=entry.session_id, kind="agent" if entry.session_id else None,
            reason=_last_line(entry.output) if entry.status is PhaseStatus.FAILURE else "",
        )
    )  # fmt: skip
    return None


def _is_arrival(entry: PhaseEntry, started: float, completed: float | None, goal: str | None) -> bool:
    """Terminal phases take no time."""
    return started == completed or (entry.phase == goal and (completed or started) - started < MOMENT)


def _left(phase: str, attempts: list[Past], started: float | None, completed: float | None) -> None:
    """The visit of a poll phase that was left unfinished."""
    for i, past in enumerate(attempts):
        asked = past.kind == "poll" and past.phase == phase and past.started is not None
        if asked and started and completed and started <= (past.started or 0.0) + TOGETHER <= completed + 2 * TOGETHER:
            attempts[i] = replace(past, started=started, ended=completed, outcome=SKIPPED)


def _is_about(entry: PhaseEntry, past: Past, started: float | None, completed: float | None) -> bool:
    if past.phase != entry.phase or past.started is None or started is None:
        return False
    if past.kind == "poll":
        return started <= past.started + TOGETHER and (completed is None or past.started <= completed)
    return abs(past.started - started) < 0.002


def _completed(past: Past, entry: PhaseEntry, started: float | None, completed: float | None) -> Past:
    is_open = past.outcome in (UNKNOWN, OutcomeKind.NOT_YET)
    return replace(
        past,
        started=started,
        ended=completed or past.ended,
        outcome=str(entry.status) if is_open else past.outcome,
        reason=past.reason or (_last_line(entry.output) if is_open and entry.status is PhaseStatus.FAILURE else ""),
        agent=past.agent or entry.agent,
        session=past.session or entry.session_id,
    )


def _last_line(text: str | None) -> str:
    lines = (line.strip() for line in reversed((text or "").splitlines()))
    return next(filter(None, lines), "")[:500]
