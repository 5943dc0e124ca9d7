"""`logs`, `sessions` and `resume-session`."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

import pytest

from tests.cli.kit import PROGRAM, Site, finish


def history(phase: str, session: str, status: str = "success", agent: str | None = None) -> dict[str, Any]:
    at = {"startedAt": "2026-01-01T10:00:00Z", "completedAt": "2026-01-01T10:05:00Z"}
    return {"phase": phase, "status": status, "sessionId": session, **at, **({"agent": agent} if agent else {})}


def resumable(site: Site, **fields: Any) -> None:
    """A ticket with two sessions of an agent whose program says where it runs and with what."""
    program = site.root / "claude"
    program.write_text('#!/bin/sh\necho "$PWD $*"\n')
    program.chmod(0o755)
    site.config(agents={"claude": {"command": str(program)}})
    (site.root / "wt/T-1").mkdir(parents=True)
    entries = [history("implement", "s-1", "failure"), history("review", "s-2", agent="claude")]
    site.plan({"id": "T-1", "status": "paused", "currentPhase": "work", "phaseHistory": entries, **fields})


# --- logs


def test_where_only_the_file_tells_of_a_ticket_logs_says_who_shows_that(site: Site) -> None:
    resumable(site)
    assert site.call("logs", "p", "T-1").out == (
        "there are no logs of ticket T-1; `orchestrator history p T-1` tells what its file says\n"
    )


def test_logs_of_a_ticket_are_its_events(site: Site) -> None:
    site.plan({"id": "T-1"})
    assert site.call("logs", "p", "T-1") == (0, "nothing has happened to ticket T-1 yet\n", "")
    site.call("run", "p", "T-1")
    rows = site.call("logs", "p", "T-1").out.splitlines()
    assert [row.split()[1] for row in rows] == ["started", "ended", "ended", "complete"]


def test_logs_of_a_phase_or_an_attempt_are_what_it_printed(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.call("run", "p", "T-1")
    for words in (["--phase", "work"], ["--attempt", "1"]):
        out = subprocess.run([PROGRAM, "logs", "p", "T-1", *words], capture_output=True, text=True, check=True).stdout
        assert out == (
            "==> attempt 1, work: stdout\nworking on T-1\n==> attempt 1, work: stderr\na word on stderr\n"
        ), words  # fmt: skip


def test_logs_of_what_there_is_not_are_an_error(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.call("run", "p", "T-1")
    called = site.call("logs", "p", "T-1", "--attempt", "9")
    assert (called.code, called.out) == (1, "")
    assert "no log of attempt 9; attempts so far: 1 (work), 2 (ask)" in called.err
    assert "no log of phase deploy; attempts" in site.call("logs", "p", "T-1", "--phase", "deploy").err
    assert site.call("logs", "p", "T-2").code == 1


def test_logs_as_json(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.call("run", "p", "T-1")
    found = site.call("logs", "p", "T-1", "--json").json
    assert [event["event"] for event in found["events"]] == ["started", "ended", "ended", "complete"]
    first = found["attempts"][0]
    assert (first["attempt"], first["phase"], first["kind"], first["exitCode"]) == (1, "work", "script", 0)
    assert first["outcome"]["kind"] == "success"
    assert "output" not in found
    assert site.call("logs", "p", "T-1", "--json", "--raw").code == 2


def test_following_shows_new_attempts_and_ends_with_the_ticket(site: Site) -> None:
    site.plan({"id": "T-1"})
    follower = site.start("logs", "p", "T-1", "-f", "--phase", "work")
    site.fail_with(1)
    site.call("run", "p", "T-1")
    ended = finish(follower)
    assert ended.code == 0
    assert [row for row in ended.out.splitlines() if "stdout" in row] == [
        "==> attempt 1, work: stdout", "==> attempt 2, work: stdout",
    ]  # fmt: skip


def test_ctrl_c_ends_following(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    site.daemon()
    site.running()
    follower = site.start("logs", "p", "T-1", "-f")
    assert follower.stdout is not None and "started" in follower.stdout.readline()
    os.kill(follower.pid, signal.SIGINT)
    assert finish(follower)[0] == 130


# --- sessions


def test_sessions_are_those_of_the_history(site: Site) -> None:
    resumable(site)
    found = site.call("sessions", "p", "T-1", "--json").json
    assert found == [
        {
            "phase": "implement", "status": "failure", "startedAt": "2026-01-01T10:00:00Z",
            "completedAt": "2026-01-01T10:05:00Z", "sessionId": "s-1", "agent": None,
        },
        {
            "phase": "review", "status": "success", "startedAt": "2026-01-01T10:00:00Z",
            "completedAt": "2026-01-01T10:05:00Z", "sessionId": "s-2", "agent": "claude",
        },
    ]  # fmt: skip
    assert [one["sessionId"] for one in site.call("sessions", "p", "T-1", "--phase", "implement", "--json").json] == [
        "s-1"
    ]
    assert "s-1" in site.call("sessions", "p", "T-1").out


def test_without_sessions_there_is_an_empty_list(site: Site) -> None:
    site.plan({"id": "T-1"})
    assert site.call("sessions", "p", "T-1", "--json").json == []
    assert site.call("sessions", "p", "T-1").out == "No sessions found for ticket T-1.\n"


UNFINISHED = {"phase": "work", "startedAt": "2026-01-01T10:00:00Z", "session": "s-9"}


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        ("running", {"status": "running", "attempt": {"n": 1, "id": "x", **UNFINISHED}}),
        ("stopped", {"status": "ready", "visit": UNFINISHED}),
    ],
)
def test_a_session_that_is_not_over_is_listed_too(site: Site, status: str, fields: dict[str, Any]) -> None:
    site.plan({"id": "T-1", "currentPhase": "work", **fields})
    (one,) = site.call("sessions", "p", "T-1", "--json").json
    assert (one["sessionId"], one["status"], one["completedAt"]) == ("s-9", status, None)


# --- resume-session


def resumed(site: Site, *words: str) -> str:
    done = subprocess.run([PROGRAM, "resume-session", "p", "T-1", *words], capture_output=True, text=True, check=True)
    return done.stdout.removeprefix(f"{site.root}/wt/T-1 ").strip()


def test_a_session_is_continued_in_the_worktree_by_the_agent_itself(site: Site) -> None:
    resumable(site)
    assert resumed(site) == "--resume s-2"
    assert resumed(site, "s-1") == "--resume s-1"
    assert resumed(site, "--phase", "implement") == "--resume s-1"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["s-3"], 1, 'no session "s-3"'),
        (["--phase", "x"], 1, "no session"),
        (["--help; touch x"], 2, "cannot be a session id"),
        (["a$(id)"], 2, "cannot be a session id"),
    ],
)
def test_a_session_that_cannot_be_continued_is_refused(site: Site, words: list[str], code: int, said: str) -> None:
    resumable(site)
    called = (
        site.call("resume-session", "p", "T-1", "--", *words)
        if words[0] == "--help; touch x"
        else site.call("resume-session", "p", "T-1", *words)
    )
    assert called.code == code and said in called.err


def test_a_running_attempt_is_not_joined(site: Site) -> None:
    attempt = {"n": 1, "id": "x", "phase": "work", "startedAt": "2026-01-01T10:00:00Z"}
    resumable(site, status="running", attempt=attempt)
    called = site.call("resume-session", "p", "T-1")
    assert called.code == 1 and "`orchestrator pause p T-1` first" in called.err


def test_a_worktree_that_is_gone_is_named(site: Site) -> None:
    resumable(site)
    (site.root / "wt/T-1").rmdir()
    called = site.call("resume-session", "p", "T-1")
    assert called.code == 1 and f"worktree {site.root}/wt/T-1 does not exist" in called.err


def test_an_agent_without_interactive_sessions_says_so(site: Site) -> None:
    site.plan({"id": "T-1", "phaseHistory": [history("work", "s-1", agent="worker")]})
    called = site.call("resume-session", "p", "T-1")
    assert called.code == 1 and "agent worker has no way" in called.err
