"""A ticket from setup to merged by a pull request: real gh and git on one side, the scripted GitHub on the other."""

from __future__ import annotations

import pytest

from e2e.forge import TOKEN, ForgeHome
from e2e.tickets import PLAN, TICKET, TITLE

BEFORE = ["setup", "implement", "self_review", "simplify", "verify", "create_pr"]
AFTER = ["await_review", "await_merge", "cleanup", "complete"]
BUGFIX = pytest.mark.parametrize("forge", [{"workflow": "bugfix"}], ids=["bugfix"], indirect=True)


def test_a_ticket_goes_through_every_phase_until_a_person_has_merged_it(forge: ForgeHome) -> None:
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    assert (pull.title, pull.base, pull.draft) == (f"{TICKET}: {TITLE}", "main", False)
    for words in ('goodbye("Ada") is "Goodbye, Ada!"', "https://tracker.invalid/T-1", "Made T-1.txt."):
        assert words in pull.body
    pull.review("ann", "APPROVED")
    forge.wait_in("await_merge")
    pull.merge("ann")
    forge.wait_status("complete")
    assert forge.phases() == [*BEFORE, *AFTER]
    assert len(forge.github.done("mutation createPullRequest")) == 1
    assert "made by T-1" in forge.world.bare.git("show", "main:T-1.txt")
    assert not forge.worktree.exists()


@BUGFIX
def test_a_bug_fix_is_reviewed_answered_and_merged_by_the_runner(forge: ForgeHome) -> None:
    forge.configure(autoMerge=True)
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    thread = pull.thread("ann", "T-1.txt", 1, "Say it shorter.")
    pull.review("ann", "CHANGES_REQUESTED", "Nearly.")
    forge.wait_left("push_review")
    assert thread.resolved
    pull.review("ann", "APPROVED")
    forge.wait_status("complete")
    middle = ["await_review", "route_review", "collect_review", "handle_review", "push_review"]
    last = ["await_review", "await_merge", "integrate", "cleanup", "complete"]
    assert forge.phases() == ["setup", "implement", "verify", "create_pr", *middle, *last]
    assert (pull.state, pull.ended_by) == ("MERGED", "runner")
    assert "answered" in forge.world.bare.git("show", "main:T-1.txt")


def test_a_pull_request_that_a_person_closed_is_for_people_and_its_work_is_kept(forge: ForgeHome) -> None:
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    forge.wait_in("await_review")
    pull.close("ann")
    ticket = forge.wait_status("needs_attention")
    assert ticket["currentPhase"] == "pr_closed"
    assert forge.told("handle_review") == []
    assert (forge.worktree / "T-1.txt").exists()


def test_a_pull_request_is_a_draft_with_labels_and_reviewers_as_the_configuration_says(forge: ForgeHome) -> None:
    forge.configure(pullRequest={"draft": True, "labels": ["robot"], "reviewers": ["ann", "ben"]})
    forge.start("run", PLAN, TICKET)
    pull = forge.pull()
    forge.wait_left("create_pr")
    assert (pull.draft, pull.labels, sorted(pull.reviewers)) == (True, ["robot"], ["ann", "ben"])


def test_agents_have_no_token_of_the_forge(forge: ForgeHome) -> None:
    forge.start("run", PLAN, TICKET)
    forge.pull().review("ann", "CHANGES_REQUESTED", "Say it shorter.")
    forge.wait_left("handle_review")
    for phase in [*BEFORE[1:5], "handle_review"]:
        (env,) = forge.told(phase, kind="env")
        assert (TOKEN in env, "GH_CONFIG_DIR" in env) == (False, False), phase
    assert all(call.token == f"token {TOKEN}" for call in forge.github.journal)


def test_agents_have_the_token_when_the_configuration_passes_it(forge: ForgeHome) -> None:
    forge.configure(agent={"passEnv": ["GH_TOKEN"]})
    forge.start("run", PLAN, TICKET)
    forge.wait_left("implement")
    assert f"GH_TOKEN={TOKEN}\n" in forge.told("implement", kind="env")[0]
