"""The history of a ticket is put together from whatever is left of it."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.model import Attempt, PhaseEntry, PhaseStatus, Status, Visit
from orchestrator.core.outcome import Outcome, OutcomeKind, Usage
from orchestrator.core.show.happenings import Step
from orchestrator.core.show.history import History, Past, history
from orchestrator.core.show.totals import totals
from orchestrator.core.times import iso
from tests.factories import AT, ticket


def started(n: int, at: float, phase: str = "work", **fields: Any) -> Attempt:
    return Attempt(n=n, id=f"id{n}", phase=phase, started_at=iso(AT + at), **fields)


def start(n: int, at: float, phase: str = "work", **fields: Any) -> Step:
    return Step(at=AT + at, event="Dispatched", starts=started(n, at, phase, **fields), status="running")


def end(n: int, at: float, kind: str = "success", **fields: Any) -> Step:
    outcome = Outcome(kind=OutcomeKind(kind), **fields)
    return Step(at=AT + at, event="AttemptEnded", attempt_id=f"id{n}", outcome=outcome)


def entry(phase: str, status: str, begin: float, over: float, **fields: Any) -> PhaseEntry:
    return PhaseEntry(
        phase=phase, status=PhaseStatus(status), started_at=iso(AT + begin), completed_at=iso(AT + over), **fields
    )


def short(found: History) -> list[tuple[int | None, str, str, int, int]]:
    return [(one.n, one.phase, one.outcome, one.visit, one.retry) for one in found.attempts]


def test_the_journal_tells_attempts_with_times_and_outcomes() -> None:
    steps = [start(1, 0), end(1, 5, "failure", reason="no", exit_code=3), start(2, 6), end(2, 9)]
    found = history(None, steps, ())
    assert short(found) == [(1, "work", "failure", 1, 0), (2, "work", "success", 1, 1)]
    first = found.attempts[0]
    assert (first.started, first.ended, first.reason, first.exit_code) == (AT, AT + 5, "no", 3)


def test_directories_fill_in_what_the_journal_has_lost() -> None:
    told = Past(phase="work", n=1, id="id1", kind="script", started=AT, exit_code=0, outcome="success", ended=AT + 4)
    other = Past(phase="work", n=2, id="id2", started=AT + 5)
    (first, second) = history(None, [start(1, 0)], [told, other]).attempts
    assert (first.kind, first.exit_code, first.outcome, first.ended) == ("script", 0, "success", AT + 4)
    assert (second.n, second.outcome) == (2, "unknown")


def test_of_an_original_s_ticket_its_own_history_is_shown() -> None:
    entries = (
        entry("setup", "success", 0, 2, output="ok"),
        entry("work", "failure", 2, 9, output="running\nit broke\n", session_id="s1"),
        entry("work", "skipped", 10, 11),
        entry("done", "success", 20, 20.001, output=""),
    )
    found = history(ticket(phase_history=entries, status=Status.COMPLETE, current_phase="done"), (), ())
    assert short(found) == [(None, "setup", "success", 1, 0), (None, "work", "failure", 1, 0)]
    assert (found.attempts[1].reason, found.attempts[1].session) == ("it broke", "s1")
    assert [(one.what, one.phase) for one in found.happenings] == [("skipped", "work"), ("reached", "done")]


def test_an_entry_of_the_history_is_no_second_attempt() -> None:
    entries = (entry("work", "success", 0, 5, output="x"),)
    assert len(history(ticket(phase_history=entries), [start(1, 0), end(1, 5)], ()).attempts) == 1
    poll = Past(phase="ask", n=2, kind="poll", started=AT + 9, outcome="unknown")
    (one,) = history(ticket(phase_history=(entry("ask", "success", 6, 10),)), (), [poll]).attempts
    assert (one.outcome, one.started, one.ended) == ("success", AT + 6, AT + 10)


def test_what_is_under_way_is_open() -> None:
    running = history(ticket(status=Status.RUNNING, attempt=started(1, 0)), [start(1, 0)], ())
    assert (running.attempts[0].outcome, running.attempts[0].is_open) == ("running", True)
    stopping = history(ticket(status=Status.PAUSED, attempt=started(1, 0, stop="pause")), (), ())
    assert (stopping.attempts[0].outcome, stopping.attempts[0].reason) == ("stopping", "pause")
    visit = Visit(phase="ask", started_at=iso(AT), first=3)
    asked = Past(phase="ask", n=3, id="x", kind="poll", started=AT + 8)
    polling = history(ticket(status=Status.READY, visit=visit), (), [asked])
    assert (polling.attempts[0].outcome, polling.attempts[0].started) == ("not_yet", AT)


def test_visits_and_retries_are_counted_as_the_runner_counts_them() -> None:
    steps = [
        start(1, 0), end(1, 1, "failure"), start(2, 2), end(2, 3, "stopped"), start(3, 4), end(3, 5),
        start(4, 6, "verify"), end(4, 7, "failure"), start(5, 8), end(5, 9, "failure"),
        Step(at=AT + 9.5, event="RetryRequested"), start(6, 10), end(6, 11),
    ]  # fmt: skip
    assert [(n, visit, retry) for n, _, _, visit, retry in short(history(None, steps, ()))] == [
        (1, 1, 0), (2, 1, 1), (3, 1, 1), (4, 1, 0), (5, 2, 0), (6, 3, 0),
    ]  # fmt: skip


def test_what_went_on_in_its_session_is_no_retry() -> None:
    steps = [
        start(1, 0), end(1, 1, "stalled", again="go on"), start(2, 2, resume=True), end(2, 3, "failure"),
        start(3, 4), end(3, 5),
    ]  # fmt: skip
    assert [(n, visit, retry) for n, _, _, visit, retry in short(history(None, steps, ()))] == [
        (1, 1, 0), (2, 1, 0), (3, 1, 1),
    ]  # fmt: skip


def test_pauses_and_waits_end_when_the_journal_says_so() -> None:
    steps = [
        start(1, 0),
        Step(at=AT + 1, event="PauseRequested", status="paused"),
        end(1, 2, "stopped"),
        Step(at=AT + 5, event="ResumeRequested", status="ready"),
        start(2, 6),
        Step(at=AT + 7, event="AttemptEnded", status="ready", wake_at="later", wait_reason="usage limit of a"),
        start(3, 9),
    ]
    found = history(None, steps, ()).happenings
    assert [(one.what, one.why, one.at - AT, (one.until or 0) - AT) for one in found] == [
        ("paused", "", 1, 5), ("waited", "usage limit of a", 7, 9),
    ]  # fmt: skip


def test_a_pause_that_goes_on_and_one_by_hand_are_told() -> None:
    (paused,) = history(None, [Step(at=AT, event="edited", status="paused")], ()).happenings
    assert (paused.what, paused.why, paused.is_open) == ("paused", "by hand", True)


def test_a_skip_tells_where_it_led_and_ends_the_visit_of_a_poll() -> None:
    poll = Past(phase="ask", n=2, kind="poll", started=AT + 3)
    steps = [Step(at=AT + 5, event="SkipRequested", phase="work")]
    found = history(ticket(phase_history=(entry("ask", "skipped", 1, 5),)), steps, [poll])
    assert (found.attempts[0].outcome, found.attempts[0].ended) == ("skipped", AT + 5)
    assert [(one.what, one.phase, one.why) for one in found.happenings] == [("skipped", "ask", "to work")]


@pytest.mark.parametrize(("session", "costs"), [("s", [1.0, 0.5]), (None, [1.0, 1.5])])
def test_of_what_an_earlier_version_wrote_what_a_session_cost_before_is_not_counted_again(
    session: str | None, costs: list[float]
) -> None:
    steps = []
    for n, told in ((1, 1.0), (2, 1.5)):
        usage = Usage(input_tokens=10, output_tokens=1, cost_usd=told)
        steps += [start(n, n, session=session), end(n, n + 0.5, usage=usage, session=session)]
    found = history(None, steps, ())
    assert [one.cost_usd for one in found.attempts] == costs
    sums = totals(found, AT + 100)
    assert (sums.cost_usd, sums.input_tokens, sums.worked, sums.seconds) == (sum(costs), 20, 1.0, 1.5)


def test_what_each_attempt_of_a_session_has_cost_is_taken_as_it_is() -> None:
    steps = []
    for n, cost in ((1, 1.0), (2, 0.5)):
        usage = Usage(input_tokens=10, cost_usd=cost)
        steps += [start(n, n, session="s"), end(n, n + 0.5, usage=usage, session="s", ended="success")]
    found = history(None, steps, ())
    assert [one.cost_usd for one in found.attempts] == [1.0, 0.5]
    assert totals(found, AT + 100).cost_usd == 1.5


def test_nothing_has_a_history_too() -> None:
    found = history(ticket(), (), ())
    assert (found.attempts, found.happenings, found.begin) == ((), (), None)
    assert totals(found, AT).attempts == 0
