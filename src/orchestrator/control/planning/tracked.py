"""Trackers that are asked by name: from what is wanted to the plan that has it, and which local repository is meant.

The law: the tracker is asked before anything is written, and a repository is never guessed from its name alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec.structs import replace

from orchestrator.adapters.forge.gh import Gh
from orchestrator.adapters.repository import git
from orchestrator.adapters.trackers import github, linear, linear_api
from orchestrator.adapters.trackers.github_asked import Asked
from orchestrator.control.planning import importing
from orchestrator.control.planning.drafting import repository_of
from orchestrator.control.planning.importing import Brought, Request
from orchestrator.control.showing import Scene
from orchestrator.core.model import PlanStatus
from orchestrator.core.settings import SourceSettings
from orchestrator.engine.home import Home
from orchestrator.errors import OrchestratorError

Say = Callable[[str], None]


def bring(home: Home, source: SourceSettings, say: Say = lambda _: None) -> Brought:
    """What a source of the configuration has. Raises OrchestratorError; then nothing is written."""
    request = Request(
        source=source.name,
        plan=source.plan,
        repo=source.repo,
        workflow=source.workflow,
        agent=source.agent,
        created_by="sources",
        paused=not source.auto_start,
    )
    if source.type == "github":
        return from_github(home, _github_query(source), request, say)
    return from_linear(home, _linear_query(source), request, say)


def _github_query(source: SourceSettings) -> github.Query:
    return github.Query(repository=source.repository or "", milestone=source.milestone, label=source.label)


def _linear_query(source: SourceSettings) -> linear.Query:
    return linear.Query(team=source.team, project=source.project, cycle=source.cycle, label=source.label)


def from_github(
    home: Home, query: github.Query, request: Request, say: Say = lambda _: None, cwd: Path | None = None
) -> Brought:
    """`cwd`: a repository there may be the one that is meant. Raises OrchestratorError."""
    repo = _local(home, request, lambda: clone_of(home, query.repository, cwd))
    known = importing.known_ids(home, request.source, request.plan)
    gh = Gh(home.settings.gh_command, repo, listens=True)
    found = github.read(replace(query, known=known), Asked(gh, say))
    return importing.bring(home, found, replace(request, repo=request.repo or repo))


def from_linear(
    home: Home, query: linear.Query, request: Request, say: Say = lambda _: None, cwd: Path | None = None
) -> Brought:
    """Linear knows no repositories: it is the one that is named, the plan's, or that of `cwd`."""
    asks = linear_api.of_environment(home.environ, say)
    repo = _local(home, request, lambda: repository_of(cwd) if cwd is not None else None)
    known = importing.known_ids(home, request.source, request.plan)
    found = linear.read(replace(query, known=known), asks)
    return importing.bring(home, found, replace(request, repo=request.repo or repo))


# -- which local repository -------------------------------------------------------------------------------------------


def _local(home: Home, request: Request, guess: Callable[[], str | None]) -> str:
    """Raises OrchestratorError."""
    if request.repo is not None:
        if not Path(request.repo).is_dir():
            raise OrchestratorError(f"the repo {request.repo} does not exist")
        return repository_of(Path(request.repo)) or request.repo
    found = importing.repo_of_plan(home, request) or guess()
    if found is None:
        raise OrchestratorError(
            f"{request.source}: no local repository is known for it; run this in the clone, or name it: --repo DIR "
            "(in sources: `repo`)"
        )
    return found


def clone_of(home: Home, repository: str, cwd: Path | None) -> str | None:
    """A local clone of `owner/name`: the one around `cwd`, else the only one of those that plans use."""
    around = repository_of(cwd) if cwd is not None else None
    if around is not None and is_clone(around, repository):
        return around
    plans = Scene(home.config).index.board.plans.values()
    known = sorted({one.repo for one in plans if one.repo and one.status is not PlanStatus.COMPLETE})
    found = [one for one in known if Path(one).is_dir() and is_clone(one, repository)]
    return found[0] if len(found) == 1 else None


def is_clone(folder: str, repository: str) -> bool:
    return _leads_to((git.remotes(folder) or {}).values(), repository)


def _leads_to(addresses: Iterable[str], repository: str) -> bool:
    wanted = "/".join(repository.split("/")[-2:]).lower()
    return any(_owner_and_name(one) == wanted for one in addresses)


def _owner_and_name(address: str) -> str | None:
    found = re.search(r"[/:]([^/:]+/[^/]+?)(?:\.git)?/?\Z", address.strip())
    return found[1].lower() if found else None
