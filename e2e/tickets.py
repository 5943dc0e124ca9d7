"""A home of the orchestrator with one ticket of a small real project, driven through the installed command only.

What a test sees is what a user sees: the command's output, the ticket's file, the logs, git. Every process that it
started, and every process of an attempt, is gone when the home is closed; its logs are printed then, which pytest shows
for a test that failed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.agents import Real
from e2e.servers.model_server import ModelServer
from e2e.servers.script import Asked
from tests.waiting import wait_for

COMMAND = Path(sys.executable).with_name("orchestrator")
PLAN, TICKET, TITLE = "greetings", "T-1", "Say goodbye"
DEADLINE = 60.0

PROJECT = {
    ".gitignore": "__pycache__/\n",
    ".orchestrator/verify": '#!/bin/sh\necho "token of the runner: ${GH_TOKEN:-none}"\nexec python3 -B -m unittest\n',
    "greetings.py": 'def hello(name):\n    """Greets."""\n    return f"Hello, {name}!"\n',
    "tests/__init__.py": "",
    "tests/test_hello.py": """\
import unittest

from greetings import hello


class HelloTest(unittest.TestCase):
    def test_it_names_whom_it_greets(self):
        self.assertEqual(hello("Ada"), "Hello, Ada!")
""",
}

FUNCTION = '\n\ndef goodbye(name):\n    """Takes leave."""\n    return f"Goodbye, {name}!"\n'
TEST = """\
import unittest

from greetings import goodbye


class GoodbyeTest(unittest.TestCase):
    def test_it_names_whom_it_leaves(self):
        self.assertEqual(goodbye("Ada"), "Goodbye, Ada!")
"""

SETUP = {
    "id": "setup", "type": "script", "command": "setup-worktree.sh",
    "args": ["{{ repo }}", "{{ branch }}", "{{ worktree }}"],
}  # fmt: skip
SHORT = {
    "name": "short",
    "phases": [
        {**SETUP, "onSuccess": "implement"},
        {"id": "implement", "type": "agent", "promptTemplate": "implement.md", "evidence": "commit", "maxRetries": 1,
         "onSuccess": "verify", "onFailure": "escalate"},
        {"id": "verify", "type": "script", "command": "verify.sh", "args": ["{{ worktree }}"], "onFailure": "escalate"},
        {"id": "escalate", "type": "terminal", "notify": True},
    ],
}  # fmt: skip
"""A workflow without a review and without a merge: half the runs of an agent."""

# words by which the prompts are known
IMPLEMENT = f"# Implement {TICKET}"
REVIEW = f"# Review {TICKET}"
GO_ON = "You were interrupted before you had finished"


@dataclass(frozen=True)
class Attempt:
    """One attempt's directory."""

    directory: Path

    def read(self, name: str) -> Any:
        return json.loads((self.directory / name).read_bytes())

    @property
    def id(self) -> str:
        return str(self.read("attempt.json")["id"])

    @property
    def group(self) -> int:
        return int((self.directory / "pid").read_text())


class Home:
    """`env` is the runner's whole environment; the agent is found through its PATH."""

    def __init__(self, root: Path, real: Real, env: dict[str, str], server: ModelServer) -> None:
        self.root, self.real, self.server = root, real, server
        self.home, self.repo, self.origin = root / "orchestrator", root / "project", root / "origin.git"
        self.worktree = root / "worktrees" / TICKET
        self.logs = self.home / "logs"
        self.env = {**env, "ORCHESTRATOR_HOME": str(self.home), "GH_TOKEN": "of-the-runner"}
        self.runners: list[subprocess.Popen[bytes]] = []
        self._make_repository()
        self.configure()
        self._make_plan()

    def _make_project(self) -> None:
        for name, content in PROJECT.items():
            path = self.repo / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        (self.repo / ".orchestrator/verify").chmod(0o755)

    def _make_repository(self) -> None:
        self._make_project()
        self.git("init", "--quiet", "--bare", str(self.origin), cwd=self.root)
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Say hello")
        self.git("remote", "add", "origin", str(self.origin))
        self.git("push", "--quiet", "--set-upstream", "origin", "main")

    def configure(self, subscriber: bool = False, agent: dict[str, Any] | None = None, **keys: Any) -> None:
        """With more of the agent, and of the configuration. JSON is YAML too."""
        agents = {self.real.name: {**self.real.settings(self.server.url, subscriber), **(agent or {})}}
        self._write(self.home / "config.yaml", {"defaultAgent": self.real.name, "agents": agents, **keys})

    def _make_plan(self) -> None:
        plan = {
            "id": PLAN, "name": "Greetings", "createdAt": "2026-01-01T00:00:00Z", "createdBy": "e2e",
            "repo": str(self.repo), "workflow": "local", "agent": None, "worktreeRoot": str(self.worktree.parent),
            "status": "active", "tickets": [{"ticketId": TICKET, "order": 1, "blockedBy": []}],
        }  # fmt: skip
        ticket = {
            "planId": PLAN, "ticketId": TICKET, "title": TITLE, "description": "Add goodbye(name) to greetings.py.",
            "acceptanceCriteria": ['goodbye("Ada") is "Goodbye, Ada!"'],
        }  # fmt: skip
        self._write(self.plans / "plan.json", plan)
        self._write(self.ticket_file, ticket)

    def _write(self, path: Path, content: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2))

    @property
    def plans(self) -> Path:
        return self.home / "state/plans" / PLAN

    @property
    def ticket_file(self) -> Path:
        return self.plans / "tickets" / f"{TICKET}.json"

    # -- the command --------------------------------------------------------------------------------------------------

    def orchestrator(self, *words: str) -> subprocess.CompletedProcess[str]:
        began = time.monotonic()
        done = subprocess.run(
            [COMMAND, *words], env=self.env, cwd=self.root, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=DEADLINE, check=False,
        )  # fmt: skip
        took = f"{time.monotonic() - began:.1f} s"
        print(f"--- orchestrator {' '.join(words)}: {done.returncode} after {took}\n{done.stdout}{done.stderr}")
        return done

    def steer(self, verb: str) -> None:
        done = self.orchestrator(verb, PLAN, TICKET)
        assert done.returncode == 0, done.stderr

    def json(self, *words: str) -> Any:
        done = self.orchestrator(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A runner in the background; what it prints lies in `runner-<n>.log`."""
        with (self.root / f"runner-{len(self.runners)}.log").open("wb") as out:
            runner = subprocess.Popen(
                [COMMAND, *words], env=self.env, cwd=self.root, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self.runners.append(runner)
        return runner

    # -- what there is to see -----------------------------------------------------------------------------------------

    def git(self, *words: str, cwd: Path | None = None) -> str:
        command = ["git", *words]
        done = subprocess.run(
            command, cwd=cwd or self.repo, env=self.env, capture_output=True, text=True, check=True, timeout=DEADLINE
        )
        return done.stdout.strip()

    def ticket(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.ticket_file.read_bytes())
        return loaded

    def history(self) -> list[tuple[str, str]]:
        return [(entry["phase"], entry["status"]) for entry in self.ticket()["phaseHistory"]]

    def attempts(self, phase: str) -> list[Attempt]:
        return [Attempt(path) for path in sorted(self.logs.glob(f"{PLAN}/{TICKET}/*-{phase}"))]

    def events(self, verb: str) -> list[dict[str, Any]]:
        try:
            lines = (self.logs / "orchestrator.log").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [event for line in lines if (event := json.loads(line))["event"] == verb]

    def first_outcome(self, phase: str) -> dict[str, Any]:
        """Of the phase's first attempt, as soon as it has ended."""
        name = f"{PLAN}/{TICKET}/*-{phase}/outcome.json"
        found = wait_for(lambda: sorted(self.logs.glob(name)), DEADLINE, f"an end of {phase}")
        return dict(Attempt(found[0].parent).read("outcome.json"))

    def walk(self, workflow: dict[str, Any], **prompts: str) -> None:
        """Instead of `local`."""
        self._write(self.home / f"workflows/{workflow['name']}.yaml", workflow)
        for name, text in prompts.items():
            path = self.home / f"prompts/{name}.md"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        plan = json.loads((self.plans / "plan.json").read_bytes())
        self._write(self.plans / "plan.json", {**plan, "workflow": workflow["name"]})

    def wait_for_end(self, status: str, deadline: float = DEADLINE) -> dict[str, Any]:
        """The ticket, as soon as it has ended."""
        wait_for(self._ended, deadline, f"{TICKET} to end")
        ticket = self.ticket()
        assert ticket["status"] == status, f"{TICKET} is {ticket['status']}: {ticket['error']}"
        return ticket

    def _ended(self) -> bool:
        return self.ticket().get("status") in ("complete", "needs_attention", "failed")

    def asked(self, words: str) -> list[Asked]:
        """The requests of runs whose prompt has these words."""
        return [asked for asked in self.server.asked if words in asked.prompt]

    def begun(self, words: str) -> list[Asked]:
        """The first request of each such run."""
        return [asked for asked in self.asked(words) if asked.step == 0]

    def processes(self) -> list[int]:
        """Of attempts of this home: launchers, agents, and the shells of their tools."""
        return carrying(f"ORCHESTRATOR_ATTEMPT_DIR={self.logs}/")

    # -- at the end ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        for runner in self.runners:
            runner.kill()
            runner.wait(DEADLINE)
        kill_all(self.processes)
        self.show()

    def show(self) -> None:
        for path in sorted([*self.root.glob("runner-*.log"), *self.logs.glob(f"{PLAN}/*/ticket.log")]):
            print(f"--- {path}\n{path.read_text(errors='replace')}")
        show_requests(self.server)


def show_requests(server: ModelServer) -> None:
    print(f"--- what the model was asked ({server.url})")
    for asked in server.asked:
        answered = f", the tool had said {asked.tool_results[-1][-200:]!r}" if asked.tool_results else ""
        print(f"{asked.session} step {asked.step}: {asked.prompt[:60]!r}{answered}")


def carrying(mark: str) -> list[int]:
    """Processes with this at the start of a variable of their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if any(variable.startswith(mark.encode()) for variable in environ.split(b"\0")) and int(pid) != os.getpid():
            found.append(int(pid))
    return found


def kill_all(find: Callable[[], list[int]]) -> None:
    """-9 until there are none."""

    def none_left() -> bool:
        left = find()
        for pid in left:
            kill(pid)
        return not left

    wait_for(none_left, what="the end of every process")


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
