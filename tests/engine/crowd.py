"""Many tickets of one plan on one repository with a bare origin, in the bundled workflow `local`, with real git."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from orchestrator.adapters.attempts import sweep
from orchestrator.core.model import Key, Status, Ticket
from orchestrator.engine.home import Home
from tests.engine.runner import config_of
from tests.engine.sites import Runner, processes_of
from tests.waiting import wait_for

AGENT = Path(__file__).parent.parent / "resources/crowd/agent.py"
SLOW = 120.0
"""Seconds: git runs hundreds of times, on a machine that may be busy."""

CHECK = """\
#!/bin/sh
# every part is there, and whoever is to be in the registry is in it, once
! grep -q '[<=>]\\{7\\}' registry.txt || { echo "conflict markers are left"; exit 1; }
[ "$(sort registry.txt | uniq -d)" = "" ] || { echo "somebody is there twice"; exit 1; }
for part in parts/*.txt; do
  [ -e "$part" ] || continue
  name=$(basename "$part" .txt)
  [ ! -e "shared/$name" ] || grep -qx "$name" registry.txt || { echo "$name is missing"; exit 1; }
done
echo "verified"
"""


class Crowd(NamedTuple):
    root: Path
    shared: tuple[str, ...]
    """Tickets that change the same file."""
    names: tuple[str, ...]

    @property
    def origin(self) -> Path:
        return self.root / "origin.git"

    @property
    def repo(self) -> Path:
        return self.root / "repo"

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(["git", *words], cwd=cwd or self.repo, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    def daemon(self) -> Runner:
        mark = self.root / "started"
        mark.unlink(missing_ok=True)
        made = Runner([str(self.root), "daemon", "--lock", "--mark", str(mark)], mark)
        wait_for(mark.exists, what="a daemon")
        return made

    def ticket(self, name: str) -> Ticket:
        return Home(config_of(self.root)).store.read_ticket(Key("crowd", name)).record

    def tickets(self) -> list[Ticket]:
        return [self.ticket(name) for name in self.names]

    def all_ended(self) -> bool:
        found = self.tickets()
        ended = (Status.COMPLETE, Status.FAILED, Status.NEEDS_ATTENTION)
        return all(one.status in ended and one.attempt is None for one in found)

    def walk(self) -> None:
        daemon = self.daemon()
        try:
            wait_for(self.all_ended, SLOW, "the end of all tickets")
        finally:
            daemon.kill()
            self.kill_all()

    def kill_all(self) -> None:
        while left := processes_of(self.root / "logs"):
            sweep.send(left, 9, lambda _: True)

    # -- what must hold -----------------------------------------------------------------------------------------------

    def assert_merged(self, merges: bool = False) -> None:
        """All complete, nobody's change is missing or there twice, and the base passes its own tests."""
        stuck = {one.ticket_id: one.error for one in self.tickets() if one.status is not Status.COMPLETE}
        assert not stuck, stuck
        final = self.root / "final"
        self.git("clone", "--quiet", str(self.origin), str(final), cwd=self.root)
        assert sorted(path.stem for path in (final / "parts").iterdir()) == sorted(self.names)
        registry = (final / "registry.txt").read_text().split()
        assert sorted(registry) == sorted(["first", *self.shared, "last"])
        assert subprocess.run([".orchestrator/verify"], cwd=final, check=False).returncode == 0
        log = self.git("log", "--format=%s", "--no-merges", cwd=final).splitlines()
        assert sorted(log) == sorted(["begin", *(f"{name}: do its part" for name in self.names)])
        found = self.git("log", "--merges", "--format=%s", cwd=final).splitlines()
        assert len(found) == (len(self.names) if merges else 0), found

    def phases(self, name: str) -> list[str]:
        return [entry.phase for entry in self.ticket(name).phase_history]

    def resolvers(self) -> list[str]:
        """Tickets that have had a conflict."""
        return [name for name in self.names if "resolve_conflicts" in self.phases(name)]


def crowd(root: Path, shared: int = 4, alone: int = 4, more: dict[str, Any] | None = None, **fields: Any) -> Crowd:
    """`fields`: of each ticket that changes the shared file. `more`: of the configuration."""
    both = tuple(f"S{n}" for n in range(1, shared + 1))
    names = (*both, *(f"A{n}" for n in range(1, alone + 1)))
    made = Crowd(root, both, names)
    root.mkdir()
    made.git("init", "--quiet", "--bare", "-b", "main", str(made.origin), cwd=root)
    made.git("clone", "--quiet", str(made.origin), str(made.repo), cwd=root)
    made.git("checkout", "--quiet", "-b", "main")
    (made.repo / "registry.txt").write_text("first\nlast\n")
    (made.repo / ".orchestrator").mkdir()
    (made.repo / ".orchestrator/verify").write_text(CHECK)
    (made.repo / ".orchestrator/verify").chmod(0o755)
    (made.repo / "shared").mkdir()
    for name in both:
        (made.repo / f"shared/{name}").touch()
    made.git("add", "--all")
    made.git("commit", "--quiet", "-m", "begin")
    made.git("push", "--quiet", "origin", "main")
    config = {
        "agents": {"crowd": {"command": str(root / "agent.sh"), "passEnv": ["GIT_*"]}}, "defaultAgent": "crowd",
        "stateDir": "./state", "logDir": "./logs", "maxConcurrency": 8, "pollInterval": 1, "grace": 0.3, **(more or {}),
    }  # fmt: skip
    wrapper = root / "agent.sh"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} {AGENT} "$@"\n')
    wrapper.chmod(0o755)
    (root / "config.yaml").write_text(json.dumps(config))
    folder = root / "state/plans/crowd/tickets"
    folder.mkdir(parents=True)
    for name in names:
        told = fields if name in both else {}
        ticket = {"planId": "crowd", "ticketId": name, "title": f"Part {name}", "branch": f"crowd/{name}", **told}
        (folder / f"{name}.json").write_text(json.dumps(ticket))
    plan = {
        "id": "crowd", "name": "crowd", "createdAt": "2026-01-01T00:00:00Z", "workflow": "local",
        "repo": str(made.repo), "worktreeRoot": str(root / "trees"), "status": "active",
        "tickets": [{"ticketId": name, "order": n, "blockedBy": []} for n, name in enumerate(names)],
    }  # fmt: skip
    (folder.parent / "plan.json").write_text(json.dumps(plan))
    return made


@pytest.fixture(autouse=True)
def _author(monkeypatch: pytest.MonkeyPatch) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Crowd")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "crowd@example.com")
    assert os.environ["GIT_AUTHOR_NAME"]
