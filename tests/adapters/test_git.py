"""git is asked about one directory, and what it cannot say is None or False."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.repository.git import (
    changes_since,
    commits_since,
    default_base,
    head,
    identity,
    is_worktree,
    remote,
)
from tests.builtin.scripts import commit, git, lone_repo, repo_with_origin, run


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return lone_repo(tmp_path / "répo with spaces")


def started(repo: Path) -> str:
    sha = head(repo)
    assert sha is not None
    return sha


def test_head_is_the_commit_that_is_checked_out(repo: Path) -> None:
    assert head(repo) == git(repo, "rev-parse", "HEAD")


@pytest.mark.parametrize("what", ["no commit", "no repository", "nothing"])
def test_where_there_is_no_commit_there_is_no_head_and_no_change(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x"
    if what != "nothing":
        path.mkdir()
    if what == "no commit":
        git(path, "init", "--quiet")
    assert head(path) is None
    assert default_base(path) is None
    assert commits_since(path, "0" * 40) == 0
    assert is_worktree(path) is (what == "no commit")


def test_commits_are_counted_also_after_a_rewrite(repo: Path) -> None:
    since = started(repo)
    assert commits_since(repo, since) == 0
    commit(repo, one="1\n")
    before = commit(repo, two="2\n")
    assert commits_since(repo, since) == 2
    git(repo, "commit", "--quiet", "--amend", "-m", "rewritten")
    assert commits_since(repo, before) == 1


@pytest.mark.parametrize("change", ["commit", "staged", "unstaged", "untracked"])
def test_any_kind_of_change_is_one(repo: Path, change: str) -> None:
    since = started(repo)
    assert not changes_since(repo, since)
    name = "shared" if change == "unstaged" else "neu ü"
    (repo / name).write_text("x")
    if change in ("staged", "commit"):
        git(repo, "add", name)
    if change == "commit":
        git(repo, "commit", "--quiet", "-m", "x")
    assert changes_since(repo, since)


def test_commits_that_change_no_file_are_no_change(repo: Path) -> None:
    since = started(repo)
    git(repo, "commit", "--quiet", "--allow-empty", "-m", "nothing")
    assert not changes_since(repo, since)


@pytest.mark.parametrize("name", ["shared", "neu ü"])
def test_a_mark_of_changes_stays_until_something_changes_again(repo: Path, name: str) -> None:
    since = started(repo)
    (repo / name).write_text("x")
    before = changes_since(repo, since)
    assert before == changes_since(repo, since) != ""
    (repo / name).write_text("y")
    assert changes_since(repo, since) != before


def test_ignored_files_are_no_change(repo: Path) -> None:
    commit(repo, **{".gitignore": "*.log\n"})
    since = started(repo)
    (repo / "x.log").touch()
    assert not changes_since(repo, since)


def test_a_worktree_is_its_own_top_and_nothing_inside_it(repo: Path, tmp_path: Path) -> None:
    run("setup-worktree.sh", repo, "t", tmp_path / "w")
    (repo / "folder").mkdir()
    assert is_worktree(repo)
    assert is_worktree(tmp_path / "w")
    assert not is_worktree(repo / "folder")
    assert not is_worktree(tmp_path)


def test_the_base_is_the_branch_that_is_checked_out(repo: Path) -> None:
    assert default_base(repo) == "main"
    git(repo, "switch", "--quiet", "-c", "develop")
    assert default_base(repo) == "develop"
    git(repo, "switch", "--quiet", "--detach")
    assert default_base(repo) == "main"


def test_with_an_origin_the_base_is_one_of_its_branches(tmp_path: Path) -> None:
    repo = repo_with_origin(tmp_path / "repo")
    git(repo, "switch", "--quiet", "-c", "mine")
    assert default_base(repo) == "main"
    git(repo, "push", "--quiet", "origin", "mine:trunk")
    git(repo, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert default_base(repo) == "trunk"


def test_the_base_that_is_asked_for_comes_before_all_but_what_the_worktree_keeps(repo: Path, tmp_path: Path) -> None:
    assert default_base(tmp_path, "release") == "release"
    assert default_base(repo, "release") == "release"
    run("setup-worktree.sh", repo, "t", tmp_path / "w")
    assert default_base(tmp_path / "w", "release") == "main"


def test_the_remote_is_origin_else_the_only_one_else_the_one_that_git_is_told(tmp_path: Path) -> None:
    repo = repo_with_origin(tmp_path / "repo")
    git(repo, "remote", "add", "fork", "/nowhere")
    assert remote(repo) == "origin"
    git(repo, "remote", "rename", "origin", "upstream")
    assert remote(repo) is None
    git(repo, "config", "checkout.defaultRemote", "upstream")
    assert remote(repo) == "upstream"
    git(repo, "remote", "remove", "upstream")
    assert remote(repo) == "fork"
    git(repo, "remote", "remove", "fork")
    assert remote(repo) is None


def test_a_worktree_keeps_the_base_that_it_was_made_from(repo: Path, tmp_path: Path) -> None:
    run("setup-worktree.sh", repo, "t", tmp_path / "w")
    git(repo, "switch", "--quiet", "-c", "develop")
    assert default_base(tmp_path / "w") == "main"


def test_variables_that_bind_git_elsewhere_change_nothing(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha, other = started(repo), lone_repo(tmp_path / "other")
    commit(other, more="1\n")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert head(repo) == sha


def test_asking_takes_no_lock(repo: Path) -> None:
    (repo / ".git" / "index.lock").touch()
    (repo / "shared").write_text("x")
    assert changes_since(repo, started(repo))


def test_the_base_of_a_worktree_that_somebody_else_made_is_not_its_own_branch(repo: Path, tmp_path: Path) -> None:
    git(repo, "worktree", "add", "--quiet", "-b", "topic", str(tmp_path / "theirs"))
    assert default_base(tmp_path / "theirs") == "main"


def test_who_commits_here_is_told_to_a_git_that_sees_no_configuration(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repo, "config", "user.name", "Åsa of this repository")
    git(repo, "config", "user.email", "asa@example.org")
    told = identity(repo)
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", **told}.items():
        monkeypatch.setenv(name, value)
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    git(other, "commit", "--quiet", "--allow-empty", "-m", "x")
    assert git(other, "log", "-1", "--format=%an <%ae>") == "Åsa of this repository <asa@example.org>"


def test_where_nobody_is_known_to_commit_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    assert identity(tmp_path) == {}
