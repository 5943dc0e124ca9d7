"""merge-pr.sh and its polls: only what is approved, verified and pushed is merged, on the fresh base, once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.builtin.merging import Lane
from tests.builtin.scripts import commit, elsewhere, git
from tests.builtin.steps import killed_at_each_git

pytestmark = pytest.mark.thorough(every=2)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lane:
    """Made once: that takes longer than most tests."""
    root = tmp_path_factory.mktemp("lane") / "now"
    root.mkdir()
    lane = Lane(root)
    shutil.copytree(root, root.with_name("then"), symlinks=True)
    return lane


@pytest.fixture
def lane(made: Lane) -> Lane:
    """As it was made, in the same place: git keeps its paths."""
    shutil.rmtree(made.root)
    shutil.copytree(made.root.with_name("then"), made.root, symlinks=True)
    return made


SAID = {"comments": [{"id": "c", "author": {"login": "ann"}, "createdAt": "2099-01-01T00:00:00Z", "body": "Wait!"}]}
FAILED = {"statusCheckRollup": [{"name": "ci", "status": "COMPLETED", "conclusion": "FAILURE"}]}
PENDING = {"statusCheckRollup": [{"name": "ci", "status": "IN_PROGRESS", "conclusion": ""}]}
NOT_APPROVED = {"reviewDecision": "REVIEW_REQUIRED"}
STRANGER = {"reviewDecision": "", "reviews": [
    {"author": {"login": "x"}, "authorAssociation": "NONE", "state": "APPROVED", "submittedAt": "2026-04-01T00:00:00Z"}]
}  # fmt: skip


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
@pytest.mark.thorough(every=3)
def test_it_is_merged_by_the_method_that_is_asked_for_and_only_once(lane: Lane, method: str, parents: int) -> None:
    lane.configure(autoMerge=True, mergeMethod=method)
    assert [lane.merge().code for _ in range(2)] == [0, 0]
    assert lane.log() == [f"T-1 (#7) by --{method}"]
    assert len(git(lane.origin, "log", "-1", "--format=%P", "main").split()) == parents
    assert lane.calls.count("pr merge") == 1


@pytest.mark.parametrize("cue", ["", "squash", "silent"])
@pytest.mark.thorough(every=3)
def test_without_a_method_the_repositorys_own_counts_and_what_it_forbids_is_not_tried_for_long(
    lane: Lane, cue: str
) -> None:
    lane.shows(cue)
    assert lane.merge().code == 0
    assert lane.log() == ["T-1 (#7) by --squash"]


def test_a_method_that_the_repository_forbids_is_refused_in_words(lane: Lane) -> None:
    lane.configure(autoMerge=True, mergeMethod="merge")
    lane.shows("squash")
    said = lane.merge()
    assert said.code == 2
    assert "forbids mergeMethod merge" in said.err
    assert lane.log() == []


@pytest.mark.parametrize(
    ("keys", "why"),
    [(SAID, "something new was said"), (FAILED, "a check has failed"), (PENDING, "a check is pending"),
     (NOT_APPROVED, "not approved any more"), (STRANGER, "nobody who belongs"), ({"isDraft": True}, "a draft")],
)  # fmt: skip
def test_what_is_not_approved_and_passed_right_now_goes_back_to_people(
    lane: Lane, keys: dict[str, Any], why: str
) -> None:
    lane.shows(**keys)
    said = lane.merge()
    assert (said.code, why in said.err) == (5, True), said
    assert "pr merge" not in lane.calls


def test_without_auto_merge_nothing_is_ever_merged(lane: Lane) -> None:
    lane.configure()
    said = lane.merge()
    assert (said.code, "autoMerge is false" in said.err, "pr merge" in lane.calls) == (5, True, False)


def test_a_plan_says_otherwise_than_the_configuration(lane: Lane) -> None:
    lane.configure(autoMerge=False, mergeMethod="merge", stateDir=str(lane.root / "state"))
    folder = lane.root / "state/plans/p"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps({"id": "p", "autoMerge": True, "mergeMethod": "rebase"}))
    assert lane.merge(ORCHESTRATOR_PLAN="p", ORCHESTRATOR_TICKET="T").code == 0
    assert lane.log() == ["T-1 (#7) by --rebase"]


def test_a_base_that_moved_is_rebased_onto_and_verified_before_it_is_merged(lane: Lane) -> None:
    elsewhere(lane.repo, news="1\n")
    assert [lane.merge().code for _ in range(2)] == [4, 4], "until it is pushed"
    assert "pr merge" not in lane.calls
    lane.push()
    assert lane.merge().code == 0
    assert lane.log() == ["T-1 (#7) by --squash", "change news"]


def test_a_conflict_is_described_and_the_branch_is_as_it_was(lane: Lane) -> None:
    before = git(lane.tree, "rev-parse", "HEAD")
    elsewhere(lane.repo, done="theirs\n")
    lane.shows(mergeable="CONFLICTING")
    said = lane.merge()
    assert said.code == 3
    assert said.out.splitlines()[1] == "done"
    assert git(lane.tree, "rev-parse", "HEAD") == before


def test_commits_that_somebody_added_are_taken_in_and_verified_first(lane: Lane) -> None:
    other = lane.root / "other"
    git(lane.root, "clone", "--quiet", "--branch", "t", str(lane.origin), str(other))
    commit(other, more="1\n")
    git(other, "push", "--quiet", "origin", "t")
    assert lane.merge().code == 4
    assert git(lane.tree, "log", "--format=%s", "origin/main..").splitlines() == ["change more", "change done"]
    assert lane.merge().code == 0


def test_a_branch_that_somebody_rewrote_is_not_merged_and_the_work_is_kept(lane: Lane) -> None:
    other, mine = lane.root / "other", git(lane.tree, "rev-parse", "HEAD")
    git(lane.root, "clone", "--quiet", str(lane.origin), str(other))
    commit(other, evil="1\n")
    git(other, "push", "--quiet", "--force", "origin", "HEAD:t")
    said = lane.merge()
    assert (said.code, "somebody else has pushed" in said.err) == (2, True), said
    assert (git(lane.tree, "rev-parse", "HEAD"), "pr merge" in lane.calls) == (mine, False)


@pytest.mark.parametrize(("cue", "words"), [("rules", "never passes over them"), ("queue", "a queue?")])
@pytest.mark.thorough(every=2)
def test_a_forge_that_would_not_is_told_in_words_and_asked_again_for_a_while(lane: Lane, cue: str, words: str) -> None:
    lane.shows(cue)
    said = lane.merge()
    assert (said.code, words in said.err, lane.log()) == (1, True, []), said


def test_rules_that_stay_in_the_way_end_it(lane: Lane) -> None:
    lane.shows("rules")
    note = Path(git(lane.tree, "rev-parse", "--absolute-git-dir")) / "orchestrator-refused"
    note.write_text(f"{git(lane.tree, 'rev-parse', 'HEAD')} 1700000000\n")
    assert lane.merge().code == 2


def test_ended_by_somebody_else_or_with_a_lost_answer(lane: Lane) -> None:
    lane.shows(state="CLOSED")
    assert lane.merge().code == 2
    lane.shows("down")
    assert lane.merge().code == 1
    lane.shows("lost")
    assert [lane.merge().code, len(lane.log())] == [0, 1]
    lane.shows(state="MERGED")
    assert lane.merge().code == 0


def test_an_error_of_this_program_is_not_taken_for_a_conflict(lane: Lane) -> None:
    lane.shows(comments=["not what gh prints"])
    said = lane.merge()
    assert (said.code, "this is a bug" in said.err) == (1, True), said
    assert lane.ask("review-feedback.sh").code == 1


@pytest.mark.thorough
def test_killed_around_any_question_to_the_forge_there_is_one_merge(lane: Lane) -> None:
    for n in range(1, 9):
        (lane.forge / "calls").unlink(missing_ok=True)
        lane.shows(f"kill:{n}:{'before' if n % 2 else 'after'}", **({"state": "MERGED"} if lane.log() else {}))
        if lane.merge_or_die() != -9:
            break
    assert lane.merge().code == 0
    assert lane.log() == ["T-1 (#7) by --squash"]


@pytest.mark.thorough
def test_killed_around_any_call_of_git_nobodys_commits_are_lost(
    lane: Lane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The base has moved, somebody has pushed to the branch, and the ticket has a commit that is not pushed."""
    for name, value in lane.env.items():
        monkeypatch.setenv(name, value)
    elsewhere(lane.repo, news="1\n")
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", "--branch", "t", str(lane.origin), str(other))
    commit(other, theirs="1\n")
    git(other, "push", "--quiet", "origin", "t")
    commit(lane.tree, mine="1\n")
    assert killed_at_each_git(tmp_path, "merge-pr.sh", lane.repo, "7", "t", lane.tree, step=5).code == 4
    made = git(lane.tree, "log", "--format=%s", "origin/main..t").splitlines()
    assert made == ["change mine", "change theirs", "change done"]
    assert git(lane.tree, "status", "--porcelain", "--branch").startswith("## t")
    assert lane.log() == ["change news"]


# -- polls -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "waiting", "ready"),
    [({}, 6, 0), ({"state": "MERGED"}, 0, 0), ({"state": "CLOSED"}, 2, 2), ({"mergeable": "CONFLICTING"}, 3, 2),
     (SAID, 5, 2), (FAILED, 5, 2), (NOT_APPROVED, 5, 2), (PENDING, 1, 1), (STRANGER, 1, 0), ({"cue": "down"}, 1, 1),
     ({"isDraft": True}, 1, 2), ({"headRefOid": "0" * 40}, 6, 1)],
)  # fmt: skip
@pytest.mark.thorough(every=2)
def test_each_state_has_its_exit_code(lane: Lane, keys: dict[str, Any], waiting: int, ready: int) -> None:
    lane.shows(**keys)
    assert (lane.ask("await-merge.sh").code, lane.ask("check-pr-ready.sh").code) == (waiting, ready)


def test_without_auto_merge_or_on_an_unmerged_branch_a_person_is_waited_for(lane: Lane) -> None:
    assert lane.ask("await-merge.sh", ORCHESTRATOR_STACKED="1").code == 1
    lane.configure()
    assert lane.ask("await-merge.sh").code == 1
