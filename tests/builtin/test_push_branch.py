"""push-branch.sh: origin has the branch as it is here, and nobody has lost a commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builtin.forges import Site
from tests.builtin.scripts import commit, elsewhere, git, origin_of

pytestmark = pytest.mark.thorough(every=2)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def other(site: Site) -> Path:
    """Somebody else's clone, with the branch as it was pushed."""
    assert site.push().code == 0
    clone = site.root / "other"
    git(site.root, "clone", "--quiet", "--branch", "t", str(origin_of(site.repo)), str(clone))
    return clone


def pushed(site: Site) -> str:
    return git(origin_of(site.repo), "rev-parse", "t")


def here(site: Site) -> str:
    return git(site.tree, "rev-parse", "HEAD")


def files(site: Site, at: str = "t") -> set[str]:
    return set(git(origin_of(site.repo), "ls-tree", "--name-only", at).split())


def kept(site: Site) -> Path:
    return Path(git(site.tree, "rev-parse", "--absolute-git-dir"))


def test_a_branch_is_pushed_and_what_was_pushed_is_noted(site: Site) -> None:
    for _ in range(2):
        assert site.push().code == 0
        assert pushed(site) == here(site) == (kept(site) / "orchestrator-pushed").read_text().strip()


def test_a_rewritten_branch_of_our_own_is_pushed(site: Site) -> None:
    site.push()
    git(site.tree, "commit", "--quiet", "--amend", "-m", "rewritten")
    assert site.push().code == 0
    assert pushed(site) == here(site)


def test_one_that_was_killed_before_it_could_note_its_push_goes_on(site: Site) -> None:
    site.push()
    (kept(site) / "orchestrator-pushed").rename(kept(site) / "orchestrator-pushing")
    git(site.tree, "commit", "--quiet", "--amend", "-m", "rewritten")
    assert site.push().code == 0
    assert pushed(site) == here(site)


def test_without_any_note_what_was_once_the_branch_here_is_ours(site: Site) -> None:
    site.push()
    (kept(site) / "orchestrator-pushed").unlink()
    git(site.tree, "commit", "--quiet", "--amend", "-m", "rewritten")
    assert site.push().code == 0
    assert pushed(site) == here(site)


def test_commits_that_somebody_added_stay_below_our_new_ones(site: Site, other: Path) -> None:
    theirs = commit(other, theirs="1\n")
    git(other, "push", "--quiet")
    commit(site.tree, ours="1\n")
    said = site.push()
    assert said.code == 0 and "had new commits on origin" in said.err
    assert pushed(site) == here(site)
    assert git(site.tree, "rev-parse", "HEAD~1") == theirs
    assert {"done", "ours", "theirs"} <= files(site)


def test_a_base_that_was_merged_by_a_button_stays_merged(site: Site, other: Path) -> None:
    elsewhere(site.repo, based="1\n")
    git(other, "pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main")
    git(other, "push", "--quiet")
    commit(site.tree, ours="1\n")
    assert site.push().code == 0
    assert {"done", "ours", "based"} <= files(site)


def test_commits_that_somebody_added_go_on_top_of_a_branch_that_was_rebased(site: Site, other: Path) -> None:
    elsewhere(site.repo, based="1\n")
    git(other, "pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main")
    commit(other, theirs="1\n")
    git(other, "push", "--quiet")
    git(site.tree, "fetch", "--quiet")
    git(site.tree, "rebase", "--quiet", "origin/main")
    commit(site.tree, ours="1\n")
    assert site.push().code == 0
    assert pushed(site) == here(site)
    assert {"done", "ours", "theirs", "based"} <= files(site)
    assert git(site.tree, "rev-list", "--merges", "HEAD") == ""


def test_added_commits_that_conflict_are_for_a_person_and_all_is_as_it_was(site: Site, other: Path) -> None:
    theirs = commit(other, same="theirs\n")
    git(other, "push", "--quiet")
    ours = commit(site.tree, same="ours\n")
    said = site.push()
    assert said.code == 2 and "same" in said.err
    assert (pushed(site), here(site)) == (theirs, ours)
    assert git(site.tree, "status", "--porcelain", "--branch").startswith("## t")


def test_what_somebody_forced_is_not_overwritten_and_our_work_is_kept(site: Site, other: Path) -> None:
    git(other, "commit", "--quiet", "--amend", "-m", "theirs")
    git(other, "push", "--quiet", "--force")
    theirs, ours = git(other, "rev-parse", "HEAD"), commit(site.tree, ours="1\n")
    said = site.push()
    assert said.code == 2 and "somebody else has pushed other commits" in said.err
    assert (pushed(site), here(site)) == (theirs, ours)


def test_a_branch_that_a_person_brought_together_is_pushed(site: Site, other: Path) -> None:
    git(other, "commit", "--quiet", "--amend", "-m", "theirs")
    git(other, "push", "--quiet", "--force")
    assert site.push().code == 2
    git(site.tree, "merge", "--quiet", "--no-edit", "origin/t")
    assert site.push().code == 0
    assert pushed(site) == here(site)


def test_a_branch_that_somebody_deleted_is_pushed_anew(site: Site, other: Path) -> None:
    git(other, "push", "--quiet", "--delete", "origin", "t")
    said = site.push()
    assert said.code == 0 and "was deleted" in said.err
    assert pushed(site) == here(site)


def test_somebody_elses_branch_of_that_name_is_not_taken(site: Site) -> None:
    elsewhere(site.repo, other="1\n")
    git(site.root / "elsewhere", "push", "--quiet", "origin", "HEAD:t")
    theirs = pushed(site)
    assert site.push().code == 2
    assert pushed(site) == theirs


def test_a_putting_together_that_was_killed_is_begun_anew(site: Site, other: Path) -> None:
    commit(other, same="theirs\n")
    git(other, "push", "--quiet")
    commit(site.tree, ours="1\n")
    (kept(site) / "orchestrator-putting").touch()
    git(site.tree, "checkout", "--quiet", "--detach", "HEAD~1")
    assert site.push().code == 0
    assert git(site.tree, "symbolic-ref", "--short", "HEAD") == "t"
    assert {"ours", "same"} <= files(site)


def test_an_origin_that_cannot_be_asked_is_not_now(site: Site) -> None:
    git(site.repo, "remote", "set-url", "origin", str(site.root / "gone.git"))
    said = site.push()
    assert (said.code, said.out) == (1, "")


def test_what_origin_forbids_is_never(site: Site) -> None:
    hook = origin_of(site.repo) / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho not on my watch >&2\nexit 1\n")
    hook.chmod(0o755)
    said = site.push()
    assert said.code == 2 and "not on my watch" in said.err


@pytest.mark.parametrize("wrong", ["dirty", "elsewhere", "no worktree"])
def test_a_worktree_that_is_not_in_order_is_not_pushed(site: Site, wrong: str) -> None:
    if wrong == "dirty":
        (site.tree / "done").write_text("2\n")
    if wrong == "elsewhere":
        git(site.tree, "checkout", "--quiet", "-b", "u")
        commit(site.tree, more="1\n")
    if wrong == "no worktree":
        site.tree = site.root
    assert site.push().code == 2
    assert git(origin_of(site.repo), "branch", "--list", "t") == ""
