"""What reviewers, checks and other people do with an open pull request, and what the agent is told of it."""

from __future__ import annotations

import subprocess

import pytest

from e2e.forge import BRANCH, REMOTE, ForgeHome
from e2e.servers.github import Pull
from e2e.tickets import PLAN, TICKET


@pytest.fixture
def pull(forge: ForgeHome) -> Pull:
    """Of a ticket that waits for its review."""
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    forge.wait_in("await_review")
    return pull


def finish(forge: ForgeHome, pull: Pull) -> None:
    pull.review("ann", "APPROVED")
    forge.wait_in("await_merge")
    pull.merge("ann")
    forge.wait_status("complete")


def test_changes_are_asked_for_twice_then_approved_and_each_round_is_told_only_what_is_new(
    forge: ForgeHome, pull: Pull
) -> None:
    pull.thread("ann", "T-1.txt", 1, "First: shorter.")
    pull.review("ann", "CHANGES_REQUESTED", "Two things.")
    forge.wait_left("push_review", 1)
    pull.thread("ben", "T-1.txt", 2, "Second: longer.")
    pull.review("ann", "CHANGES_REQUESTED", "Not yet.")
    forge.wait_left("push_review", 2)
    assert [thread.resolved for thread in pull.threads] == [True, True]
    assert [len(thread.comments) for thread in pull.threads] == [2, 2]
    assert all(thread.comments[-1].body.startswith("It is as you say now.") for thread in pull.threads)
    first, second = forge.told("handle_review")
    assert [words in first for words in ("First: shorter.", "T-1.txt", "Two things.", "Second", "Not yet")] == [
        True, True, True, False, False
    ]  # fmt: skip
    assert [words in second for words in ("First: shorter.", "Two things.", "Second: longer.", "Not yet.")] == [
        False, False, True, True
    ]  # fmt: skip
    forge.wait_polled(4)
    assert len(forge.told("handle_review")) == 2
    finish(forge, pull)


def test_a_failing_check_is_mended_with_the_end_of_its_log_and_a_running_one_is_not_passed(
    forge: ForgeHome, pull: Pull
) -> None:
    pull.check("unit", None)
    pull.review("ann", "APPROVED")
    forge.wait_polled(4)
    assert forge.of(TICKET)["currentPhase"] == "await_review"
    log = "".join(f"line {i}\n" for i in range(5000)) + "AssertionError: 41 is not 42\n"
    pull.check("unit", "FAILURE", log=log)
    forge.wait_left("push_review")
    (told,) = forge.told("handle_review")
    assert ("unit" in told, "AssertionError: 41 is not 42" in told, "line 7\n" in told) == (True, True, False)
    pull.check("unit", "SUCCESS")
    finish(forge, pull)


def test_a_comment_after_the_approval_is_answered_before_the_merge(forge: ForgeHome, pull: Pull) -> None:
    pull.review("ann", "APPROVED")
    forge.wait_in("await_merge")
    pull.comment("ben", "One more thing: the name.")
    forge.wait_left("push_review")
    (told,) = forge.told("handle_review")
    assert "One more thing: the name." in told
    forge.wait_in("await_merge")
    pull.merge("ann")
    forge.wait_status("complete")
    assert "answered" in forge.world.bare.git("show", "main:T-1.txt")


def test_a_hundred_and_fifty_threads_are_told_and_those_resolved_that_were_handled(
    forge: ForgeHome, pull: Pull
) -> None:
    with forge.world.lock:
        threads = [pull.thread("ann", "T-1.txt", 1, f"Remark no. {i}.") for i in range(150)]
    answered = [threads[0], *threads[-4:]]
    said = "".join(f"HANDLED {thread.id}: Done.\n" for thread in answered)
    forge.does("handle_review", f"echo more >>T-1.txt; git commit -qam More; echo '{said}'")
    forge.wait_left("push_review")
    told = "".join(forge.told("handle_review"))
    assert [i for i in range(150) if f"Remark no. {i}." not in told] == []
    assert [thread for thread in threads if thread.resolved] == answered
    forge.wait_polled(4)
    assert len(forge.told("handle_review")) == 1


def test_a_pull_request_that_is_merged_while_its_review_is_answered_is_done_and_nothing_is_pushed_to_it(
    forge: ForgeHome, pull: Pull
) -> None:
    gate = forge.hold("handle_review")
    pull.comment("ann", "Shorter, please.")
    gate.wait()
    head = pull.head_oid
    pull.merge("ann")
    gate.open()
    forge.wait_status("complete")
    assert forge.world.bare.tip(BRANCH) == head
    assert forge.main()[0].startswith("Merge pull request #1")


def test_somebody_elses_forced_push_is_not_overwritten_and_the_work_is_kept(forge: ForgeHome, pull: Pull) -> None:
    gate = forge.hold("handle_review")
    pull.comment("ann", "Shorter, please.")
    gate.wait()
    other = forge.root / "other"
    script = f"""
        git clone -q {REMOTE} {other} && cd {other} && git checkout -q {BRANCH}
        echo theirs >T-1.txt && git commit -q -a --amend -m Theirs && git push -q --force origin {BRANCH}
    """
    subprocess.run(["bash", "-ec", script], env=forge.env, check=True)
    theirs = forge.world.bare.tip(BRANCH)
    gate.open()
    ticket = forge.wait_status("needs_attention")
    assert "push" in ticket["error"] or "somebody" in ticket["error"]
    assert forge.world.bare.tip(BRANCH) == theirs
    assert "answered" in (forge.worktree / "T-1.txt").read_text()


def test_rounds_are_capped_and_a_person_is_told(forge: ForgeHome) -> None:
    forge.rewrite(": handle-review.md\n    evidence: commit\n    maxRetries: 1\n    maxVisits: 5", "5", "2")
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    for times in (1, 2):
        pull.comment("ann", f"Once more, {times}.")
        forge.wait_left("push_review", times)
    pull.comment("ann", "And again.")
    ticket = forge.wait_status("needs_attention")
    assert "handle_review" in ticket["error"]
    assert ticket["error"].endswith("Pull request #1, round 3: 1 comment (ann)."), "what is still open, and by whom"
    assert len(forge.told("handle_review")) == 2


def test_who_is_to_be_ignored_starts_no_agent(forge: ForgeHome) -> None:
    forge.configure(review={"ignore": ["*[bot]", "cover*"]})
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    pull.comment("coverage", "Coverage is 12 %.")
    pull.thread("lint[bot]", "T-1.txt", 1, "A nit.")
    forge.wait_polled(6)
    assert forge.told("handle_review") == []
    finish(forge, pull)
