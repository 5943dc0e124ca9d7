"""A forge that is away, refuses or forgets to answer, and a runner that is killed: one pull request, one merge."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from e2e.forge import ForgeHome
from e2e.tickets import DEADLINE, PLAN, TICKET
from tests.waiting import wait_for

Cue = Callable[[ForgeHome], Callable[[], object]]


def api(how: str) -> Cue:
    """The API is away; returns what ends it."""

    def begin(forge: ForgeHome) -> Callable[[], object]:
        return partial(forge.github.faults.end, forge.github.faults.add(how))

    return begin


def ssh_down(forge: ForgeHome) -> Callable[[], object]:
    (forge.cue / "down").touch()
    return (forge.cue / "down").unlink


def in_vain(forge: ForgeHome, phase: str) -> None:
    """Two tries more: the first of them may have begun before."""

    def tries() -> int:
        return int(forge.of(TICKET)["retries"].get(phase, 0))

    before = tries()
    wait_for(lambda: tries() >= before + 2, DEADLINE, f"{phase} to be tried in vain")


def finish(forge: ForgeHome) -> None:
    pull = forge.pull()
    pull.review("ann", "APPROVED")
    forge.wait_in("await_merge")
    pull.merge("ann")
    forge.wait_status("complete")
    assert len(forge.world.pulls) == 1


def test_a_pull_request_is_opened_once_when_the_forge_is_back_after_troubles_of_every_kind(forge: ForgeHome) -> None:
    gate = forge.hold("verify")
    forge.start("run", PLAN, TICKET)
    gate.wait()
    over = ssh_down(forge)
    gate.open()
    for trouble in (*map(api, ("gone", "502", "limited", "secondary")), ssh_down):
        in_vain(forge, "create_pr")
        following = trouble(forge)
        over()
        over = following
    in_vain(forge, "create_pr")
    assert forge.world.pulls == []
    over()
    finish(forge)
    assert len(forge.github.done("mutation createPullRequest")) == 1


def test_a_forge_that_is_away_or_refuses_decides_nothing_about_a_review(forge: ForgeHome) -> None:
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    forge.wait_in("await_review")
    away = forge.github.faults.add("gone")
    pull.comment("ann", "Shorter, please.")
    forge.wait_polled(4)
    forge.github.faults.add("limited")
    forge.github.faults.end(away)
    forge.wait_polled(4)
    assert (forge.of(TICKET)["currentPhase"], forge.told("handle_review")) == ("await_review", [])
    forge.github.faults.over()
    forge.wait_left("push_review")
    forge.wait_in("await_review", 2)
    finish(forge)


def test_an_answer_to_a_review_is_pushed_and_said_once_when_the_forge_is_back(forge: ForgeHome) -> None:
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    gate = forge.hold("handle_review")
    threads = [pull.thread("ann", "T-1.txt", 1, words) for words in ("One.", "Two.")]
    gate.wait()
    over = ssh_down(forge)
    gate.open()
    in_vain(forge, "push_review")
    over()
    forge.github.faults.add("cut", "mutation addPullRequestReviewThreadReply", times=1)
    forge.github.faults.add("502", "mutation resolveReviewThread", times=1)
    forge.wait_in("await_review", 2)
    forge.wait_in("await_review", 2)
    assert [(thread.resolved, len(thread.comments)) for thread in threads] == [(True, 2), (True, 2)]
    assert len(forge.told("handle_review")) == 1


def test_a_created_pull_request_whose_answer_was_lost_is_found(forge: ForgeHome) -> None:
    forge.github.faults.add("cut", "mutation createPullRequest", times=1)
    forge.start("run", PLAN, TICKET)
    finish(forge)
    assert len(forge.github.done("mutation createPullRequest")) == 1


def killed_at(forge: ForgeHome, call: int, go_on: Callable[[], object], done: Callable[[], bool]) -> bool:
    """Everything is killed when GitHub has done that call, before it says so. False: there was none before the end."""
    killed = threading.Event()

    def kill() -> None:
        forge.kill_all()
        killed.set()

    forge.github.faults.add("cut", times=1, skip=call, then=kill)

    def met_or_done() -> bool:
        if "lost 6 attempts" in (forge.of(TICKET)["error"] or ""):
            forge.steer("retry")  # so many in a row need a person's word
        return killed.is_set() or done()

    go_on()
    wait_for(met_or_done, DEADLINE, f"call {call}")
    forge.github.faults.over()
    return killed.is_set()


def test_create_pr_may_be_killed_at_each_of_its_steps_and_there_is_one_pull_request(forge: ForgeHome) -> None:
    (forge.cue / "after-push").write_text(f"#!/bin/sh\ntouch {forge.cue}/pushed\nsleep 60\n")
    (forge.cue / "after-push").chmod(0o755)
    forge.start("daemon")
    wait_for((forge.cue / "pushed").exists, DEADLINE, "a push")
    forge.kill_all()
    (forge.cue / "after-push").unlink()
    call = 0
    while killed_at(
        forge, call, partial(forge.start, "daemon"), lambda: forge.of(TICKET)["currentPhase"] == "await_review"
    ):
        call += 1
    assert call >= 3
    assert len(forge.github.done("mutation createPullRequest")) == 1
    finish(forge)


def test_a_merge_may_be_killed_at_each_of_its_steps_and_there_is_one_merge(forge: ForgeHome) -> None:
    forge.configure(autoMerge=True)
    gate = forge.gate_before("integrate", "6: integrate")
    forge.start("daemon")
    forge.pull().review("ann", "APPROVED")
    gate.wait()
    call, go_on, done = 0, gate.open, lambda: forge.of(TICKET)["status"] == "complete"
    while killed_at(forge, call, go_on, done):
        call, go_on = call + 1, partial(forge.start, "daemon")
    assert call >= 2
    assert len(forge.github.done("mutation mergePullRequest")) == 1
    assert [subject.partition(" ")[0] for subject in forge.main()].count("Merge") == 1


def test_a_pull_request_that_was_closed_before_anybody_knew_of_it_is_for_people_and_no_other_is_opened(
    forge: ForgeHome,
) -> None:
    lost = "mutation createPullRequest"
    forge.github.faults.add("cut", lost, times=1, then=lambda: forge.world.pull(1).close("ann"))
    forge.start("run", PLAN, TICKET)
    ticket = forge.wait_status("needs_attention")
    assert "closed" in ticket["error"]
    assert len(forge.world.pulls) == 1


def test_no_ticket_is_given_up_for_a_network_that_is_away_when_it_begins(forge: ForgeHome) -> None:
    over = ssh_down(forge)
    forge.start("run", PLAN, TICKET)
    forge.wait_in("await_remote")
    over()
    finish(forge)
    assert forge.phases()[:4] == ["setup", "await_remote", "setup", "implement"]
