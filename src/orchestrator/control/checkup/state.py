"""The examination of what is on disk: configuration, room, locks, plans and tickets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from orchestrator.adapters import disks
from orchestrator.adapters.paths import expanded
from orchestrator.adapters.places import Places
from orchestrator.control.showing import DEFAULT_WORKFLOW, Scene
from orchestrator.core.findings import Finding, State
from orchestrator.core.model import Plan, PlanStatus, Status, Ticket
from orchestrator.core.problems import Problem
from orchestrator.core.rules import agents_of
from orchestrator.core.settings import Config
from orchestrator.core.workflow import AgentPhase, Workflow
from orchestrator.engine import locks as who

GB, MB = 1 << 30, 1 << 20
LITTLE, TOO_LITTLE = 1 * GB, 100 * MB
FEW_INODES, TOO_FEW_INODES = 10_000, 1_000
MANY = 20
"""Problems of a plan that are shown one by one."""


class Scenery:
    """The plans and what they use; read once, when somebody asks."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.places = Places(config)

    @cached_property
    def scene(self) -> Scene:
        return Scene(self.config)

    @cached_property
    def plans(self) -> list[Plan]:
        return [plan for plan in self.scene.plans() if plan.status is not PlanStatus.COMPLETE]

    @cached_property
    def tickets(self) -> list[Ticket]:
        board = self.scene.index.board
        return [one for plan in self.plans for one in board.of_plan(plan.id) if one.status is not Status.COMPLETE]

    @cached_property
    def workflow_names(self) -> frozenset[str]:
        """Also of those that cannot be used, or do not exist."""
        plans = {plan.id: plan for plan in self.plans}
        return frozenset(one.workflow or plans[one.plan_id].workflow or DEFAULT_WORKFLOW for one in self.tickets)

    @cached_property
    def workflows(self) -> dict[str, Workflow]:
        """Those that open tickets go by, by name."""
        found = (self.scene.workflow(ticket) for ticket in self.tickets)
        return {one.name: one for one in found if one is not None}

    @cached_property
    def used_agents(self) -> dict[str, str]:
        """Agents that somebody asks for, with who does."""
        settings = self.config.settings
        used: dict[str, str] = {}
        for name, by in (*self._of_tickets(), *self._of_plans(), *self._of_phases()):
            used.setdefault(name, by)
        if settings.review_agent:
            used[settings.review_agent] = "it is the reviewAgent"
        used[settings.default_agent] = "it is the defaultAgent"
        return used

    def _of_tickets(self) -> Iterator[tuple[str, str]]:
        seen: set[tuple[str, str | None, str | None]] = set()
        for ticket in self.tickets:
            alike = (ticket.plan_id, ticket.workflow, ticket.agent)
            if alike not in seen:  # thousands of tickets have few agents
                seen.add(alike)
                for phase, name in agents_of(self.scene.rules(ticket), ticket).items():
                    yield name, f"ticket {ticket.key} needs it for {phase}"
                if ticket.agent:
                    yield ticket.agent, f"ticket {ticket.key} needs it"

    def _of_plans(self) -> Iterator[tuple[str, str]]:
        for plan in self.plans:
            for name in (plan.agent, plan.review_agent):
                if name:
                    yield name, f"plan {plan.id} needs it"

    def _of_phases(self) -> Iterator[tuple[str, str]]:
        for file in self.scene.catalog.files():
            for phase in file.workflow.phases if file.workflow is not None else ():
                if isinstance(phase, AgentPhase) and phase.agent:
                    yield phase.agent, f"phase {phase.id} of workflow {file.name} needs it"

    def repos(self) -> list[str]:
        plans = {plan.id: plan for plan in self.plans}
        found = dict.fromkeys(ticket.repo or plans[ticket.plan_id].repo for ticket in self.tickets)
        return [str(expanded(repo)) for repo in found if repo]


# -- configuration ----------------------------------------------------------------------------------------------------


def configuration(
    config: Config, problems: tuple[Problem, ...], error: str | None, is_missing: bool
) -> Iterator[Finding]:
    if is_missing:
        hint = "`orchestrator init` makes one"
        text = (error or "there is none").partition("; run ")[0]
        yield Finding("config", "file", "broken", text, hint)
        return
    if error is not None:
        yield Finding("config", "file", "broken", error, "put the file right, or say --config")
        return
    for problem in problems:
        state: State = "broken" if problem.severity == "error" else "warning"
        yield Finding("config", "file", state, _place(problem) + problem.what, problem.hint or "look at the file")
    if not any(one.severity == "error" for one in problems):
        yield Finding("config", "file", "ok", config.file or f"no file, the defaults count (home {config.home})")


def _place(problem: Problem) -> str:
    return ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part is not None) + (
        ": " if problem.file else ""
    )


# -- disk -------------------------------------------------------------------------------------------------------------


def disk(scenery: Scenery) -> Iterator[Finding]:
    places = scenery.places
    least = scenery.config.settings.worktree.min_free_gb
    yield from _room("stateDir", places.state, least, holds_locks=True)
    yield from _room("logDir", places.logs, least, holds_locks=True)
    seen: set[int] = set()
    for root in _worktree_roots(scenery):
        found = list(_room("worktrees", root, least, holds_locks=False))
        device = _device(root)
        if device not in seen or any(one.status != "ok" for one in found):
            yield from found
        seen.add(device)


def _worktree_roots(scenery: Scenery) -> list[Path]:
    roots = dict.fromkeys(plan.worktree_root for plan in scenery.plans)
    return [expanded(root) if root else scenery.places.home / "worktrees" for root in roots or {None: None}]


def _device(folder: Path) -> int:
    try:
        return disks.existing(folder).stat().st_dev
    except OSError:
        return 0


def _room(name: str, folder: Path, least: float, holds_locks: bool) -> Iterator[Finding]:
    if folder.exists() and not folder.is_dir():
        yield Finding("disk", name, "broken", f"{folder} is no folder", "move it away, or put it elsewhere")
        return
    try:
        room = disks.room(folder)
    except OSError as error:
        hint = "see that the folder can be reached"
        yield Finding("disk", name, "broken", f"{folder}: {error.strerror}", hint)
        return
    text = f"{folder}{'' if room.place == folder else ' (made when it is needed)'}: {_size(room.free)} free"
    text += f", {room.inodes:,} inodes" if room.inodes is not None and room.inodes < FEW_INODES else ""
    text += f", {room.kind}" if room.kind else ""
    inodes = FEW_INODES if room.inodes is None else room.inodes
    if not os.access(room.place, os.W_OK | os.X_OK):
        yield Finding(
            "disk", name, "broken", f"{room.place} cannot be written", "give this user the right to write there"
        )
    elif room.free < TOO_LITTLE or inodes < TOO_FEW_INODES:
        yield Finding("disk", name, "broken", text, "make room (`orchestrator gc`), or put it elsewhere")
    elif room.free < least * GB:
        hint = f"no new ticket starts below {least:g} GB (worktree.minFreeGb): `orchestrator gc`, or lower it"
        yield Finding("disk", name, "broken", text, hint)
    elif room.free < LITTLE or inodes < FEW_INODES:
        yield Finding("disk", name, "warning", text, "make room soon")
    elif holds_locks and room.is_remote:
        hint = f"put {name} on a disk of this machine: locks may not hold there, and changes are seen late"
        yield Finding("disk", name, "warning", text, hint)
    else:
        yield Finding("disk", name, "ok", text)


def _size(n: int) -> str:
    return f"{n / GB:,.1f} GB" if n >= GB else f"{n / MB:,.0f} MB"


# -- locks ------------------------------------------------------------------------------------------------------------


def locks(scenery: Scenery) -> Iterator[Finding]:
    places = scenery.places
    runner = who.running(places)
    pid_file = places.daemon_pid
    if runner is None and pid_file.exists():
        hint = f"the next daemon replaces it; or: rm {pid_file}"
        yield Finding("locks", "daemon", "warning", f"none runs here; {pid_file} is left of one that died", hint)
    elif runner is None:
        yield Finding("locks", "daemon", "ok", "none runs here", "`orchestrator daemon` starts one")
    else:
        is_ours = runner.startswith("a daemon runs here")
        yield Finding("locks", "daemon", "ok" if is_ours else "warning", runner)
    for name, folder in (("stateDir", places.state), ("logDir", places.logs)):
        yield from _tried(name, folder)


def _tried(name: str, folder: Path) -> Iterator[Finding]:
    if not folder.is_dir():
        return
    reason = disks.unfit(folder)
    if reason is None:
        yield Finding("locks", name, "ok", "locks hold, and files are replaced in one step")
    else:
        hint = (
            "make room, or let this user write there"
            if reason.startswith(disks.UNWRITTEN)
            else f"put {name} on a disk of this machine"
        )
        yield Finding("locks", name, "broken", f"{folder}: {reason}", hint)


# -- plans and tickets ------------------------------------------------------------------------------------------------


def state(scenery: Scenery) -> Iterator[Finding]:
    scene = scenery.scene
    broken = [one for found in scene.index.problems.values() for one in found]
    for problem in broken:
        text, hint = f"{_place(problem)}{problem.what}", problem.hint or "put the file right; until then it is held"
        yield Finding("state", problem.where, "broken", text, hint)
    for plan in scenery.plans:
        yield from _of_plan(scene, plan)
    for file in scene.catalog.broken():
        if file.name not in scenery.workflow_names:
            hint = f"`orchestrator workflow check {file.name}` says why; no open ticket goes by it"
            yield Finding("state", f"workflow {file.name}", "warning", f"{file.file}: cannot be used", hint)
    if not broken:
        board = scene.index.board
        text = f"{_counted(len(board.plans), 'plan')}, {_counted(len(board.tickets), 'ticket')}, all readable"
        yield Finding("state", "plans", "ok", text)


def _of_plan(scene: Scene, plan: Plan) -> Iterator[Finding]:
    """What is wrong between its files."""
    said = {str(one) for one in scene.file_problems(plan.id)}
    problems = [one for one in scene.problems_of(plan) if str(one) not in said]
    errors = [one for one in problems if one.severity == "error"]
    check = f"`orchestrator plan check {plan.id}` tells all"
    for problem in errors[:MANY]:
        yield Finding("state", problem.where, "broken", problem.what, problem.hint or check)
    if len(errors) > MANY:
        yield Finding("state", f"plan {plan.id}", "broken", f"{_counted(len(errors) - MANY, 'more error')}", check)
    if len(problems) > len(errors):
        text = _counted(len(problems) - len(errors), "warning")
        yield Finding("state", f"plan {plan.id}", "warning", text, check)


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
