"""cleanup-worktree.sh: the worktree goes, work never does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builtin.scripts import commit, git, lone_repo, run


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return lone_repo(tmp_path / "repo")


@pytest.fixture
def tree(repo: Path, tmp_path: Path) -> Path:
    path = tmp_path / "work trees" / "Ü 1"
    assert run("setup-worktree.sh", repo, "t", path).code == 0
    return path


def test_a_clean_worktree_goes_and_its_branch_stays(repo: Path, tree: Path) -> None:
    sha = commit(tree, done="1\n")
    said = run("cleanup-worktree.sh", tree, cwd=tree)
    assert (said.code, tree.exists()) == (0, False), said
    assert git(repo, "rev-parse", "t") == sha
    assert str(tree) not in git(repo, "worktree", "list")


def test_what_is_gone_already_is_no_failure(tree: Path) -> None:
    assert run("cleanup-worktree.sh", tree).code == 0
    assert run("cleanup.sh", tree).code == 0


@pytest.mark.parametrize("loose", ["changed", "staged", "untracked"])
def test_uncommitted_work_keeps_it(tree: Path, loose: str) -> None:
    name = "shared" if loose == "changed" else "new"
    (tree / name).write_text("precious")
    if loose == "staged":
        git(tree, "add", "new")
    said = run("cleanup-worktree.sh", tree)
    assert said.code == 1
    assert name in said.err
    assert (tree / name).read_text() == "precious"


def test_commits_that_no_branch_has_keep_it(tree: Path) -> None:
    git(tree, "switch", "--quiet", "--detach")
    commit(tree, done="1\n")
    said = run("cleanup-worktree.sh", tree)
    assert said.code == 1
    assert "on no branch" in said.err
    assert (tree / "done").exists()


def test_an_unfinished_rebase_keeps_it(tree: Path) -> None:
    commit(tree, shared="mine\n")
    git(tree, "branch", "other", "HEAD~1")
    git(tree, "switch", "--quiet", "other")
    commit(tree, shared="theirs\n")
    git(tree, "switch", "--quiet", "t")
    with pytest.raises(AssertionError):
        git(tree, "rebase", "other")
    said = run("cleanup-worktree.sh", tree)
    assert said.code == 1
    assert "rebase" in said.err


def test_ignored_files_and_leavings_of_test_runs_do_not_keep_it(tree: Path) -> None:
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__" / "x.pyc").touch()
    assert run("cleanup-worktree.sh", tree).code == 0


@pytest.mark.parametrize("what", ["main tree", "folder", "folder inside a repository"])
def test_what_is_no_linked_worktree_is_left_alone(repo: Path, tmp_path: Path, what: str) -> None:
    path = {"main tree": repo, "folder": tmp_path / "f", "folder inside a repository": repo / "sub"}[what]
    path.mkdir(exist_ok=True)
    said = run("cleanup-worktree.sh", path)
    assert said.code == 1
    assert "left as it is" in said.err
    assert path.exists()


def test_a_removal_that_was_killed_half_way_is_finished(tree: Path) -> None:
    (Path(git(tree, "rev-parse", "--absolute-git-dir")) / "orchestrator-removing").touch()
    (tree / "shared").unlink()
    assert run("cleanup-worktree.sh", tree).code == 0
    assert not tree.exists()
