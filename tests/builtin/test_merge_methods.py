"""How a ticket gets into its base: in a line, as one commit, or by a merge commit; once, whenever it was killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builtin.scripts import Said, commit, elsewhere, git, lone_repo, origin_of, repo_with_origin, run
from tests.builtin.steps import killed_at_each_git

pytestmark = pytest.mark.thorough(every=2)

TITLE = "Añadir $(touch x) `y`"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repo_with_origin(tmp_path / "répo with spaces")


@pytest.fixture
def tree(repo: Path) -> Path:
    path = repo.parent / "work trees" / "T-1"
    assert run("setup-worktree.sh", repo, "u/T-1", path).code == 0
    return path


def integrate(tree: Path, *words: str, repo: Path | None = None, **env: str) -> Said:
    repo = repo or tree.parent.parent / "répo with spaces"
    return run("integrate.sh", repo, "u/T-1", tree, "T-1", TITLE, *words, cwd=tree, **env)


def log(repo: Path, form: str = "%s") -> list[str]:
    return git(origin_of(repo), "log", f"--format={form}", "main").splitlines()


def test_a_merge_commit_has_the_base_first_and_the_branch_second(repo: Path, tree: Path) -> None:
    base, change = git(repo, "rev-parse", "main"), commit(tree, done="1\n")
    assert integrate(tree, ORCHESTRATOR_MERGE_METHOD="merge").code == 0
    assert log(repo)[0] == f"Merge T-1: {TITLE}"
    assert git(origin_of(repo), "rev-parse", "main^1", "main^2").split() == [base, change]


def test_squashed_it_is_one_commit_that_names_the_ticket_and_lists_what_it_was(repo: Path, tree: Path) -> None:
    commit(tree, one="1\n")
    git(tree, "commit", "--quiet", "--amend", "--no-edit", "--author", "Ann <ann@example.org>")
    commit(tree, two="2\n")
    git(tree, "commit", "--quiet", "--amend", "--no-edit", "--author", "Ann <ann@example.org>")
    assert integrate(tree, "squash").code == 0
    assert log(repo)[0] == f"T-1: {TITLE}"
    assert len(log(repo)) == 2
    assert log(repo, "%an %b")[:2] == ["Ann * change one", "* change two"]
    assert git(tree, "status", "--porcelain") == ""
    assert [integrate(tree, "squash").code, len(log(repo))] == [0, 2], "again, and nothing is merged twice"


def test_squashed_after_the_base_moved_it_is_verified_again_first(repo: Path, tree: Path) -> None:
    commit(tree, one="1\n")
    commit(tree, two="2\n")
    elsewhere(repo, news="1\n")
    assert [integrate(tree, "squash").code for _ in range(2)] == [4, 0]
    assert log(repo)[:2] == [f"T-1: {TITLE}", "change news"]


def test_the_argument_goes_before_the_environment_and_another_word_is_refused(repo: Path, tree: Path) -> None:
    commit(tree, one="1\n")
    said = integrate(tree, "octopus", ORCHESTRATOR_MERGE_METHOD="merge")
    assert (said.code, "octopus" in said.err, len(log(repo))) == (1, True, 1)
    assert integrate(tree, "rebase", ORCHESTRATOR_MERGE_METHOD="merge").code == 0
    assert log(repo)[0] == "change one"


def merged_inside(repo: Path, tree: Path, ours: str, theirs: str, resolved: str) -> None:
    """Somebody merged the base into the branch instead of rebasing it."""
    commit(tree, shared=ours)
    elsewhere(repo, shared=theirs)
    git(tree, "fetch", "--quiet")
    git(tree, "merge", "--quiet", "--no-commit", "--strategy", "ours", "origin/main")
    commit(tree, shared=resolved)


@pytest.mark.parametrize("resolved", ["theirs and mine\n", "mine\n"])
@pytest.mark.thorough(every=2)
def test_a_merge_inside_the_branch_becomes_a_line_with_the_very_same_files(
    repo: Path, tree: Path, resolved: str
) -> None:
    merged_inside(repo, tree, "mine\n", "theirs\n", resolved)
    assert integrate(tree).code == 0
    assert git(origin_of(repo), "log", "--merges", "--format=%s", "main") == ""
    assert git(origin_of(repo), "show", "main:shared") == resolved.strip()
    assert log(repo)[1:] == ["change shared", "change shared"]


def test_a_merge_without_a_conflict_is_taken_out_and_the_commits_stay(repo: Path, tree: Path) -> None:
    commit(tree, one="1\n")
    elsewhere(repo, news="1\n")
    git(tree, "pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main")
    commit(tree, two="2\n")
    assert integrate(tree).code == 0
    assert log(repo)[:3] == ["change two", "change one", "change news"]


@pytest.mark.parametrize("method", ["rebase", "squash", "merge"])
@pytest.mark.parametrize("remote", [True, False])
@pytest.mark.thorough(every=4, more=True)
def test_killed_around_any_call_of_git_it_is_merged_exactly_once(tmp_path: Path, remote: bool, method: str) -> None:
    repo = (repo_with_origin if remote else lone_repo)(tmp_path / "repo")
    tree = tmp_path / "tree"
    assert run("setup-worktree.sh", repo, "u/T-1", tree).code == 0
    commit(tree, one="1\n", shared="mine\n")
    commit(tree, two="2\n", shared="mine, too\n")
    (elsewhere if remote else commit)(repo, news="1\n")
    words = (repo, "u/T-1", tree, "T-1", TITLE, method)
    last = killed_at_each_git(tmp_path, "integrate.sh", *words, again=(4,), step=3)
    assert last.code == 0, last
    where = origin_of(repo) if remote else repo
    subjects = git(where, "log", "--topo-order", "--format=%s", "main").splitlines()
    ends = {
        "rebase": ["change two, shared", "change one, shared", "change news"],
        "squash": [f"T-1: {TITLE}", "change news"],
        "merge": [f"Merge T-1: {TITLE}", "change two, shared", "change one, shared", "change news"],
    }
    assert subjects[:-1] == ends[method]
    assert git(where, "show", "main:shared") == "mine, too"
    assert git(tree, "status", "--porcelain", "--branch") == "## u/T-1"
