"""setup-worktree.sh and cleanup-worktree.sh, killed at any step: the next run finishes it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.builtin.scripts import SCRIPTS, commit, git, origin_of, repo_with_origin, run

EVERY = 1 if "ORCHESTRATOR_CHAOS" in os.environ else 12
"""Each so many-th call."""


class Project(NamedTuple):
    repo: Path
    tree: Path
    env: dict[str, str]

    def again(self, script: str = "setup-worktree.sh") -> None:
        words = (self.repo, "u/t", self.tree) if script.startswith("setup") else (self.tree,)
        said = run(script, *words, cwd=self.repo, **self.env)
        assert said.code == 0, said


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with a submodule and with files that are ignored and wanted."""
    env = {"ORCHESTRATOR_PLAN": "p", "ORCHESTRATOR_TICKET": "t"}
    part = repo_with_origin(tmp_path / "part" / "repo")
    repo = repo_with_origin(tmp_path / "repo")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(origin_of(part)), "lib")
    commit(repo, **{".gitignore": ".env\n", ".worktreeinclude": ".env\n"})
    git(repo, "push", "--quiet", "origin", "main")
    (repo / ".env").write_text("KEY=1\n")
    return Project(repo, tmp_path / "w", env)


def killed(project: Project, script: str, at: int, *, after: bool) -> bool:
    """Kills the script and all of its programs when it calls git for the `at`-th time, before or after git has done
    it; whether it was called so often."""
    shim, real = project.repo.parent / "bin" / "git", shutil.which("git")
    count = shim.parent / "count"
    shim.parent.mkdir(exist_ok=True)
    count.write_text("0")
    do, die = f'"{real}" "$@"', 'kill -9 -- "-$GROUP"'
    shim.write_text(
        f'#!/bin/bash\nn=$(($(<"{count}") + 1)); echo $n >"{count}"\n'
        f"[ $n -eq {at} ] || exec {do}\n{do + ' >/dev/null 2>&1' if after else ':'}; {die}\n"
    )
    shim.chmod(0o755)
    words = (project.repo, "u/t", project.tree) if script.startswith("setup") else (project.tree,)
    argv = ["/bin/bash", "-c", 'export GROUP=$$; exec /bin/bash "$@"', "-", str(SCRIPTS / script), *map(str, words)]
    env = {**os.environ, **project.env, "PATH": f"{shim.parent}:{os.environ['PATH']}"}
    quiet = subprocess.DEVNULL
    done = subprocess.run(
        argv, cwd=project.repo, env=env, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True, check=False
    )
    assert done.returncode in (0, -signal.SIGKILL), done
    return done.returncode != 0


def is_whole(project: Project) -> None:
    repo, tree = project.repo, project.tree
    assert git(tree, "status", "--porcelain") == ""
    assert git(tree, "symbolic-ref", "--short", "HEAD") == "u/t"
    assert (tree / "lib" / "shared").exists()
    assert (tree / ".env").read_text() == "KEY=1\n"
    own = Path(git(tree, "rev-parse", "--absolute-git-dir"))
    kept = {path.name: path.read_text().strip() for path in own.glob("orchestrator-*")}
    assert kept == {
        "orchestrator-base": "main",
        "orchestrator-base-commit": git(repo, "rev-parse", "main"),
        "orchestrator-owner": "p/t",
    }


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.thorough(every=2, more=True)
def test_a_setup_that_was_killed_at_any_call_of_git_is_finished(project: Project, after: bool) -> None:
    at, kills = 3 * after + 1, 0
    while killed(project, "setup-worktree.sh", at, after=after):
        project.again()
        is_whole(project)
        project.again("cleanup-worktree.sh")
        git(project.repo, "branch", "-D", "u/t")
        at, kills = at + EVERY, kills + 1
    assert kills > 2


@pytest.mark.thorough
def test_a_cleanup_that_was_killed_at_any_call_of_git_is_finished(project: Project) -> None:
    project.again()
    at = 1
    while killed(project, "cleanup-worktree.sh", at, after=True):
        project.again("cleanup-worktree.sh")
        assert not project.tree.exists()
        assert str(project.tree) not in git(project.repo, "worktree", "list")
        project.again()
        is_whole(project)
        at += EVERY
