"""What a person says to a ticket, by command or by editing its file; and what is refused."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tests.contract.kit import Box, agent, poll, script, terminal
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

ALL = ("queued", "ready", "running", "paused", "complete", "needs_attention", "failed")


def placed(box: Box, status: str, phase: str = "first", **keys: Any) -> None:
    box.plan("p", "T-1", workflow="two")
    box.ticket("p", "T-1", status=status, currentPhase=phase, **keys)


# --- the table of commands


@pytest.mark.parametrize(
    ("command", "status"),
    [("pause", s) for s in ("complete", "needs_attention", "failed")]
    + [("resume", s) for s in ("complete", "needs_attention", "failed", "queued", "ready", "running")]
    + [("retry", s) for s in ("complete", "queued", "ready", "running")],
)
@pytest.mark.thorough(every=3)
def test_what_is_not_possible_is_refused_with_what_is_and_changes_no_byte(box: Box, command: str, status: str) -> None:
    placed(box, status)
    before = box.ticket_file("p", "T-1").read_bytes()
    said = box.refused(command, "p", "T-1")
    assert "T-1" in said and status.replace("running", "r") in said
    assert "skip" in said, f"it does not say what would be possible: {said}"
    assert box.ticket_file("p", "T-1").read_bytes() == before


@pytest.mark.parametrize(
    ("command", "status", "then"),
    [("pause", "queued", "paused"), ("pause", "ready", "paused"), ("pause", "running", "paused"),
     ("resume", "paused", "ready"),
     ("retry", "failed", "ready"), ("retry", "needs_attention", "ready"), ("retry", "paused", "ready")],
)  # fmt: skip
@pytest.mark.thorough(every=3)
def test_what_is_possible_is_done_and_said_twice_changes_no_byte(
    box: Box, command: str, status: str, then: str
) -> None:
    placed(box, status)
    box.ok(command, "p", "T-1")
    assert (box.status_of("p", "T-1"), box.read("p", "T-1")["currentPhase"]) == (then, "first")
    before = box.ticket_file("p", "T-1").read_bytes()
    box.ok(command, "p", "T-1")
    assert box.ticket_file("p", "T-1").read_bytes() == before


@pytest.mark.parametrize("status", ALL)
def test_skip_is_possible_in_every_status(box: Box, status: str) -> None:
    placed(box, status, retries={"first": 2, "second": 1})
    box.ok("skip", "p", "T-1", "second")
    ticket = box.read("p", "T-1")
    assert (ticket["status"], ticket["currentPhase"], ticket["error"]) == ("ready", "second", None)
    assert box.history("p", "T-1") == [("first", "skipped")]
    assert not any(ticket["retries"].values())
    if status == "failed":  # said twice
        before = box.ticket_file("p", "T-1").read_bytes()
        box.ok("skip", "p", "T-1", "second")
        assert box.ticket_file("p", "T-1").read_bytes() == before


def test_skip_to_a_phase_that_the_workflow_lacks_is_refused_with_those_it_has(box: Box) -> None:
    placed(box, "ready")
    before = box.ticket_file("p", "T-1").read_bytes()
    said = box.refused("skip", "p", "T-1", "secnd")
    assert "second" in said
    assert box.ticket_file("p", "T-1").read_bytes() == before


def test_skip_to_a_terminal_phase_ends_the_ticket(box: Box) -> None:
    placed(box, "ready")
    box.ok("skip", "p", "T-1", "done")
    assert box.status_of("p", "T-1") == "complete"
    assert box.history("p", "T-1") == [("first", "skipped"), ("done", "success")]


def test_skip_of_a_ticket_that_began_nowhere_goes_there(box: Box) -> None:
    box.plan("p", "T-1", workflow="two")
    box.ok("skip", "p", "T-1", "second")
    box.ok("run", "p", "T-1")
    assert box.trace() == ["T-1 second"]


@pytest.mark.parametrize("command", ["resume", "retry", "skip"])
def test_what_goes_on_waits_for_its_blockers_as_queued(box: Box, command: str) -> None:
    box.plan("p", "T-1", {"ticketId": "T-2", "blockedBy": ["T-1"]}, workflow="two")
    box.ticket("p", "T-2", status="paused", currentPhase="first")
    box.ok(command, "p", "T-2", *(["second"] if command == "skip" else []))
    assert box.status_of("p", "T-2") == "queued"


def test_retry_restarts_the_counters_of_its_phase(box: Box) -> None:
    box.workflow("w", script("work", "done", "fail.sh", maxRetries=2), terminal())
    box.plan("p", "T-1", workflow="w")
    box.refused("run", "p", "T-1")
    assert box.read("p", "T-1")["retries"] == {"work": 2}
    box.ok("retry", "p", "T-1")
    ticket = box.read("p", "T-1")
    assert (ticket["retries"], ticket["status"], ticket["error"]) == ({"work": 0}, "ready", None)
    box.refused("run", "p", "T-1")
    assert len(box.trace()) == 6


def test_retry_after_a_bound_enters_the_phase_that_was_not_entered(box: Box) -> None:
    box.workflow("w", script("again", "again", maxVisits=2), terminal())
    box.plan("p", "T-1", workflow="w")
    box.refused("run", "p", "T-1")
    box.ok("retry", "p", "T-1")
    box.refused("run", "p", "T-1")
    assert len(box.trace()) == 4


def test_retry_from_a_terminal_phase_goes_back_to_the_last_one_that_worked(box: Box) -> None:
    box.workflow(
        "w", script("a", "b"), script("b", "done", "fail.sh", onFailure="clean"), script("clean", "alarm"),
        terminal("alarm", notify=True), terminal(),
    )  # fmt: skip
    box.plan("p", "T-1", workflow="w")
    box.refused("run", "p", "T-1")
    box.ok("retry", "p", "T-1")
    assert (box.status_of("p", "T-1"), box.read("p", "T-1")["currentPhase"]) == ("ready", "clean")


def test_retry_restarts_the_clock_of_a_poll(box: Box) -> None:
    box.workflow("w", poll("wait", "done", timeoutSeconds=0.2, intervalSeconds=0.1), terminal())
    box.plan("p", "T-1", workflow="w")
    box.ticket("p", "T-1", currentPhase="wait", context={"_pollStart_wait": "2026-01-01T00:00:00Z", "kept": "x"})
    box.refused("run", "p", "T-1")
    assert box.status_of("p", "T-1") == "failed"
    box.mark("open")
    box.ok("retry", "p", "T-1")
    box.ok("run", "p", "T-1")
    assert box.read("p", "T-1")["context"]["kept"] == "x"


def test_somebody_else_s_phase_keeps_its_retries_on_retry(box: Box) -> None:
    placed(box, "failed", phase="second", retries={"first": 1, "second": 2})
    box.ok("retry", "p", "T-1")
    assert box.read("p", "T-1")["retries"] == {"first": 1, "second": 0}


@pytest.mark.parametrize("command", ["pause", "resume", "retry", "run", "sessions", "logs", "resume-session"])
@pytest.mark.thorough(every=3)
def test_a_plan_or_ticket_that_is_not_there_is_named(box: Box, command: str) -> None:
    box.plan("plan-1", "PROJ-1")
    assert "plan-2" in box.refused(command, "plan-2", "PROJ-1")
    assert "PROJ-2" in box.refused(command, "plan-1", "PROJ-2")


# --- plans


def test_pause_plan_and_resume_plan_leave_the_tickets_as_they_are(box: Box) -> None:
    box.plan("p", "T-1", "T-2", "T-3")
    box.ticket("p", "T-2", status="paused")
    before = {one: box.ticket_file("p", one).read_bytes() for one in ("T-1", "T-2", "T-3")}
    for command, status in (("pause-plan", "paused"), ("resume-plan", "active")):
        box.ok(command, "p")
        assert box.read_plan("p")["status"] == status
        written = box.plan_file("p").read_bytes()
        box.ok(command, "p")
        assert box.plan_file("p").read_bytes() == written
    assert {one: box.ticket_file("p", one).read_bytes() for one in before} == before
    box.ok("tick")
    assert [box.status_of("p", one) for one in before] == ["complete", "paused", "complete"]


def test_a_complete_plan_can_be_neither_paused_nor_resumed(box: Box) -> None:
    box.plan("p", "T-1", status="complete")
    before = box.plan_file("p").read_bytes()
    for command in ("pause-plan", "resume-plan"):
        assert "complete" in box.refused(command, "p")
    assert "nope" in box.refused("pause-plan", "nope")
    assert box.plan_file("p").read_bytes() == before


# --- beside a daemon


def holding(box: Box, body: str = "hold.sh", daemon: bool = True) -> int:
    """A daemon in the middle of the ticket's first phase; the pid of its script."""
    box.workflow("w", script("work", "after", body, maxRetries=2), script("after", "done"), terminal())
    box.plan("p", "T-1", workflow="w")
    if daemon:
        box.daemon()
    return box.held("T-1")


def test_pause_stops_the_attempt_and_keeps_the_phase(box: Box) -> None:
    holding(box)
    box.ok("pause", "p", "T-1")
    ticket = box.until("p", "T-1", "paused")
    assert (ticket["currentPhase"], ticket["phaseHistory"], ticket["retries"].get("work", 0)) == ("work", [], 0)
    wait_for(lambda: len(box.processes()) == 1)  # the daemon
    (box.marks / "held.T-1").unlink()
    box.ok("resume", "p", "T-1")
    box.held("T-1")
    box.mark("release")
    box.until_plan("p", "complete")
    assert box.history("p", "T-1") == [("work", "success"), ("after", "success"), ("done", "success")]


def test_pause_of_a_deaf_attempt_with_a_family_leaves_nothing(box: Box) -> None:
    box.script("family.sh", "trap '' INT TERM\n(trap '' INT TERM; while :; do sleep 0.05; done) &\n"
               'setsid sh -c "trap \'\' INT TERM; while :; do sleep 0.05; done" &\n'
               'echo $$ > "$MARKS/held.T-1"; while :; do sleep 0.05; done')  # fmt: skip
    holding(box, "family.sh")
    box.ok("pause", "p", "T-1")
    box.until("p", "T-1", "paused")
    wait_for(lambda: len(box.processes()) == 1)


def test_skip_stops_the_attempt_whose_outcome_does_not_count(box: Box) -> None:
    holding(box)
    box.ok("skip", "p", "T-1", "after")
    ticket = box.until("p", "T-1", "complete")
    assert box.history("p", "T-1") == [("work", "skipped"), ("after", "success"), ("done", "success")]
    assert ticket["retries"].get("work", 0) == 0


def test_pause_plan_stops_its_attempts_only_and_resume_plan_goes_on(box: Box) -> None:
    box.plan("q", "Q-1", workflow="holding")
    holding(box)
    box.held("Q-1")
    box.ok("pause-plan", "p")
    box.until("p", "T-1", "ready")
    assert box.status_of("q", "Q-1") == "running"
    (box.marks / "held.T-1").unlink()
    box.ok("resume-plan", "p")
    box.held("T-1")
    box.mark("release")
    box.until_plan("p", "complete")
    assert box.read("p", "T-1")["retries"].get("work", 0) == 0


def test_the_status_paused_written_by_hand_stops_and_ready_resumes(box: Box) -> None:
    holding(box)
    box.edit("p", "T-1", status="paused")
    ticket = box.until("p", "T-1", "paused")
    assert (ticket["currentPhase"], ticket["phaseHistory"]) == ("work", [])
    (box.marks / "held.T-1").unlink()
    box.edit("p", "T-1", status="ready")
    box.held("T-1")
    box.mark("release")
    box.until_plan("p", "complete")


def test_a_phase_written_by_hand_is_a_skip(box: Box) -> None:
    holding(box)
    box.edit("p", "T-1", currentPhase="after")
    box.until("p", "T-1", "complete")
    assert box.history("p", "T-1") == [("work", "skipped"), ("after", "success"), ("done", "success")]


def test_a_title_written_by_hand_while_an_attempt_runs_is_kept(box: Box) -> None:
    holding(box)
    doc = box.read("p", "T-1")
    box.edit("p", "T-1", title="by hand", theirs=[1])
    box.mark("release")
    ticket = box.until("p", "T-1", "complete")
    assert (ticket["title"], ticket["theirs"]) == ("by hand", [1])
    assert ticket["branch"] == doc["branch"]


def test_a_deleted_ticket_stops_its_attempt(box: Box) -> None:
    holding(box)
    box.ticket_file("p", "T-1").unlink()
    wait_for(lambda: len(box.processes()) == 1)
    assert not box.ticket_file("p", "T-1").exists()


def test_a_broken_file_lets_the_attempt_go_on_and_its_outcome_waits(box: Box) -> None:
    pid = holding(box)
    doc = box.read("p", "T-1")
    broken = b'{"planId": "p", "ticketId": "T-1", '
    box.write(box.ticket_file("p", "T-1"), broken)
    wait_for(lambda: any(line["event"] == "held" for line in box.log()))
    assert pid in box.processes()
    box.mark("release")
    wait_for(lambda: pid not in box.processes())
    assert box.ticket_file("p", "T-1").read_bytes() == broken
    box.save("p", "T-1", doc)
    box.until("p", "T-1", "complete")
    assert box.history("p", "T-1")[0] == ("work", "success")
    assert box.trace() == ["T-1 work", "T-1 after"]


def test_a_plan_and_tickets_that_appear_while_it_runs_are_walked(box: Box) -> None:
    box.daemon()
    box.ticket("p", "T-1")
    box.plan("p", "T-1", make=False)
    box.until_plan("p", "complete")
    box.plan("q", "T-1", "LATE", make=False)
    box.ticket("q", "T-1")
    box.until("q", "T-1", "complete")
    box.ticket("q", "LATE")
    box.until_plan("q", "complete")


# --- with nobody there


def test_pause_itself_ends_what_a_killed_daemon_left(box: Box) -> None:
    box.plan("p", "T-1", workflow="holding")
    daemon = box.daemon()
    box.held("T-1")
    daemon.stop(signal.SIGKILL)
    assert box.processes()
    box.ok("pause", "p", "T-1")
    ticket = box.read("p", "T-1")
    assert (ticket["status"], ticket["currentPhase"], ticket.get("attempt")) == ("paused", "work", None)
    box.alone()


def test_pause_plan_and_skip_end_what_a_killed_daemon_left(box: Box) -> None:
    box.plan("p", "T-1", workflow="holding")
    box.plan("q", "T-2", workflow="holding")
    daemon = box.daemon()
    box.held("T-1")
    box.held("T-2")
    daemon.stop(signal.SIGKILL)
    box.ok("pause-plan", "p")
    box.ok("skip", "q", "T-2", "after")
    box.alone()
    assert [(box.status_of("p", "T-1"), box.status_of("q", "T-2"))] == [("ready", "ready")]
    assert box.read("p", "T-1").get("attempt") is None
    box.ok("run", "q", "T-2")


def test_an_outcome_that_came_before_the_pause_counts_and_the_next_phase_is_paused(box: Box) -> None:
    box.plan("p", "T-1", workflow="holding")
    daemon = box.daemon()
    pid = box.held("T-1")
    daemon.stop(signal.SIGKILL)
    box.mark("release")
    wait_for(lambda: pid not in box.processes())
    box.ok("pause", "p", "T-1")
    ticket = box.read("p", "T-1")
    assert (ticket["status"], ticket["currentPhase"]) == ("paused", "after")
    assert box.history("p", "T-1") == [("work", "success")]


def test_a_new_daemon_adopts_what_a_killed_one_left(box: Box) -> None:
    box.plan("p", "T-1", workflow="holding")
    daemon = box.daemon()
    pid = box.held("T-1")
    daemon.stop(signal.SIGKILL)
    box.daemon()
    assert pid in box.processes()
    box.mark("release")
    box.until("p", "T-1", "complete")
    assert box.trace() == ["T-1 work", "T-1 after"]


def test_a_stopped_agent_goes_on_in_its_session_and_sessions_shows_it(box: Box) -> None:
    """A session is known by the CLI's own output; the generic agent has none."""
    fake = box.agent("plain", 'echo "$1" > "$HOME/prompt"; echo fine')
    box.config({"defaultAgent": "plain", "agents": {"plain": {"command": fake}}})
    box.prompt("prompt.md", "work on {{ ticketId }}")
    box.workflow("w", agent("work", "done"), terminal())
    box.plan("p", "T-1", workflow="w")
    given = [{"phase": "work", "status": "success", "startedAt": "2026-01-01T00:00:00Z",
              "completedAt": "2026-01-01T00:00:01Z", "output": "", "sessionId": "abc-1"}]  # fmt: skip
    box.ticket("p", "T-1", worktree=str(box.repo), phaseHistory=given)
    box.ok("run", "p", "T-1")
    assert box.ok("sessions", "p", "T-1", "--json").json == [
        {"phase": "work", "status": "success", "startedAt": "2026-01-01T00:00:00Z",
         "completedAt": "2026-01-01T00:00:01Z", "sessionId": "abc-1", "agent": None}
    ]  # fmt: skip
    assert box.ok("sessions", "p", "T-1", "--phase", "other", "--json").json == []


# --- in the middle of a stop


@pytest.mark.parametrize("command", ["resume", "retry"])
@pytest.mark.thorough(every=2)
def test_who_changes_their_mind_while_it_is_being_stopped_gets_it_again(box: Box, command: str) -> None:
    box.config({"grace": 0.5})
    body = (
        '[ -e "$MARKS/second" ] && exit 0\n'
        + "trap '' INT TERM\n"
        + 'echo $$ > "$MARKS/held.T-1"\nwhile :; do sleep 0.05; done'
    )
    box.script("once.sh", body)
    holding(box, "once.sh")
    box.mark("second")
    box.ok("pause", "p", "T-1")
    box.ok(command, "p", "T-1")
    ticket = box.until("p", "T-1", "complete")
    assert box.history("p", "T-1") == [("work", "success"), ("after", "success"), ("done", "success")]
    assert ticket["retries"].get("work", 0) == 0


def test_skip_to_the_phase_it_is_in_begins_it_again(box: Box) -> None:
    holding(box)
    (box.marks / "held.T-1").unlink()
    box.ok("skip", "p", "T-1", "work")
    box.held("T-1")
    box.mark("release")
    box.until("p", "T-1", "complete")
    assert box.history("p", "T-1")[:2] == [("work", "skipped"), ("work", "success")]


@pytest.mark.parametrize("status", ["complete", "failed", "needs_attention"])
def test_an_ending_written_by_hand_stops_the_attempt(box: Box, status: str) -> None:
    pid = holding(box)
    box.edit("p", "T-1", status=status)
    box.until("p", "T-1", status)
    assert pid not in box.processes()
    assert box.history("p", "T-1") == []


def test_a_plan_paused_or_taken_away_by_hand_stops_its_attempts(box: Box) -> None:
    pid = holding(box)
    plan = box.read_plan("p")
    box.write(box.plan_file("p"), json.dumps({**plan, "status": "paused"}))
    box.until("p", "T-1", "ready")
    assert pid not in box.processes()
    (box.marks / "held.T-1").unlink()
    box.write(box.plan_file("p"), json.dumps({**plan, "status": "active"}))
    pid = box.held("T-1")
    (box.plans / "p").rename(box.root / "away")
    wait_for(lambda: pid not in box.processes())
    assert not (box.plans / "p").exists()
