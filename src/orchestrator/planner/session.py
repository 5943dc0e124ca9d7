"""A planning session put together: which agent, in which folder, with which prompt, skills, servers and environment."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import orchestrator
from orchestrator.adapters.paths import expanded
from orchestrator.adapters.planning.private_folder import PrivateFolder
from orchestrator.adapters.planning.skill_files import Skills, skills_in
from orchestrator.agents.base import Planning, Start
from orchestrator.agents.kit.planning import Skill
from orchestrator.core.settings import Config
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError, OrchestratorError
from orchestrator.planner.choosing import Choice, choose
from orchestrator.planner.servers import OWN, Servers, servers

BUILTIN = Path(orchestrator.__file__).parent / "builtin"
PROMPT = "interactive-system.md"


class Wanted(NamedTuple):
    """What a person asks for."""

    repo: str | None = None
    workflow: str | None = None
    worktree_root: str | None = None
    agent: str | None = None


class Session(NamedTuple):
    """A program for the person's terminal."""

    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    agent: str
    banner: tuple[str, ...]
    has_banner: bool
    """It shows the banner itself, and below it the notes."""
    notes: tuple[str, ...]
    """What the person should know, and did not ask for."""


class Setting(NamedTuple):
    """What was looked up before anything is written."""

    wanted: Wanted
    repo: str
    worktree_root: str | None
    choice: Choice
    servers: Servers
    skills: Skills
    prompt: str


def setting(home: Home, wanted: Wanted) -> Setting:
    """Raises OrchestratorError: the repository, the workflow or the agent is not there."""
    repo = os.path.abspath(expanded(wanted.repo or "."))  # noqa: PTH100 - a link stays one
    if not Path(repo).is_dir():
        raise NotFoundError(
            f"--repo {repo}: {'it is no directory' if Path(repo).exists() else 'there is no such directory'}"
        )
    if wanted.workflow is not None:
        home.catalog.workflow(wanted.workflow)
    root = wanted.worktree_root and os.path.abspath(expanded(wanted.worktree_root))  # noqa: PTH100
    choice = choose(home.settings, home.environ, repo, wanted.agent)
    config = home.config
    own = str(Path(config.home) / "skills")
    skills = skills_in(dict.fromkeys((config.skills_path[0], own, *config.skills_path[1:])))
    return Setting(wanted, repo, root, choice, servers(config, home.environ), skills, _prompt(config))


def session(home: Home, found: Setting, folder: PrivateFolder) -> Session:
    """Everything written that it needs. Raises OrchestratorError."""
    env = {**found.choice.env, **plan_env(home.config, found)}
    env["PATH"] = _with_ourselves(env.get("PATH", os.defpath))
    banner = _banner(found)
    notes = (*found.servers.left_out, *map(str, found.skills.problems))
    start = _start(home, found, folder, (*banner, *notes), env)
    _write(start, found.skills, folder, env)
    argv = (found.choice.program, *start.argv[1:])
    return Session(argv, found.repo, env, found.choice.name, banner, start.has_banner, notes)


def plan_env(config: Config, found: Setting) -> dict[str, str]:
    """What tells the planner and its commands where everything is."""
    env = {
        "ORCHESTRATOR_MODE": "plan",
        "ORCHESTRATOR_STATE_DIR": config.state_dir,
        "ORCHESTRATOR_WORKFLOW_DIR": config.workflow_path[0],
        "ORCHESTRATOR_REPO": found.repo,
        "ORCHESTRATOR_SKILLS_DIR": config.skills_path[0 if config.settings.skills_dir else -1],
        "ORCHESTRATOR_PROMPT_DIR": config.prompt_path[0],
        "ORCHESTRATOR_SCRIPT_DIR": config.script_path[0],
        "ORCHESTRATOR_CONFIG_PATH": config.file or str(Path(config.home) / "config.yaml"),
    }
    if found.wanted.workflow is not None:
        env["ORCHESTRATOR_WORKFLOW"] = found.wanted.workflow
    if found.worktree_root is not None:
        env["ORCHESTRATOR_WORKTREE_ROOT"] = found.worktree_root
    return env


def _start(home: Home, found: Setting, folder: PrivateFolder, banner: tuple[str, ...], env: Mapping[str, str]) -> Start:
    choice = found.choice
    planning = Planning(
        settings=choice.settings,
        folder=str(folder.path),
        prompt=f"{found.prompt.rstrip()}\n\n{_facts(home.config, found)}\n",
        banner=banner,
        skills=tuple(Skill(*one.head, str(one.folder.resolve())) for one in found.skills.found),
        servers=found.servers.ready,
        writable=(home.config.state_dir, home.config.log_dir, *_roots(home.config, found)),
        environ=env,
        read=lambda file: _text(_expanded(file, env)),
        material=lambda name: (BUILTIN / name).read_text(encoding="utf-8"),
    )
    start = choice.agent.plan_command(planning)
    if start is None:
        raise OrchestratorError(f"agent {choice.name} has no way to be planned with")
    return start


def _roots(config: Config, found: Setting) -> tuple[str, ...]:
    """Of worktrees. A plan is refused whose root cannot be written, and in a sandbox nothing else can."""
    roots = (str(Path(config.home) / "worktrees"), *filter(None, [found.worktree_root]))
    for root in roots:
        with contextlib.suppress(OSError):
            Path(root).mkdir(parents=True, exist_ok=True)  # what is not there would not be opened to it
    return roots


def _write(start: Start, skills: Skills, folder: PrivateFolder, env: Mapping[str, str]) -> None:
    for name, text in start.files.items():
        folder.write(name, text)
    if start.skills is not None:
        for one in skills.found:
            folder.place(f"{start.skills}/{one.head.name}", one.folder)
    for place, name in start.links.items():
        folder.link(_expanded(place, env), name)


def _prompt(config: Config) -> str:
    """The person's own, or the one that is shipped."""
    for folder in config.prompt_path:
        text = _text(Path(folder) / PROMPT)
        if text is not None:
            return text
    raise OrchestratorError(f"missing prompt {PROMPT} (looked in {', '.join(config.prompt_path)})")


def _facts(config: Config, found: Setting) -> str:
    """What is settled already, for whoever does not look at its environment."""
    lines = [
        f"- Folder of the session: {found.repo}",
        f"- Configuration: {config.file or 'none: the defaults'}; plans are in {config.state_dir}/plans",
        f"- Workflow that the user asked for: {found.wanted.workflow}" if found.wanted.workflow else "",
        f"- Worktrees go to: {found.worktree_root}" if found.worktree_root else "",
        f"- MCP servers: {', '.join(found.servers.ready)}" if found.servers.ready else "",
        ""
        if OWN in found.servers.ready
        else f"- There is no MCP server `{OWN}`: write plans with `orchestrator plan create`",
    ]
    return "\n".join(("## This session", "", *filter(None, lines)))


def _banner(found: Setting) -> tuple[str, ...]:
    extra = f", workflow {found.wanted.workflow}" if found.wanted.workflow else ""
    return (
        f"orchestrator · planning with {found.choice.name} in {found.repo}{extra}",
        "Describe the work. You are asked, and shown the plan, before it is written.",
        'Try "Plan issue 42", "Which workflows are there?", "What is running?"',
    )


def _with_ourselves(path: str) -> str:
    """The planner calls `orchestrator`, which may be installed where no PATH leads."""
    folders = path.split(os.pathsep)
    ours = Path(sys.executable).parent
    if any((Path(folder) / "orchestrator").is_file() for folder in folders if folder):
        return path
    return os.pathsep.join((*folders, str(ours))) if (ours / "orchestrator").is_file() else path


def _expanded(file: str, env: Mapping[str, str]) -> Path:
    own = env.get("HOME") or str(Path.home())
    return Path(own + file[1:]) if file.startswith("~/") else Path(file)


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
