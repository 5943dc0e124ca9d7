"""A home of its own for each probe, and the installed command: nothing here imports the program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import let_pass, wait_for

PROGRAM = str(Path(sys.executable).parent / "orchestrator")
Result = subprocess.CompletedProcess[str]


class Place:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.repo = root / "repo"
        self.worktrees = root / "worktrees"
        self.env: dict[str, str] = {"ORCHESTRATOR_HOME": str(self.home)}
        self._daemons: list[subprocess.Popen[str]] = []
        self.root.mkdir(exist_ok=True)
        for folder in ("workflows", "scripts", "prompts", "state/plans"):
            (self.home / folder).mkdir(parents=True)
        self.repo.mkdir()
        self.config()

    # -- what lies in the home ----------------------------------------------------------------------------------------

    def config(self, **keys: Any) -> None:
        given = {"defaultAgent": "fake", "agents": {"fake": {"command": "/bin/echo"}}, "pollInterval": 0.2}
        given |= {"grace": 0.2, "maxConcurrency": 40, **keys}
        (self.home / "config.yaml").write_text(json.dumps(given))

    def workflow(self, *phases: dict[str, Any], name: str = "w", **keys: Any) -> None:
        """JSON is YAML; a terminal phase `done` is there by itself."""
        listed = list(phases)
        if not any(phase["id"] == "done" for phase in listed):
            listed.append({"id": "done", "type": "terminal"})
        text = json.dumps({"name": name, "phases": listed, **keys}, ensure_ascii=False, indent=1)
        self.workflow_text(f"{name}.yaml", text)

    def workflow_text(self, file: str, text: str) -> None:
        (self.home / "workflows" / file).write_text(text)

    def script(self, name: str, body: str, mode: int = 0o755, first: str = "#!/bin/bash\n") -> Path:
        path = self.home / "scripts" / name
        path.write_text(first + body)
        path.chmod(mode)
        return path

    def prompt(self, name: str, text: str) -> None:
        path = self.home / "prompts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def program(self, name: str, body: str, first: str = "#!/bin/bash\n") -> str:
        """An executable outside the home, for agents."""
        path = self.root / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(first + body)
        path.chmod(0o755)
        return str(path)

    def plan(self, tickets: dict[str, dict[str, Any]] | None = None, id: str = "p", **keys: Any) -> None:
        """`tickets`: keys of each ticket's file by its id; `blockedBy` goes to the plan."""
        tickets = {"T": {}} if tickets is None else tickets
        folder = self.home / "state/plans" / id
        (folder / "tickets").mkdir(parents=True, exist_ok=True)
        entries = []
        for i, (name, fields) in enumerate(tickets.items()):
            fields = dict(fields)
            entries.append({"ticketId": name, "order": i, "blockedBy": fields.pop("blockedBy", [])})
            given = {"planId": id, "ticketId": name, "title": f"Title of {name}", "description": "", **fields}
            given.setdefault("acceptanceCriteria", [])
            (folder / "tickets" / f"{name}.json").write_text(json.dumps(given))
        given = {
            "id": id,
            "name": id,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "createdBy": "t",
            "repo": str(self.repo),
        }
        given |= {"workflow": "w", "agent": None, "worktreeRoot": str(self.worktrees), "status": "active"}
        (folder / "plan.json").write_text(json.dumps({**given, "tickets": entries, **keys}))

    def worktree(self, ticket: str = "T") -> Path:
        """An agent needs one; it may be any directory."""
        path = self.worktrees / ticket
        path.mkdir(parents=True, exist_ok=True)
        return path

    def git(self, *args: str, at: Path | None = None) -> str:
        done = subprocess.run(["git", *args], cwd=at or self.repo, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def git_repo(self) -> None:
        self.git("init", "-q")
        (self.repo / "README").write_text("hello\n")
        self.git("add", ".")
        self.git("commit", "-qm", "first")

    def git_worktree(self, ticket: str = "T") -> Path:
        self.worktrees.mkdir(exist_ok=True)
        self.git("worktree", "add", "-q", "-b", f"b-{ticket}", str(self.worktrees / ticket))
        return self.worktrees / ticket

    # -- the command --------------------------------------------------------------------------------------------------

    def cli(self, *args: str, timeout: float = 20, cwd: Path | None = None, **env: str) -> Result:
        return subprocess.run(
            [PROGRAM, *args],
            cwd=cwd or self.root,
            env={**os.environ, **self.env, **env},
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )

    def run(self, ticket: str = "T", timeout: float = 20, **env: str) -> Result:
        return self.cli("run", "p", ticket, timeout=timeout, **env)

    def tick(self, timeout: float = 20, **env: str) -> Result:
        return self.cli("tick", timeout=timeout, **env)

    def daemon(self, *args: str, **env: str) -> subprocess.Popen[str]:
        log = (self.root / "daemon.log").open("a")
        daemon = subprocess.Popen(
            [PROGRAM, "daemon", *args],
            cwd=self.root,
            env={**os.environ, **self.env, **env},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        log.close()
        self._daemons.append(daemon)
        return daemon

    def close(self) -> None:
        for daemon in self._daemons:
            daemon.kill()
            daemon.wait(10)
        for _ in range(50):
            left = list(self.alive())
            if not left:
                return
            for pid in left:
                _signal(pid, signal.SIGKILL)
            let_pass(0.02)

    # -- what came of it ----------------------------------------------------------------------------------------------

    def ticket(self, name: str = "T", plan: str = "p") -> dict[str, Any]:
        """Written atomically, so it is always whole."""
        found: dict[str, Any] = json.loads(self.file(name, plan).read_text())
        return {"status": None, "currentPhase": None, "phaseHistory": [], "context": {}, "retries": {}, **found}

    def file(self, name: str = "T", plan: str = "p") -> Path:
        return self.home / f"state/plans/{plan}/tickets/{name}.json"

    def history(self, name: str = "T") -> list[tuple[str, str]]:
        return [(entry["phase"], entry["status"]) for entry in self.ticket(name)["phaseHistory"]]

    def output(self, phase: str, name: str = "T") -> str:
        """The output of the phase's last attempt in the history."""
        entries = [entry for entry in self.ticket(name)["phaseHistory"] if entry["phase"] == phase]
        return str(entries[-1].get("output", ""))

    def attempts(self, name: str = "T") -> list[Path]:
        folder = self.home / "logs/p" / name
        return sorted(path for path in folder.glob("[0-9]*-*") if path.is_dir())

    def state(self, name: str = "T") -> tuple[Any, Any]:
        ticket = self.ticket(name)
        return ticket["status"], ticket["currentPhase"]

    def wait_state(self, status: str, name: str = "T", deadline: float = 15) -> None:
        wait_for(
            lambda: self.ticket(name)["status"] == status, deadline, f"{name} to be {status}: {self.explain(name)}"
        )

    def explain(self, name: str = "T") -> str:
        daemon = self.root / "daemon.log"
        return f"{self.ticket(name)}\n{daemon.read_text() if daemon.exists() else ''}"

    def marks(self, name: str) -> list[str]:
        """The lines of a file in which programs leave marks."""
        path = self.root / name
        return path.read_text().splitlines() if path.exists() else []

    def pid(self, name: str) -> int:
        """The pid that a program wrote into a file under the root, as soon as it is there."""
        return int(wait_for(lambda: "".join(self.marks(name)[:1]).strip(), what=name))

    def alive(self) -> Iterator[int]:
        """Processes of attempts of this place."""
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            try:
                environ = (folder / "environ").read_bytes()
            except OSError:
                continue
            if f"ORCHESTRATOR_ATTEMPT_DIR={self.root}/".encode() in environ and living(int(folder.name)):
                yield int(folder.name)


def living(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def gone(*pids: int, within: float = 10) -> None:
    wait_for(lambda: not any(map(living, pids)), within, f"{pids} to be gone")


def _signal(pid: int, sig: signal.Signals) -> None:
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        pass


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    try:
        yield place
    finally:
        place.close()


def script(id: str, command: str, on_success: str = "done", **keys: Any) -> dict[str, Any]:
    return {"id": id, "type": "script", "command": command, "onSuccess": on_success, **keys}


def agent(id: str = "work", prompt: str = "work.md", on_success: str = "done", **keys: Any) -> dict[str, Any]:
    return {"id": id, "type": "agent", "promptTemplate": prompt, "onSuccess": on_success, **keys}


def poll(id: str, command: str, on_success: str = "done", **keys: Any) -> dict[str, Any]:
    return {"id": id, "type": "poll", "command": command, "onSuccess": on_success, "intervalSeconds": 0.1, **keys}


def terminal(id: str, notify: bool = False) -> dict[str, Any]:
    return {"id": id, "type": "terminal", "notify": notify}


def until(predicate: Callable[[], Any], what: str = "", deadline: float = 15) -> Any:
    return wait_for(predicate, deadline, what)
