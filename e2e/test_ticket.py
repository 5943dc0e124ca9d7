"""A ticket of `local` from setup to merged: the installed command, real git, the real Claude Code, a scripted model.

The model works as one does: it edits through the Write tool, runs and commits through the Bash tool, and says how it
went. Whatever is killed or stopped in the middle, the ticket is merged once, by one attempt at a time.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from e2e.servers.script import Script
from e2e.story import FAILURE, MERGED, STRAIGHT, SUCCESS, Tool, approve, assert_merged, implement
from e2e.tickets import DEADLINE, FUNCTION, IMPLEMENT, PLAN, REVIEW, TICKET, Home
from tests.processes import living
from tests.waiting import wait_for


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)


def test_what_the_review_rejects_is_implemented_again(tickets: Home, script: Script) -> None:
    undocumented = FUNCTION.replace('    """Takes leave."""\n', "")
    mended = script.when("What the review of your change said")
    mended.run("""sed -i 's/^def goodbye.*/&\\n    \"\"\"Takes leave.\"\"\"/' greetings.py""")
    mended.run("git commit -qam 'T-1: Document goodbye'").say("Added the docstring.")
    implement(script.when(IMPLEMENT), tickets, undocumented)
    review = script.when(REVIEW).run("grep -q 'Takes leave' greetings.py && echo documented || echo bare")
    review.judge(lambda found: "PASS" if found == "documented" else "greetings.py:5: goodbye has no docstring\n\nFAIL")
    assert tickets.orchestrator("run", PLAN, TICKET).returncode == 0
    assert tickets.history() == [
        ("setup", SUCCESS), ("implement", SUCCESS), ("self_review", FAILURE), ("implement", SUCCESS),
        ("self_review", SUCCESS), *MERGED,
    ]  # fmt: skip
    assert_merged(tickets)
    assert "goodbye has no docstring" in tickets.asked("What the review of your change said")[0].prompt
    sessions = [asked.session for asked in (*tickets.begun(IMPLEMENT), *tickets.begun(REVIEW))]
    assert len(set(sessions)) == 4


def test_a_success_without_a_commit_is_a_failure_and_after_a_retry_a_person_is_asked(
    tickets: Home, script: Script
) -> None:
    script.when(IMPLEMENT).run("echo '# later' >> greetings.py").say("All done, every test passes!")
    ran = tickets.orchestrator("run", PLAN, TICKET)
    assert (ran.returncode, "needs_attention" in ran.stderr) == (1, True), ran.stderr
    ticket = tickets.ticket()
    assert (ticket["status"], ticket["currentPhase"]) == ("needs_attention", "escalate")
    assert "no evidence: no commit since" in ticket["error"]
    assert tickets.history() == [
        ("setup", SUCCESS), ("implement", FAILURE), ("implement", FAILURE), ("escalate", SUCCESS)
    ]  # fmt: skip
    first, second = tickets.begun(IMPLEMENT)
    assert "How the last attempt ended" not in first.prompt
    assert "All done, every test passes!" in second.prompt.partition("How the last attempt ended")[2]
    assert tickets.git("log", "--format=%s", "main", cwd=tickets.origin) == "Say hello"
    assert tickets.worktree.exists()


def test_an_agent_outlives_the_daemon_and_its_result_is_used_by_the_next_one(
    tickets: Home, script: Script, tool: Tool
) -> None:
    implement(script.when(IMPLEMENT).run(tool.command), tickets)
    approve(script)
    daemon = tickets.start("daemon")
    tool_pid = tool.wait_for_start()
    daemon.kill()
    daemon.wait(DEADLINE)
    assert living(tool_pid)
    tickets.start("daemon")
    wait_for(lambda: tickets.events("adopted"), DEADLINE, "the next daemon to adopt the agent")
    tool.gate.touch()
    tickets.wait_for_end("complete")
    assert tickets.history() == STRAIGHT
    assert_merged(tickets)
    assert len(tickets.begun(IMPLEMENT)) == 1
    assert len(tickets.attempts("implement")) == 1
    assert tickets.asked(IMPLEMENT)[1].tool_results == ["woke up"]


def kill_runner_and_agent(tickets: Home, tool: Tool) -> str:
    """-9 for both at once; the shell of the agent's tool is left over. Returns the agent's session."""
    daemon = tickets.start("daemon")
    tool_pid = tool.wait_for_start()
    (attempt,) = tickets.attempts("implement")
    daemon.kill()
    os.killpg(attempt.group, signal.SIGKILL)
    daemon.wait(DEADLINE)
    wait_for(lambda: not living(attempt.group), DEADLINE, "the end of the launcher")
    assert living(tool_pid)
    return str(attempt.read("attempt.json")["session"])


def assert_lost_and_swept(tickets: Home, tool: Tool, times: int) -> None:
    assert not living(tool.wait_for_start())
    kinds = [attempt.read("outcome.json")["kind"] for attempt in tickets.attempts("implement")]
    assert kinds == ["lost"] * times + ["success"]
    assert tickets.history() == STRAIGHT
    assert not any(tickets.ticket()["retries"].values())


def test_an_agent_that_was_killed_before_its_session_was_written_begins_a_new_one(
    tickets: Home, script: Script, tool: Tool
) -> None:
    begun = implement(script.when(IMPLEMENT).run(f"[ -e {tool.pid_file} ] || {{ {tool.command}; }}"), tickets)
    approve(script)
    session = kill_runner_and_agent(tickets, tool)
    (written,) = Path(tickets.env["HOME"]).glob(f".claude/projects/*/{session}.jsonl")
    written.unlink()
    tickets.start("daemon")
    tickets.wait_for_end("complete")
    assert_lost_and_swept(tickets, tool, 2)
    assert_merged(tickets)
    first, second = tickets.begun(IMPLEMENT)
    assert first.session == session != second.session
    assert second.prompt == first.prompt
    assert len(tickets.asked(IMPLEMENT)) == len(begun.steps) + 1
