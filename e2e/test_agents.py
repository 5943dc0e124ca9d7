"""A ticket from setup to merged with each of the five programs: the same script, whatever tools an agent has."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from e2e.agents import Real
from e2e.conftest import EVERY, Saw
from e2e.install import told_version
from e2e.servers.script import Script
from e2e.story import STRAIGHT, Tool, approve, assert_committed, assert_continued, assert_merged, implement
from e2e.tickets import DEADLINE, GO_ON, IMPLEMENT, PLAN, REVIEW, SHORT, TICKET, Home
from tests.processes import living
from tests.waiting import wait_for

pytestmark = EVERY


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)


def test_a_ticket_goes_from_setup_to_merged(tickets: Home, script: Script, real: Real, saw: Saw) -> None:
    implement(script.when(IMPLEMENT).run('echo "token of the agent: ${GH_TOKEN:-none}"'), tickets)
    approve(script)
    ran = tickets.orchestrator("run", PLAN, TICKET)
    assert (ran.returncode, ran.stdout.splitlines()[-1:]) == (0, [f"ticket {TICKET} is complete"]), ran.stderr
    assert tickets.history() == STRAIGHT
    assert_merged(tickets)
    assert "token of the agent: none" in "\n".join(tickets.asked(IMPLEMENT)[-1].tool_results)
    assert_sessions_are_told(tickets)
    assert_usage_is_recorded(tickets)
    assert_prompt_is_in_no_argument(tickets)
    assert_logs_are_readable(tickets)
    begun = tickets.events("started")[1].get("session")
    assert told_version(real.program.path).find(real.program.version) >= 0
    saw("version", real.program.version)
    saw("prompt", "by standard input")
    saw("session", "ours, known before the start" if begun else "its own, known when it tells it")
    saw("cost", "from tokens and prices" if tickets.ticket()["usage"].get("priced") else "told by it")


def assert_sessions_are_told(tickets: Home) -> None:
    """The history, `sessions` and the model speak of the same sessions, each phase of an agent with its own."""
    history = [(e["phase"], e["sessionId"]) for e in tickets.ticket()["phaseHistory"] if e.get("sessionId")]
    assert [(e["phase"], e["sessionId"]) for e in tickets.json("sessions", PLAN, TICKET)] == history
    assert [phase for phase, _ in history] == ["implement", "self_review"]
    assert len({session for _, session in history}) == 2
    if tickets.real.session_seen:
        told = [asked.session for asked in (*tickets.begun(IMPLEMENT), *tickets.begun(REVIEW))]
        assert [session for _, session in history] == told


def assert_usage_is_recorded(tickets: Home) -> None:
    """Of each attempt, and summed up in the ticket."""
    sums = {"inputTokens": 0, "cachedTokens": 0, "outputTokens": 0}
    for phase, words in (("implement", IMPLEMENT), ("self_review", REVIEW)):
        (attempt,) = tickets.attempts(phase)
        usage, answers = attempt.read("outcome.json")["usage"], len(tickets.asked(words))
        expected = {"inputTokens": answers * 1200, "cachedTokens": answers * 300, "outputTokens": answers * 25}
        assert {name: usage[name] for name in expected} == expected
        assert usage["costUsd"] == pytest.approx(answers * tickets.real.answer_usd)
        sums = {name: sums[name] + expected[name] for name in sums}
    total = tickets.ticket()["usage"]
    assert {name: total[name] for name in sums} == sums
    assert total["costUsd"] == pytest.approx(sums["outputTokens"] / 25 * tickets.real.answer_usd)


def assert_prompt_is_in_no_argument(tickets: Home) -> None:
    for phase in ("implement", "self_review"):
        argv = tickets.attempts(phase)[0].read("attempt.json")["argv"]
        assert "headless" not in " ".join(argv)


def assert_logs_are_readable(tickets: Home) -> None:
    """What it said, the tools it called, and what came back; no line of JSON."""
    shown = tickets.orchestrator("logs", PLAN, TICKET, "--phase", "implement").stdout
    assert "Added goodbye(name) and its test." in shown
    assert "git add --all && git commit" in shown
    assert "test_goodbye.py" in shown
    assert not [line for line in shown.splitlines() if line.lstrip().startswith("{")]


def test_a_success_without_a_commit_is_a_failure(tickets: Home, script: Script, saw: Saw) -> None:
    tickets.walk(SHORT)
    script.when(IMPLEMENT).say("All done, every test passes!")
    ran = tickets.orchestrator("run", PLAN, TICKET)
    assert (ran.returncode, "needs_attention" in ran.stderr) == (1, True), ran.stderr
    assert [attempt.read("outcome.json")["kind"] for attempt in tickets.attempts("implement")] == ["failure"] * 2
    assert "no evidence: no commit since" in tickets.ticket()["error"]
    saw("evidence", "failure")


def test_a_pause_leaves_no_process_and_a_resume_goes_on_in_the_same_session(
    tickets: Home, script: Script, tool: Tool, saw: Saw
) -> None:
    tickets.walk(SHORT)
    implement(script.when(GO_ON), tickets)
    script.when(IMPLEMENT).run("echo begun").run(tool.leave_running())
    tickets.start("daemon")
    tool_pid = tool.wait_for_start()
    (attempt,) = tickets.attempts("implement")
    server_pid = int(tool.server_file.read_text())
    assert os.getsid(server_pid) not in (os.getsid(tool_pid), os.getsid(attempt.group))
    tickets.steer("pause")
    wait_for(lambda: tickets.ticket().get("attempt") is None, DEADLINE, "the attempt to be stopped")
    assert (living(tool_pid), living(server_pid), tickets.processes()) == (False, False, [])
    ticket = tickets.ticket()
    assert (ticket["status"], ticket["currentPhase"]) == ("paused", "implement")
    stopped = attempt.read("outcome.json")
    assert stopped["kind"] == "stopped"
    tickets.steer("resume")
    ticket = tickets.wait_for_end("complete")
    assert not any(ticket["retries"].values())
    assert_continued(tickets, stopped["session"])
    assert_committed(tickets)
    saw("stop", "nothing is left")
    saw("resume", "by its id")
    assert_own_usage(tickets)
    saw("tokens", "also of a stopped run" if stopped.get("usage", {}).get("outputTokens") else "at its end")


def assert_own_usage(tickets: Home) -> None:
    """What an attempt is said to have used is what it used itself, also where a session's counters run on."""
    usage = tickets.attempts("implement")[-1].read("outcome.json")["usage"]
    answers = len(tickets.asked(GO_ON))
    assert usage["outputTokens"] == answers * 25
    assert usage["costUsd"] == pytest.approx(answers * tickets.real.answer_usd)


def test_an_agent_that_was_killed_with_the_daemon_is_swept_and_continued(
    tickets: Home, script: Script, tool: Tool, saw: Saw
) -> None:
    """-9 for both at once; the shell of the agent's tool is left over."""
    tickets.walk(SHORT)
    implement(script.when(GO_ON), tickets)
    implement(script.when(IMPLEMENT).run(f"[ -e {tool.pid_file} ] || {{ {tool.command}; }}"), tickets)
    daemon = tickets.start("daemon")
    tool_pid = tool.wait_for_start()
    (killed,) = tickets.attempts("implement")
    daemon.kill()
    os.killpg(killed.group, signal.SIGKILL)
    daemon.wait(DEADLINE)
    wait_for(lambda: not living(killed.group), DEADLINE, "the end of the launcher")
    tickets.start("daemon")
    ticket = tickets.wait_for_end("complete")
    assert not living(tool_pid)
    assert not any(ticket["retries"].values())
    assert_committed(tickets)
    last = tickets.attempts("implement")[-1]
    assert {one.read("outcome.json")["kind"] for one in tickets.attempts("implement")[:-1]} == {"lost"}
    saw("kill", f"goes on {'in its session' if last.read('attempt.json')['resume'] else 'in a new session'}")
