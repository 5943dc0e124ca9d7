"""Random events against one ticket in a random workflow, with what must hold whatever happens.

The shell is played by a model that obeys decisions: it starts what it is told to start, and may crash between a save
and what follows it. What then is on disk is the ticket alone.
"""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from orchestrator.core import events
from orchestrator.core.again import was_asked
from orchestrator.core.decisions import Decision, HoldAccount, Notify, Save, StartAttempt, StopAttempt
from orchestrator.core.events import Event, Grant
from orchestrator.core.model import ENDED, Status, Ticket, should_be
from orchestrator.core.moves import bound
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.rules import Rules
from orchestrator.core.transition import TABLE, transition
from orchestrator.core.workflow import AgentPhase, Phase, PollPhase, ScriptPhase, TerminalPhase
from orchestrator.errors import IllegalTransitionError
from tests import factories
from tests.core.builders import AT

IDS = ("a", "b", "c", "d", "done", "stuck")
ATTEMPT_ENDS = [kind for kind in OutcomeKind if kind is not OutcomeKind.NOT_YET]
CHECK_ENDS = [kind for kind in OutcomeKind if kind is not OutcomeKind.STALLED]
targets = st.none() | st.sampled_from(IDS)
routes = st.dictionaries(st.integers(0, 3), st.sampled_from(IDS), max_size=2)


@st.composite
def phases(draw: st.DrawFn, id: str) -> Phase:
    common: dict[str, Any] = {
        "id": id,
        "on_success": draw(targets),
        "on_failure": draw(targets | st.just("retry")),
        "max_retries": draw(st.integers(0, 2)),
        "max_visits": draw(st.none() | st.integers(1, 3)),
        "retry_delay_seconds": draw(st.sampled_from([0, 0, 5])),
    }
    kind = draw(st.sampled_from(["script", "agent", "poll"]))
    if kind == "agent":
        return AgentPhase(prompt_template="p", agent=draw(st.sampled_from([None, "claude", "codex"])), **common)
    made = ScriptPhase if kind == "script" else PollPhase
    return made(command="x", on_exit=draw(routes), timeout_seconds=draw(st.none() | st.just(50)), **common)


@st.composite
def all_rules(draw: st.DrawFn) -> Rules:
    walked = [draw(phases(id)) for id in IDS[:4]]
    ends = [TerminalPhase(id="done"), TerminalPhase(id="stuck", notify=True)]
    workflow = factories.workflow(*walked, *ends, max_visits=draw(st.integers(1, 4)))
    plan = factories.plan("T-1", worktree_root="/w")
    return Rules(workflow=workflow, plan=plan, chooses_session=frozenset({"claude"}))


class TicketMachine(RuleBasedStateMachine):
    @initialize(rules=all_rules())
    def begin(self, rules: Rules) -> None:
        self.ours = rules
        self.t = factories.ticket(workflow=None)
        self.at = AT
        self.ids = 0
        self.numbers: list[int] = []
        self.alive: str | None = None
        """The attempt that has processes, as far as anybody knows."""

    # -- the runner ---------------------------------------------------------------------------------------------------

    @rule()
    def unblock(self) -> None:
        self.apply(events.Unblocked(at=self.at))

    @precondition(lambda self: should_be(self.t) is Status.READY)
    @rule(crash=st.booleans())
    def dispatch(self, crash: bool) -> None:
        self.apply(events.Dispatched(at=self.at, grant=self.grant()), crash)

    @rule()
    def start_check(self) -> None:
        self.apply(events.CheckStarted(at=self.at))

    @rule(kind=st.sampled_from(CHECK_ENDS), code=st.integers(0, 3), granted=st.booleans(), crash=st.booleans())
    def end_check(self, kind: OutcomeKind, code: int, granted: bool, crash: bool) -> None:
        outcome = Outcome(kind=kind, exit_code=code)
        given = self.grant() if granted else None
        self.apply(events.CheckEnded(at=self.at, phase=self.t.current_phase or "", outcome=outcome, grant=given), crash)

    @precondition(lambda self: self.t.attempt is not None)
    @rule(
        kind=st.sampled_from([*ATTEMPT_ENDS, OutcomeKind.SUCCESS, OutcomeKind.FAILURE]),
        code=st.none() | st.integers(0, 3),
        captured=st.dictionaries(st.sampled_from("xyz"), st.text(max_size=3), max_size=1),
        until=st.none() | st.integers(-100, 100),
        again=st.sampled_from(["", "put it right"]),
        granted=st.booleans(),
        crash=st.booleans(),
    )
    def end_attempt(
        self,
        kind: OutcomeKind,
        code: int | None,
        captured: dict[str, str],
        until: int | None,
        again: str,
        granted: bool,
        crash: bool,
    ) -> None:
        assert self.t.attempt is not None
        outcome = Outcome(
            kind=kind, exit_code=code, captured=captured, output="o" * 5000, until=until and self.at + until,
            again=again,
        )  # fmt: skip
        ended = self.t.attempt.id
        if self.alive == ended:
            self.alive = None
        self.apply(
            events.AttemptEnded(at=self.at, attempt_id=ended, outcome=outcome, grant=self.grant() if granted else None),
            crash,
        )

    @precondition(lambda self: self.t.attempt is not None)
    @rule(session=st.sampled_from(["s1", "s2"]))
    def learn_session(self, session: str) -> None:
        assert self.t.attempt is not None
        self.apply(events.SessionKnown(at=self.at, attempt_id=self.t.attempt.id, session=session))

    @rule()
    def cannot_run(self) -> None:
        self.apply(events.CannotRun(at=self.at, reason="no such script"))

    @rule(account=st.sampled_from(["claude", "codex"]))
    def release_account(self, account: str) -> None:
        self.apply(events.AccountReleased(at=self.at, account=account))

    @rule(reason=st.sampled_from(["shutdown", "plan paused"]))
    def stop(self, reason: str) -> None:
        self.apply(events.StopRequested(at=self.at, reason=reason))

    @precondition(lambda self: self.t.attempt is not None and self.alive is None)
    @rule()
    def recover(self) -> None:
        """After a crash the attempt that was saved is started, if it never began."""
        assert self.t.attempt is not None
        self.alive = self.t.attempt.id

    @rule(seconds=st.integers(0, 60))
    def wait(self, seconds: int) -> None:
        self.at += seconds

    # -- people -------------------------------------------------------------------------------------------------------

    @rule()
    def pause(self) -> None:
        self.apply(events.PauseRequested(at=self.at))

    @rule(blocked=st.booleans())
    def resume(self, blocked: bool) -> None:
        self.apply(events.ResumeRequested(at=self.at, blocked=blocked))

    @rule(blocked=st.booleans())
    def retry(self, blocked: bool) -> None:
        self.apply(events.RetryRequested(at=self.at, blocked=blocked))

    @rule(phase=st.sampled_from([*IDS, "nowhere"]), blocked=st.booleans())
    def skip(self, phase: str, blocked: bool) -> None:
        self.apply(events.SkipRequested(at=self.at, phase=phase, blocked=blocked))

    @rule(phase=st.sampled_from(IDS))
    def edit_phase(self, phase: str) -> None:
        """By hand. The runner may or may not see it before something else happens."""
        self.t = replace(self.t, current_phase=phase)

    @rule()
    def notice_edited_phase(self) -> None:
        self.apply(events.PhaseEdited(at=self.at))

    @precondition(lambda self: self.t.status not in ENDED)
    @rule(status=st.sampled_from([Status.READY, Status.PAUSED, Status.QUEUED]))
    def edit_status(self, status: Status) -> None:
        self.t = replace(self.t, status=status, wake_at=None, wait_reason=None)

    # -- what holds for every event -----------------------------------------------------------------------------------

    def grant(self) -> Grant:
        self.ids += 1
        return Grant(attempt_id=f"id-{self.ids}", session=f"session-{self.ids}")

    def apply(self, event: Event, crash: bool = False) -> None:
        before, self.at = self.t, self.at + 1
        legal = (should_be(before), before.attempt is not None, type(event)) in TABLE
        try:
            decisions = transition(self.ours, before, event)
        except IllegalTransitionError as error:
            assert self.may_refuse(event, legal), error
            return
        assert legal
        assert decisions == transition(self.ours, before, event), "pure"
        if not decisions:
            return
        save, *rest = decisions
        assert isinstance(save, Save) and not any(isinstance(decision, Save) for decision in rest)
        self.t = msgspec.json.decode(msgspec.json.encode(save.ticket), type=Ticket)
        assert self.t == save.ticket, "what is saved is what is read"
        self.judge(before, event, rest)
        if not crash:
            self.obey(rest)

    def may_refuse(self, event: Event, legal: bool) -> bool:
        """What is in the table is refused only for what it names, or as a repetition that is none."""
        named = (events.CheckEnded, events.SkipRequested, events.ResumeRequested, events.RetryRequested)
        return not legal or isinstance(event, named)

    def obey(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            if isinstance(decision, StartAttempt):
                assert self.alive is None, "one at a time"
                self.alive = decision.attempt.id

    def judge(self, before: Ticket, event: Event, rest: list[Decision]) -> None:
        starts = [decision.attempt for decision in rest if isinstance(decision, StartAttempt)]
        stops = [decision for decision in rest if isinstance(decision, StopAttempt)]
        if starts:
            assert starts == [self.t.attempt] and self.t.status is Status.RUNNING
            assert before.attempt is None or isinstance(event, events.AttemptEnded), "nothing starts beside an attempt"
            assert should_be(before) in (Status.READY, Status.RUNNING)
            assert not self.numbers or starts[0].n > self.numbers[-1]
            self.numbers.append(starts[0].n)
        elif before.attempt is None:
            assert self.t.attempt is None, "what is open was started"
        for stop in stops:
            assert self.t.attempt is not None and (stop.attempt_id, stop.reason) == (
                self.t.attempt.id, self.t.attempt.stop,
            )  # fmt: skip
        if before.attempt is not None and not isinstance(event, events.AttemptEnded):
            assert self.t.attempt is not None and self.t.attempt.id == before.attempt.id, "open until it has ended"
        if any(isinstance(decision, HoldAccount) for decision in rest):
            assert isinstance(event, events.AttemptEnded)
            outcome = event.outcome
            assert outcome.kind is OutcomeKind.RATE_LIMITED or outcome.ended == "needs_login"
        if self.t.status in (Status.FAILED, Status.NEEDS_ATTENTION) and before.status is not self.t.status:
            assert [d.what for d in rest if isinstance(d, Notify)] == [str(self.t.status)] and self.t.error
        if isinstance(event, events.AttemptEnded) and was_asked(before, self.t):
            assert event.outcome.again and self.t.phase_history == before.phase_history, "what is asked does not count"
            assert (self.t.retries, self.t.current_phase) == (before.retries, before.current_phase)
        if starts and starts[0].say:
            asked = self.t.visit
            assert starts[0].resume and starts[0].session and asked and asked.asked and not asked.say
        assert len(self.t.phase_history) >= len(before.phase_history)
        assert self.t.phase_history[: len(before.phase_history)] == before.phase_history, "history only grows"
        assert self.t.attempts >= before.attempts

    # -- what holds always --------------------------------------------------------------------------------------------

    @invariant()
    def running_has_an_attempt(self) -> None:
        assert self.t.status is not Status.RUNNING or self.t.attempt is not None

    @invariant()
    def complete_has_no_error(self) -> None:
        assert self.t.status is not Status.COMPLETE or self.t.error is None

    @invariant()
    def only_what_may_go_on_waits_for_a_time(self) -> None:
        assert self.t.wake_at is None or self.t.status in (Status.READY, Status.QUEUED)
        assert (self.t.wake_at is None) == (self.t.wait_reason is None)

    @invariant()
    def bounds_hold(self) -> None:
        for phase in self.ours.workflow.phases:
            assert self.t.visits.get(phase.id, 0) <= bound(self.ours, phase)
            assert self.t.retries.get(phase.id, 0) <= phase.max_retries
        assert self.t.visit is None or self.t.visit.losses <= 6

    @invariant()
    def history_is_short(self) -> None:
        assert all(len(entry.output or "") <= 4096 for entry in self.t.phase_history)

    @invariant()
    def numbers_are_counted(self) -> None:
        assert self.t.attempt is None or self.t.attempt.n == self.numbers[-1] <= self.t.attempts
