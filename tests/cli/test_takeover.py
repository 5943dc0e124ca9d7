"""`resume-session`: a person takes over, and nobody else works on the ticket meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.files import is_locked
from orchestrator.cli import foreground
from tests.cli.kit import PROGRAM, Called, Site, finish
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

SESSION = "0b5c9a3e-1111-4222-8333-444455556666"

AGENT = """\
#!/bin/sh
# headless: works until it is stopped, unless it goes on with a session; interactive: stays while there is `open`
echo "$*" >> '@/argv'
case "$*" in
-p*--session-id*)
    cat > /dev/null
    while [ "$1" != --session-id ]; do shift; done
    echo '{"type":"system","subtype":"init","session_id":"'"$2"'"}'
    while :; do sleep 0.02; done ;;
-p*)
    cat > /dev/null
    echo '{"type":"result","subtype":"success","is_error":false,"result":"done","session_id":"'"$SID"'"}' ;;
*)
    echo "$PWD $* $FLAVOUR"
    while [ -e '@/open' ]; do sleep 0.02; done
    exit "$(cat '@/code' 2>/dev/null || echo 0)" ;;
esac
"""

WORKFLOW = """
name: w
phases:
  - {id: work, type: agent, promptTemplate: work.md, onSuccess: done}
  - {id: done, type: terminal}
"""


@pytest.fixture
def taken(site: Site) -> Site:
    site.script("claude", AGENT)
    agent = {"command": str(site.root / "scripts/claude"), "env": {"FLAVOUR": "mint"}}
    site.config(pollInterval=1, grace=0.3, agents={"claude": agent})
    site.workflow("w", WORKFLOW)
    (site.root / "prompts/work.md").write_text("do it")
    (site.root / "wt/T-1").mkdir(parents=True)
    return site


def with_session(site: Site, session: str = SESSION, **fields: Any) -> None:
    entry = {"phase": "work", "status": "failure", "sessionId": session, "startedAt": "2026-01-01T10:00:00Z"}
    site.plan({"id": "T-1", "status": "paused", "currentPhase": "work", "phaseHistory": [entry], **fields})


def resumed(site: Site, *words: str) -> Called:
    return finish(site.start("resume-session", "p", "T-1", *words))


def opened(site: Site, *words: str) -> subprocess.Popen[str]:
    """A session that stays until `open` is gone; its program has begun."""
    (site.root / "open").touch()
    process = site.start("resume-session", "p", "T-1", *words)
    assert process.stdout is not None and "--resume" in process.stdout.readline()
    return process


def close(site: Site) -> None:
    (site.root / "open").unlink()


def calls(site: Site) -> list[str]:
    return (site.root / "argv").read_text().splitlines()


# -- the program ------------------------------------------------------------------------------------------------------


def test_the_agents_own_program_runs_in_the_worktree_with_its_environment_and_its_exit_code_is_ours(
    taken: Site,
) -> None:
    with_session(taken)
    taken.fail_with(7)
    called = resumed(taken)
    assert called.code == 7
    assert called.out == f"{taken.root}/wt/T-1 --resume {SESSION} mint\n"
    assert "`orchestrator resume p T-1` lets it go on" in called.err


def test_what_ends_us_ends_it(taken: Site) -> None:
    with_session(taken)
    process = opened(taken)
    process.terminate()
    assert finish(process).code == 128 + signal.SIGTERM


def test_what_ends_us_while_it_is_being_started_ends_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.Popen

    def slow(*words: Any, **fields: Any) -> Any:
        started = real(*words, **fields)
        os.kill(os.getpid(), signal.SIGTERM)
        return started

    monkeypatch.setattr(foreground.subprocess, "Popen", slow)
    assert foreground.run(["/bin/sleep", "20"], str(tmp_path), {}) == 128 + signal.SIGTERM


def test_ctrl_c_is_for_the_program(taken: Site) -> None:
    with_session(taken)
    process = opened(taken)
    os.kill(process.pid, signal.SIGINT)
    close(taken)
    assert finish(process).code == 0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_when_it_is_stopped_we_stop_with_it_and_go_on_together(taken: Site) -> None:
    with_session(taken)
    process = opened(taken)
    child = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
    os.kill(child, signal.SIGSTOP)
    wait_for(lambda: state(process.pid) == state(child) == "T", what="both stopped")
    close(taken)
    os.kill(process.pid, signal.SIGCONT)
    assert finish(process).code == 0


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def test_an_agent_that_is_not_installed_is_named_and_nothing_is_paused(taken: Site) -> None:
    with_session(taken, status="ready")
    taken.config(agents={"claude": {"command": "no-such-claude", "type": "claude"}})
    called = resumed(taken, "--pause")
    assert called.code == 1 and "no-such-claude" in called.err and "orchestrator doctor" in called.err
    assert taken.ticket()["status"] == "ready"


@pytest.mark.parametrize("session", ["../../etc/x", "/tmp/x.jsonl", "--help", "a b", "x.jsonl", ""])
def test_what_is_no_session_id_never_reaches_a_program(taken: Site, session: str) -> None:
    with_session(taken, session=session)
    assert resumed(taken).code == 1
    assert not (taken.root / "argv").exists()


@pytest.mark.parametrize("session", ["../x", "x/y", "s.jsonl"])
def test_what_is_no_session_id_is_wrong_usage(taken: Site, session: str) -> None:
    with_session(taken, session=session)
    assert resumed(taken, session).code == 2


def test_ids_of_every_known_form_are_session_ids(taken: Site) -> None:
    for session in (SESSION, "ses_5a1b2C3d", "019ab3c4-77aa-7000-8000-0123456789ab"):
        with_session(taken, session=session)
        assert f"--resume {session}" in resumed(taken).out


# -- and the ticket ---------------------------------------------------------------------------------------------------


def test_without_pause_a_running_attempt_goes_on_undisturbed(taken: Site) -> None:
    taken.plan({"id": "T-1"})
    taken.daemon()
    attempt = taken.running()
    called = resumed(taken)
    assert called.code == 1 and "is under way" in called.err and "--pause" in called.err
    assert taken.ticket()["attempt"] == attempt and taken.left()


def test_with_pause_the_daemon_ends_the_attempt_and_later_goes_on_in_the_same_session(taken: Site) -> None:
    taken.plan({"id": "T-1"})
    taken.daemon()
    session = taken.running()["session"]
    process = opened(taken, "--pause")
    assert taken.left() == []
    assert (taken.ticket()["status"], taken.ticket().get("attempt")) == ("paused", None)
    close(taken)
    ended = finish(process)
    assert "at most" in ended.err and "`orchestrator resume p T-1` lets it go on in this session" in ended.err
    assert taken.call("resume", "p", "T-1").code == 0
    taken.is_now("complete")
    assert [line for line in calls(taken) if session in line] == calls(taken)
    assert "--resume" in calls(taken)[-1] and calls(taken)[-1].startswith("-p")


def test_with_pause_and_no_runner_alive_what_is_left_of_the_attempt_is_ended_here(taken: Site) -> None:
    taken.plan({"id": "T-1"})
    daemon = taken.daemon()
    taken.running()
    daemon.kill()
    daemon.wait()
    process = opened(taken, "--pause")
    assert taken.left() == [] and taken.ticket()["status"] == "paused"
    close(taken)
    assert finish(process).code == 0


def test_a_ticket_that_is_resumed_meanwhile_starts_when_the_session_is_over(taken: Site) -> None:
    taken.plan({"id": "T-1"})
    taken.daemon()
    taken.running()
    process = opened(taken, "--pause")
    assert is_locked(taken.root / "state/.locks/p/T-1.walk")
    taken.call("resume", "p", "T-1")
    log = taken.root / "logs/p/T-1/journal.jsonl"
    wait_for(lambda: '"resume"' in log.read_text().lower(), what="the resume")
    assert taken.ticket().get("attempt") is None
    close(taken)
    assert "a runner goes on with it in this session" in finish(process).err
    taken.is_now("complete")


def test_two_persons_do_not_work_in_the_same_worktree(taken: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "ada")
    with_session(taken)
    process = opened(taken)
    called = resumed(taken)
    assert called.code == 1 and f"ada (pid {process.pid}) is in its session" in called.err
    close(taken)
    assert finish(process).code == 0


def test_whoever_looks_sees_who_is_in_the_session_and_for_how_long(
    taken: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "ada")
    with_session(taken)
    before = taken.call("status", "--json").out
    process = opened(taken)
    words = f"ada (pid {process.pid}) is in its session"
    assert words in taken.call("status").out
    assert taken.call("status", "--json").out == before
    watch = taken.start("watch")
    assert watch.stdout is not None
    assert any(words in watch.stdout.readline() for _ in range(9))
    close(taken)
    assert finish(process).code == 0
    assert "in its session" not in taken.call("status").out


def test_a_run_beside_a_person_says_for_whom_it_waits_and_goes_on_afterwards(
    taken: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "ada")
    with_session(taken)
    process = opened(taken)
    taken.call("resume", "p", "T-1")
    run = taken.start("run", "p", "T-1")
    assert run.stdout is not None and "ada" in run.stdout.readline()
    close(taken)
    finish(process)
    wait_for(lambda: len(calls(taken)) > 1, what="the attempt")
    run.send_signal(signal.SIGINT)
    assert finish(run).code == 130


def test_help_says_how_to_hold_the_ticket() -> None:
    out = subprocess.run([PROGRAM, "resume-session", "--help"], capture_output=True, text=True, check=True).stdout
    assert "--pause" in out
