"""cleanup-worktree.sh: the worktree goes, work never does."""

from __future__ import annotations

import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.builtin.scripts import SCRIPTS, commit, elsewhere, git, lone_repo, origin_of, repo_with_origin, run, turn_of

pytestmark = pytest.mark.thorough(every=2)


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


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_change_that_git_was_told_not_to_see_keeps_it(tree: Path, flag: str) -> None:
    git(tree, "update-index", flag, "shared")
    assert run("cleanup-worktree.sh", "--dry-run", tree).code == 0
    (tree / "shared").write_text("precious")
    said = run("cleanup-worktree.sh", tree)
    assert said.code == 1
    assert "hidden from git" in said.err and "shared" in said.err
    assert (tree / "shared").read_text() == "precious"
    assert not (Path(git(tree, "rev-parse", "--absolute-git-dir")) / "orchestrator-look").exists()


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


@pytest.fixture
def pushed(tmp_path: Path) -> tuple[Path, Path]:
    """A worktree of a repository that has a remote, with a commit of its own."""
    repo = repo_with_origin(tmp_path / "with origin" / "repo")
    tree = tmp_path / "with origin" / "w"
    assert run("setup-worktree.sh", repo, "t", tree).code == 0
    commit(tree, done="1\n")
    return repo, tree


def test_commits_that_are_not_pushed_keep_it(pushed: tuple[Path, Path]) -> None:
    _, tree = pushed
    said = run("cleanup-worktree.sh", tree)
    assert said.code == 1
    assert "not pushed" in said.err
    assert "change done" in said.err
    git(tree, "push", "--quiet", "origin", "t")
    assert run("cleanup-worktree.sh", tree).code == 0


def test_commits_that_we_had_pushed_do_not_keep_it_when_the_remote_has_squashed_them(pushed: tuple[Path, Path]) -> None:
    repo, tree = pushed
    assert run("push-branch.sh", "t", tree).code == 0
    elsewhere(repo, done="1\n")
    git(origin_of(repo), "branch", "-D", "t")
    git(repo, "fetch", "--quiet", "--prune")
    said = run("cleanup-worktree.sh", tree)
    assert said.code == 0, said


def test_a_branch_without_work_goes_although_it_was_never_pushed(tmp_path: Path) -> None:
    repo = repo_with_origin(tmp_path / "repo")
    run("setup-worktree.sh", repo, "t", tmp_path / "w")
    assert run("cleanup-worktree.sh", tmp_path / "w").code == 0


def test_stashes_stay_in_the_repository(repo: Path, tree: Path) -> None:
    (tree / "shared").write_text("mine")
    git(tree, "stash", "--quiet")
    assert run("cleanup-worktree.sh", tree).code == 0
    assert "stash@{0}" in git(repo, "stash", "list")


@pytest.mark.parametrize("operation", ["bisect", "revert", "cherry-pick"])
def test_an_operation_that_is_not_finished_keeps_it(tree: Path, operation: str) -> None:
    first = git(tree, "rev-parse", "HEAD")
    commit(tree, shared="a\n")
    commit(tree, shared="b\n")
    words = {"bisect": ("bisect", "start", "HEAD", first), "revert": ("revert", "--no-edit", "HEAD~1")}
    with nullcontext() if operation == "bisect" else pytest.raises(AssertionError):
        git(tree, *words.get(operation, ("cherry-pick", "HEAD~1", "-X", "no-renames")))
    said = run("cleanup-worktree.sh", tree)
    assert (said.code, operation in said.err) == (1, True), said


def test_a_program_that_stands_in_it_keeps_it(tree: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=tree) as somebody:
        said = run("cleanup-worktree.sh", tree)
        somebody.kill()
    assert said.code == 1
    assert f"sleep (process {somebody.pid})" in said.err
    assert run("cleanup-worktree.sh", tree, cwd=tree).code == 0


def test_a_worktree_inside_keeps_it_even_where_it_is_ignored(repo: Path, tree: Path) -> None:
    (repo / ".git" / "info").mkdir(exist_ok=True)
    (repo / ".git" / "info" / "exclude").write_text("inner/\n")
    git(repo, "worktree", "add", "--quiet", "-b", "other", str(tree / "inner"))
    said = run("cleanup-worktree.sh", tree)
    assert said.code == 1
    assert str(tree / "inner") in said.err


def test_it_is_removed_when_it_is_our_turn(repo: Path, tree: Path) -> None:
    script = ["/bin/bash", str(SCRIPTS / "cleanup-worktree.sh"), str(tree)]
    with turn_of(repo) as turn, subprocess.Popen(script, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        assert "waiting for" in running.stderr.readline()
        assert tree.exists()
        turn.close()
        assert running.wait(60) == 0
