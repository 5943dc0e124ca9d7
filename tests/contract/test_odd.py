"""Odd cases that a careful person tries: paths, bytes, reloads, crashes in the middle of captures, limits per agent."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.contract.kit_b import Place, agent, gone, living, poll, script, terminal, until
from tests.waiting import let_pass

pytestmark = pytest.mark.thorough(every=2)


def slow(here: Place, name: str = "slow.sh", then: str = "") -> None:
    """A script that waits for the file `go`."""
    body = f"echo x >> {here.root}/starts; echo $$ >> {here.root}/pids\n"
    body += f"until [ -e {here.root}/go ]; do sleep 0.02; done\n{then}"
    here.script(name, body)


def test_a_phase_renamed_while_its_attempt_runs_goes_on_by_the_alias(here: Place) -> None:
    slow(here)
    here.script("ok.sh", "true")
    here.workflow(script("old", "slow.sh", "b"), script("b", "ok.sh"))
    here.plan()
    here.daemon()
    until(lambda: here.marks("starts"), "the script")
    here.workflow(script("new", "slow.sh", "b"), script("b", "ok.sh"), aliases={"old": "new"})
    let_pass(1)
    (here.root / "go").touch()
    here.wait_state("complete")
    assert here.marks("starts") == ["x"]
    assert [phase for phase, _ in here.history()][-2:] == ["b", "done"]
    assert len(here.history()) == 3 and here.history()[0][1] == "success"


def test_a_workflow_that_breaks_while_the_daemon_runs_keeps_its_last_good_version(here: Place) -> None:
    slow(here)
    here.script("ok.sh", "true")
    here.workflow(script("a", "slow.sh", "b"), script("b", "ok.sh"))
    here.plan()
    here.daemon()
    until(lambda: here.marks("starts"), "the script")
    here.workflow_text("w.yaml", "name: w\nphases: [")
    let_pass(1)
    (here.root / "go").touch()
    here.wait_state("complete")


def test_a_name_with_every_odd_character_is_a_folder_like_any_other(tmp_path: Path) -> None:
    here = Place(tmp_path / "a b'ü \"$(touch x)`y`;é #%&")
    try:
        here.git_repo()
        here.git_worktree()
        here.config(agents={"fake": {"command": here.program("my agent.sh", 'pwd; echo "$1"')}})
        here.prompt("work.md", "in {{ worktree }}")
        here.script("my script.sh", 'pwd; echo "$1"', mode=0o644, first="")
        here.workflow(
            script("a", "my script.sh", "work", args=["{{ repo }}"], capture={"w": "echo {{ worktree }}; pwd"}),
            agent(evidence="none"),
        )
        here.plan()
        assert here.run().returncode == 0, here.ticket()
        assert here.output("a").splitlines() == [str(here.worktrees / "T"), str(here.repo)]
        assert here.ticket()["context"]["w"].splitlines() == [str(here.worktrees / "T")] * 2
        assert here.output("work").split("\n")[:2] == [str(here.worktrees / "T"), f"in {here.worktrees / 'T'}"]
        assert not list(tmp_path.rglob("x"))
    finally:
        here.close()


def test_relative_homes_and_configs_work_from_wherever_one_is(here: Place) -> None:
    here.script(
        "where.sh",
        'echo "$ORCHESTRATOR_ATTEMPT_DIR"; cd /; ls "$ORCHESTRATOR_ATTEMPT_DIR/attempt.json" > /dev/null && echo found',
    )
    here.worktree()
    here.prompt("work.md", "go")
    here.config(agents={"fake": {"command": "/bin/cat", "promptVia": "file"}})
    here.workflow(script("a", "where.sh", "work"), agent())
    here.plan({"A": {}, "B": {}, "C": {}})
    for ticket in "ABC":
        here.worktree(ticket)
    done = {
        "A": here.cli("run", "p", "A", ORCHESTRATOR_HOME="home"),
        "B": here.cli("-C", "home/config.yaml", "run", "p", "B"),
        "C": here.cli("run", "p", "C", "-C", "../home/config.yaml", cwd=here.repo),
    }
    for ticket, result in done.items():
        assert result.returncode == 0, (ticket, result, here.ticket(ticket))
        place, found = here.output("a", ticket).splitlines()
        assert place.startswith("/") and found == "found"
        assert here.output("work", ticket).strip() == "go"


def test_the_output_is_counted_in_characters_and_bytes_that_are_no_text_do_no_harm(here: Place) -> None:
    here.script("wide.sh", 'for i in $(seq 1 5000); do printf é; done; exit "$1"')
    here.script("bytes.sh", "head -c 20000 /dev/urandom; printf '\\377\\000\\033[31mred'")
    here.workflow(
        script("a", "wide.sh", "b", args=["0"]),
        script("b", "wide.sh", onFailure="c", args=["1"]),
        script("c", "bytes.sh", capture={"said": "stdout"}),
    )
    here.plan()
    assert here.run().returncode == 0
    assert here.output("a") == "é" * 4096 and here.output("b") == "é" * 4096
    assert len(here.output("c")) <= 4096
    assert here.cli("status", "--json").returncode == 0


def test_a_script_has_no_open_files_but_its_three(here: Place) -> None:
    here.script("fds.sh", "ls /proc/self/fd | tr '\\n' ' '; trap", first="#!/bin/bash\n")
    here.workflow(script("a", "fds.sh"))
    here.plan()
    here.run()
    assert here.output("a").split() == ["0", "1", "2", "3"]  # 3 is ls's own


def test_a_pause_in_the_middle_of_a_capture_ends_it_and_the_phase_is_done_again(here: Place) -> None:
    here.script("ok.sh", f"echo x >> {here.root}/starts")
    capture = f"echo $$ > {here.root}/capturing; until [ -e {here.root}/go ]; do sleep 0.02; done; echo v"
    here.workflow(script("a", "ok.sh", capture={"k": capture}))
    here.plan()
    here.daemon()
    pid = here.pid("capturing")
    assert here.cli("pause", "p", "T").returncode == 0
    gone(pid)
    until(lambda: not here.ticket().get("attempt"), "the attempt to be over")
    assert here.state() == ("paused", "a") and here.ticket()["context"] == {}
    (here.root / "go").touch()
    assert here.cli("resume", "p", "T").returncode == 0
    here.wait_state("complete")
    assert here.ticket()["context"] == {"k": "v"} and here.ticket()["retries"].get("a", 0) == 0


def test_a_daemon_killed_in_the_middle_of_a_capture_captures_again_and_leaves_nothing(here: Place) -> None:
    here.script("ok.sh", f"echo x >> {here.root}/starts")
    capture = f"echo $$ >> {here.root}/capturing; until [ -e {here.root}/go ]; do sleep 0.02; done; echo v"
    here.workflow(script("a", "ok.sh", capture={"k": capture}))
    here.plan()
    daemon = here.daemon()
    pid = here.pid("capturing")
    daemon.kill()
    daemon.wait()
    here.daemon()
    until(lambda: len(here.marks("capturing")) == 2, "the second capture")
    assert not living(pid)
    (here.root / "go").touch()
    here.wait_state("complete")
    assert here.marks("starts") == ["x"]
    assert here.ticket()["context"] == {"k": "v"}
    assert not list(here.alive())


def test_a_pause_ends_a_poll_check(here: Place) -> None:
    here.script("hang.sh", f"echo $$ > {here.root}/pid; sleep 60")
    here.workflow(poll("wait", "hang.sh"))
    here.plan()
    here.daemon()
    pid = here.pid("pid")
    assert here.cli("pause", "p", "T").returncode == 0
    gone(pid, within=5)
    assert here.state() == ("paused", "wait")


def test_one_agent_can_be_limited_on_its_own(here: Place) -> None:
    body = f"""d={here.root}/running; mkdir -p $d; touch $d/$ORCHESTRATOR_TICKET; ls $d | wc -l >> {here.root}/counts
sleep 0.15; rm $d/$ORCHESTRATOR_TICKET"""
    here.config(agents={"fake": {"command": here.program("a.sh", body), "maxConcurrency": 2}})
    here.prompt("work.md", "go")
    here.workflow(agent())
    names = [f"T{i}" for i in range(6)]
    for name in names:
        here.worktree(name)
    here.plan({name: {} for name in names})
    here.daemon()
    for name in names:
        here.wait_state("complete", name)
    assert max(map(int, here.marks("counts"))) == 2


def test_no_more_attempts_than_max_concurrency_run_at_once(here: Place) -> None:
    here.config(maxConcurrency=2)
    here.script(
        "count.sh",
        f"d={here.root}/running; mkdir -p $d; touch $d/$ORCHESTRATOR_TICKET; ls $d | wc -l >> {here.root}/counts\n"
        "sleep 0.1; rm $d/$ORCHESTRATOR_TICKET",
    )
    here.workflow(script("a", "count.sh", "b"), script("b", "count.sh"))
    here.plan({f"T{i}": {} for i in range(5)})
    here.tick()
    assert [here.ticket(f"T{i}")["status"] for i in range(2)] == ["complete"] * 2
    assert max(map(int, here.marks("counts"))) == 2


def test_a_delayed_retry_comes(here: Place) -> None:
    here.script("once.sh", f"echo x >> {here.root}/tries; [ $(wc -l < {here.root}/tries) -ge 2 ]")
    here.workflow(script("a", "once.sh", maxRetries=1, retryDelaySeconds=0.7))
    here.plan()
    began = time.monotonic()
    assert here.run().returncode == 0
    assert time.monotonic() - began > 0.7
    assert here.history()[:2] == [("a", "failure"), ("a", "success")]


def test_a_terminal_phase_as_the_first_one_ends_the_ticket_without_an_attempt(here: Place) -> None:
    here.workflow(terminal("done"))
    here.plan()
    assert here.run().returncode == 0
    assert here.state() == ("complete", "done") and here.history() == [("done", "success")]
    assert here.attempts() == []


def test_an_unknown_current_phase_fails_at_dispatch_with_a_suggestion(here: Place) -> None:
    here.script("ok.sh", f"echo x >> {here.root}/ran")
    here.workflow(script("implement", "ok.sh"))
    here.plan({"T": {"status": "ready", "currentPhase": "implment"}})
    assert here.run().returncode == 1
    assert here.ticket()["status"] == "failed"
    assert "implment" in here.ticket()["error"] and "implement" in here.ticket()["error"]
    assert not here.marks("ran")


def test_yaml_words_that_look_like_booleans_are_names(here: Place) -> None:
    here.script("ok.sh", "true")
    here.workflow_text(
        "w.yaml",
        "name: w\nphases:\n  - {id: on, type: script, command: ok.sh, onSuccess: no}\n"
        "  - {id: no, type: script, command: ok.sh, args: [off, 1.10, 007], onSuccess: 'y'}\n"
        "  - {id: y, type: terminal}\n",
    )
    here.plan()
    done = here.run()
    if done.returncode == 0:
        assert [phase for phase, _ in here.history()] == ["on", "no", "y"]
    else:  # or they are refused in words
        assert "w.yaml" in here.ticket()["error"]


def test_a_lone_surrogate_and_a_nul_in_the_text_of_a_ticket_hold_or_fail_that_ticket_only(here: Place) -> None:
    here.script("say.sh", 'printf "%s" "$1"')
    here.workflow(script("a", "say.sh", args=["{{ title }}"]))
    here.plan({"S": {"title": "half \ud83d"}, "N": {"title": "nul \0 here"}, "T": {}})
    done = here.tick()
    assert "Traceback" not in done.stderr
    assert here.ticket("T")["status"] == "complete"
    nul = here.ticket("N")
    assert nul["status"] == "failed" and "NUL" in nul["error"].upper()
    assert "Traceback" not in here.cli("status").stderr


def test_a_file_as_big_as_a_line_can_be_does_not_fill_the_memory(here: Place) -> None:
    body = f"echo x > {here.root}/on; head -c 100000000 /dev/zero | tr '\\0' x; sleep 0.1"
    here.config(
        agents={"fake": {"command": here.program("claude", body)}, "other": {"command": here.program("other", body)}}
    )
    here.prompt("work.md", "go")
    here.worktree("A")
    here.worktree("B")
    here.workflow(agent())
    here.plan({"A": {}, "B": {"agent": "other"}})
    daemon = here.daemon()
    until(lambda: here.marks("on"), "the agent")
    here.wait_state("failed", "A", deadline=40)
    here.wait_state("complete", "B", deadline=40)
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    for path in (*here.attempts("A"), *here.attempts("B")):
        (path / "stdout.log").unlink()
    assert peak < 150_000


# -- claude, again ----------------------------------------------------------------------------------------------------


def fake_claude(here: Place, body: str) -> str:
    return here.program(
        "claude",
        f"""printf '%s\\n' "$@" > {here.root}/argv-$ORCHESTRATOR_ATTEMPT; cat > /dev/null
session=none; for a in "$@"; do case $last in --session-id|--resume) session=$a;; esac; last=$a; done
format='{{"type":"result","subtype":"success","is_error":false,"result":"%s","session_id":"%s","num_turns":1}}\\n'
say() {{ printf "$format" "$1" $session; }}
echo '{{"type":"system","subtype":"init","session_id":"'$session'"}}'
{body}""",
    )


def flag(here: Place, n: int, name: str) -> str | None:
    argv = here.marks(f"argv-{n}")
    return argv[argv.index(name) + 1] if name in argv else None


def test_a_lost_agent_goes_on_in_its_session(here: Place) -> None:
    program = fake_claude(here, f"echo $$ > {here.root}/pid; [ -e {here.root}/go ] || sleep 60; say done")
    here.config(agents={"fake": {"command": program}})
    here.prompt("work.md", "go")
    here.worktree()
    here.workflow(agent())
    here.plan()
    daemon = here.daemon()
    pid = here.pid("pid")
    daemon.kill()
    daemon.wait()
    os.kill(int((here.attempts()[0] / "pid").read_text()), signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    (here.root / "go").touch()
    here.daemon()
    here.wait_state("complete")
    assert flag(here, 2, "--resume") == flag(here, 1, "--session-id") is not None


def test_a_session_that_is_gone_is_begun_anew_without_a_retry_spent(here: Place) -> None:
    program = fake_claude(
        here,
        f"""case "$*" in *--resume*) echo "No conversation found with session ID: $session" >&2; exit 1;; esac
echo $$ > {here.root}/pid; [ -e {here.root}/go ] || sleep 60; say done""",
    )
    here.config(agents={"fake": {"command": program}})
    here.prompt("work.md", "the whole prompt")
    here.worktree()
    here.workflow(agent())
    here.plan()
    daemon = here.daemon()
    here.pid("pid")
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(10)
    assert here.state() == ("ready", "work")
    (here.root / "go").touch()
    here.daemon()
    here.wait_state("complete")
    assert flag(here, 2, "--resume") == flag(here, 1, "--session-id")
    assert flag(here, 3, "--session-id") not in (None, flag(here, 1, "--session-id"))
    assert (here.attempts()[2] / "prompt.md").read_text() == "the whole prompt"


def test_a_limit_holds_the_account_and_not_the_other_agents(here: Place) -> None:
    limited = fake_claude(
        here,
        f"""echo x >> {here.root}/limited
echo '{{"type":"rate_limit_event","rate_limit_info":{{"status":"rejected","resetsAt":{int(time.time()) + 3600}}}}}'
echo '{{"type":"result","subtype":"success","is_error":true,"result":"You have hit your limit"}}'; exit 1""",
    )
    here.config(agents={"fake": {"command": limited}, "other": {"command": "/bin/echo"}}, maxConcurrency=1)
    here.prompt("work.md", "go")
    here.workflow(agent())
    for name in "ABC":
        here.worktree(name)
    here.plan({"A": {}, "B": {}, "C": {"agent": "other"}})
    here.daemon()
    here.wait_state("complete", "C")
    until(lambda: here.ticket("A").get("wakeAt"), "the wait")
    let_pass(0.5)
    assert here.marks("limited") == ["x"]
    assert here.ticket("B")["status"] in ("queued", "ready") and here.history("B") == []
    status = here.cli("status").stdout
    assert "limit" in status


def test_evidence_outside_of_git_is_missing_and_says_so(here: Place) -> None:
    here.prompt("work.md", "go")
    here.worktree()
    here.workflow(agent(evidence="commit"))
    here.plan()
    assert here.run().returncode == 1
    assert "evidence" in here.ticket()["error"]


def test_a_signalled_script_is_a_failure_named_so_and_a_pipe_that_breaks_ends_as_usual(here: Place) -> None:
    here.script("pipe.sh", "set -o pipefail; yes | head -n 1; echo $?")
    here.workflow(script("a", "pipe.sh"))
    here.plan()
    here.run()
    assert here.output("a").split() == ["y", "141"]


@pytest.mark.parametrize("broken", ["agents: [", "maxConcurrency: 0", "agents: {fake: {command: 3}}"])
def test_a_config_that_breaks_while_the_daemon_runs_is_reported_and_not_used(here: Place, broken: str) -> None:
    slow(here)
    here.workflow(script("a", "slow.sh", "b"), script("b", "slow.sh"))
    here.plan()
    here.daemon()
    until(lambda: here.marks("starts"), "the script")
    (here.home / "config.yaml").write_text(f"defaultAgent: fake\n{broken}\n")
    log = here.root / "daemon.log"
    until(lambda: "config" in log.read_text(), "the report")
    (here.root / "go").touch()
    here.wait_state("complete")


def test_what_was_changed_before_the_phase_is_no_evidence_of_it(here: Place) -> None:
    here.git_repo()
    (here.git_worktree() / "dirty").write_text("before")
    here.config(agents={"fake": {"command": "/bin/true"}})
    here.prompt("work.md", "go")
    here.workflow(agent(evidence="diff"))
    here.plan()
    assert here.run().returncode == 1
    assert "evidence" in here.ticket()["error"]


def test_an_included_prompt_may_ask_for_the_base_branch_and_the_tickets_own_keys(here: Place) -> None:
    here.git_repo()
    here.git_worktree()
    branch = here.git("symbolic-ref", "--short", "HEAD")
    here.prompt("work.md", "{% include 'rest.md' %}")
    here.prompt("rest.md", "{{ base_branch }}|{{ phase }}|{{ agent }}|{{ plan_name }}")
    here.workflow(agent())
    here.plan({"T": {"phase": "of the moon"}})
    assert here.run().returncode == 0, here.ticket()
    assert here.output("work").strip() == f"{branch}|of the moon||p"


def test_a_daemon_tells_what_is_odd_in_its_config_and_its_workflows_once(here: Place) -> None:
    here.config(agnts={})
    here.workflow_text("bad.yaml", "name: bad\nphases: [{id: a, type: script, command: x.sh, onSuccess: nope}]\n")
    here.daemon()
    log = here.home / "logs/orchestrator.log"
    until(lambda: log.exists() and "workflow_broken" in log.read_text(), "the broken workflow in the log")
    assert "agnts" in log.read_text() and "did you mean agents" in log.read_text()
    here.workflow_text("good.yaml", "name: good\nphases: [{id: a, type: terminal}]\n")
    until(lambda: "workflows_reloaded" in log.read_text(), "the reload")
    assert log.read_text().count('"workflow_broken"') == 1
