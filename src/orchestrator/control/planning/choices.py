"""What a plan can name besides workflows: agents and repositories; and whether a runner is there to begin with it.

The law: nothing is started and nothing is changed, and a search ends whatever there is to be searched.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from orchestrator.adapters.attempts.program import StartError, program
from orchestrator.adapters.paths import expanded
from orchestrator.adapters.places import Places
from orchestrator.control.showing import Scene
from orchestrator.core.settings import Config
from orchestrator.engine import locks
from orchestrator.errors import NotFoundError

DEEPEST = 4
MOST_FOLDERS = 20_000
MOST_FOUND = 500
PASSED_OVER = frozenset({"node_modules", "site-packages", "__pycache__", "venv", "target", "vendor", "proc", "sys"})
"""Folders in which nobody keeps repositories of their own, besides hidden ones."""


class AgentChoice(NamedTuple):
    name: str
    command: str
    place: str | None
    """None: it is not installed."""
    model: str | None
    is_default: bool
    reviews: bool


class Repository(NamedTuple):
    path: str
    branch: str | None
    """What is checked out; None: nobody can tell."""
    plans: tuple[str, ...]
    """That name it."""
    exists: bool = True


class Found(NamedTuple):
    folder: str
    repositories: tuple[Repository, ...]
    """The one that the folder is in first."""
    is_whole: bool
    """False: there was too much to look through all of it."""


def runner(config: Config) -> str | None:
    """Who walks the tickets of this home just now, in words; None: nobody."""
    return locks.running(Places(config))


def agents(config: Config, environ: Mapping[str, str] = os.environ) -> list[AgentChoice]:
    settings = config.settings
    return [
        AgentChoice(
            name=name,
            command=one.command,
            place=_place(one.command, environ),
            model=one.model,
            is_default=name == settings.default_agent,
            reviews=name == settings.review_agent,
        )
        for name, one in settings.agents.items()
    ]


def _place(command: str, environ: Mapping[str, str]) -> str | None:
    try:
        return program(command, "/", environ.get("PATH", os.defpath))
    except StartError:
        return None


def repositories(config: Config | None, folder: str) -> Found:
    """Those below a folder, the one that it is in, and those that plans name. Raises NotFoundError."""
    root = expanded(folder).absolute()
    if not root.is_dir():
        raise NotFoundError(f"there is no directory {root}")
    named = _named(config) if config is not None else {}
    around = [str(one) for one in (root, *root.parents) if _is_repository(one)][:1]
    below, is_whole = _below(root)
    paths = dict.fromkeys([*around, *below, *named])
    return Found(str(root), tuple(_repository(path, named.get(path, ())) for path in paths), is_whole)


def _named(config: Config) -> dict[str, tuple[str, ...]]:
    """Repositories that plans and tickets name, with these plans."""
    found: dict[str, dict[str, None]] = {}
    scene = Scene(config)
    for plan in scene.plans():
        repos = {plan.repo, *(ticket.repo for ticket in scene.index.board.of_plan(plan.id))}
        for repo in sorted(one for one in repos if one):
            found.setdefault(os.path.abspath(expanded(repo)), {})[plan.id] = None  # noqa: PTH100
    return {repo: tuple(plans) for repo, plans in found.items()}


def _below(root: Path) -> tuple[list[str], bool]:
    """Breadth first, so that what is near is found before there is too much."""
    found: list[str] = []
    waiting = deque([(str(root), 0)])
    looked = 0
    while waiting:
        folder, depth = waiting.popleft()
        if depth and _is_repository(Path(folder)):
            found.append(folder)
            continue
        looked += 1
        if looked > MOST_FOLDERS or len(found) >= MOST_FOUND:
            return found, False
        if depth < DEEPEST:
            waiting += [(path, depth + 1) for path in _folders(folder)]
    return found, True


def _folders(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            found = [one.path for one in entries if _is_looked_into(one)]
    except OSError:
        return
    yield from sorted(found)


def _is_looked_into(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or entry.name in PASSED_OVER:
        return False
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_repository(folder: Path) -> bool:
    """A worktree or submodule, whose `.git` is a file, is no repository of its own."""
    return os.path.isfile(folder / ".git/HEAD")  # noqa: PTH113


def _repository(path: str, plans: tuple[str, ...]) -> Repository:
    return Repository(path, checked_out(Path(path)), plans, Path(path).is_dir())


def has_branch(repo: Path, name: str) -> bool | None:
    """None: nobody can tell without starting git, or asking a remote, from which it may be fetched."""
    git = repo / ".git"
    try:
        is_plain = (git / "refs").is_dir() and not (git / "reftable").exists()
        if not is_plain or '[remote "' in (git / "config").read_text(encoding="utf-8", errors="replace"):
            return None
        is_packed = f"refs/heads/{name}" in _packed(git / "packed-refs")
    except OSError:
        return None
    return is_packed or (git / "refs/heads" / name).is_file() or checked_out(repo) == name


def _packed(file: Path) -> list[str]:
    if not file.exists():
        return []
    return [line.partition(" ")[2] for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]


def checked_out(repo: Path) -> str | None:
    """Its branch; None: none, or nobody can tell."""
    try:
        head = (repo / ".git/HEAD").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else None
