"""Polls from outside: a check is not an attempt."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.kit_b import Place, gone, poll, script, terminal, until
from tests.waiting import let_pass

pytestmark = pytest.mark.thorough(every=2)


def counting(here: Place, answers: str, name: str = "check.sh") -> None:
    """A check that exits with the next of `answers` at each call, and with the last one from then on."""
    here.script(
        name,
        f"echo x >> {here.root}/checks\nanswers=({answers})\nn=$(wc -l < {here.root}/checks)\n"
        'i=$(( n > ${#answers[@]} ? ${#answers[@]} : n ))\necho "check $n"; exit ${answers[$((i - 1))]}',
    )


def test_one_asks_again_and_zero_goes_on(here: Place) -> None:
    counting(here, "1 1 0")
    here.workflow(poll("wait", "check.sh", capture={"said": "stdout", "n": "echo cmd"}))
    here.plan()
    assert here.run().returncode == 0
    assert here.marks("checks") == ["x"] * 3
    assert here.history() == [("wait", "success"), ("done", "success")]
    assert here.ticket()["context"] == {"said": "check 3", "n": "cmd"}
    assert here.ticket()["retries"] == {}


def test_two_and_more_go_to_on_failure_and_routes_go_before(here: Place) -> None:
    for code in (2, 3):
        here.script(f"exit{code}.sh", f"exit {code}")
    here.workflow(poll("wait", "exit2.sh", onFailure="no"), terminal("no"), name="two")
    here.workflow(
        poll("wait", "exit3.sh", onExit={3: "route"}, onFailure="no"), terminal("no"), terminal("route"), name="three"
    )
    here.workflow(poll("wait", "exit2.sh"), name="nowhere")
    here.plan({"A": {"workflow": "two"}, "B": {"workflow": "three"}, "C": {"workflow": "nowhere"}})
    here.tick()
    assert here.state("A") == ("complete", "no")
    assert here.state("B") == ("complete", "route")
    assert here.state("C") == ("failed", "wait")


def test_a_visit_that_lasts_too_long_goes_to_on_failure_saying_so(here: Place) -> None:
    counting(here, "1")
    here.workflow(poll("wait", "check.sh", timeoutSeconds=1, onFailure="late"), terminal("late"))
    here.plan()
    assert here.run().returncode == 0
    assert here.state() == ("complete", "late")
    assert here.history()[0] == ("wait", "failure")
    assert len(here.marks("checks")) >= 2
    assert "timed out" in (here.home / "logs/p/T/ticket.log").read_text()


def test_a_check_that_hangs_is_ended_with_the_visit(here: Place) -> None:
    here.script("hang.sh", f"echo $$ > {here.root}/pid; trap '' INT TERM; sleep 60; sleep 60")
    here.workflow(poll("wait", "hang.sh", timeoutSeconds=0.6, onFailure="late"), terminal("late"))
    here.plan()
    assert here.run().returncode == 0
    assert here.state() == ("complete", "late")
    gone(here.pid("pid"), within=1)
    assert not list(here.alive())


def test_between_checks_the_ticket_is_ready_and_says_what_it_waits_for(here: Place) -> None:
    counting(here, "1")
    here.workflow(poll("wait", "check.sh", intervalSeconds=600))
    here.plan()
    began = time.monotonic()
    assert here.tick().returncode == 0
    assert time.monotonic() - began < 10
    ticket = here.ticket()
    assert ticket["status"] == "ready" and not ticket.get("attempt")
    assert ticket["wakeAt"] and ticket["waitReason"]
    assert here.marks("checks") == ["x"]
    assert here.tick().returncode == 0
    assert here.marks("checks") == ["x"]


def test_one_log_directory_per_visit_and_no_attempt_is_counted(here: Place) -> None:
    counting(here, "1 1 1 0 1 0")
    here.script("ok.sh", "true")
    here.workflow(poll("wait", "check.sh", "between"), script("between", "ok.sh", "again"), poll("again", "check.sh"))
    here.plan()
    here.run()
    assert [path.name.split("-", 1)[1] for path in here.attempts()] == ["wait", "between", "again"]
    assert [entry[0] for entry in here.history()] == ["wait", "between", "again", "done"]


def test_polls_take_no_slot_and_at_most_eight_checks_run_at_once(here: Place) -> None:
    here.config(maxConcurrency=1)
    running = here.root / "running"
    running.mkdir()
    here.script(
        "check.sh",
        f"touch {running}/$ORCHESTRATOR_TICKET; ls {running} | wc -l >> {here.root}/counts\n"
        f"until [ -e {here.root}/open ]; do sleep 0.05; done; rm {running}/$ORCHESTRATOR_TICKET; exit 0",
    )
    here.script("ok.sh", "true")
    here.workflow(poll("wait", "check.sh"))
    here.workflow(script("a", "ok.sh"), name="plain")
    here.plan({**{f"P{i}": {} for i in range(12)}, "last": {"workflow": "plain"}})
    here.daemon()
    here.wait_state("complete", "last")  # though twelve polls are before it
    until(lambda: len(here.marks("counts")) >= 8, "eight checks")
    let_pass(0.3)
    assert len(list(running.iterdir())) == 8
    (here.root / "open").touch()
    for i in range(12):
        here.wait_state("complete", f"P{i}")
    assert max(map(int, here.marks("counts"))) == 8


def test_the_original_clock_in_the_context_counts(here: Place) -> None:
    counting(here, "1")
    long_ago = (datetime.now(UTC) - timedelta(hours=2)).isoformat().replace("+00:00", "Z")
    here.workflow(poll("wait", "check.sh", timeoutSeconds=3600, onFailure="late"), terminal("late"))
    here.plan({"T": {"status": "ready", "currentPhase": "wait", "context": {"_pollStart_wait": long_ago}}})
    here.run()
    assert here.state() == ("complete", "late")


def test_the_interval_is_the_configs_poll_interval_unless_the_phase_has_one(here: Place) -> None:
    here.config(pollInterval=0.1)
    counting(here, "1 1 1 0")
    check = poll("wait", "check.sh")
    del check["intervalSeconds"]
    here.workflow(check)
    here.plan()
    assert here.run(timeout=10).returncode == 0
    assert here.marks("checks") == ["x"] * 4


def test_a_missing_repo_starts_no_check(here: Place) -> None:
    counting(here, "0")
    here.workflow(poll("wait", "check.sh"))
    here.plan(repo="/nowhere/at/all")
    here.run()
    assert here.ticket()["status"] == "failed" and not here.marks("checks")


def test_a_check_survives_a_crash_by_being_swept_and_repeated(here: Place) -> None:
    here.script(
        "check.sh",
        f"echo $$ >> {here.root}/pids; [ -e {here.root}/open ] || {{ setsid sleep 60 & sleep 60; }}; exit 0",
    )
    here.workflow(poll("wait", "check.sh"))
    here.plan()
    daemon = here.daemon()
    until(lambda: here.marks("pids"), "the check")
    first = int(here.marks("pids")[0])
    daemon.kill()
    daemon.wait()
    (here.root / "open").touch()
    here.daemon()
    here.wait_state("complete")
    gone(first)
    until(lambda: not list(here.alive()), "what the check left to be swept")
    assert len(here.attempts()) == 1


def test_what_a_check_said_is_in_its_directory(here: Place) -> None:
    counting(here, "1 0")
    here.workflow(poll("wait", "check.sh"))
    here.plan()
    here.run()
    (directory,) = here.attempts()
    assert "check" in (directory / "stdout.log").read_text()
    assert json.loads((directory / "attempt.json").read_text())["argv"]
