"""Local branches: whether they are merged, and their removal. A branch that has moved since it was looked at stays."""

from __future__ import annotations

import subprocess
from pathlib import Path

from orchestrator.adapters.repository.git import lines_of, remote


def tip(repo: Path, branch: str) -> str | None:
    return _first(repo, "rev-parse", "--quiet", "--verify", f"refs/heads/{branch}^{{commit}}")


def is_of_other(repo: Path, branch: str, owner: str) -> bool:
    """Whether it was noted as another ticket's, or as no ticket's."""
    return _first(repo, "config", "--local", f"branch.{branch}.orchestratorTicket") != owner


def is_merged(repo: Path, commit: str, base: str) -> bool:
    """Whether the base has it: as the remote last showed it, where there is one."""
    name = remote(repo)
    place = f"refs/remotes/{name}/{base}" if name else f"refs/heads/{base}"
    return _first(repo, "for-each-ref", f"--contains={commit}", "--format=%(refname)", place) == place


def checked_out_at(repo: Path, branch: str) -> str | None:
    path = None
    for line in lines_of(repo, "worktree", "list", "--porcelain"):
        word, _, rest = line.partition(" ")
        path = rest if word == "worktree" else path
        if word == "branch" and rest == f"refs/heads/{branch}":
            return path
    return None


def delete(repo: Path, branch: str, commit: str) -> str:
    """Why it is kept; empty: it is gone, with what git's configuration said of it."""
    done = _git(repo, "update-ref", "-d", f"refs/heads/{branch}", commit)
    if done.returncode != 0:
        return f"cannot be removed: {done.stderr.strip()}"
    _git(repo, "config", "--local", "--remove-section", f"branch.{branch}")
    return ""


def _first(repo: Path, *words: str) -> str | None:
    return next(iter(lines_of(repo, *words)), None)


def _git(repo: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(repo), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
