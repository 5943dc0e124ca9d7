"""What a merged ticket changed, where others were merged between its start and its merge."""

from __future__ import annotations

import subprocess
from pathlib import Path

from orchestrator.adapters.comparing import of_branch


def test_a_merged_branch_is_compared_with_the_base_that_it_was_merged_onto(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        said = ["git", "-c", "user.name=me", "-c", "user.email=me@x", *words]
        return subprocess.run(said, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q", "-b", "main")
    began, others, own = [
        (git("commit", "-q", "--allow-empty", "-m", name), git("rev-parse", "HEAD"))[1] for name in "abc"
    ]
    git("branch", "work")
    found = of_branch(str(tmp_path), "work", began)
    assert found is not None and found.start == began
    (tmp_path / ".git/orchestrator-merged").write_text(f"{began} {others} T-1: a\n{others} {own} T-2: b\n")
    found = of_branch(str(tmp_path), "work", began)
    assert found is not None and (found.start, found.end) == (others, own)
