"""setup-worktree.sh: the worktree is there, from the fresh base, and nothing of anybody's is destroyed."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.builtin.scripts import commit, elsewhere, git, lone_repo, origin_of, repo_with_origin, run

pytestmark = pytest.mark.thorough(every=2)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repo_with_origin(tmp_path / "répo with spaces")


def test_a_new_branch_starts_from_the_freshly_fetched_base_and_tracks_nothing(repo: Path, tmp_path: Path) -> None:
    pushed = elsewhere(repo, news="1\n")
    tree = tmp_path / "work trees" / "T-1 ü"
    said = run("setup-worktree.sh", repo, "u/t-1", tree)
    assert (said.code, "T-1 ü" in said.out, "u/t-1" in said.out) == (0, True, True), said
    assert git(tree, "rev-parse", "HEAD") == pushed
    assert git(tree, "symbolic-ref", "--short", "HEAD") == "u/t-1"
    assert subprocess.run(["git", "config", "branch.u/t-1.merge"], cwd=repo, check=False).returncode == 1
    assert git(repo, "status", "--porcelain") == ""


def test_the_base_is_the_head_branch_of_origin_whatever_is_checked_out(repo: Path, tmp_path: Path) -> None:
    git(repo, "switch", "--quiet", "-c", "somebodys-work")
    commit(repo, mine="1\n")
    assert run("setup-worktree.sh", repo, "t", tmp_path / "w").code == 0
    assert not (tmp_path / "w" / "mine").exists()


def test_without_a_remote_the_base_is_the_branch_that_is_checked_out(tmp_path: Path) -> None:
    repo = lone_repo(tmp_path / "repo")
    git(repo, "switch", "--quiet", "-c", "develop")
    commit(repo, mine="1\n")
    assert run("setup-worktree.sh", repo, "t", tmp_path / "w").code == 0
    assert (tmp_path / "w" / "mine").exists()


def test_it_may_be_run_again_and_keeps_what_is_there(repo: Path, tmp_path: Path) -> None:
    tree = tmp_path / "w"
    run("setup-worktree.sh", repo, "t", tree)
    commit(tree, done="1\n")
    (tree / "loose").write_text("not committed")
    said = run("setup.sh", repo, "t", tree)
    assert said.code == 0, said
    assert (tree / "loose").read_text() == "not committed"
    assert (tree / "done").exists()


def test_an_existing_branch_without_a_worktree_is_taken_over(repo: Path, tmp_path: Path) -> None:
    git(repo, "switch", "--quiet", "-c", "t")
    sha = commit(repo, done="1\n")
    git(repo, "switch", "--quiet", "main")
    assert run("setup-worktree.sh", repo, "t", tmp_path / "w").code == 0
    assert git(tmp_path / "w", "rev-parse", "HEAD") == sha


def test_a_branch_that_only_origin_has_is_taken_over(repo: Path, tmp_path: Path) -> None:
    git(repo, "switch", "--quiet", "-c", "t")
    sha = commit(repo, done="1\n")
    git(repo, "push", "--quiet", "origin", "t")
    git(repo, "switch", "--quiet", "main")
    git(repo, "branch", "-D", "t")
    assert run("setup-worktree.sh", repo, "t", tmp_path / "w").code == 0
    assert git(tmp_path / "w", "rev-parse", "HEAD") == sha


@pytest.mark.parametrize("what", ["folder", "file", "other repository"])
def test_what_is_not_that_worktree_is_left_alone(repo: Path, tmp_path: Path, what: str) -> None:
    tree = tmp_path / "w"
    if what == "file":
        tree.write_text("precious")
    elif what == "folder":
        tree.mkdir()
        (tree / "precious").write_text("precious")
    else:
        lone_repo(tree)
    said = run("setup-worktree.sh", repo, "t", tree)
    assert said.code == 1
    assert "not a worktree of" in said.err
    assert tree.read_text() == "precious" if what == "file" else any(tree.iterdir())


def test_a_worktree_on_another_branch_is_refused_by_name(repo: Path, tmp_path: Path) -> None:
    run("setup-worktree.sh", repo, "one", tmp_path / "w")
    said = run("setup-worktree.sh", repo, "two", tmp_path / "w")
    assert said.code == 1
    assert "on one, not on two" in said.err


def test_a_branch_that_is_checked_out_elsewhere_is_refused_with_the_place(repo: Path, tmp_path: Path) -> None:
    run("setup-worktree.sh", repo, "t", tmp_path / "one")
    said = run("setup-worktree.sh", repo, "t", tmp_path / "two")
    assert said.code == 1
    assert f"checked out at {tmp_path / 'one'}" in said.err


def test_the_repository_itself_is_no_worktree_for_a_ticket(repo: Path) -> None:
    assert run("setup-worktree.sh", repo, "t", repo).code == 1
    assert git(repo, "symbolic-ref", "--short", "HEAD") == "main"


def test_a_worktree_whose_directory_was_deleted_is_made_again(repo: Path, tmp_path: Path) -> None:
    tree = tmp_path / "w"
    run("setup-worktree.sh", repo, "t", tree)
    sha = commit(tree, done="1\n")
    subprocess.run(["rm", "-rf", str(tree)], check=True)
    assert run("setup-worktree.sh", repo, "t", tree).code == 0
    assert git(tree, "rev-parse", "HEAD") == sha


@pytest.mark.parametrize("got_as_far_as", ["registered", "checking out", "forgotten", "nothing written"])
def test_a_half_made_worktree_is_finished(repo: Path, tmp_path: Path, got_as_far_as: str) -> None:
    tree = tmp_path / "w"
    run("setup-worktree.sh", repo, "t", tree)
    admin = Path(git(tree, "rev-parse", "--absolute-git-dir"))
    (admin / "locked").write_text("initializing")
    (admin / "index").unlink()
    if got_as_far_as == "checking out":
        (admin / "index.lock").touch()
        (tree / "shared").write_text("line 1\nli")
    else:
        (tree / "shared").unlink()
    if got_as_far_as in ("forgotten", "nothing written"):
        subprocess.run(["rm", "-rf", str(admin)], check=True)
    if got_as_far_as == "nothing written":
        (tree / ".git").write_text("")
    said = run("setup-worktree.sh", repo, "t", tree)
    assert said.code == 0, said
    assert git(tree, "status", "--porcelain") == ""
    assert (tree / "shared").read_text().endswith("line 30\n")
    assert not list(admin.parent.glob("*/locked"))


@pytest.mark.parametrize("whose", ["its own", "another ticket's"])
def test_a_head_of_zeros_that_a_killed_git_left_is_no_obstacle(repo: Path, tmp_path: Path, whose: str) -> None:
    """Over it git stumbles in every fetch of the repository, not only for the ticket whose setup was killed."""
    tree = tmp_path / "w"
    run("setup-worktree.sh", repo, "t", tree)
    admin = Path(git(tree, "rev-parse", "--absolute-git-dir"))
    (admin / "locked").write_text("initializing")
    (admin / "HEAD").write_text("0" * 40 + "\n")
    (admin / "index").unlink()
    (tree / "shared").unlink()
    if whose == "another ticket's":
        assert run("setup-worktree.sh", repo, "u", tmp_path / "v").code == 0
    said = run("setup-worktree.sh", repo, "t", tree)
    assert said.code == 0, said
    assert git(tree, "symbolic-ref", "--short", "HEAD") == "t"
    assert git(tree, "status", "--porcelain") == ""


def test_a_lock_on_its_branch_of_a_git_that_died_is_tolerated(repo: Path, tmp_path: Path) -> None:
    lock = repo / ".git/refs/heads/u/t.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    assert run("setup-worktree.sh", repo, "u/t", tmp_path / "w").code == 0
    assert not lock.exists()


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock"])
@pytest.mark.thorough(every=2)
def test_a_lock_in_its_worktree_of_a_git_that_died_is_tolerated(repo: Path, tmp_path: Path, name: str) -> None:
    tree = tmp_path / "w"
    run("setup-worktree.sh", repo, "t", tree)
    lock = Path(git(tree, "rev-parse", "--absolute-git-dir")) / name
    lock.touch()
    assert run("setup-worktree.sh", repo, "t", tree).code == 0
    assert not lock.exists()


def test_many_tickets_are_set_up_at_once_in_one_repository(repo: Path, tmp_path: Path) -> None:
    elsewhere(repo, news="1\n")
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda n: run("setup-worktree.sh", repo, f"t-{n}", tmp_path / f"w{n}" / "same"), range(8)))
    assert [said.code for said in done] == [0] * 8, done
    assert all((tmp_path / f"w{n}" / "same" / "news").exists() for n in range(8))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("empty", "no commits yet"),
        ("no repository", "is not a git repository"),
        ("missing", "does not exist"),
        ("origin gone", "cannot fetch from origin"),
        ("origin empty", "origin has no branch"),
        ("bad branch", "cannot be the name of a branch"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(tmp_path: Path, broken: str, words: str) -> None:
    repo, branch = tmp_path / "repo", "t"
    if broken == "empty":
        repo.mkdir()
        git(repo, "init", "--quiet", "-b", "main")
    elif broken == "no repository":
        repo.mkdir()
    elif broken == "origin gone":
        repo_with_origin(repo)
        origin_of(repo).rename(tmp_path / "moved")
    elif broken == "origin empty":
        lone_repo(repo)
        git(tmp_path, "init", "--quiet", "--bare", "origin.git")
        git(repo, "remote", "add", "origin", str(tmp_path / "origin.git"))
    elif broken == "bad branch":
        lone_repo(repo)
        branch = "a..b"
    said = run("setup-worktree.sh", repo, branch, tmp_path / "w")
    assert said.code == 1
    assert words in said.err
    assert not (tmp_path / "w").exists()


def test_a_bare_origin_whose_head_points_nowhere_still_has_a_base(tmp_path: Path) -> None:
    repo = repo_with_origin(tmp_path / "repo")
    git(origin_of(repo), "symbolic-ref", "HEAD", "refs/heads/trunk")
    assert run("setup-worktree.sh", repo, "t", tmp_path / "w").code == 0


def test_variables_that_bind_git_elsewhere_change_nothing(repo: Path, tmp_path: Path) -> None:
    other = lone_repo(tmp_path / "other")
    said = run("setup-worktree.sh", repo, "t", tmp_path / "w", GIT_DIR=str(other / ".git"), GIT_INDEX_FILE="/x")
    assert said.code == 0, said
    assert git(other, "branch", "--list", "t") == ""
