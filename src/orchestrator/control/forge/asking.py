"""The forge of a repository, as scripts and people ask it.

The law: a pull request is named by its number. Without one `gh` would guess, and the guess would be somebody else's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from orchestrator.adapters.forge.base import Forge
from orchestrator.adapters.forge.choose import forge_of, forge_with_pull_request
from orchestrator.adapters.forge.gh import ForgeRefusedError
from orchestrator.core.forge.pull_request import PullRequest, State
from orchestrator.core.forge.remote import pull_number
from orchestrator.core.settings import Config


def forge_at(config: Config, repo: str, environ: Mapping[str, str] = os.environ) -> Forge:
    """For a branch: there may be none. Raises ForgeUnreachableError."""
    return forge_of(repo, _gh(config, environ))


def forge_with(config: Config, repo: str, environ: Mapping[str, str] = os.environ) -> Forge:
    """For a pull request whose number is known. Raises ForgeUnreachableError."""
    return forge_with_pull_request(repo, _gh(config, environ))


def _gh(config: Config, environ: Mapping[str, str]) -> str:
    """The runner tells its scripts which one is meant; by hand the configuration does."""
    return environ.get("ORCHESTRATOR_GH") or config.settings.gh_command


def number_of(text: str) -> int:
    """Raises ForgeRefusedError."""
    number = pull_number(text)
    if number is None:
        raise ForgeRefusedError(f"{text!r} is no number of a pull request" if text else "no pull request is known")
    return number


def state(config: Config, repo: str, pr: str) -> State:
    """Raises ForgeUnreachableError, ForgeRefusedError."""
    return forge_with(config, repo).state(number_of(pr))


def shown(config: Config, repo: str, pr: str) -> PullRequest:
    """Raises ForgeUnreachableError, ForgeRefusedError."""
    return forge_with(config, repo).pull_request(number_of(pr))


def found(config: Config, repo: str, branch: str) -> tuple[PullRequest, ...]:
    """Those of a branch, the latest first. Raises ForgeUnreachableError, ForgeRefusedError."""
    return forge_at(config, repo).find(branch)
