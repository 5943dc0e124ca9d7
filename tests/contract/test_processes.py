"""Processes from outside: how they are started, ended, adopted, and that nothing survives."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.contract.kit_b import Place, agent, gone, living, script, terminal, until
from tests.waiting import let_pass

pytestmark = pytest.mark.thorough(every=2)

DEAF = """trap '' INT TERM
echo $$ > {root}/deaf
(trap '' INT TERM; echo $BASHPID > {root}/grandchild; while :; do sleep 0.2; done) &
setsid bash -c "trap '' INT TERM; echo \\$\\$ > {root}/tool; while :; do sleep 0.2; done" &
while :; do sleep 0.2; done
"""


def deaf(here: Place) -> tuple[int, int, int]:
    """The pids of a program that hears nothing, of its child, and of its tool in a session of its own."""
    deaf, grandchild, tool = here.pid("deaf"), here.pid("grandchild"), here.pid("tool")
    return deaf, grandchild, tool


def working(here: Place, body: str, **phase: object) -> None:
    """One agent phase whose agent is this shell script."""
    here.config(agents={"fake": {"command": here.program("agent.sh", body)}})
    here.prompt("work.md", "go")
    here.worktree()
    here.workflow(agent(**phase))
    here.plan()


def test_an_attempt_has_a_session_and_a_group_of_its_own_and_its_streams_are_files(here: Place) -> None:
    here.script(
        "look.sh",
        'echo "$(ps -o pid=,pgid=,sid= -p $PPID)"; readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2; tty; true',
    )
    here.workflow(script("a", "look.sh"))
    here.plan()
    here.run()
    first, stdin, stdout, stderr, tty = here.output("a").splitlines()
    pid, group, session = first.split()
    directory = here.attempts()[0]
    assert pid == group == session == (directory / "pid").read_text().strip()
    assert stdout == str(directory / "stdout.log") and stderr == str(directory / "stderr.log")
    assert stdin.startswith("/") and not stdin.startswith("/dev/pts") and "not a tty" in tty


def test_the_directory_of_an_attempt_has_what_it_should(here: Place) -> None:
    here.script("say.sh", "echo out; echo err >&2; exit 3")
    here.workflow(script("a", "say.sh", args=["x y", "{{ title }}"], timeoutSeconds=50, onFailure="done"))
    here.plan()
    here.run()
    (directory,) = here.attempts()
    assert directory.name == "001-a"
    told = json.loads((directory / "attempt.json").read_text())
    assert told["id"] and told["argv"][-2:] == ["x y", "Title of T"] and told["cwd"] == str(here.repo)
    assert told["timeoutSeconds"] == 50
    assert (directory / "stdout.log").read_text() == "out\n" and (directory / "stderr.log").read_text() == "err\n"
    assert (directory / "exit").read_text().strip() == "3"
    assert json.loads((directory / "outcome.json").read_text())["kind"] == "failure"
    assert (directory / "pid").exists() and (directory / "alive").exists() and (directory / "prompt.md").exists()
    assert not (directory / "stop.json").exists()
    logs = here.home / "logs"
    for line in [*_lines(logs / "orchestrator.log"), *_lines(logs / "p/T/journal.jsonl")]:
        assert isinstance(json.loads(line), dict)
    assert (logs / "p/T/ticket.log").read_text().count("\n") >= 2


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_numbers_of_attempts_never_repeat_and_ids_are_random(here: Place) -> None:
    here.script("fail.sh", "exit 1")
    here.workflow(script("a", "fail.sh", maxRetries=2))
    here.plan()
    here.run()
    here.cli("retry", "p", "T")
    here.run()
    names = [path.name for path in here.attempts()]
    assert names == [f"{n:03}-a" for n in range(1, 7)]
    assert len({json.loads((path / "attempt.json").read_text())["id"] for path in here.attempts()}) == 6


@pytest.mark.parametrize("kind", ["script", "agent"])
def test_a_timed_out_attempt_is_named_so_and_gone_however_deaf(here: Place, kind: str) -> None:
    body = DEAF.format(root=here.root)
    if kind == "agent":
        working(here, body, timeoutSeconds=1, onFailure="late")
        here.workflow(agent(timeoutSeconds=1, onFailure="late"), terminal("late"))
    else:
        here.script("deaf.sh", body)
        here.workflow(script("work", "deaf.sh", timeoutSeconds=1, onFailure="late"), terminal("late"))
        here.plan()
    here.daemon()
    pids = deaf(here)
    until(lambda: (here.attempts()[0] / "stop.json").exists(), "the stop")
    gone(*pids, within=3 + 0.4 + 2)  # grace is 0.2 twice; the rest is for a busy machine
    here.wait_state("complete")
    assert here.state() == ("complete", "late")
    outcome = json.loads((here.attempts()[0] / "outcome.json").read_text())
    assert "time" in outcome["kind"] and "timeoutSeconds" in json.dumps(outcome)
    until(lambda: "timeoutSeconds" in (here.home / "logs/p/T/ticket.log").read_text(), "the line in the log")
    assert here.history()[0] == ("work", "failure")
    assert not list(here.alive())


def test_an_agent_that_writes_nothing_is_stalled_and_one_that_writes_is_not(here: Place) -> None:
    here.config(
        agents={
            "quiet": {"command": here.program("quiet.sh", "sleep 60")},
            "busy": {"command": here.program("busy.sh", "for i in 1 2 3 4 5 6; do echo $i >&2; sleep 0.3; done")},
        },
        defaultAgent="quiet",
    )
    here.prompt("work.md", "go")
    here.worktree("Q")
    here.worktree("B")
    here.workflow(agent(idleTimeoutSeconds=1.2))
    here.plan({"Q": {"agent": "quiet"}, "B": {"agent": "busy"}})
    here.tick()
    assert here.ticket("B")["status"] == "complete"
    assert here.ticket("Q")["status"] == "failed"
    assert "idleTimeoutSeconds" in here.ticket("Q")["error"]
    assert not list(here.alive())


def test_a_stop_is_int_then_term_then_kill_with_the_grace_between(here: Place) -> None:
    body = f"""for s in INT TERM; do trap "echo $s >> {here.root}/signals; date +%s.%N >> {here.root}/times" $s; done
echo ready > {here.root}/ready; while :; do sleep 0.05; done"""
    working(here, body)
    here.config(agents={"fake": {"command": str(here.root / "bin/agent.sh")}}, grace=0.5)
    here.daemon()
    until(lambda: here.marks("ready"), "the agent")
    assert here.cli("pause", "p", "T").returncode == 0
    until(lambda: not here.ticket().get("attempt"), "the attempt to be over")
    assert here.state() == ("paused", "work")
    assert here.marks("signals") == ["INT", "TERM"]
    first, second = map(float, here.marks("times"))
    assert 0.4 < second - first < 5
    assert not list(here.alive())
    assert here.ticket()["retries"].get("work", 0) == 0


def test_what_outlives_a_leader_that_ended_by_itself_is_ended(here: Place) -> None:
    body = f"""(trap '' INT; echo $BASHPID > {here.root}/group; sleep 60) &
setsid bash -c 'echo $$ > {here.root}/tool; exec sleep 60' &
until [ -s {here.root}/group ] && [ -s {here.root}/tool ]; do sleep 0.01; done; echo done"""
    working(here, body)
    assert here.run().returncode == 0
    assert not living(here.pid("group")) and not living(here.pid("tool"))


def test_a_survivor_that_hears_term_can_end_in_order_with_the_programs_that_it_needs(here: Place) -> None:
    tool = here.program(
        "tool",
        f"""trap 'echo term >> {here.root}/said; sleep 0.2; sleep 0.2; echo bye >> {here.root}/said; exit' TERM
echo up > {here.root}/up; while :; do sleep 0.02; done""",
    )
    working(here, f"setsid {tool} & until [ -e {here.root}/up ]; do sleep 0.02; done")
    here.config(agents={"fake": {"command": str(here.root / "bin/agent.sh")}}, grace=3)
    assert here.run().returncode == 0
    assert here.marks("said") == ["term", "bye"]


def test_what_a_script_left_in_its_group_is_ended_too(here: Place) -> None:
    here.script("leave.sh", f"sleep 60 & echo $! > {here.root}/left; exit 0")
    here.workflow(script("a", "leave.sh"))
    here.plan()
    assert here.run().returncode == 0
    assert not living(here.pid("left"))


# -- the daemon dies --------------------------------------------------------------------------------------------------

WAITING = "echo x >> {root}/starts; echo $$ > {root}/pid; until [ -e {root}/go ]; do sleep 0.02; done; echo result"


def test_an_agent_outlives_the_daemon_and_is_adopted(here: Place) -> None:
    working(here, WAITING.format(root=here.root), capture={"said": "stdout"})
    daemon = here.daemon()
    pid = here.pid("pid")
    daemon.kill()
    daemon.wait()
    assert living(pid)
    second = here.daemon()
    let_pass(0.3)
    second.kill()
    second.wait()
    assert living(pid)
    here.daemon()
    (here.root / "go").touch()
    here.wait_state("complete")
    assert here.marks("starts") == ["x"]
    assert here.ticket()["context"] == {"said": "result"}
    assert len(here.attempts()) == 1


def test_the_exit_is_recorded_while_no_daemon_lives_and_used_afterwards(here: Place) -> None:
    working(here, WAITING.format(root=here.root), timeoutSeconds=2)
    daemon = here.daemon()
    pid = here.pid("pid")
    daemon.kill()
    daemon.wait()
    (here.root / "go").touch()
    gone(pid)
    until(lambda: (here.attempts()[0] / "exit").exists() and (here.attempts()[0] / "exit").read_text(), "exit")
    let_pass(2)  # an end that is recorded beats a time-out
    here.daemon()
    here.wait_state("complete")
    assert here.marks("starts") == ["x"]


def test_the_time_of_an_adopted_attempt_counts_from_its_start(here: Place) -> None:
    working(here, WAITING.format(root=here.root), timeoutSeconds=1.5)
    daemon = here.daemon()
    pid = here.pid("pid")
    daemon.kill()
    daemon.wait()
    let_pass(1.5)
    began = time.monotonic()
    here.daemon()
    gone(pid)
    assert time.monotonic() - began < 1.4 + 2  # a second whole period would be later on an idle machine
    here.wait_state("failed")
    assert "timeoutSeconds" in here.ticket()["error"]


def test_when_daemon_and_agent_are_killed_the_rest_is_swept_and_the_phase_starts_again(here: Place) -> None:
    body = f"""echo x >> {here.root}/starts
if [ ! -e {here.root}/go ]; then
  setsid bash -c 'trap "" INT TERM; echo $$ > {here.root}/tool; while :; do sleep 0.2; done' &
  echo $$ > {here.root}/pid; sleep 60
fi"""
    working(here, body, maxRetries=0)
    daemon = here.daemon()
    pid, tool = here.pid("pid"), here.pid("tool")
    daemon.kill()
    daemon.wait()
    os.kill(
        int((here.attempts()[0] / "pid").read_text()), signal.SIGKILL
    )  # the launcher first, so that no exit is written
    os.kill(pid, signal.SIGKILL)
    gone(pid)
    assert living(tool)
    (here.root / "go").touch()
    here.daemon()
    here.wait_state("complete")
    assert not living(tool)
    assert here.marks("starts") == ["x", "x"]
    assert here.ticket()["retries"].get("work", 0) == 0
    log = (here.home / "logs/p/T/ticket.log").read_text()
    assert "lost" in log
    assert [path.name for path in here.attempts()] == ["001-work", "002-work"]


def test_more_than_five_losses_in_a_visit_need_attention(here: Place) -> None:
    here.script("die.sh", f"echo x >> {here.root}/starts; kill -KILL $PPID; kill -KILL $$")
    here.workflow(script("a", "die.sh", maxRetries=9))
    here.plan()
    assert here.run().returncode == 1
    assert here.state() == ("needs_attention", "a")
    assert here.marks("starts") == ["x"] * 6
    assert "lost" in here.ticket()["error"]
    assert here.ticket()["retries"].get("a", 0) == 0


def test_a_pid_that_somebody_else_has_now_is_not_signalled(here: Place) -> None:
    working(here, f"echo x >> {here.root}/starts; [ -e {here.root}/go ] || sleep 60")
    daemon = here.daemon()
    until(lambda: here.marks("starts"), "the agent")
    directory = here.attempts()[0]
    daemon.kill()
    daemon.wait()
    os.killpg(int((directory / "pid").read_text()), signal.SIGKILL)
    until(lambda: not list(here.alive()), "all to be dead")
    stranger = _stranger()
    try:
        (directory / "pid").write_text(str(stranger))
        (here.root / "go").touch()
        here.daemon()
        here.wait_state("complete")
        assert living(stranger)
    finally:
        os.kill(stranger, signal.SIGKILL)
        os.waitpid(stranger, 0)


def _stranger() -> int:
    return os.posix_spawn("/bin/sleep", ["sleep", "60"], {}, setsid=True)


def test_ctrl_c_leaves_the_ticket_ready_in_its_phase_without_a_retry_spent(here: Place) -> None:
    working(here, DEAF.format(root=here.root))
    daemon = here.daemon()
    pids = deaf(here)
    began = time.monotonic()
    daemon.send_signal(signal.SIGINT)
    daemon.wait(10)
    assert time.monotonic() - began < 6
    gone(*pids, within=0.5)
    ticket = here.ticket()
    assert here.state() == ("ready", "work") and not ticket.get("attempt") and ticket["retries"].get("work", 0) == 0
    assert here.history() == []


@pytest.mark.thorough
def test_memory_stays_flat_while_an_agent_prints_a_gigabyte(here: Place) -> None:
    working(here, f"echo x > {here.root}/on; yes {'a line of some length ' * 20} | head -c 1000000000; sleep 0.2")
    here.workflow(agent(capture={"said": "stdout"}))
    daemon = here.daemon()
    until(lambda: here.marks("on"), "the agent")
    before = _peak(daemon.pid)
    here.wait_state("complete", deadline=90)
    assert _peak(daemon.pid) - before < 60_000  # kB
    assert len(here.ticket()["context"]["said"]) <= 1024 * 1024 + 100
    assert here.file().stat().st_size < 2_000_000
    for path in here.attempts():
        (path / "stdout.log").unlink()


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
