"""Makes the demo: a home of its own, with a small real project as a git repository, its bare origin, and a plan.

The law: everything lies below one directory, and nothing outside it is written; a directory that has something in it is
refused.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import orchestrator
from orchestrator.adapters.environment import BOUND
from orchestrator.core.times import iso
from orchestrator.errors import OrchestratorError

MATERIAL = Path(orchestrator.__file__).parent / "builtin" / "demo"
DEMO_AGENT = "demo"
REAL_AGENTS: dict[str, dict[str, Any]] = {
    "claude": {"command": "claude", "defaultArgs": ["--dangerously-skip-permissions"]},
    "codex": {"command": "codex", "defaultArgs": ["--dangerously-bypass-approvals-and-sandbox"]},
    "gemini": {"command": "gemini", "defaultArgs": ["--approval-mode", "yolo"]},
    "opencode": {"command": "opencode", "defaultArgs": ["--auto"]},
    "pi": {"command": "pi", "defaultArgs": []},
    "qwen": {"command": "qwen", "defaultArgs": ["--approval-mode", "yolo"]},
}


class DemoHome(NamedTuple):
    config_file: Path
    repo: Path
    origin: Path
    plan_id: str


def make_demo(directory: Path, agent: str | None = None, pace: float = 0.6) -> DemoHome:
    """The demo in a new or empty directory. `agent`: None for the scripted one, which takes `pace` seconds a phase."""
    directory = Path(directory).absolute()
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise OrchestratorError(f"demo: {directory} is not empty; name a new directory")
    repo, origin = directory / "shop", directory / "origin.git"
    _make_repository(repo, origin)
    config = _config(_agent_command(directory / "demo-agent"), agent, pace)
    _write_json(directory / "config.yaml", config)
    plan_id = _write_plan(directory / "state" / "plans", repo, directory / "worktrees", agent)
    return DemoHome(directory / "config.yaml", repo, origin, plan_id)


def _config(command: Path, agent: str | None, pace: float) -> dict[str, Any]:
    chosen = agent or DEMO_AGENT
    agents: dict[str, dict[str, Any]] = {
        DEMO_AGENT: {"command": str(command), "defaultArgs": [], "env": {"DEMO_PACE": str(pace)}}
    }
    if chosen != DEMO_AGENT:
        agents[chosen] = REAL_AGENTS.get(chosen, {"command": chosen, "defaultArgs": []})
    return {
        "defaultAgent": chosen,
        "agents": agents,
        "stateDir": "./state",
        "logDir": "./logs",
        "pollInterval": 10,
        "maxConcurrency": 3,
    }


def _agent_command(path: Path) -> Path:
    """An executable of its own, because an agent's first argument is its prompt."""
    python, script = shlex.quote(sys.executable), shlex.quote(str(MATERIAL / "agent.py"))
    path.write_text(f'#!/bin/sh\nexec {python} -I -B {script} "$@"\n')
    path.chmod(0o755)
    return path


def _make_repository(repo: Path, origin: Path) -> None:
    _copy_project(repo)
    _git(repo.parent, "init", "--quiet", "--bare", str(origin))
    _git(origin, "symbolic-ref", "HEAD", "refs/heads/main")
    _git(repo, "init", "--quiet")
    _git(repo, "symbolic-ref", "HEAD", "refs/heads/main")
    for key, value in {
        "user.name": "Demo",
        "user.email": "demo@example.invalid",
        "commit.gpgSign": "false",
        "core.hooksPath": ".git/hooks",
        "gc.auto": "0",
    }.items():
        _git(repo, "config", key, value)
    _git(repo, "add", "--all")
    _git(repo, "commit", "--quiet", "--message", "Open the shop")
    _git(repo, "remote", "add", "origin", str(origin))
    _git(repo, "push", "--quiet", "--set-upstream", "origin", "main")


def _copy_project(repo: Path) -> None:
    """The material carries `.txt`, so that no tool takes the demo's code for this project's."""
    source = MATERIAL / "project"
    for file in sorted(source.rglob("*.txt")):
        target = repo / file.relative_to(source).with_name(file.name.removesuffix(".txt"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    (repo / ".orchestrator" / "verify").chmod(0o755)


def _write_plan(plans: Path, repo: Path, worktrees: Path, agent: str | None) -> str:
    material = json.loads((MATERIAL / "plan.json").read_text())
    plan_id: str = material["id"]
    entries = []
    for order, ticket in enumerate(material["tickets"], 1):
        entries.append({"ticketId": ticket["ticketId"], "order": order, "blockedBy": ticket.pop("blockedBy")})
        _write_json(plans / plan_id / "tickets" / f"{ticket['ticketId']}.json", {"planId": plan_id, **ticket})
    plan = {
        "id": plan_id,
        "name": material["name"],
        "createdAt": iso(time.time()),
        "createdBy": "demo",
        "repo": str(repo),
        "workflow": "local",
        "agent": agent,
        "worktreeRoot": str(worktrees),
        "status": "active",
        "tickets": entries,
    }
    _write_json(plans / plan_id / "plan.json", plan)
    return plan_id


def _write_json(path: Path, value: object) -> None:
    """JSON is YAML too: the configuration is written so, because it then quotes every path rightly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _git(cwd: Path, *words: str) -> None:
    free = {name: value for name, value in os.environ.items() if name not in BOUND}
    done = subprocess.run(
        ["git", *words], cwd=cwd, env=free, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise OrchestratorError(f"demo: git {words[0]} failed in {cwd}: {done.stderr.strip()}")
