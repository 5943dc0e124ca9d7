"""The pieces that transitions are made of: enter a phase, begin an attempt, follow an outcome, end a ticket."""

from __future__ import annotations

from msgspec.structs import replace

from orchestrator.core import spending
from orchestrator.core.decisions import Decision, Notify, Save, StartAttempt, StopAttempt
from orchestrator.core.events import Grant
from orchestrator.core.model import Attempt, PhaseEntry, PhaseStatus, Status, Ticket, Visit
from orchestrator.core.outcome import COSTS, OUTPUT_LIMIT, Outcome, OutcomeKind
from orchestrator.core.problems import did_you_mean
from orchestrator.core.route import Way, is_terminal, lead, takes_slot
from orchestrator.core.rules import POLL_CLOCKS, Rules, agent_of
from orchestrator.core.times import epoch_or, iso
from orchestrator.core.workflow import AgentPhase, Phase, PollPhase, TerminalPhase

Decisions = tuple[Decision, ...]

MOST_WORDS = 400
COUNTS = frozenset(kind for kind, cost in COSTS.items() if cost.counts_in_history)


# -- phases -----------------------------------------------------------------------------------------------------------


def first_visit(rules: Rules, t: Ticket, at: float) -> Ticket:
    """Make sure that the current phase has a visit. In a file of the original, counters and poll clock go on."""
    phase = rules.workflow.phase(t.current_phase or "")
    if phase is None or isinstance(phase, TerminalPhase) or (t.visit is not None and t.visit.phase == phase.id):
        return rest(t)
    started = iso(at)
    if t.visit is None:
        started = iso(epoch_or(t.context.get(f"_pollStart_{phase.id}"), at))
    elif phase.id in t.retries:
        t = replace(t, retries={**t.retries, phase.id: 0})
    if t.visits.get(phase.id, 0) >= bound(rules, phase):
        # a person put it here by hand, after the bound was reached
        t = replace(t, visits={**t.visits, phase.id: 0})
    return _visit(t, phase, started)


def bound(rules: Rules, phase: Phase) -> int:
    """How many visits the phase may have."""
    return phase.max_visits or rules.workflow.max_visits


def _visit(t: Ticket, phase: Phase, started: str) -> Ticket:
    first, attempts = None, t.attempts
    if isinstance(phase, PollPhase):
        first = attempts = attempts + 1
    return replace(
        t,
        current_phase=phase.id,
        visit=Visit(phase=phase.id, started_at=started, first=first),
        visits={**t.visits, phase.id: t.visits.get(phase.id, 0) + 1},
        attempts=attempts,
        wake_at=None,
        wait_reason=None,
    )


def enter(
    rules: Rules, t: Ticket, target: str, at: float, grant: Grant | None, resting: Status, because: str | None = None
) -> Decisions:
    """Enter a phase; with a grant begin its first attempt, else rest in `resting`."""
    phase = rules.workflow.phase(target)
    if phase is None:
        return fail(t, unknown_phase(rules, target))
    if isinstance(phase, TerminalPhase):
        return arrive(t, phase, at, because)
    visits = t.visits.get(phase.id, 0)
    if visits >= bound(rules, phase):
        loop = _loop([rules.workflow.resolve(entry.phase) for entry in t.phase_history], phase.id)
        text = f"{phase.id} was entered {visits} times ({loop}); see what it does not get done, then retry"
        text += _last_words(t)
        return needs_attention(replace(t, current_phase=phase.id, visit=None), text)
    if phase.id in t.retries:
        t = replace(t, retries={**t.retries, phase.id: 0})
    t = replace(_visit(t, phase, iso(at)), error=None)
    return start(rules, t, phase, grant, at, resting)


def start(rules: Rules, t: Ticket, phase: Phase, grant: Grant | None, at: float, resting: Status) -> Decisions:
    """Begin an attempt if there is leave to, else rest."""
    if grant is None or not takes_slot(phase):
        return (Save(replace(t, status=resting)),)
    return begin(rules, t, phase, grant, at)


def begin(rules: Rules, t: Ticket, phase: Phase, grant: Grant, at: float) -> Decisions:
    """The save that decides to start, and the start."""
    assert t.visit is not None and t.attempt is None
    if isinstance(phase, AgentPhase) and (refused := spending.refusal(rules.budgets, rules.plan, t, phase)):
        return needs_attention(t, refused)
    n, agent, session, resume = t.attempts + 1, None, None, False
    if isinstance(phase, AgentPhase):
        agent = grant.agent or agent_of(rules, phase, t)
        if t.visit.agent in (agent, None):
            session, resume = t.visit.session, t.visit.session is not None
        if session is None and agent in rules.chooses_session:
            session = grant.session
    attempt = Attempt(
        n=n,
        id=grant.attempt_id,
        phase=phase.id,
        started_at=iso(at),
        session=session,
        agent=agent,
        resume=resume,
        say=t.visit.say if resume else None,
        account=rules.account_of(agent) if agent is not None else None,
    )
    asked = t.visit.asked and resume
    visit = replace(t.visit, first=t.visit.first or n, session=None, agent=None, say=None, asked=asked)
    slot = t.slot if grant.slot is None else grant.slot
    t = replace(
        t,
        status=Status.RUNNING,
        attempt=attempt,
        attempts=n,
        visit=visit,
        wake_at=None,
        wait_reason=None,
        error=None,
        slot=slot,
    )
    return (Save(t), StartAttempt(attempt))


def follow(
    rules: Rules, t: Ticket, phase: Phase, outcome: Outcome, started: str, at: float,
    grant: Grant | None, resting: Status, attempt: Attempt | None = None,
) -> Decisions:  # fmt: skip
    """Record an outcome that counts and go where it leads."""
    t = record(t, phase.id, outcome, started, at, attempt)
    spent = t.retries.get(phase.id, 0)
    way, target = lead(phase, outcome, spent)
    failed = f"{phase.id}: {outcome.reason or 'failed'}"
    if way is Way.COMPLETE:
        return (Save(rest(replace(t, status=Status.COMPLETE, error=None))),)
    if way is Way.FAILED:
        return fail(t, failed)
    if way is Way.ENTER:
        assert target is not None
        return enter(rules, t, target, at, grant, resting, None if outcome.kind is OutcomeKind.SUCCESS else failed)
    t = replace(t, retries={**t.retries, phase.id: spent + 1})
    if phase.retry_delay_seconds > 0:
        reason = f"retry {spent + 1} of {phase.max_retries} of {phase.id}"
        return (Save(wait(replace(t, status=resting), at + phase.retry_delay_seconds, reason)),)
    return start(rules, t, phase, grant, at, resting)


def abandon(t: Ticket, phase_id: str, at: float) -> Ticket:
    """Leave a phase unfinished: a `skipped` entry, and all counters start again."""
    started = t.visit.started_at if t.visit and t.visit.phase == phase_id else iso(at)
    entry = PhaseEntry(phase=phase_id, status=PhaseStatus.SKIPPED, started_at=started, completed_at=iso(at))
    return replace(
        t,
        phase_history=(*t.phase_history, entry),
        retries=dict.fromkeys(t.retries, 0),
        visits={},
        visit=None,
        context=_without_poll_clock(t.context, None),
        error=None,
        wake_at=None,
        wait_reason=None,
    )


def reset_phase(t: Ticket, phase_id: str) -> Ticket:
    """The counters of one phase start again: retries, visits, losses, poll clock."""
    visits = {phase: n for phase, n in t.visits.items() if phase != phase_id}
    context = _without_poll_clock(t.context, phase_id)
    t = replace(t, retries={**t.retries, phase_id: 0}, visits=visits, context=context)
    if t.visit is not None and t.visit.phase == phase_id and spending.was_refused(t):
        # only money was missing: the session that it paid for goes on
        return replace(t, visit=replace(t.visit, losses=0, asked=False), visits={**visits, phase_id: 1})
    return replace(t, visit=None)


def retry_target(rules: Rules, t: Ticket) -> str:
    """The current phase; from a terminal one the last non-terminal phase of the history."""
    current = t.current_phase or rules.workflow.first or ""
    if not is_terminal(rules.workflow.phase(current)):
        return current
    for entry in reversed(t.phase_history):
        phase = rules.workflow.phase(entry.phase)
        if phase is not None and not isinstance(phase, TerminalPhase):
            return phase.id
    return rules.workflow.first or current


# -- endings ----------------------------------------------------------------------------------------------------------


def record(t: Ticket, phase_id: str, o: Outcome, started: str, at: float, attempt: Attempt | None = None) -> Ticket:
    """Add one line to the history and take over what was captured."""
    good = o.kind is OutcomeKind.SUCCESS
    entry = PhaseEntry(
        phase=phase_id,
        status=PhaseStatus.SUCCESS if good else PhaseStatus.FAILURE,
        started_at=started,
        completed_at=iso(at),
        output=o.output[:OUTPUT_LIMIT] if good else _failure_output(o)[-OUTPUT_LIMIT:],
        session_id=o.session or (attempt.session if attempt and o.kind is not OutcomeKind.ERROR else None),
        agent=attempt.agent if attempt else None,
    )
    return replace(t, phase_history=(*t.phase_history, entry), context={**t.context, **o.captured})


def _failure_output(o: Outcome) -> str:
    if not o.output:
        return o.reason
    if o.kind is OutcomeKind.FAILURE or o.reason in o.output:
        return o.output
    return f"{o.output.rstrip()}\n{o.reason}"


def arrive(t: Ticket, phase: TerminalPhase, at: float, because: str | None) -> Decisions:
    """Enter a terminal phase: the ticket ends in the same save."""
    now = iso(at)
    entry = PhaseEntry(phase=phase.id, status=PhaseStatus.SUCCESS, started_at=now, completed_at=now, output="")
    t = rest(replace(t, current_phase=phase.id, phase_history=(*t.phase_history, entry), visit=None))
    if phase.notify:
        return needs_attention(t, because or f"reached {phase.id}")
    return (Save(replace(t, status=Status.COMPLETE, error=None)),)


def needs_attention(t: Ticket, text: str) -> Decisions:
    t = rest(replace(t, status=Status.NEEDS_ATTENTION, error=text))
    return (Save(t), Notify("needs_attention", text))


def fail(t: Ticket, text: str) -> Decisions:
    return (Save(rest(replace(t, status=Status.FAILED, error=text))), Notify("failed", text))


def stop(t: Ticket, status: Status, reason: str) -> Decisions:
    """Decide to end the open attempt. The first reason stays, but a skip or retry outranks the others."""
    a = t.attempt
    assert a is not None
    if a.stop is not None and reason not in ("skip", "retry"):
        reason = a.stop
    t = replace(t, status=status, attempt=replace(a, stop=reason))
    return (Save(t), StopAttempt(a.id, reason))


def keep_session(t: Ticket, a: Attempt) -> Ticket:
    """The next attempt of this visit continues the session of the one that was cut short."""
    if t.visit is None or not a.session:
        return t
    return replace(t, visit=replace(t.visit, session=a.session, agent=a.agent, say=a.say))


def wait(t: Ticket, until: float, reason: str) -> Ticket:
    """Let it wait for a time. What is paused waits for a person and nothing else."""
    return t if t.status is Status.PAUSED else replace(t, wake_at=iso(until), wait_reason=reason)


def unknown_phase(rules: Rules, phase_id: str | None) -> str:
    ids = [phase.id for phase in rules.workflow.phases]
    hint = did_you_mean(phase_id or "", ids) or f"it has {', '.join(ids)}"
    return f'workflow {rules.workflow.name} has no phase "{phase_id}" ({hint})'


def rest(t: Ticket) -> Ticket:
    """It waits for no time."""
    return replace(t, wake_at=None, wait_reason=None)


def _without_poll_clock(context: dict[str, str], phase_id: str | None) -> dict[str, str]:
    """The original keeps its poll clocks in the context; phase None: all of them go."""
    if phase_id is None:
        return {key: value for key, value in context.items() if not key.startswith(POLL_CLOCKS)}
    stale = [prefix + phase_id for prefix in POLL_CLOCKS]
    return {key: value for key, value in context.items() if key not in stale}


def _last_words(t: Ticket) -> str:
    """What the phase before a bound has said, in its first line: what is still open."""
    last = t.phase_history[-1] if t.phase_history else None
    line = (last.output or "").strip().partition("\n")[0].strip() if last is not None else ""
    return f". {last.phase} said last: {line[:MOST_WORDS]}" if last is not None and line else ""


def _loop(seen: list[str], target: str) -> str:
    """The last round, as `implement → verify → implement`."""
    round_ = [*seen, target]
    for i in range(len(seen) - 1, -1, -1):
        if seen[i] == target and i < len(seen) - 1:
            round_ = [*seen[i:], target]
            break
    deduped = [phase for i, phase in enumerate(round_) if i == 0 or phase != round_[i - 1]]
    return " → ".join(deduped[-12:])
