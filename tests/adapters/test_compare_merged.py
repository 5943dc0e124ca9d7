"""What a merged ticket changed, where others were merged between its start and its merge."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.adapters.repository.comparing import of_branch

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    def git(*words: str) -> str:
        said = ["git", "-c", "user.name=me", "-c", "user.email=me@x", *words]
        return subprocess.run(said, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q", "-b", "main")
    return git


def test_a_merged_branch_is_compared_with_the_base_that_it_was_merged_onto(git: Git, tmp_path: Path) -> None:
    began, others, own = [
        (git("commit", "-q", "--allow-empty", "-m", name), git("rev-parse", "HEAD"))[1] for name in "abc"
    ]
    git("branch", "work")
    found = of_branch(str(tmp_path), "work", began)
    assert found is not None and found.start == began
    (tmp_path / ".git/orchestrator-merged").write_text(f"{began} {others} T-1: a\n{others} {own} T-2: b\n")
    found = of_branch(str(tmp_path), "work", began)
    assert found is not None and (found.start, found.end) == (others, own)


def test_so_it_is_with_a_merge_commit_and_on_a_base_of_its_own(git: Git, tmp_path: Path) -> None:
    git("commit", "-q", "--allow-empty", "-m", "begin")
    git("checkout", "-q", "-b", "dev")
    began, others = [
        (git("commit", "-q", "--allow-empty", "-m", name), git("rev-parse", "HEAD"))[1] for name in ("a", "others")
    ]
    git("checkout", "-q", "-b", "work")
    git("commit", "-q", "--allow-empty", "-m", "own")
    found = of_branch(str(tmp_path), "work", began, "dev")
    assert found is not None and (found.start, found.base) == (others, "dev")
    git("checkout", "-q", "dev")
    git("merge", "-q", "--no-ff", "-m", "Merge T-2", "work")
    (tmp_path / ".git/orchestrator-merged").write_text(f"{others} {git('rev-parse', 'HEAD')} T-2: b\n")
    found = of_branch(str(tmp_path), "work", began, "dev")
    assert found is not None and found.start == others
