"""setup-worktree.sh in repositories that are not as one expects: each is handled, or refused in words."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.builtin.scripts import SCRIPTS, Said, commit, elsewhere, git, lone_repo, origin_of, repo_with_origin, run

pytestmark = pytest.mark.thorough(every=2)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repo_with_origin(tmp_path / "repo")


def setup(repo: Path, tree: Path, branch: str = "u/t", **env: str) -> Said:
    return run("setup-worktree.sh", repo, branch, tree, **env)


def head(tree: Path) -> str:
    return git(tree, "rev-parse", "HEAD")


def kept(tree: Path, name: str) -> str:
    return Path(git(tree, "rev-parse", "--absolute-git-dir"), f"orchestrator-{name}").read_text().strip()


def push_branch(repo: Path, name: str, **files: str) -> str:
    """A branch that only origin has."""
    git(repo, "switch", "--quiet", "-c", name)
    sha = commit(repo, **files)
    git(repo, "push", "--quiet", "origin", name)
    git(repo, "switch", "--quiet", "main")
    git(repo, "branch", "-D", name)
    return sha


@pytest.mark.parametrize("name", ["trunk", "feature/x", "release/größe 1".replace(" ", "-")])
def test_the_default_branch_may_have_any_name(tmp_path: Path, name: str) -> None:
    repo = repo_with_origin(tmp_path / "repo")
    sha = push_branch(repo, name, news="1\n")
    git(origin_of(repo), "symbolic-ref", "HEAD", f"refs/heads/{name}")
    assert setup(repo, tmp_path / "w").code == 0
    assert (head(tmp_path / "w"), kept(tmp_path / "w", "base")) == (sha, name)
    assert kept(tmp_path / "w", "base-commit") == sha


@pytest.mark.parametrize("written", ["feature/x", "origin/feature/x", "refs/heads/feature/x"])
@pytest.mark.thorough(every=3)
def test_the_base_that_is_asked_for_comes_first(repo: Path, tmp_path: Path, written: str) -> None:
    sha = push_branch(repo, "feature/x", news="1\n")
    assert setup(repo, tmp_path / "w", ORCHESTRATOR_BASE=written).code == 0
    assert (head(tmp_path / "w"), kept(tmp_path / "w", "base")) == (sha, "feature/x")
    assert run("setup-worktree.sh", repo, "other", tmp_path / "v", "main", ORCHESTRATOR_BASE=written).code == 0
    assert kept(tmp_path / "v", "base") == "main"


@pytest.mark.parametrize("remote", [True, False])
def test_a_base_that_does_not_exist_is_refused_with_what_exists(tmp_path: Path, remote: bool) -> None:
    repo = (repo_with_origin if remote else lone_repo)(tmp_path / "repo")
    said = setup(repo, tmp_path / "w", ORCHESTRATOR_BASE="mian")
    assert said.code == 1
    assert "mian does not exist" in said.err
    assert "there are: main" in said.err
    assert not (tmp_path / "w").exists()


def test_a_base_that_was_deleted_on_the_remote_is_not_taken_from_an_old_copy(repo: Path, tmp_path: Path) -> None:
    push_branch(repo, "release", news="1\n")
    git(origin_of(repo), "branch", "-D", "release")
    said = setup(repo, tmp_path / "w", ORCHESTRATOR_BASE="release")
    assert said.code == 1
    assert "release does not exist on origin" in said.err


def test_an_unpushed_commit_of_the_local_base_is_not_in_it(repo: Path, tmp_path: Path) -> None:
    commit(repo, mine="1\n")
    pushed = elsewhere(repo, news="1\n")
    assert setup(repo, tmp_path / "w").code == 0
    assert head(tmp_path / "w") == pushed


def test_a_dirty_main_tree_with_a_locked_index_is_no_obstacle(repo: Path, tmp_path: Path) -> None:
    (repo / "shared").write_text("half done")
    lock = repo / ".git" / "index.lock"
    lock.touch()
    said = setup(repo, tmp_path / "w")
    assert said.code == 0, said
    assert lock.exists()
    assert (repo / "shared").read_text() == "half done"


def test_a_dirty_worktree_is_taken_over_as_it_is(repo: Path, tmp_path: Path) -> None:
    setup(repo, tmp_path / "w")
    (tmp_path / "w" / "shared").write_text("half done")
    elsewhere(repo, news="1\n")
    said = setup(repo, tmp_path / "w")
    assert said.code == 0, said
    assert (tmp_path / "w" / "shared").read_text() == "half done"


def test_a_branch_without_work_of_its_own_is_brought_up_to_date(repo: Path, tmp_path: Path) -> None:
    setup(repo, tmp_path / "w")
    pushed = elsewhere(repo, news="1\n")
    assert setup(repo, tmp_path / "w").code == 0
    assert (head(tmp_path / "w"), kept(tmp_path / "w", "base-commit")) == (pushed, pushed)
    own = commit(tmp_path / "w", done="1\n")
    elsewhere(repo, news="2\n")
    assert setup(repo, tmp_path / "w").code == 0
    assert (head(tmp_path / "w"), kept(tmp_path / "w", "base-commit")) == (own, pushed)


def test_a_detached_head_of_the_main_tree_is_no_base(tmp_path: Path) -> None:
    repo = lone_repo(tmp_path / "repo")
    git(repo, "switch", "--quiet", "--detach")
    commit(repo, stray="1\n")
    assert setup(repo, tmp_path / "w").code == 0
    assert not (tmp_path / "w" / "stray").exists()
    git(repo, "branch", "-m", "main", "odd")
    said = setup(repo, tmp_path / "v", "u/other")
    assert said.code == 1
    assert "detached HEAD" in said.err


def test_a_worktree_with_a_detached_head_goes_on_only_where_its_branch_is(repo: Path, tmp_path: Path) -> None:
    tree = tmp_path / "w"
    setup(repo, tree)
    git(tree, "switch", "--quiet", "--detach")
    assert setup(repo, tree).code == 0
    assert git(tree, "symbolic-ref", "--short", "HEAD") == "u/t"
    git(tree, "switch", "--quiet", "--detach")
    sha = commit(tree, stray="1\n")
    said = setup(repo, tree)
    assert said.code == 1
    assert f"detached HEAD at {sha[:12]}" in said.err
    assert head(tree) == sha


def test_a_bare_repository_will_do(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(origin_of(repo)), "bare.git")
    pushed = elsewhere(repo, news="1\n")
    said = setup(tmp_path / "bare.git", tmp_path / "w")
    assert said.code == 0, said
    assert head(tmp_path / "w") == pushed
    assert setup(origin_of(repo), tmp_path / "v").code == 0


def test_a_shallow_clone_will_do(repo: Path, tmp_path: Path) -> None:
    elsewhere(repo, news="1\n")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{origin_of(repo)}", "shallow")
    release = push_branch(repo, "release", more="1\n")
    pushed = elsewhere(repo, news="2\n")
    assert setup(tmp_path / "shallow", tmp_path / "w").code == 0
    assert (head(tmp_path / "w"), kept(tmp_path / "w", "base-commit")) == (pushed, pushed)
    assert setup(tmp_path / "shallow", tmp_path / "v", "v", ORCHESTRATOR_BASE="release").code == 0
    assert head(tmp_path / "v") == release


def test_the_only_remote_counts_whatever_its_name(repo: Path, tmp_path: Path) -> None:
    git(repo, "remote", "rename", "origin", "upstream")
    pushed = elsewhere(repo, news="1\n")
    assert setup(repo, tmp_path / "w").code == 0
    assert head(tmp_path / "w") == pushed
    git(repo, "remote", "add", "mine", str(tmp_path / "nowhere"))
    said = setup(repo, tmp_path / "v", "v")
    assert said.code == 1
    assert "several remotes (mine upstream)" in said.err
    git(repo, "config", "checkout.defaultRemote", "upstream")
    assert setup(repo, tmp_path / "v", "v").code == 0


def test_a_remote_that_is_away_stops_new_worktrees_only(repo: Path, tmp_path: Path) -> None:
    setup(repo, tmp_path / "w")
    own = commit(tmp_path / "w", done="1\n")
    origin_of(repo).rename(tmp_path / "moved")
    said = setup(repo, tmp_path / "w")
    assert said.code == 0
    assert "cannot fetch from origin now" in said.err
    assert head(tmp_path / "w") == own
    assert "cannot fetch from origin" in setup(repo, tmp_path / "v", "v").err


@pytest.mark.parametrize("name", ["-dash", "quo\"te's", "glob[*]?", "größe 漢字", "back\\slash"])
@pytest.mark.thorough(every=3)
def test_paths_may_have_any_letters(tmp_path: Path, name: str) -> None:
    repo = repo_with_origin(tmp_path / name / "repo")
    for _ in range(2):
        said = setup(repo, tmp_path / name / f"w {name}")
        assert said.code == 0, said
    said = run("cleanup-worktree.sh", tmp_path / name / f"w {name}")
    assert said.code == 0, said


def test_a_worktree_in_the_main_tree_is_not_seen_there(repo: Path) -> None:
    assert setup(repo, repo / "work trees" / "T#1").code == 0
    assert git(repo, "status", "--porcelain") == ""
    said = setup(repo, repo / "work trees" / "T#1" / "inner", "u/other")
    assert said.code == 1
    assert "inside another worktree" in said.err
    assert "inside of a git repository" in setup(repo, repo / ".git" / "w", "u/other").err


def test_a_worktree_on_a_path_with_links_is_found_again(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "w").symlink_to(tmp_path / "real" / "deep")
    for _ in range(2):
        assert setup(repo, tmp_path / "link" / "w").code == 0
    assert head(tmp_path / "real" / "deep") == head(repo)
    assert run("cleanup-worktree.sh", tmp_path / "link" / "w").code == 0


@pytest.mark.parametrize("where", ["local", "remote"])
@pytest.mark.parametrize(("there", "wanted"), [("feat", "feat/x"), ("feat/x", "feat")])
def test_a_branch_that_cannot_be_beside_another_is_refused(
    repo: Path, tmp_path: Path, where: str, there: str, wanted: str
) -> None:
    if where == "remote":
        push_branch(repo, there, news="1\n")
    else:
        git(repo, "branch", there)
    said = setup(repo, tmp_path / "w", wanted)
    assert said.code == 1
    assert f"there is a branch {there};" in said.err


def test_hooks_are_not_run(repo: Path, tmp_path: Path) -> None:
    for name in ("post-checkout", "reference-transaction", "post-merge"):
        hook = repo / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran-{name}'\nexit 1\n")
        hook.chmod(0o755)
    assert setup(repo, tmp_path / "w").code == 0
    elsewhere(repo, news="1\n")
    assert setup(repo, tmp_path / "w").code == 0
    assert not list(tmp_path.glob("ran-*"))


def test_a_lock_of_a_living_git_is_waited_for(repo: Path, tmp_path: Path) -> None:
    """A person's commit, whose editor is open, holds the lock as long."""
    tree = tmp_path / "w"
    setup(repo, tree)
    (tree / "shared").write_text("changed")
    opened, closed = tmp_path / "opened", tmp_path / "closed"
    editor = f"touch '{opened}'; until [ -e '{closed}' ]; do sleep 0.05; done; echo message >"
    env = {**os.environ, "GIT_EDITOR": f"sh -c '{editor.replace(chr(39), chr(34))}\"$1\"' -"}
    script = ["/bin/bash", str(SCRIPTS / "setup-worktree.sh"), str(repo), "u/t", str(tree)]
    with (
        subprocess.Popen(["git", "commit", "-qa"], cwd=tree, env=env) as person,
        subprocess.Popen(["sh", "-c", f"until [ -e '{opened}' ]; do sleep 0.05; done; exec \"$@\"", "-", *script],
                         stderr=subprocess.PIPE, text=True) as running,
    ):  # fmt: skip
        assert running.stderr is not None
        said = running.stderr.readline()
        closed.touch()
        assert running.wait(60) == 0
        assert person.wait(60) == 0
    assert "waiting for a git that works there" in said
    assert git(tree, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["packed-refs.lock", "config.lock", "refs/remotes/origin/main.lock"])
@pytest.mark.thorough(every=3)
def test_a_lock_of_the_repository_that_a_dead_git_left_is_removed(repo: Path, tmp_path: Path, name: str) -> None:
    elsewhere(repo, news="1\n")
    git(repo, "fetch", "--quiet")
    elsewhere(repo, news="2\n")
    lock = repo / ".git" / name
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    said = setup(repo, tmp_path / "w", ORCHESTRATOR_PLAN="p", ORCHESTRATOR_TICKET="t")
    assert said.code == 0, said
