"""Files that git ignores and a new worktree needs all the same."""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters.repository import git, included_files
from orchestrator.adapters.repository.included_files import Copied
from orchestrator.errors import OrchestratorError


def include(source: str, worktree: str) -> Copied:
    """Raises OrchestratorError."""
    there, here = Path(source).absolute(), Path(worktree).absolute()
    for path in (there, here):
        if not git.is_worktree(path):
            raise OrchestratorError(f"{path} is not a working tree of a repository")
    if git.common_dir(there) != git.common_dir(here):
        raise OrchestratorError(f"{here} is not a worktree of {there}")
    try:
        return included_files.copy(there, here)
    except OSError as error:
        raise OrchestratorError(f"{included_files.NAME}: {error}") from error
