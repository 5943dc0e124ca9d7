"""Files that somebody edited while the runner worked, and phases that were renamed in between."""

from __future__ import annotations

import pytest

from orchestrator.core.events import CheckEnded, PhaseEdited
from orchestrator.core.model import PhaseEntry, PhaseStatus, Status, Visit
from orchestrator.core.times import iso
from tests.core.builders import AT, Walk, open_ticket, outcome, poll, script, terminal, ticket

PHASES = (script("a", "b", max_retries=2), script("b", "done"), terminal("done"))


def running() -> Walk:
    walk = Walk(*PHASES)
    walk.dispatch()
    return walk


def test_running_without_an_attempt_means_ready() -> None:
    walk = Walk(*PHASES, start=ticket(status=Status.RUNNING, current_phase="b"))
    walk.dispatch()
    assert (walk.status, walk.attempt.phase, walk.attempt.n) == (Status.RUNNING, "b", 1)
    walk = Walk(*PHASES, start=ticket(status=Status.RUNNING, current_phase="b"))
    assert walk.pause().status is Status.PAUSED


def test_a_phase_that_was_changed_while_an_attempt_is_open_is_a_skip() -> None:
    walk = running()
    walk.edit(current_phase="b", retries={"a": 1})
    walk.do(PhaseEdited(at=walk.at))
    assert (walk.status, walk.attempt.stop, walk.stopped) == (Status.READY, "skip", ["skip"])
    assert (walk.history, walk.t.retries, walk.t.visits) == ([("a", "skipped")], {"a": 0}, {})
    walk.do(PhaseEdited(at=walk.at))
    assert walk.decisions == (), "noticed twice"
    walk.end("success")
    assert (walk.status, walk.t.current_phase, walk.history) == (Status.READY, "b", [("a", "skipped")])
    walk.dispatch()
    assert (walk.attempt.phase, walk.t.visits) == ("b", {"b": 1})


@pytest.mark.parametrize("stop", [None, "pause", "shutdown"])
def test_a_changed_phase_that_is_noticed_only_when_the_attempt_ends_is_a_skip_as_well(stop: str | None) -> None:
    status = Status.PAUSED if stop == "pause" else Status.RUNNING
    walk = Walk(*PHASES, start=open_ticket(status, "a", stop, current_phase="b", retries={"a": 1}))
    walk.end("success", captured={"x": "1"})
    assert (walk.status, walk.t.current_phase) == (Status.PAUSED if stop == "pause" else Status.READY, "b")
    assert (walk.history, walk.t.context, walk.t.retries) == ([("a", "skipped")], {}, {"a": 0})


def test_a_changed_phase_keeps_a_ticket_paused() -> None:
    walk = running()
    walk.edit(current_phase="b", status=Status.PAUSED)
    walk.do(PhaseEdited(at=walk.at))
    assert (walk.status, walk.attempt.stop) == (Status.PAUSED, "skip")


def test_no_change_of_the_phase_is_no_skip() -> None:
    walk = running()
    walk.do(PhaseEdited(at=walk.at))
    assert walk.decisions == ()


def test_a_changed_phase_of_a_ticket_that_waits_is_a_visit_with_counters_of_its_own() -> None:
    walk = running()
    walk.end("failure", granted=False)
    walk.edit(current_phase="b", retries={"a": 1, "b": 7})
    walk.dispatch()
    assert (walk.attempt.phase, walk.t.retries, walk.history) == ("b", {"a": 1, "b": 0}, [("a", "failure")])
    assert walk.t.visit is not None and walk.t.visit.first == 2


def test_a_phase_that_does_not_exist_fails_at_dispatch_with_a_suggestion() -> None:
    walk = Walk(script("implement"), start=ticket(current_phase="implemnt"))
    walk.dispatch()
    assert walk.status is Status.FAILED
    assert walk.t.error == 'workflow w has no phase "implemnt" (did you mean implement?)'


def test_a_phase_that_vanished_from_the_workflow_fails_the_ticket_when_its_attempt_ends() -> None:
    walk = Walk(script("implement"), start=open_ticket(phase="gone"))
    walk.end("success", output="well done")
    assert (walk.status, walk.history) == (Status.FAILED, [("gone", "success")])
    assert 'no phase "gone"' in (walk.t.error or "")


def test_an_outcome_that_leads_to_a_phase_that_does_not_exist_fails_the_ticket() -> None:
    walk = Walk(script("a", "nowhere"))
    walk.dispatch()
    walk.end()
    assert (walk.status, walk.history) == (Status.FAILED, [("a", "success")])
    assert 'no phase "nowhere"' in (walk.t.error or "")


@pytest.mark.parametrize("kind", ["success", "failure", "stopped", "lost"])
def test_a_ticket_that_was_declared_complete_while_its_attempt_was_open_stays_so(kind: str) -> None:
    walk = running()
    walk.edit(status=Status.COMPLETE)
    walk.request_stop("status edited")
    assert (walk.status, walk.stopped) == (Status.COMPLETE, ["status edited"])
    walk.end(kind)
    assert (walk.status, walk.t.attempt, walk.t.error, walk.history) == (Status.COMPLETE, None, None, [])


def test_paused_by_hand_is_stopped_and_keeps_its_phase() -> None:
    walk = running()
    walk.edit(status=Status.PAUSED)
    walk.request_stop("paused by hand")
    walk.end("stopped")
    assert (walk.status, walk.t.current_phase) == (Status.PAUSED, "a")


def test_ready_by_hand_while_an_attempt_is_open_lets_it_go_on() -> None:
    walk = running()
    walk.edit(status=Status.READY)
    walk.end("success")
    assert (walk.status, walk.attempt.phase) == (Status.RUNNING, "b")


def test_queued_by_hand_while_an_attempt_is_open_keeps_it_queued_after_its_outcome() -> None:
    walk = running()
    walk.edit(status=Status.QUEUED)
    walk.end("success")
    assert (walk.status, walk.t.current_phase, walk.started) == (Status.QUEUED, "b", [])


def test_failed_by_hand_and_ready_again_forgets_its_error_when_it_starts() -> None:
    walk = Walk(*PHASES, start=ticket(error="old news", current_phase="a"))
    assert walk.dispatch().error is None
    walk = Walk(poll("wait"), start=ticket(error="old news"))
    assert walk.dispatch().error is None
    walk = Walk(poll("wait"), start=ticket(error="old news"))
    assert walk.start_check().error is None


# -- aliases ----------------------------------------------------------------------------------------------------------

RENAMED = {"workflow_aliases": {"old_a": "a", "old_wait": "wait"}}


def test_a_ticket_in_flight_survives_a_renamed_phase() -> None:
    walk = Walk(*PHASES, **RENAMED, start=ticket(current_phase="old_a", retries={"old_a": 1}))
    walk.dispatch()
    assert (walk.t.current_phase, walk.attempt.phase, walk.t.retries) == ("a", "a", {"a": 1})
    assert walk.end("failure").retries == {"a": 2}
    assert walk.end("failure").status is Status.FAILED


def test_an_attempt_of_a_phase_that_was_renamed_meanwhile_counts() -> None:
    walk = Walk(*PHASES, **RENAMED, start=open_ticket(phase="old_a"))
    walk.end("success")
    assert (walk.t.current_phase, walk.history) == ("b", [("a", "success")])


def test_a_renamed_phase_keeps_its_visit() -> None:
    visit = Visit(phase="old_a", started_at=iso(AT - 9), first=3, losses=5, session="s", agent=None)
    start = ticket(current_phase="old_a", visit=visit, visits={"old_a": 4}, attempts=5)
    walk = Walk(*PHASES, **RENAMED, start=start)
    walk.dispatch()
    assert (walk.t.visits, walk.t.visit and walk.t.visit.started_at) == ({"a": 4}, iso(AT - 9))
    walk.end("lost")
    assert walk.status is Status.NEEDS_ATTENTION


def test_a_renamed_poll_keeps_the_clock_of_the_original() -> None:
    begun = ticket(current_phase="old_wait", context={"_pollStart_old_wait": iso(AT - 50)})
    walk = Walk(poll("wait"), **RENAMED, start=begun)
    walk.start_check()
    assert walk.t.visit is not None and walk.t.visit.started_at == iso(AT - 50)


def test_the_answer_of_a_check_of_a_renamed_phase_counts() -> None:
    walk = Walk(poll("wait"), **RENAMED, start=ticket(current_phase="old_wait"))
    walk.start_check()
    walk.do(CheckEnded(at=walk.at, phase="old_wait", outcome=outcome()))
    assert walk.status is Status.COMPLETE


def test_a_person_may_say_the_old_name() -> None:
    walk = Walk(*PHASES, **RENAMED)
    assert walk.skip("old_a").current_phase == "a"


def test_retry_from_a_terminal_phase_knows_renamed_phases_of_the_history() -> None:
    history = (PhaseEntry("old_a", PhaseStatus.FAILURE), PhaseEntry("done", PhaseStatus.SUCCESS))
    walk = Walk(*PHASES, **RENAMED, start=ticket(status=Status.FAILED, current_phase="done", phase_history=history))
    assert walk.retry().current_phase == "a"


def test_a_name_that_is_a_phase_is_never_an_alias() -> None:
    walk = Walk(*PHASES, workflow_aliases={"a": "b"}, start=ticket(current_phase="a"))
    assert walk.dispatch().current_phase == "a"
