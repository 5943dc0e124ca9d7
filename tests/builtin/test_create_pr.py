"""create-pr.sh: one pull request, whatever happened before, and nothing that was not asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builtin.forges import KILLED, Site
from tests.builtin.scripts import commit, elsewhere, git, origin_of
from tests.builtin.steps import killed_at_each_git

pytestmark = pytest.mark.thorough(every=2)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def note(site: Site, name: str) -> str:
    return (Path(git(site.tree, "rev-parse", "--absolute-git-dir")) / name).read_text().strip()


def config(site: Site, text: str) -> None:
    (site.root / "home").mkdir(exist_ok=True)
    (site.root / "home/config.yaml").write_text(text)


def test_a_pull_request_is_opened_once_and_its_address_printed(site: Site) -> None:
    for _ in range(2):
        said = site.create()
        assert (said.code, said.out) == (0, "https://forge.invalid/acme/demo/pull/7\n"), said
    assert site.asked("pr", "create") == 1
    [pull] = site.pulls
    assert (pull["title"], pull["baseRefName"]) == ("T-1: A `title` of $(touch x)", "main")
    assert "- it works" in pull["body"] and "https://tracker.invalid/1" in pull["body"]
    assert (
        git(origin_of(site.repo), "rev-parse", "t")
        == git(site.tree, "rev-parse", "HEAD")
        == note(site, "orchestrator-pushed")
    )
    assert note(site, "orchestrator-pr") == "7"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", [1, 2, 3, 4])
@pytest.mark.thorough(every=5)
def test_killed_around_any_question_there_is_one_pull_request_in_the_end(site: Site, call: int, when: str) -> None:
    """Look, look again, create, look whether it is there."""
    site.cue(f"kill:{call}:{when}")
    assert site.create_and_die() == KILLED
    said = site.create("T-1", "A title")
    assert (said.code, len(site.pulls)) == (0, 1), said
    assert note(site, "orchestrator-pr") == "7"


@pytest.mark.parametrize("hook", ["pre-push", "reference-transaction"])
@pytest.mark.thorough(every=2)
def test_killed_while_it_pushes_it_pushes_again(site: Site, hook: str) -> None:
    path = site.repo / f".git/hooks/{hook}"
    path.write_text('#!/bin/bash\n[ -e "$0.done" ] && exit 0\ntouch "$0.done"; kill -9 0\n')
    path.chmod(0o755)
    assert site.create_and_die() == KILLED
    said = site.create("T-1", "A title")
    assert (said.code, len(site.pulls)) == (0, 1), said


@pytest.mark.thorough
def test_killed_around_any_call_of_git_there_is_one_pull_request_in_the_end(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in site.env({}).items():
        monkeypatch.setenv(name, value)
    words = (site.repo, "t", site.tree, "T-1", "A title")
    assert killed_at_each_git(tmp_path, "create-pr.sh", *words, step=5).code == 0
    assert (len(site.pulls), note(site, "orchestrator-pr")) == (1, "7")


def test_a_creation_whose_answer_is_lost_is_found_by_looking_again(site: Site) -> None:
    site.cue("lost")
    assert site.create().code == 0
    assert len(site.pulls) == 1


def test_a_pull_request_that_is_shown_a_moment_later_is_waited_for(site: Site) -> None:
    site.cue("late")
    assert site.create().code == 0
    assert len(site.pulls) == 1


def test_a_forge_that_is_down_creates_nothing_and_is_asked_again_later(site: Site) -> None:
    site.cue("down")
    said = site.create()
    assert (said.code, said.out, site.asked("pr", "create")) == (1, "", 0)
    assert "connection refused" in said.err


@pytest.mark.parametrize("how", ["missing", "not logged in"])
def test_where_only_a_person_can_help_it_is_not_tried_for_an_hour(site: Site, how: str) -> None:
    site.cue("logged out")
    gh = "/nowhere/gh" if how == "missing" else str(site.gh)
    said = site.create(ORCHESTRATOR_GH=gh)
    assert (said.code, said.out) == (2, "")
    assert "log in" in said.err and "retry the ticket" in said.err


def test_a_rate_limit_is_told_with_the_time_of_its_end(site: Site) -> None:
    site.cue("limited")
    said = site.create()
    assert (said.code, said.out) == (1, "")
    assert "rate limit is used up until 01:00:00 UTC" in said.err


def test_what_a_person_closed_is_not_opened_a_second_time(site: Site) -> None:
    site.create()
    site.change(state="CLOSED", headRefOid=git(site.tree, "rev-parse", "HEAD"))
    commit(site.tree, more="1\n")
    said = site.create()
    assert (said.code, len(site.pulls)) == (2, 1)
    assert "was closed without a merge" in said.err


@pytest.mark.parametrize("rebased", [False, True])
@pytest.mark.thorough(every=2)
def test_what_is_merged_whole_needs_no_second_one(site: Site, rebased: bool) -> None:
    site.create()
    site.change(state="MERGED", headRefOid=git(site.tree, "rev-parse", "HEAD"))
    git(origin_of(site.repo), "branch", "-D", "t")
    if rebased:
        elsewhere(site.repo, other="1\n")
        git(site.tree, "fetch", "--quiet")
        git(site.tree, "rebase", "--quiet", "origin/main")
    said = site.create()
    assert (said.code, said.out, len(site.pulls)) == (0, "https://forge.invalid/acme/demo/pull/7\n", 1), said
    assert git(origin_of(site.repo), "branch", "--list", "t") == ""


def test_commits_that_came_after_a_merge_get_a_pull_request_of_their_own(site: Site) -> None:
    site.create()
    site.change(state="MERGED", headRefOid=git(site.tree, "rev-parse", "HEAD"))
    commit(site.tree, more="1\n")
    said = site.create()
    assert (said.code, [pull["state"] for pull in site.pulls]) == (0, ["MERGED", "OPEN"]), said
    assert note(site, "orchestrator-pr") == "8"


@pytest.mark.parametrize("state", ["CLOSED", "MERGED"])
@pytest.mark.thorough(every=4)
def test_what_an_earlier_branch_of_that_name_had_does_not_count(site: Site, state: str) -> None:
    site.create()
    site.change(state=state, headRefOid="1" * 40, number=3)
    for name in ("orchestrator-pr", "orchestrator-pushed"):
        (Path(git(site.tree, "rev-parse", "--absolute-git-dir")) / name).unlink()
    assert site.create().code == 0
    assert [pull["state"] for pull in site.pulls] == [state, "OPEN"]


def test_a_fork_with_a_branch_of_that_name_does_not_count(site: Site) -> None:
    site.create()
    site.change(isCrossRepository=True, headRepositoryOwner={"login": "stranger"})
    (site.forge / "pulls").rename(site.forge / "theirs")
    pulls = (site.forge / "theirs").read_text().replace("OPEN", "CLOSED")
    (site.forge / "pulls").write_text(pulls)
    assert site.create().code == 0
    assert len(site.pulls) == 2


def test_a_branch_without_commits_of_its_own_cannot_have_one(site: Site) -> None:
    git(site.tree, "reset", "--hard", "--quiet", "HEAD~1")
    said = site.create()
    assert (said.code, site.pulls) == (2, [])
    assert "nothing to open a pull request for" in said.err


def test_draft_labels_and_reviewers_are_as_the_configuration_says(site: Site) -> None:
    config(site, 'pullRequest: {draft: true, labels: [robot, "a, b"], reviewers: [ann, acme/team]}\n')
    assert site.create().code == 0
    [pull] = site.pulls
    assert pull["isDraft"]
    assert (pull["--add-label"], pull["--add-reviewer"]) == (["robot", '"a, b"'], ["ann", "acme/team"])
    assert site.create().code == 0
    assert site.asked("pr", "edit") == 2


def test_labels_and_reviewers_that_there_are_not_are_told_and_passed_over(site: Site) -> None:
    config(site, "pullRequest: {labels: [no-such, robot], reviewers: [no-body]}\n")
    said = site.create()
    assert (said.code, said.out) == (0, "https://forge.invalid/acme/demo/pull/7\n")
    assert site.pulls[0]["--add-label"] == ["robot"]
    for words in ("cannot give it the label no-such", "cannot ask for a review by no-body"):
        assert words in said.err


def test_one_that_was_found_after_a_crash_gets_its_labels_too(site: Site) -> None:
    config(site, "pullRequest: {labels: [robot]}\n")
    site.cue("kill:3:after")
    assert site.create_and_die() == KILLED
    assert site.create().code == 0
    assert site.pulls[0]["--add-label"] == ["robot"]


def test_where_there_are_no_drafts_it_is_an_ordinary_one(site: Site) -> None:
    config(site, "pullRequest: {draft: true}\n")
    site.cue("draftless")
    said = site.create()
    assert (said.code, site.pulls[0]["isDraft"]) == (0, False)
    assert "no draft pull requests" in said.err


def test_a_base_that_somebody_gave_it_on_the_forge_is_the_tickets_from_then_on(site: Site) -> None:
    git(origin_of(site.repo), "branch", "release", "main")
    site.create()
    site.change(baseRefName="release")
    said = site.create()
    assert said.code == 0 and "goes on with release" in said.err
    assert note(site, "orchestrator-base") == "release"


def test_a_ticket_whose_base_changed_takes_its_pull_request_along(site: Site) -> None:
    git(origin_of(site.repo), "branch", "release", "main")
    site.create()
    (Path(git(site.tree, "rev-parse", "--absolute-git-dir")) / "orchestrator-base").write_text("release\n")
    assert site.create().code == 0
    assert site.pulls[0]["baseRefName"] == "release"


@pytest.mark.parametrize("wrong", ["few", "no worktree", "dirty", "no origin"])
def test_what_cannot_be_done_is_exit_code_2_and_nothing_is_asked(site: Site, wrong: str) -> None:
    if wrong == "dirty":
        (site.tree / "done").write_text("2\n")
    if wrong == "no origin":
        git(site.repo, "remote", "remove", "origin")
    if wrong == "no worktree":
        site.tree = site.root
    said = site.create(*(("",) if wrong == "few" else ()))
    assert (said.code, said.out, site.calls) == (2, "", []), said
