"""What the model does about the ticket of `tickets`, in steps that several tests share, and how it must come out."""

from __future__ import annotations

import shlex
from pathlib import Path

from e2e.servers.script import Rule, Script
from e2e.tickets import DEADLINE, FUNCTION, GO_ON, IMPLEMENT, REVIEW, TEST, TICKET, TITLE, Home
from tests.waiting import wait_for

SUCCESS, FAILURE = "success", "failure"
MERGED = [("verify", SUCCESS), ("integrate", SUCCESS), ("cleanup", SUCCESS), ("complete", SUCCESS)]
STRAIGHT = [("setup", SUCCESS), ("implement", SUCCESS), ("self_review", SUCCESS), *MERGED]
SHORT = [("setup", SUCCESS), ("implement", SUCCESS), ("verify", SUCCESS)]
LAST_WORDS = "Added goodbye(name) and its test."


def implement(rule: Rule, tickets: Home, function: str = FUNCTION) -> Rule:
    """A change with its test, committed."""
    rule.run(f"printf %s {shlex.quote(function)} >> greetings.py")
    rule.write(str(tickets.worktree / "tests/test_goodbye.py"), TEST)
    return rule.run("git add --all && git commit -qm 'T-1: Say goodbye'").say(LAST_WORDS)


def approve(script: Script) -> Rule:
    return script.when(REVIEW).run("git show --stat HEAD").say("goodbye(name) does what the ticket asks.\n\n**PASS**")


class Tool:
    """A command of the agent's shell that goes on until it is let go."""

    def __init__(self, root: Path) -> None:
        self.pid_file, self.server_file, self.gate = root / "tool.pid", root / "server.pid", root / "tool.go"
        self.command = (
            f"echo $$ > {self.pid_file}.new && mv {self.pid_file}.new {self.pid_file};"
            f" until [ -e {self.gate} ]; do sleep 0.05; done; echo woke up"
        )

    def leave_running(self) -> str:
        """What agents do with a development server: it leaves the tool's family, and polite signals do nothing."""
        wait = f"trap '' INT TERM HUP; echo $$ > {self.server_file}; until [ -e {self.gate} ]; do sleep 0.05; done"
        begin = f"(setsid sh -c {shlex.quote(wait)} </dev/null >/dev/null 2>&1 &)"
        return f"{begin}; until [ -s {self.server_file} ]; do sleep 0.05; done; {self.command}"

    def wait_for_start(self) -> int:
        wait_for(self.pid_file.exists, DEADLINE, "the tool to start")
        return int(self.pid_file.read_text())


def assert_merged(tickets: Home) -> None:
    """Once, in a line, on the origin and in the repository; nothing is left beside it."""
    assert tickets.git("log", "--merges", "--format=%s", "main", cwd=tickets.origin) == ""
    subjects = tickets.git("log", "--format=%s", "main", cwd=tickets.origin).splitlines()
    assert subjects.count(f"{TICKET}: {TITLE}") == 1
    assert subjects[-1] == "Say hello"
    assert FUNCTION.strip() in tickets.git("show", "main:greetings.py", cwd=tickets.origin)
    assert tickets.git("rev-parse", "main") == tickets.git("rev-parse", "main", cwd=tickets.origin)
    assert not tickets.worktree.exists()
    assert len(tickets.git("worktree", "list").splitlines()) == 1
    wait_for(lambda: not tickets.processes(), what="the end of every process of an attempt")


def assert_committed(tickets: Home) -> None:
    """On the ticket's branch, once, and verified; every process is gone."""
    assert tickets.history() == SHORT
    assert tickets.git("log", "--format=%s", "main..HEAD", cwd=tickets.worktree) == "T-1: Say goodbye"
    wait_for(lambda: not tickets.processes(), what="the end of every process of an attempt")


def assert_continued(tickets: Home, session: str, words: str = GO_ON) -> None:
    """The last attempt of implement went on in that session, and the model was told what it had been told before."""
    last = tickets.attempts("implement")[-1].read("attempt.json")
    assert (last["session"], last["resume"]) == (session, True)
    assert session in last["argv"]
    asked = tickets.asked(words)
    assert asked, f"nothing was asked with {words!r}"
    assert IMPLEMENT in asked[0].conversation
    if tickets.real.session_seen:
        assert {one.session for one in asked} == {session}
