"""Commands that steer: what they say, what they leave, and what they refuse."""

from __future__ import annotations

import os
import signal

import pytest

from orchestrator.adapters.files import lock
from tests.cli.kit import WORKFLOW, Site
from tests.waiting import wait_for

STEERING = (("pause",), ("resume",), ("retry",), ("skip", "work"))


def words(command: tuple[str, ...], plan: str, ticket: str) -> list[str]:
    return [command[0], plan, ticket, *command[1:]]


def orphan(site: Site) -> None:
    """A ticket whose attempt runs while no runner is alive."""
    site.hold()
    daemon = site.daemon()
    site.running()
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait()


def test_pause_and_resume_say_what_they_did_and_twice_is_no_error(site: Site) -> None:
    site.plan({"id": "T-1", "status": "ready"})
    assert site.call("pause", "p", "T-1") == (0, "Paused ticket T-1 in plan p\n", "")
    assert site.call("pause", "p", "T-1") == (0, "Ticket T-1 in plan p is paused already\n", "")
    assert site.ticket()["status"] == "paused"
    assert site.call("resume", "p", "T-1") == (0, "Resumed ticket T-1 in plan p\n", "")
    assert site.call("resume", "p", "T-1") == (0, "Ticket T-1 in plan p was resumed already\n", "")
    assert site.ticket()["status"] == "ready"


def test_a_resumed_ticket_waits_for_its_blockers(site: Site) -> None:
    site.plan({"id": "T-1"}, {"id": "T-2", "status": "paused"}, blockers={"T-2": ["T-1"]})
    assert site.call("resume", "p", "T-2").out == "Resumed ticket T-2 in plan p; it waits for T-1 (queued)\n"
    assert site.ticket("T-2")["status"] == "queued"


def test_a_blocker_of_another_plan_counts_and_one_that_cannot_be_read_is_not_complete(site: Site) -> None:
    site.plan({"id": "A", "status": "complete"}, {"id": "B"}, plan="q")
    site.file("B", "q").write_text("{")
    site.plan({"id": "T-1", "status": "paused"}, {"id": "T-2", "status": "paused"},
              blockers={"T-1": ["q/A"], "T-2": ["q/B"]})  # fmt: skip
    site.call("resume", "p", "T-1")
    site.call("resume", "p", "T-2")
    assert (site.ticket("T-1")["status"], site.ticket("T-2")["status"]) == ("ready", "queued")


def test_skip_moves_to_a_phase_and_names_a_near_one(site: Site) -> None:
    site.plan({"id": "T-1", "status": "failed", "currentPhase": "work"})
    refused = site.call("skip", "p", "T-1", "aks")
    assert (refused.code, refused.out) == (1, "")
    assert 'has no phase "aks" (did you mean ask?)' in refused.err
    assert site.call("skip", "p", "T-1", "ask") == (0, "Skipped ticket T-1 in plan p to phase ask\n", "")
    assert site.call("skip", "p", "T-1", "ask").code == 0
    assert (site.ticket()["currentPhase"], site.ticket()["status"]) == ("ask", "ready")
    assert [entry["status"] for entry in site.ticket()["phaseHistory"]] == ["skipped"]


def test_retry_starts_the_phase_again(site: Site) -> None:
    site.plan({"id": "T-1", "status": "failed", "currentPhase": "ask", "retries": {"ask": 3}, "error": "no"})
    assert site.call("retry", "p", "T-1") == (0, "Retrying ticket T-1 in plan p in phase ask\n", "")
    now = site.ticket()
    assert (now["status"], now["retries"], now["error"]) == ("ready", {"ask": 0}, None)


@pytest.mark.parametrize("command", STEERING[2:])
def test_a_ticket_that_goes_on_reopens_its_complete_plan(site: Site, command: tuple[str, ...]) -> None:
    site.plan({"id": "T-1", "status": "failed", "currentPhase": "work"}, status="complete")
    assert site.call(*words(command, "p", "T-1")).code == 0
    assert site.plan_status() == "active"


def test_a_skip_to_the_end_leaves_the_plan_complete(site: Site) -> None:
    site.plan({"id": "T-1", "status": "complete", "currentPhase": "done"}, status="complete")
    assert site.call("skip", "p", "T-1", "done").code == 0
    assert (site.ticket()["status"], site.plan_status()) == ("complete", "complete")


def test_what_is_not_possible_is_refused_with_what_would_be(site: Site) -> None:
    site.plan({"id": "T-1", "status": "complete", "currentPhase": "done"})
    refused = site.call("pause", "p", "T-1")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "orchestrator: cannot pause ticket p/T-1: it is complete (possible: skip)\n"


def test_plans_are_paused_and_resumed(site: Site) -> None:
    site.plan({"id": "T-1", "status": "ready"})
    assert site.call("pause-plan", "p") == (0, "Paused plan p\n", "")
    assert site.call("pause-plan", "p") == (0, "Plan p is paused already\n", "")
    assert (site.plan_status(), site.ticket()["status"]) == ("paused", "ready")
    assert site.call("resume-plan", "p") == (0, "Resumed plan p\n", "")
    assert site.call("resume-plan", "p") == (0, "Plan p is active already\n", "")


def test_whoever_lets_a_ticket_of_a_paused_plan_go_on_is_told(site: Site) -> None:
    site.plan({"id": "T-1", "status": "paused"}, status="paused")
    assert "plan p is paused, `orchestrator resume-plan p`" in site.call("resume", "p", "T-1").out


@pytest.mark.parametrize("command", STEERING)
def test_unknown_plans_and_tickets_are_errors(site: Site, command: tuple[str, ...]) -> None:
    site.plan({"id": "T-1"})
    for plan, ticket in (("nope", "T-1"), ("p", "T-9")):
        called = site.call(*words(command, plan, ticket))
        assert (called.code, called.out) == (1, "")
        assert ("nope" if plan == "nope" else "T-9") in called.err


@pytest.mark.parametrize("command", STEERING)
@pytest.mark.parametrize("wrong", ["../x", "..", ".hidden", "a/b", "", "x" * 129, "ä"])
def test_ids_that_are_none_never_become_paths(site: Site, command: tuple[str, ...], wrong: str) -> None:
    site.plan({"id": "T-1"})
    before = sorted(site.root.rglob("*"))
    for plan, ticket in ((wrong, "T-1"), ("p", wrong)):
        called = site.call(*words(command, plan, ticket))
        assert (called.code, called.out) == (2, "")
        assert "cannot be a" in called.err
    assert site.call("pause-plan", wrong).code == 2
    assert sorted(site.root.rglob("*")) == before


# --- with no runner alive


def test_pause_itself_stops_what_is_left_when_no_runner_is_alive(site: Site) -> None:
    site.plan({"id": "T-1"})
    orphan(site)
    assert site.call("pause", "p", "T-1").code == 0
    assert site.left() == []
    now = site.ticket()
    assert (now["status"], now["currentPhase"], now.get("attempt")) == ("paused", "work", None)
    assert now["retries"] == {}


def test_pause_said_again_stops_what_a_runner_that_died_did_not(site: Site) -> None:
    site.plan({"id": "T-1"})
    orphan(site)
    with lock(site.root / "state/.locks/p/T-1.walk"):  # a runner that does not get to it
        site.call("pause", "p", "T-1")
    assert site.left()
    assert site.call("pause", "p", "T-1").out == "Ticket T-1 in plan p is paused already\n"
    assert (site.left(), site.ticket().get("attempt")) == ([], None)


def test_an_attempt_that_had_ended_before_the_pause_counts_with_what_it_captures(site: Site) -> None:
    site.workflow("w", WORKFLOW.replace("onSuccess: ask", 'onSuccess: ask, capture: {said: "echo so"}'))
    site.plan({"id": "T-1"})
    orphan(site)
    site.release()
    wait_for(lambda: not site.left(), what="the end of the attempt")
    assert site.call("pause", "p", "T-1").code == 0
    now = site.ticket()
    assert (now["status"], now["currentPhase"], now["context"]) == ("paused", "ask", {"said": "so"})
    assert [(entry["phase"], entry["status"]) for entry in now["phaseHistory"]] == [("work", "success")]


def test_pause_plan_stops_what_is_left_and_the_tickets_stay_ready(site: Site) -> None:
    site.plan({"id": "T-1"})
    orphan(site)
    assert site.call("pause-plan", "p").code == 0
    assert site.left() == []
    assert (site.ticket()["status"], site.ticket().get("attempt")) == ("ready", None)


def test_skip_leaves_no_process_of_the_phase_that_was_left(site: Site) -> None:
    site.plan({"id": "T-1"})
    orphan(site)
    assert site.call("skip", "p", "T-1", "ask").code == 0
    assert site.left() == []
    assert (site.ticket()["currentPhase"], site.ticket().get("attempt")) == ("ask", None)


def test_beside_a_daemon_the_daemon_stops_the_attempt(site: Site) -> None:
    site.plan({"id": "T-1"})
    site.hold()
    site.daemon()
    site.running()
    assert site.call("pause", "p", "T-1").code == 0
    wait_for(lambda: site.ticket().get("attempt") is None and not site.left(), what="the end of the attempt")
    assert site.ticket()["status"] == "paused"
