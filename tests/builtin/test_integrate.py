"""integrate.sh: every ticket is in the base exactly once, verified on that base, and nobody's tree is disturbed."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.builtin.scripts import (
    SCRIPTS,
    Said,
    commit,
    elsewhere,
    git,
    lone_repo,
    origin_of,
    repo_with_origin,
    run,
    turn_of,
)

pytestmark = pytest.mark.thorough(every=2)

TITLE = "Añadir $(touch x) `y`"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repo_with_origin(tmp_path / "répo with spaces")


def ticket(repo: Path, name: str = "T-1") -> Path:
    tree = repo.parent / "work trees" / name
    said = run("setup-worktree.sh", repo, f"u/{name}", tree)
    assert said.code == 0, said
    return tree


def integrate(repo: Path, name: str = "T-1", title: str = TITLE, **env: str) -> Said:
    tree = repo.parent / "work trees" / name
    return run("integrate.sh", repo, f"u/{name}", tree, name, title, cwd=tree, **env)


def until_merged(repo: Path, name: str) -> Said:
    for _ in range(30):
        said = integrate(repo, name)
        if said.code != 4:
            return said
    raise AssertionError("the base moved thirty times")


def subjects(repo: Path, branch: str = "main") -> list[str]:
    """Without the first commit, newest first; and the history is a line."""
    assert git(repo, "log", "--merges", "--format=%s", branch) == ""
    return git(repo, "log", "--format=%s", branch).splitlines()[:-1]


def test_a_ticket_goes_on_top_of_the_base_and_the_history_stays_a_line(repo: Path) -> None:
    change = commit(ticket(repo), done="1\n")
    said = integrate(repo)
    assert said.code == 0, said
    assert git(origin_of(repo), "rev-parse", "main") == change
    assert (repo / "done").exists(), "the local base follows where it can"
    assert git(repo, "status", "--porcelain") == ""


def test_running_it_again_merges_nothing_twice(repo: Path) -> None:
    commit(ticket(repo), done="1\n")
    assert [integrate(repo).code for _ in range(3)] == [0, 0, 0]
    assert subjects(origin_of(repo)) == ["change done"]


def test_a_branch_without_a_change_is_nothing_to_merge(repo: Path) -> None:
    ticket(repo)
    assert integrate(repo).code == 0
    assert subjects(origin_of(repo)) == []


def test_a_base_that_moved_must_be_verified_again_first(repo: Path) -> None:
    tree = ticket(repo)
    commit(tree, done="1\n")
    pushed = elsewhere(repo, news="1\n")
    assert integrate(repo).code == 4
    assert (tree / "news").exists()
    assert git(origin_of(repo), "rev-parse", "main") == pushed
    assert integrate(repo).code == 0
    assert git(origin_of(repo), "rev-parse", "main^") == pushed


def test_a_change_that_the_base_has_already_disappears(repo: Path) -> None:
    commit(ticket(repo), news="1\n")
    pushed = elsewhere(repo, news="1\n")
    assert integrate(repo).code == 0
    assert git(origin_of(repo), "rev-parse", "main") == pushed


@pytest.mark.parametrize("remote", [True, False])
def test_a_conflict_names_the_files_and_leaves_the_branch_as_it_was(tmp_path: Path, remote: bool) -> None:
    repo = (repo_with_origin if remote else lone_repo)(tmp_path / "repo")
    tree = ticket(repo)
    mine = commit(tree, shared="mine\n", other="1\n")
    if remote:
        elsewhere(repo, shared="theirs\n")
    else:
        commit(repo, shared="theirs\n")
    said = integrate(repo)
    assert said.code == 3
    assert said.out.splitlines()[1:3] == ["shared", ""]
    assert git(tree, "status", "--porcelain", "--branch") == "## u/T-1"
    assert git(tree, "rev-parse", "HEAD") == mine


def test_resolved_by_a_rebase_it_goes_in(repo: Path) -> None:
    tree = ticket(repo)
    commit(tree, shared="mine\n")
    elsewhere(repo, shared="theirs\n")
    assert integrate(repo).code == 3
    git(tree, "reset", "--quiet", "--hard", "origin/main")
    commit(tree, shared="theirs and mine\n")
    assert integrate(repo).code == 0
    assert git(origin_of(repo), "show", "main:shared") == "theirs and mine"


@pytest.mark.thorough
def test_a_rebase_that_was_killed_half_way_is_begun_anew(repo: Path) -> None:
    tree = ticket(repo)
    commit(tree, shared="mine\n")
    elsewhere(repo, shared="theirs\n")
    git(tree, "fetch", "--quiet")
    with pytest.raises(AssertionError):
        git(tree, "rebase", "origin/main")
    (Path(git(tree, "rev-parse", "--absolute-git-dir")) / "index.lock").touch()
    assert integrate(repo).code == 3
    assert git(tree, "status", "--porcelain", "--branch") == "## u/T-1"


@pytest.mark.parametrize("missing", [("head-name", "orig-head", "onto"), ("orig-head",)])
@pytest.mark.parametrize("had_left_the_branch", [False, True])
@pytest.mark.thorough(every=3)
def test_a_rebase_that_git_had_not_written_down_whole_is_begun_anew(
    repo: Path, missing: tuple[str, ...], had_left_the_branch: bool
) -> None:
    tree = ticket(repo)
    sha = commit(tree, shared="mine\n")
    elsewhere(repo, shared="theirs\n")
    git(tree, "fetch", "--quiet")
    with pytest.raises(AssertionError):
        git(tree, "rebase", "origin/main")
    for name in missing:
        (Path(git(tree, "rev-parse", "--absolute-git-dir")) / "rebase-merge" / name).unlink()
    if not had_left_the_branch:
        git(tree, "symbolic-ref", "HEAD", "refs/heads/u/T-1")
        git(tree, "reset", "--quiet", "--hard")
    assert integrate(repo).code == 3
    assert git(tree, "status", "--porcelain", "--branch") == "## u/T-1"
    assert git(tree, "rev-parse", "HEAD") == sha


@pytest.mark.parametrize("remote", [True, False])
@pytest.mark.thorough
def test_eight_tickets_at_once_are_each_merged_once_and_nothing_is_missing(tmp_path: Path, remote: bool) -> None:
    repo = (repo_with_origin if remote else lone_repo)(tmp_path / "repo")
    names = [f"T-{n}" for n in range(8)]
    for n, name in enumerate(names):
        tree = ticket(repo, name)
        lines = (tree / "shared").read_text().splitlines(keepends=True)
        lines[n * 4] = f"changed by {name}\n"
        commit(tree, shared="".join(lines), **{name: name})
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda name: until_merged(repo, name), names))
    assert [said.code for said in done] == [0] * 8, done
    where = origin_of(repo) if remote else repo
    assert sorted(subjects(where)) == [f"change shared, {name}" for name in names]
    assert all(f"changed by {name}" in git(where, "show", "main:shared") for name in names)
    assert set(names) <= set(git(where, "ls-tree", "--name-only", "main").split())
    assert git(repo, "status", "--porcelain") == ""
    assert all((repo / name).exists() for name in names), "the tree that has the base checked out followed"


def test_without_a_remote_a_base_that_nobody_has_checked_out_is_advanced(tmp_path: Path) -> None:
    repo = lone_repo(tmp_path / "repo")
    commit(ticket(repo), done="1\n")
    git(repo, "switch", "--quiet", "-c", "aside")
    assert integrate(repo).code == 0
    assert git(repo, "show", "main:done") == "1"
    assert not (repo / "done").exists()


def test_uncommitted_changes_in_the_way_are_never_touched(tmp_path: Path) -> None:
    repo = lone_repo(tmp_path / "repo")
    commit(ticket(repo), shared="mine\n")
    (repo / "shared").write_text("precious")
    before = git(repo, "rev-parse", "main")
    said = integrate(repo)
    assert said.code == 5
    assert "not committed are in the way" in said.err
    assert (repo / "shared").read_text() == "precious"
    assert git(repo, "rev-parse", "main") == before
    git(repo, "checkout", "--quiet", "shared")
    assert integrate(repo).code == 0


def test_uncommitted_changes_elsewhere_in_the_tree_are_not_in_the_way(tmp_path: Path) -> None:
    repo = lone_repo(tmp_path / "repo")
    commit(ticket(repo), done="1\n")
    (repo / "shared").write_text("precious")
    assert integrate(repo).code == 0
    assert (repo / "shared").read_text() == "precious"
    assert (repo / "done").exists()


def test_with_an_origin_a_dirty_tree_is_left_behind_and_the_merge_stands(repo: Path) -> None:
    commit(ticket(repo), done="1\n")
    (repo / "shared").write_text("precious")
    said = integrate(repo)
    assert said.code == 0
    assert "left behind" in said.out
    assert (repo / "shared").read_text() == "precious"
    assert not (repo / "done").exists()
    assert subjects(origin_of(repo)) == ["change done"]


def test_what_the_ticket_left_uncommitted_is_not_merged_without_it(repo: Path) -> None:
    tree = ticket(repo)
    commit(tree, done="1\n")
    (tree / "shared").write_text("forgotten")
    said = integrate(repo)
    assert said.code == 1
    assert "shared" in said.err
    assert subjects(origin_of(repo)) == []


def test_a_worktree_on_another_branch_is_not_merged(repo: Path) -> None:
    tree = ticket(repo)
    git(tree, "switch", "--quiet", "-c", "stray")
    commit(tree, done="1\n")
    assert integrate(repo).code == 1
    assert subjects(origin_of(repo)) == []


def test_an_origin_that_refuses_is_an_error_in_its_own_words(repo: Path) -> None:
    hook = origin_of(repo) / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    commit(ticket(repo), done="1\n")
    said = integrate(repo)
    assert said.code == 1
    assert "main is protected" in said.err


def test_the_base_stays_the_one_that_the_ticket_started_from(tmp_path: Path) -> None:
    repo = lone_repo(tmp_path / "repo")
    commit(ticket(repo), done="1\n")
    git(repo, "switch", "--quiet", "-c", "somebodys-work")
    assert integrate(repo).code == 0
    assert git(repo, "show", "main:done") == "1"
    assert subjects(repo, "somebodys-work") == []


def test_a_tree_that_has_the_base_is_brought_up_to_date_by_one_script_at_a_time(repo: Path, tmp_path: Path) -> None:
    tree = ticket(repo)
    commit(tree, done="1\n")
    script = ["/bin/bash", str(SCRIPTS / "integrate.sh"), str(repo), "u/T-1", str(tree), "T-1"]
    with (
        turn_of(repo) as turn,
        subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running,
    ):
        assert running.stderr is not None
        assert "waiting for" in running.stderr.readline()
        (repo / "shared").write_text("precious")
        turn.close()
        out, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "left behind" in out, "it looks at the tree only when it is its turn"
