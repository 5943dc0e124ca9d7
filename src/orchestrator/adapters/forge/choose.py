"""Which forge a repository has: GitHub, asked by `gh`, where it has a remote; else none."""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters.forge.base import Forge
from orchestrator.adapters.forge.gh import ForgeUnreachableError, Gh
from orchestrator.adapters.forge.github import GitHub
from orchestrator.adapters.forge.local import NoForge
from orchestrator.adapters.repository import git


def forge_of(repo: str, gh_command: str) -> Forge:
    """Asks no network. Raises ForgeUnreachableError when the repository is not there."""
    remotes = git.remotes(_there(repo))
    if remotes is None:
        raise ForgeUnreachableError(f"{repo} is not a repository that git can read")
    remote = git.remote(repo)
    return GitHub(Gh(gh_command, repo), remotes, remote) if remote else NoForge(repo)


def forge_with_pull_request(repo: str, gh_command: str) -> Forge:
    """Who knows the number of a pull request has a forge; which one it is `gh` finds out. Raises as `forge_of`."""
    return GitHub(Gh(gh_command, _there(repo)), {})


def _there(repo: str) -> str:
    if not repo or not Path(repo).is_dir():
        raise ForgeUnreachableError(f"the repository {repo or '(none)'} does not exist")
    return repo
