"""Everything that is wrong with a plan, written or not: what `plan check` says.

The law: files and drafts are judged by the same rules, and every rule has its say before anybody is told: whoever
mends a plan from the report shall not find a second one behind it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.paths import expanded
from orchestrator.control.planning.choices import checked_out, has_branch
from orchestrator.control.showing import Scene
from orchestrator.core.checks.check_branches import flaw
from orchestrator.core.checks.check_criteria import criteria
from orchestrator.core.checks.check_neighbours import Ground, taken
from orchestrator.core.checks.check_plan import scope_of
from orchestrator.core.checks.check_touches import overlap_hints
from orchestrator.core.model import Plan, PlanStatus, Status, Ticket
from orchestrator.core.problems import Problem
from orchestrator.core.rules import derive
from orchestrator.core.workflow import AgentPhase, PollPhase, ScriptPhase, Workflow

if TYPE_CHECKING:
    from orchestrator.core.rules import Rules

WITHOUT_GIT = frozenset({"run.sh"})
"""Of the bundled scripts those that need no repository of git."""


def problems_of(scene: Scene, plan: Plan, tickets: Iterable[Ticket] | None = None) -> tuple[Problem, ...]:
    """`tickets`: None: those that the scene has read; else the plan is not written yet, and the scene is changed as if
    it were, so that whatever is shown of it afterwards knows it, too."""
    from orchestrator.control import abilities

    if tickets is not None:
        lay(scene, plan, tickets)
    is_open = [one for one in scene.index.board.of_plan(plan.id) if one.status is not Status.COMPLETE]
    by_name = {one.ticket_id: one for one in scene.index.board.of_plan(plan.id)}
    return (
        *scene.problems_of(plan),
        *_titles(is_open),
        *criteria(scope_of(plan, by_name, scene.known, plan.id)),
        *_repos(scene, plan, is_open),
        *_roots(scene, plan, is_open),
        *_checked_out(plan, is_open),
        *_bases(plan, is_open),
        *_neighbours(scene, plan, is_open),
        *abilities.of_plan(scene, plan),
        *overlap_hints(plan, scene.index.board.of_plan(plan.id)),
    )


def lay(scene: Scene, plan: Plan, tickets: Iterable[Ticket]) -> None:
    """Let the scene know a plan that is not written."""
    board = scene.index.board
    for ticket in tickets:
        board.put_ticket(ticket)
    board.put_plan(plan)
    scene.forget_known()


def _titles(tickets: list[Ticket]) -> Iterator[Problem]:
    for ticket in tickets:
        if not ticket.title.strip():
            hint = "say in a few words what shall be done"
            yield Problem(f"ticket {ticket.key}", "has no title", "warning", hint, key="title")


# -- repositories -----------------------------------------------------------------------------------------------------


def _repos(scene: Scene, plan: Plan, tickets: list[Ticket]) -> Iterator[Problem]:
    """Each that does not exist, or in which git cannot work, once."""
    own = {ticket.repo: f"ticket {ticket.key}" for ticket in reversed(tickets) if ticket.repo}
    if plan.repo and (not tickets or any(ticket.repo in (None, "", plan.repo) for ticket in tickets)):
        own[plan.repo] = f"plan {plan.id}"
    for repo, where in own.items():
        folder = expanded(repo)
        if not folder.is_absolute():
            continue  # said already
        if not folder.exists():
            hint = f"write the absolute path of a repository{_near(folder)}"
            yield Problem(where, f"the repo {repo} does not exist", hint=hint, key="repo")
        elif not folder.is_dir():
            hint = "write the absolute path of a repository's top folder"
            yield Problem(where, f"the repo {repo} is no folder", hint=hint, key="repo")
        elif not _is_git(folder):
            yield from _no_git(scene, plan, tickets, repo, where)


def _checked_out(plan: Plan, tickets: list[Ticket]) -> Iterator[Problem]:
    """Git has a branch in one worktree at a time, and the repository is one."""
    repos = {one.repo or plan.repo for one in tickets if one.branch and not one.attempts}
    heads = {repo: branch for repo in repos if repo and (branch := checked_out(expanded(repo)))}
    for ticket in tickets if heads else ():
        repo = ticket.repo or plan.repo
        base = ticket.base or plan.base
        if repo in heads and ticket.branch == heads[repo] != base and not ticket.attempts:
            what = f'its branch "{ticket.branch}" is the one that is checked out in {repo}'
            hint = "give it a branch of its own, or leave branch out: one is derived from its id and title"
            yield Problem(f"ticket {ticket.key}", what, hint=hint, key="branch")


def _bases(plan: Plan, tickets: list[Ticket]) -> Iterator[Problem]:
    """That a repository does not have (yet): each once."""
    told: set[tuple[str | None, str]] = set()
    for ticket in tickets:
        repo, base = ticket.repo or plan.repo, ticket.base or plan.base
        if base is None or ticket.attempts or (repo, base) in told or flaw(base) is not None:
            continue
        told.add((repo, base))
        if repo and has_branch(expanded(repo), base) is False:
            where = f"ticket {ticket.key}" if ticket.base else f"plan {plan.id}"
            hint = "make it, fetch it, or write another; without base the repository's own counts"
            yield Problem(where, f'the repo {repo} has no branch "{base}" to start from', "warning", hint, key="base")


def _near(folder: Path) -> str:
    """Which of its neighbours may have been meant."""
    from orchestrator.core.problems import did_you_mean

    try:
        names = [one.name for one in folder.parent.iterdir() if one.is_dir()]
    except OSError:
        return ""
    near = did_you_mean(folder.name, names)
    return f" ({near})" if near else ""


def _is_git(folder: Path) -> bool:
    """(Git itself would have to be started for each.)"""
    if all((folder / name).exists() for name in ("HEAD", "objects", "refs")):
        return True
    return any((one / ".git").exists() for one in (folder, *folder.parents))


def _no_git(scene: Scene, plan: Plan, tickets: list[Ticket], repo: str, where: str) -> Iterator[Problem]:
    flows = [scene.workflow(one) for one in tickets if (one.repo or plan.repo) == repo]
    hint = f"`git init {repo}` and a first commit make it one; or write the path of another"
    what = f"the repo {repo} is not a git repository"
    if not flows or any(flow is None or _uses_git(scene, flow) for flow in flows):
        yield Problem(where, what, hint=hint, key="repo")
    elif any(flow is not None and any(isinstance(one, AgentPhase) for one in flow.phases) for flow in flows):
        yield Problem(where, what, "warning", hint, key="repo")


def _uses_git(scene: Scene, flow: Workflow) -> bool:
    """By a bundled script that works in a repository; what people's own scripts do nobody knows."""
    commands = {one.command for one in flow.phases if isinstance(one, ScriptPhase | PollPhase)} - WITHOUT_GIT
    found = (scene.catalog.script(command) for command in commands)
    return any(path is not None and str(path.parent) == scene.config.script_path[-1] for path in found)


# -- worktrees --------------------------------------------------------------------------------------------------------


def _roots(scene: Scene, plan: Plan, tickets: list[Ticket]) -> Iterator[Problem]:
    """Folders in which worktrees are to be made, but cannot be."""
    root = plan.worktree_root or str(Path(scene.config.home) / "worktrees" / plan.id)
    rooted = not tickets or any(not one.worktree or str(Path(one.worktree).parent) == root for one in tickets)
    own = {str(Path(one.worktree).parent): f"ticket {one.key}" for one in reversed(tickets) if one.worktree}
    if rooted:
        own.pop(root, None)
        yield from _root(root, f"plan {plan.id}", "worktreeRoot")
    for folder, where in own.items():
        yield from _root(folder, where, "worktree")


def _root(root: str, where: str, key: str) -> Iterator[Problem]:
    folder = expanded(root)
    why = unwritable(folder) if folder.is_absolute() else None
    if why is not None:
        named = f"the worktree root {root}" if key == "worktreeRoot" else f"the worktree's folder {root}"
        hint = f"write a {key} that this user may write to, such as one below {Path.home()}"
        yield Problem(where, f"{named} is not writable: {why}", hint=hint, key=key)


def unwritable(folder: Path) -> str | None:
    """Why nothing can be made there; None: it can. It is tried, since rights alone do not tell (of root, or of a file
    system that is read-only)."""
    try:
        place = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
        if not place.is_dir():
            return f"{place} is no folder"
        if not os.access(place, os.W_OK | os.X_OK):
            return f"this user may not write in {place}"
        with tempfile.TemporaryDirectory(dir=place, prefix=".orchestrator-check-"):
            return None
    except OSError as error:
        return f"{error.filename or folder}: {error.strerror}"


# -- other plans ------------------------------------------------------------------------------------------------------


def _neighbours(scene: Scene, plan: Plan, tickets: list[Ticket]) -> Iterator[Problem]:
    board = scene.index.board
    others = [one for one in board.plans.values() if one.id != plan.id and one.status is not PlanStatus.COMPLETE]
    if not others or not tickets:
        return
    theirs = (
        ground
        for other in others
        for ground in _grounds(scene, other, [t for t in board.of_plan(other.id) if t.status is not Status.COMPLETE])
    )
    yield from taken(_grounds(scene, plan, tickets), theirs)


def _grounds(scene: Scene, plan: Plan, tickets: list[Ticket]) -> Iterator[Ground]:
    rules: dict[str | None, Rules] = {}
    for ticket in tickets:
        if ticket.workflow not in rules:
            rules[ticket.workflow] = scene.rules(ticket)
        full = ticket if ticket.branch and ticket.worktree else derive(rules[ticket.workflow], ticket)
        repo = ticket.repo or plan.repo
        yield Ground(ticket.key, _real(repo), full.branch, _real(full.worktree))


def _real(path: str | None) -> str | None:
    return str(expanded(path)) if path and path.startswith("~") else path
