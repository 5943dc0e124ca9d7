"""`run`, `tick` and `daemon`: who walks, what beside whom, how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contract.kit import Box, poll, script, terminal
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

# --- run


def test_run_walks_polls_included_and_ends_with_what_became_of_the_ticket(box: Box) -> None:
    box.workflow("w", script("work", "wait"), poll("wait", "done", intervalSeconds=0.1), terminal())
    box.plan("p", "T-1", workflow="w")
    started = box.start("run", "p", "T-1")
    wait_for(lambda: len(box.trace("asked")) >= 2)
    box.mark("open")
    assert started.ended() == 0
    assert box.status_of("p", "T-1") == "complete"
    assert box.read_plan("p")["status"] == "complete"
    assert box.ok("run", "p", "T-1").code == 0  # said twice


@pytest.mark.parametrize("end", ["failed", "needs_attention", "paused"])
def test_run_exits_1_when_the_ticket_is_not_complete(box: Box, end: str) -> None:
    command = {"failed": "fail.sh", "needs_attention": "note.sh", "paused": "hold.sh"}[end]
    box.workflow("w", script("work", "alarm", command), terminal("alarm", notify=True))
    box.plan("p", "T-1", workflow="w")
    started = box.start("run", "p", "T-1")
    if end == "paused":
        box.held("T-1")
        box.ok("pause", "p", "T-1")
    assert started.ended() == 1
    assert box.status_of("p", "T-1") == end
    assert end in started.err


def test_run_refuses_what_is_blocked_or_paused_and_changes_nothing(box: Box) -> None:
    box.plan("p", "T-1", {"ticketId": "T-2", "blockedBy": ["T-1"]}, "T-3")
    box.plan("stopped", "T-1", status="paused")
    box.ticket("p", "T-3", status="paused")
    cases = [("p", "T-2", "T-1"), ("p", "T-3", "resume"), ("stopped", "T-1", "resume-plan")]
    for plan, ticket, says in cases:
        before = box.ticket_file(plan, ticket).read_bytes()
        assert says in box.refused("run", plan, ticket)
        assert box.ticket_file(plan, ticket).read_bytes() == before
    assert box.trace() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_its_ticket_ready_where_it_was(box: Box, number: int) -> None:
    box.plan("p", "T-1", workflow="holding")
    started = box.start("run", "p", "T-1")
    box.held("T-1")
    assert started.stop(number) == 130
    ticket = box.read("p", "T-1")
    assert (ticket["status"], ticket["currentPhase"], ticket["phaseHistory"]) == ("ready", "work", [])
    assert (ticket.get("attempt"), ticket["retries"].get("work", 0)) == (None, 0)
    box.alone()


def test_beside_a_daemon_run_makes_the_ticket_ready_and_follows_it(box: Box) -> None:
    box.plan("p", "T-1", workflow="holding")
    box.daemon()
    box.held("T-1")
    started = box.start("run", "p", "T-1")
    started.says("daemon")
    box.mark("release")
    assert started.ended() == 0
    assert box.trace() == ["T-1 work", "T-1 after"]
    assert "complete" in started.out


def test_an_interrupted_follower_does_not_stop_what_the_daemon_walks(box: Box) -> None:
    box.plan("p", "T-1", workflow="holding")
    box.daemon()
    pid = box.held("T-1")
    started = box.start("run", "p", "T-1")
    started.says("daemon")
    assert started.stop(signal.SIGINT) == 130
    assert pid in box.processes()
    box.mark("release")
    box.until("p", "T-1", "complete")


def test_a_follower_goes_on_by_itself_when_the_daemon_dies(box: Box) -> None:
    box.plan("p", "T-1", workflow="holding")
    daemon = box.daemon()
    box.held("T-1")
    started = box.start("run", "p", "T-1")
    started.says("daemon")
    daemon.stop(signal.SIGKILL)
    box.mark("release")
    assert started.ended() == 0
    assert box.trace() == ["T-1 work", "T-1 after"]


def test_a_daemon_beside_a_run_leaves_its_ticket_alone_and_walks_the_others(box: Box) -> None:
    box.plan("p", "T-1", "T-2", workflow="holding")
    started = box.start("run", "p", "T-1")
    box.held("T-1")
    box.daemon()
    box.held("T-2")
    box.mark("release")
    assert started.ended() == 0
    box.until_plan("p", "complete")
    assert sorted(box.trace()) == ["T-1 after", "T-1 work", "T-2 after", "T-2 work"]


def test_two_runs_of_a_ticket_walk_it_once(box: Box) -> None:
    box.plan("p", "T-1", workflow="holding")
    one, other = box.start("run", "p", "T-1"), box.start("run", "p", "T-1")
    box.held("T-1")
    wait_for(lambda: "follow" in one.out + other.out)
    box.mark("release")
    assert (one.ended(), other.ended()) == (0, 0)
    assert box.trace() == ["T-1 work", "T-1 after"]


# --- tick


def test_a_tick_walks_what_it_dispatched_to_its_end_and_starts_nothing_more(box: Box) -> None:
    box.config({"maxConcurrency": 2})
    box.plan("p", "T-1", "T-2", "T-3", {"ticketId": "T-4", "blockedBy": ["T-1"]}, workflow="two")
    box.ok("tick")
    assert [box.status_of("p", one) for one in ("T-1", "T-2")] == ["complete", "complete"]
    assert len(box.trace()) == 4
    box.ok("tick")
    assert box.read_plan("p")["status"] == "complete"


def test_a_tick_asks_a_poll_once_and_exits(box: Box) -> None:
    box.workflow("w", poll("wait", "done", intervalSeconds=30), terminal())
    box.plan("p", "T-1", workflow="w")
    box.ok("tick")
    assert box.trace("asked") == ["T-1 asked"]
    box.ok("tick")
    assert box.trace("asked") == ["T-1 asked"]  # it waits for its time
    assert box.ok("tick", "--help").code == 0


def test_a_tick_without_any_plans_exits_0(box: Box) -> None:
    box.ok("tick")
    assert box.ok("status").out.strip()


def test_a_tick_beside_a_daemon_says_so(box: Box) -> None:
    daemon = box.daemon()
    assert str(daemon.process.pid) in box.ok("tick").out


# --- daemon


def test_the_first_line_of_a_daemon_and_the_second_daemon(box: Box) -> None:
    box.plan("p", "T-1")
    daemon = box.daemon()
    second = box.ok("daemon")
    assert str(daemon.process.pid) in second.out + second.err
    assert "daemon started" not in second.out
    assert (box.home / "daemon.pid").exists() or list(box.home.rglob("daemon.pid"))
    box.until("p", "T-1", "complete")
    assert daemon.out.splitlines()[0] == "daemon started"
    assert daemon.stop() == 0
    assert list(box.home.rglob("daemon.pid")) == []
    box.daemon()


def test_one_daemon_per_state_directory_whatever_the_home(box: Box) -> None:
    daemon = box.daemon()
    other = box.root / "other/config.yaml"
    other.parent.mkdir()
    other.write_text(json.dumps({"stateDir": str(box.state), "logDir": "./logs"}))
    second = box.ok("daemon", "-C", other, env={"ORCHESTRATOR_HOME": str(other.parent)})
    assert str(daemon.process.pid) in second.out + second.err


def test_a_live_daemon_of_the_original_is_respected_and_a_dead_one_is_not(box: Box) -> None:
    box.daemon().stop(signal.SIGKILL)
    pid_file = next(iter(box.home.rglob("daemon.pid")))
    with subprocess.Popen(["sleep", "60"]) as foreign:
        try:
            pid_file.write_text(str(foreign.pid))
            said = box.ok("daemon")
            assert str(foreign.pid) in said.out + said.err
            assert "daemon started" not in said.out
            assert pid_file.read_text() == str(foreign.pid)
        finally:
            foreign.kill()
    box.daemon()  # the pid is nobody's now
    assert pid_file.read_text().strip() != str(foreign.pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.thorough(every=2)
def test_a_stopped_daemon_leaves_tickets_ready_and_nothing_alive(box: Box, number: int) -> None:
    box.config({"grace": 2})
    box.workflow("deaf", script("work", "done", "deaf.sh", maxRetries=1), terminal())
    box.plan("p", "T-1", "T-2", workflow="holding")
    box.plan("q", "T-3", workflow="deaf")
    daemon = box.daemon()
    for one in ("T-1", "T-2", "T-3"):
        box.held(one)
    daemon.send(number)
    assert daemon.ended(12) in (0, 130)  # 6 s are promised; the machine may be busy
    for plan, one in (("p", "T-1"), ("p", "T-2"), ("q", "T-3")):
        ticket = box.read(plan, one)
        assert (ticket["status"], ticket["currentPhase"], ticket.get("attempt")) == ("ready", "work", None)
        assert (ticket["phaseHistory"], ticket["retries"].get("work", 0)) == ([], 0)
    box.alone()


def test_a_second_interrupt_does_not_wait_for_the_deaf(box: Box) -> None:
    box.config({"grace": 60})
    box.workflow("deaf", script("work", "done", "deaf.sh"), terminal())
    box.plan("p", "T-1", workflow="deaf")
    daemon = box.daemon()
    box.held("T-1")
    daemon.send(signal.SIGINT)
    wait_for((box.logs / "p/T-1/001-work/stop.json").exists)
    daemon.send(signal.SIGINT)
    daemon.ended(10)
    box.alone()
    assert box.status_of("p", "T-1") == "ready"


def test_a_terminal_that_goes_away_does_not_stop_it(box: Box) -> None:
    daemon = box.daemon()
    daemon.send(signal.SIGHUP)
    box.plan("p", "T-1")
    box.until("p", "T-1", "complete")
    assert daemon.process.poll() is None
    assert daemon.stop() == 0


def test_a_daemon_whose_output_nobody_reads_any_more_goes_on(box: Box) -> None:
    read, write = os.pipe()
    started = box.start("daemon", stdout=write, stderr=write)
    os.close(write)
    assert os.read(read, 100).startswith(b"daemon started")
    os.close(read)
    box.plan("p", "T-1", workflow="two")
    box.until("p", "T-1", "complete")
    box.plan("q", "T-1", workflow="two")
    box.until("q", "T-1", "complete")
    assert started.process.poll() is None


def test_concurrency_of_the_command_line_counts(box: Box) -> None:
    box.plan("p", "T-1", "T-2", "T-3", workflow="holding")
    box.daemon("-c", "1")
    box.held("T-1")
    box.mark("release.T-1")
    box.held("T-2")
    assert box.trace() == ["T-1 work", "T-1 after", "T-2 work"]


def test_an_unknown_agent_is_refused_at_the_start_with_those_there_are(box: Box) -> None:
    box.config({"defaultAgent": "mine", "agents": {"mine": {"command": "x"}, "yours": {"command": "y"}}})
    result = box.run("daemon", "--agent", "mien")
    assert result.code in (1, 2)
    assert "mine" in result.err and "yours" in result.err
    assert "daemon started" not in result.out


@pytest.mark.parametrize("bad", ["0", "-1", "x", "1.5"])
def test_a_concurrency_that_is_none_is_wrong_usage(box: Box, bad: str) -> None:
    box.refused("daemon", "--concurrency", bad, code=2)


# --- reload


def test_changed_workflows_and_config_count_at_once(box: Box) -> None:
    box.config({"maxConcurrency": 1, "grace": 0})
    daemon = box.daemon()
    box.workflow("w", script("new", "done"), terminal())
    box.plan("p", "T-1", workflow="w")
    box.until("p", "T-1", "complete")
    box.workflow("w", script("newer", "done"), terminal())
    box.config({"maxConcurrency": 2, "grace": 0})
    wait_for(lambda: any("config" in line["event"] or "config" in json.dumps(line) for line in box.log()))
    box.plan("q", "T-1", workflow="w")
    box.plan("r", "R-1", "R-2", workflow="holding")
    box.held("R-1")
    box.held("R-2")
    box.mark("release")
    box.until("q", "T-1", "complete")
    assert ("newer", "success") in box.history("q", "T-1")
    assert daemon.process.poll() is None


def test_broken_ones_leave_the_last_good_ones_and_are_told(box: Box) -> None:
    box.config({"maxConcurrency": 1, "grace": 0})
    daemon = box.daemon()
    box.workflow("w", script("good", "done"), terminal())
    box.plan("p", "T-1", workflow="w")
    box.until("p", "T-1", "complete")
    told = len(box.log())
    box.config("maxConcurrency: [\n")
    wait_for(lambda: any("config.yaml" in json.dumps(line) for line in box.log()[told:]))
    box.write("workflows/w.yaml", "name: w\nphases: [\n")
    box.plan("q", "T-1", workflow="w")
    assert "good" in [phase for phase, _ in box.until("q", "T-1", "complete") and box.history("q", "T-1")]
    assert daemon.process.poll() is None
    assert any("w.yaml" in json.dumps(line) for line in box.log())
    box.config({})
    assert "w.yaml:" in box.run("workflow", "check").out


# --- what attempts see


def test_a_script_gets_the_runner_s_environment_and_the_names_of_the_contract(box: Box) -> None:
    box.script(
        "env.sh", 'env > "$MARKS/env"; pwd > "$MARKS/pwd"; printf "%s\\n" "$@" > "$MARKS/args"; cat > "$MARKS/stdin"'
    )
    box.config({"ghCommand": "/opt/gh -x", "grace": 0})
    box.workflow("w", script("work", "done", "env.sh", args=["{{ title }}", "", "$(touch x)", "a b"]), terminal())
    box.plan("p", "T-1", workflow="w")
    box.ticket("p", "T-1", title='it\'s "$(touch y)"\nnew', worktree=str(box.root / "tree"))
    given: dict[str, Any] = {"GH_TOKEN": "secret", "GIT_DIR": "/x", "GIT_WORK_TREE": "/x", "GIT_INDEX_FILE": "/x"}
    box.ok("run", "p", "T-1", env=given)
    seen = dict(line.split("=", 1) for line in (box.marks / "env").read_text().splitlines() if "=" in line)
    assert (seen["ORCHESTRATOR_PLAN"], seen["ORCHESTRATOR_TICKET"], seen["ORCHESTRATOR_PHASE"]) == ("p", "T-1", "work")
    assert (seen["ORCHESTRATOR_ATTEMPT"], seen["ORCHESTRATOR_WORKTREE"]) == ("1", str(box.root / "tree"))
    assert Path(seen["ORCHESTRATOR_ATTEMPT_DIR"]) == box.logs / "p/T-1/001-work"
    assert (seen["ORCHESTRATOR_GH"], seen["GH_TOKEN"]) == ("/opt/gh -x", "secret")
    assert not {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"} & seen.keys()
    assert (box.marks / "pwd").read_text().strip() == str(box.repo)
    assert (box.marks / "args").read_text() == 'it\'s "$(touch y)"\nnew\n\n$(touch x)\na b\n'
    assert (box.marks / "stdin").read_text() == ""
    assert sorted(os.listdir(box.repo)) == []


def test_a_script_without_interpreter_or_x_bit_runs(box: Box) -> None:
    path = box.write("scripts/plain.sh", 'x=(1 2); echo "bash ${#x[@]}"\n')
    path.chmod(0o644)
    box.workflow("w", script("work", "done", "plain.sh"), terminal())
    box.plan("p", "T-1", workflow="w")
    box.ok("run", "p", "T-1")
    assert box.read("p", "T-1")["phaseHistory"][0]["output"] == "bash 2\n"


def test_a_worktree_that_exists_is_where_scripts_work(box: Box) -> None:
    (box.root / "worktrees/T-1").mkdir(parents=True)
    box.script("where.sh", "pwd")
    box.workflow("w", script("work", "done", "where.sh"), terminal())
    box.plan("p", "T-1", workflow="w")
    box.ok("run", "p", "T-1")
    assert box.read("p", "T-1")["phaseHistory"][0]["output"] == f"{box.root}/worktrees/T-1\n"


def test_a_repo_that_is_not_there_fails_the_phase_and_nothing_runs_elsewhere(box: Box) -> None:
    box.plan("p", "T-1", repo=str(box.root / "nowhere"))
    box.refused("run", "p", "T-1")
    assert box.trace() == []
    assert "nowhere" in box.read("p", "T-1")["error"]


def test_a_script_that_hangs_is_ended_by_its_limit(box: Box) -> None:
    box.workflow("w", script("work", "done", "deaf.sh", timeoutSeconds=0.3), terminal())
    box.plan("p", "T-1", workflow="w")
    box.refused("run", "p", "T-1")
    assert "tim" in box.read("p", "T-1")["error"]
    box.alone()


def test_a_check_under_way_is_stopped_with_the_daemon_and_repeated_after_a_crash(box: Box) -> None:
    box.script("slow.sh", '[ -e "$MARKS/open" ] && exit 0; echo $$ > "$MARKS/held.T-1"; sleep 60')
    box.workflow("w", poll("wait", "done", "slow.sh"), terminal())
    box.plan("p", "T-1", workflow="w")
    daemon = box.daemon()
    box.held("T-1")
    assert daemon.stop() == 0
    assert (box.status_of("p", "T-1"), box.read("p", "T-1").get("attempt")) == ("ready", None)
    box.alone()
    (box.marks / "held.T-1").unlink()
    daemon = box.daemon()
    pid = box.held("T-1")
    daemon.stop(signal.SIGKILL)
    box.mark("open")
    box.ok("run", "p", "T-1")
    assert pid not in box.processes()


def test_the_limit_of_the_command_line_outlives_a_reload(box: Box) -> None:
    box.config({"maxConcurrency": 3, "grace": 0})
    box.daemon("--concurrency", "1")
    box.config({"maxConcurrency": 3, "grace": 0.1})
    wait_for(lambda: any(line["event"] == "config_reloaded" for line in box.log()))
    box.plan("p", "T-1", "T-2", workflow="holding")
    box.held("T-1")
    box.mark("release.T-1")
    box.held("T-2")
    assert box.trace() == ["T-1 work", "T-1 after", "T-2 work"]
