"""`run`, `tick` and `daemon`: exit codes, refusals, and who walks beside whom."""

from __future__ import annotations

import os
import re
import signal

import pytest

from tests.cli.kit import Site, finish
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

EVENT = re.compile(r"\d\d:\d\d:\d\d  T-1  +(\w+) \((\d)/3\)  +(.+)")


# --- run


def test_run_walks_a_ticket_to_its_end_polls_included_with_a_line_per_event(site: Site) -> None:
    site.plan({"id": "T-1"})
    called = site.call("run", "p", "T-1")
    assert (called.code, called.err) == (0, "")
    *events, last = called.out.splitlines()
    assert last == "ticket T-1 is complete"
    matches = [EVENT.fullmatch(event) for event in events if "plan" not in event]
    assert all(matches), events
    assert [(m[1], m[2], m[3].split(" ")[0].rstrip(",")) for m in matches if m] == [
        ("work", "1", "started"), ("work", "1", "success"), ("ask", "2", "success"), ("done", "3", "complete"),
    ]  # fmt: skip


def test_run_of_a_complete_ticket_says_so(site: Site) -> None:
    site.plan({"id": "T-1", "status": "complete"})
    assert site.call("run", "p", "T-1") == (0, "ticket T-1 is complete\n", "")


def test_run_of_a_ticket_that_fails_exits_with_1_and_the_reason(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.fail_with(3)
    called = site.call("run", "p", "T-1")
    assert called.code == 1
    assert "orchestrator: ticket T-1 is failed: work: exit code 3: a word on stderr" in called.err
    assert "retry 1" in called.out
    again = site.call("run", "p", "T-1")
    assert again.code == 1 and "`orchestrator retry p T-1` first" in again.err


@pytest.mark.parametrize(
    ("fields", "plan", "said"),
    [
        ({"status": "paused"}, {}, "is paused; `orchestrator resume p T-1` first"),
        ({"status": "needs_attention", "error": "look"}, {}, "is needs_attention: look; `orchestrator retry p T-1`"),
        ({}, {"status": "paused"}, "plan p is paused; `orchestrator resume-plan p` first"),
        ({}, {"status": "complete"}, "plan p is complete"),
        ({}, {"blockers": {"T-1": ["T-2", "q/X"]}}, "is blocked: it waits for T-2 (queued), q/X (no such ticket)"),
    ],
)  # fmt: skip
def test_run_refuses(site: Site, fields: dict[str, str], plan: dict[str, object], said: str) -> None:
    site.plan({"id": "T-1", **fields}, {"id": "T-2"}, **plan)  # type: ignore[arg-type]
    called = site.call("run", "p", "T-1")
    assert (called.code, called.out) == (1, "")
    assert said in called.err
    assert not (site.root / "logs/p/T-1/001-work").exists()


def test_run_refuses_a_ticket_that_the_plan_does_not_list(site: Site) -> None:
    site.plan({"id": "T-2"})
    site.write("T-1", "p", {"planId": "p", "ticketId": "T-1"})
    called = site.call("run", "p", "T-1")
    assert called.code == 1 and "not listed in" in called.err


def test_ctrl_c_stops_the_attempt_and_the_ticket_stays_ready(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    run = site.start("run", "p", "T-1")
    site.running()
    os.kill(run.pid, signal.SIGINT)
    ended = finish(run)
    assert ended.code == 130
    assert "interrupted; ticket T-1 stays ready in phase work" in ended.err
    assert (site.left(), site.ticket()["status"], site.ticket()["retries"]) == ([], "ready", {})


def test_a_ticket_that_is_paused_while_it_runs_ends_the_run(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    run = site.start("run", "p", "T-1")
    site.running()
    site.call("pause", "p", "T-1")
    ended = finish(run)
    assert (ended.code, ended.err) == (1, "orchestrator: ticket T-1 is paused\n")


# --- beside others


def test_beside_a_daemon_run_follows_the_ticket_to_its_end(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    daemon = site.daemon()
    site.running()
    run = site.start("run", "p", "T-1")
    assert run.stdout is not None
    assert run.stdout.readline() == f"a daemon runs here (pid {daemon.pid}); following ticket T-1\n"
    site.release()
    ended = finish(run)
    assert ended.code == 0
    assert "done (3/3)" in ended.out and ended.out.endswith("ticket T-1 is complete\n")
    assert len(list((site.root / "logs/p/T-1").glob("*-work"))) == 1


def test_ctrl_c_while_following_only_stops_following(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    site.daemon()
    attempt = site.running()
    run = site.start("run", "p", "T-1")
    assert run.stdout is not None and "following" in run.stdout.readline()
    os.kill(run.pid, signal.SIGINT)
    ended = finish(run)
    assert (ended.code, ended.err) == (130, "")
    assert site.ticket()["attempt"]["id"] == attempt["id"] and site.left()


def test_when_the_daemon_dies_run_goes_on_with_the_same_attempt(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    daemon = site.daemon()
    site.running()
    run = site.start("run", "p", "T-1")
    assert run.stdout is not None and "following" in run.stdout.readline()
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait()
    assert "going on with it here" in run.stdout.readline()
    assert "adopted attempt 1" in run.stdout.readline()
    site.release()
    assert finish(run).code == 0
    assert len(list((site.root / "logs/p/T-1").glob("*-work"))) == 1


def test_a_second_run_follows_the_first(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    first = site.start("run", "p", "T-1")
    site.running()
    second = site.start("run", "p", "T-1")
    assert second.stdout is not None
    assert second.stdout.readline() == "another run walks ticket T-1; following it\n"
    site.release()
    assert (second.wait(20), first.wait(20)) == (0, 0)
    assert len(list((site.root / "logs/p/T-1").glob("*-work"))) == 1


def test_a_second_daemon_says_who_runs(site: Site) -> None:
    first = site.daemon()
    second = site.call("daemon")
    assert (second.code, second.err) == (0, "")
    assert f"pid {first.pid}" in second.out and "daemon started" not in second.out


def test_tick_beside_a_daemon_says_so(site: Site) -> None:
    site.plan({"id": "T-1", "status": "paused"})
    first = site.daemon()
    assert site.call("tick") == (0, f"a daemon runs here (pid {first.pid}); nothing to do\n", "")


def test_tick_walks_what_can_start_and_leaves_what_waits(site: Site) -> None:
    site.plan({"id": "T-1"}, {"id": "T-2"}, blockers={"T-2": ["T-1"]})
    site.script("ask.sh", "#!/bin/sh\nexit 1\n")
    called = site.call("tick")
    assert called.code == 0 and "p/T-1" in called.out
    assert (site.ticket()["currentPhase"], site.ticket()["status"]) == ("ask", "ready")
    assert site.ticket("T-2").get("status", "queued") == "queued"


# --- daemon


def test_the_daemon_says_that_it_started_before_anything_else(site: Site) -> None:
    site.plan({"id": "T-1"}, {"id": "T-2"})
    site.call("run", "p", "T-1")
    journal = site.root / "logs/p/T-1/journal.jsonl"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))  # that it mends this, it tells
    daemon = site.daemon()  # reads the first line
    site.is_now("complete", "T-2")
    os.kill(daemon.pid, signal.SIGTERM)
    ended = finish(daemon)
    assert "journal recovered" in ended.out and "p/T-2" in ended.out and ended.out.endswith("daemon stopped\n")


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_a_daemon_that_is_told_to_stop_stops_its_attempts_and_exits_with_0(site: Site, sig: signal.Signals) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    daemon = site.daemon()
    site.running()
    os.kill(daemon.pid, sig)
    assert finish(daemon).code == 0
    assert (site.left(), site.ticket()["status"], site.ticket()["currentPhase"]) == ([], "ready", "work")


def test_concurrency_must_be_a_number_of_at_least_one(site: Site) -> None:
    for wrong in ("0", "-1", "two", "1.5"):
        called = site.call("daemon", "--concurrency", wrong)
        assert (called.code, called.out) == (2, "")
        assert "--concurrency" in called.err


def test_an_unknown_agent_is_refused_at_the_start_with_those_that_are_known(site: Site) -> None:
    called = site.call("daemon", "--agent", "robot")
    assert (called.code, called.out) == (1, "")
    assert 'unknown agent "robot" (the configuration defines worker)' in called.err


def test_the_options_of_the_daemon_survive_a_change_of_the_configuration(site: Site) -> None:
    site.plan({"id": "T-1"}, {"id": "T-2"})
    site.hold()
    site.daemon("-c", "1")
    wait_for(lambda: site.left(), what="one attempt")
    site.config(pollInterval=0.2, grace=0.3, maxConcurrency=5, agents={"worker": {"command": "true"}})
    wait_for(lambda: "config_reloaded" in (site.root / "logs/orchestrator.log").read_text(), what="the reload")
    assert len(list((site.root / "logs/p").glob("*/*-work"))) == 1


def test_a_terminal_that_is_gone_does_not_stop_the_daemon(site: Site) -> None:
    site.plan({"id": "T-1"})
    daemon = site.daemon()
    assert daemon.stdout is not None
    daemon.stdout.close()
    os.kill(daemon.pid, signal.SIGHUP)
    site.is_now("complete")
    site.plan({"id": "T-1", "status": "complete"}, {"id": "T-2"})
    site.is_now("complete", "T-2")
    assert daemon.poll() is None
