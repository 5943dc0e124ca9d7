"""A home whose project lies on the scripted GitHub: real git and the real gh on the runner's side, a bare repository
and a GraphQL engine on the other.

`project` is the user's clone, its remote `git@github.com:acme/demo.git`; ssh to that host is `servers/ssh.sh`. The
bundled workflows are used as they are, but for the time between two polls and before a retry. The agent has no model:
it is `resources/agent.sh`, and a test says what it does in a phase with `does`.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from e2e.agents import Real
from e2e.install import BIN, GH, GITHUB_SCHEMA, CannotInstall, install
from e2e.servers.github import GitHub, Pull, World
from e2e.servers.github.bare import Bare
from e2e.servers.model_server import ModelServer
from e2e.servers.script import Asked
from e2e.tickets import DEADLINE, PLAN, TICKET, TITLE, Home, kill_all
from tests.waiting import wait_for

HERE = Path(__file__).parent
BUILTIN = HERE.parent / "src/orchestrator/builtin/workflows"
BRANCH = f"dev/{TICKET.lower()}-say-goodbye"
REMOTE = "git@github.com:acme/demo.git"
TOKEN = "of-the-runner"
AGENT_SH = HERE / "resources/agent.sh"
AGENT = Real("scripted", lambda url: [], (), ("", ""), 0.0)
POLL = 0.2


def lacking() -> str | None:
    """What to do when there is no real gh, or not what GitHub may be asked."""
    try:
        install(GITHUB_SCHEMA)
    except CannotInstall as error:
        return f"what GitHub may be asked is not here ({error}): python -m e2e.install {GITHUB_SCHEMA.name}"
    try:
        install(GH)
    except CannotInstall as error:
        if shutil.which("gh") is None:
            return f"gh is not here ({error}): python -m e2e.install gh, or put gh 2.40 or newer on PATH"
    return None


class Gate:
    def __init__(self, folder: Path, name: str) -> None:
        self.reached, self._go = folder / f"{name}.reached", folder / f"{name}.go"
        self.waiting = f"touch {self.reached}; until [ -e {self._go} ]; do sleep 0.02; done\n"
        self.shell = f'if [ ! -e {self._go} ]; then {self.waiting} fi\nexec "$AGENT" usual\n'

    def wait(self) -> None:
        wait_for(self.reached.exists, DEADLINE, self.reached.name)

    def open(self) -> None:
        self._go.touch()


class NoModel:
    """What the agent without a model asks."""

    url = ""

    def __init__(self) -> None:
        self.asked: list[Asked] = []


class ForgeHome(Home):
    """One plan of `tickets`. `github` is entered by whoever makes it."""

    origin: Path

    def __init__(
        self,
        root: Path,
        github: GitHub,
        env: dict[str, str],
        workflow: str = "standard",
        tickets: Sequence[str] = (TICKET,),
        real: Real = AGENT,
        server: ModelServer | NoModel | None = None,
    ) -> None:
        self.github, self.world = github, github.world
        self.cue = root / "git/.cue"
        self.cue.mkdir(parents=True)
        self.agent = root / "agent"
        self.agent.mkdir()
        self.workflow, self.names = workflow, tuple(tickets)
        forge = {
            "GH_CONFIG_DIR": str(github.config_dir()),
            "GIT_SSH_COMMAND": str(HERE / "servers/ssh.sh"),
            "FAKE_GIT_ROOT": str(root / "git"),
        }
        super().__init__(root, real, {**env, **forge, "GH_TOKEN": TOKEN}, server or NoModel())
        self._hurry()

    def _make_repository(self) -> None:
        self.origin = self.world.bare.path
        self.git("init", "--quiet", "--bare", "--initial-branch", "main", str(self.origin), cwd=self.root)
        self._make_project()
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Say hello")
        self.git("remote", "add", "origin", REMOTE)
        self.git("push", "--quiet", "--set-upstream", "origin", "main")
        (self.cue / "journal").unlink()

    def configure(self, subscriber: bool = False, agent: dict[str, Any] | None = None, **keys: Any) -> None:
        scripted = {"command": str(AGENT_SH), "env": {"E2E_AGENT": str(self.agent)}}
        more = scripted if self.real is AGENT else {}
        super().configure(subscriber, {**more, **(agent or {})}, pollInterval=1, **keys)

    def _make_plan(self) -> None:
        entries = [{"ticketId": name, "order": i, "blockedBy": []} for i, name in enumerate(self.names, 1)]
        plan = {
            "id": PLAN, "name": "Greetings", "createdAt": "2026-01-01T00:00:00Z", "createdBy": "e2e",
            "repo": str(self.repo), "workflow": self.workflow, "agent": None, "worktreeRoot": str(self.worktree.parent),
            "status": "active", "tickets": entries,
        }  # fmt: skip
        self._write(self.plans / "plan.json", plan)
        for name in self.names:
            self.write_ticket(name)

    def write_ticket(self, name: str = TICKET, **keys: Any) -> None:
        ticket = {
            "planId": PLAN, "ticketId": name, "title": TITLE, "description": "Add goodbye(name) to greetings.py.",
            "acceptanceCriteria": ['goodbye("Ada") is "Goodbye, Ada!"'], "linearUrl": "https://tracker.invalid/T-1",
            "branch": f"dev/{name.lower()}-say-goodbye",
        }  # fmt: skip
        self._write(self.plans / f"tickets/{name}.json", {**ticket, **keys})

    def block(self, name: str, by: str, **keys: Any) -> None:
        plan = json.loads((self.plans / "plan.json").read_bytes())
        entries = [{**one, "blockedBy": [by]} if one["ticketId"] == name else one for one in plan["tickets"]]
        self._write(self.plans / "plan.json", {**plan, **keys, "tickets": entries})

    def _hurry(self) -> None:
        """The bundled workflows, that wait less."""
        folder = self.home / "workflows"
        folder.mkdir(exist_ok=True)
        for path in BUILTIN.glob("*.yaml"):
            text = re.sub(r"(intervalSeconds|retryDelaySeconds): \d+", rf"\1: {POLL}", path.read_text())
            (folder / path.name).write_text(text)

    def does(self, phase: str, shell: str, ticket: str = "") -> None:
        """The agent, from now on."""
        (self.agent / (f"{ticket}.{phase}" if ticket else phase)).write_text(shell)

    def hold(self, phase: str) -> Gate:
        """The agent waits in that phase until the gate is opened, and then does what it does otherwise."""
        gate = Gate(self.agent, phase)
        self.does(phase, gate.shell)
        return gate

    def gate_before(self, phase: str, way: str) -> Gate:
        """The workflow waits there, where `way` (a line of it) leads to the phase."""
        gate = Gate(self.agent, f"before-{phase}")
        script = self.home / "scripts/gate.sh"
        script.parent.mkdir(exist_ok=True)
        script.write_text(gate.waiting)
        more = f"\n  - id: gate\n    type: script\n    command: gate.sh\n    onSuccess: {phase}\n"
        self.rewrite(way, phase, "gate", more)
        return gate

    def rewrite(self, where: str, old: str, new: str, more: str = "") -> None:
        """In the workflow, in the only place that has these words."""
        path = self.home / f"workflows/{self.workflow}.yaml"
        text = path.read_text()
        assert text.count(where) == 1, where
        path.write_text(text.replace(where, where.replace(old, new)) + more)

    def kill_all(self) -> None:
        """-9 for the runners and for everything of an attempt."""
        for runner in self.runners:
            runner.kill()
        kill_all(self.processes)

    # -- what there is to see -----------------------------------------------------------------------------------------

    def told(self, phase: str, ticket: str = TICKET, kind: str = "md") -> list[str]:
        """The prompts of that phase, or the environments (`kind` env)."""
        return [path.read_text() for path in sorted(self.agent.glob(f"told/{ticket}/*-{phase}.{kind}"))]

    def of(self, name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.plans / f"tickets/{name}.json").read_bytes())
        return loaded

    def pull(self, ticket: str = TICKET) -> Pull:
        """Waits until it is open."""
        head = f"dev/{ticket.lower()}-say-goodbye"

        def opened() -> Pull | None:
            self._assert_well(ticket)
            return next((pull for pull in self.world.pulls if pull.head == head), None)

        return wait_for(opened, DEADLINE, f"{ticket}'s pull request")

    def _assert_well(self, name: str) -> dict[str, Any]:
        ticket = self.of(name)
        status = ticket.get("status")
        assert status not in ("failed", "needs_attention"), f"{name}: {status}: {ticket['error']}"
        return ticket

    def wait_in(self, phase: str, times: int = 1, name: str = TICKET) -> None:
        """Until the ticket is in that phase, and has been there before `times - 1` times."""

        def there() -> bool:
            ticket = self._assert_well(name)
            before = sum(entry["phase"] == phase for entry in ticket.get("phaseHistory", ()))
            return bool(ticket.get("currentPhase") == phase and before >= times - 1)

        wait_for(there, DEADLINE, f"{name} to be in {phase}")

    def wait_left(self, phase: str, times: int = 1, name: str = TICKET) -> None:
        """Until it has left that phase so many times."""

        def left() -> bool:
            history = self._assert_well(name).get("phaseHistory", ())
            return sum(entry["phase"] == phase for entry in history) >= times

        wait_for(left, DEADLINE, f"{name} to leave {phase}")

    def wait_polled(self, times: int = 2) -> None:
        """Until the forge was asked so many times more."""
        asked = len(self.github.journal)
        wait_for(lambda: len(self.github.journal) >= asked + times, DEADLINE, "the forge to be asked")

    def wait_status(self, status: str, name: str = TICKET) -> dict[str, Any]:
        ended = ("complete", "needs_attention", "failed")
        wait_for(lambda: self.of(name).get("status") in ended, DEADLINE, f"{name} to end")
        ticket = self.of(name)
        assert ticket["status"] == status, f"{name} is {ticket['status']}: {ticket['error']}"
        return ticket

    def phases(self, name: str = TICKET) -> list[str]:
        """Each phase once for every time that it was left."""
        return [entry["phase"] for entry in self.of(name)["phaseHistory"]]

    def ssh_journal(self) -> list[str]:
        try:
            return (self.cue / "journal").read_text().splitlines()
        except FileNotFoundError:
            return []

    def main(self, form: str = "%s") -> list[str]:
        """Of the remote, newest first."""
        return self.world.bare.git("log", f"--format={form}", "main").splitlines()

    def show(self) -> None:
        super().show()
        print("--- what GitHub was asked")
        for (status, kind), calls in itertools.groupby(self.github.journal, lambda call: (call.status, call.kind)):
            print(f"{status} {kind} ({len(list(calls))} times)")


def world_at(root: Path) -> World:
    bare = root / "git/acme/demo.git"
    bare.parent.mkdir(parents=True)
    return World(Bare(bare))


def bare_env(root: Path) -> dict[str, str]:
    """Of a person with git and gh, and nothing else."""
    home, tmp = root / "home", root / "tmp"
    home.mkdir()
    tmp.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Dev\n\temail = dev@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    return {"PATH": path, "HOME": str(home), "TMPDIR": str(tmp), "LANG": "C.UTF-8", "SHELL": "/bin/bash", "USER": "dev"}
