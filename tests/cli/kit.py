"""A small home for tests of the command line, and the ways to call it: in this process, or as a program."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from orchestrator.adapters.attempts import sweep
from orchestrator.cli.main import main
from tests.waiting import DEADLINE, wait_for

PROGRAM = str(Path(sys.executable).with_name("orchestrator"))

WORKFLOW = """
name: w
phases:
  - {id: work, type: script, command: work.sh, maxRetries: 1, onSuccess: ask}
  - {id: ask, type: poll, command: ask.sh, intervalSeconds: 0.05, onSuccess: done}
  - {id: done, type: terminal}
"""

WORK = """\
#!/bin/sh
# waits while it is held; ends with the code that the test chose
echo "working on $ORCHESTRATOR_TICKET"
echo "a word on stderr" >&2
while [ -e '@/hold' ]; do sleep 0.01; done
exit "$(cat '@/code' 2>/dev/null || echo 0)"
"""


class Called(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def finish(process: subprocess.Popen[str]) -> Called:
    """What it still prints, and how it ends. (`communicate` would lose what `readline` has buffered.)"""
    assert process.stdout is not None and process.stderr is not None
    out, err = process.stdout.read(), process.stderr.read()
    return Called(process.wait(DEADLINE), out, err)


class Site:
    """A home with a workflow `w`, and the command line for it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        self.started: list[subprocess.Popen[str]] = []
        for folder in ("workflows", "scripts", "prompts", "state/plans", "repo"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self.config(pollInterval=1, grace=0.3, agents={"worker": {"command": str(root / "scripts/work.sh")}})
        self.workflow("w", WORKFLOW)
        self.script("work.sh", WORK)
        self.script("ask.sh", "#!/bin/sh\nexit 0\n")

    # -- files --------------------------------------------------------------------------------------------------------

    def config(self, **keys: Any) -> None:
        (self.root / "config.yaml").write_text(json.dumps(keys))

    def workflow(self, name: str, text: str) -> Path:
        (self.root / f"workflows/{name}.yaml").write_text(text)
        return self.root / f"workflows/{name}.yaml"

    def script(self, name: str, text: str) -> None:
        (self.root / f"scripts/{name}").write_text(text.replace("@", str(self.root)))
        (self.root / f"scripts/{name}").chmod(0o755)

    def plan(
        self, *tickets: dict[str, Any], plan: str = "p", blockers: dict[str, list[str]] | None = None, **fields: Any
    ) -> None:
        """Tickets by their fields; `id` is the ticket's."""
        entries = []
        for i, given in enumerate(tickets):
            rest = {key: value for key, value in given.items() if key != "id"}
            self.write(
                given["id"], plan, {"planId": plan, "ticketId": given["id"], "title": f"Title {given['id']}", **rest}
            )
            entries.append({"ticketId": given["id"], "order": i, "blockedBy": (blockers or {}).get(given["id"], [])})
        content = {
            "id": plan, "name": f"Plan {plan}", "createdAt": "2026-01-01T00:00:00Z", "createdBy": "x", "workflow": "w",
            "repo": str(self.root / "repo"), "worktreeRoot": str(self.root / "wt"), "status": "active", **fields,
            "tickets": entries,
        }  # fmt: skip
        (self.root / f"state/plans/{plan}/plan.json").write_text(json.dumps(content))

    def write(self, ticket: str, plan: str, content: dict[str, Any]) -> None:
        self.file(ticket, plan).parent.mkdir(parents=True, exist_ok=True)
        self.file(ticket, plan).write_text(json.dumps(content))

    def file(self, ticket: str = "T-1", plan: str = "p") -> Path:
        return self.root / f"state/plans/{plan}/tickets/{ticket}.json"

    def ticket(self, ticket: str = "T-1", plan: str = "p") -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file(ticket, plan).read_bytes())
        return found

    def plan_status(self, plan: str = "p") -> str:
        return str(json.loads((self.root / f"state/plans/{plan}/plan.json").read_bytes())["status"])

    def hold(self) -> None:
        """Programs wait until `release`."""
        (self.root / "hold").touch()

    def release(self) -> None:
        (self.root / "hold").unlink(missing_ok=True)

    def fail_with(self, code: int) -> None:
        (self.root / "code").write_text(str(code))

    # -- calling ------------------------------------------------------------------------------------------------------

    def call(self, *words: str) -> Called:
        """In this process."""
        self._capsys.readouterr()
        code = main(list(words))
        out, err = self._capsys.readouterr()
        return Called(code, out, err)

    def start(self, *words: str, **fields: Any) -> subprocess.Popen[str]:
        """As a program."""
        process = subprocess.Popen(
            [PROGRAM, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **fields,
        )
        self.started.append(process)
        return process

    def daemon(self, *words: str) -> subprocess.Popen[str]:
        """One that has begun."""
        process = self.start("daemon", *words)
        assert process.stdout is not None
        assert process.stdout.readline() == "daemon started\n"
        return process

    def running(self, ticket: str = "T-1", plan: str = "p") -> dict[str, Any]:
        """Waits for an attempt of the ticket whose program has begun."""

        def look() -> dict[str, Any] | None:
            found = self.ticket(ticket, plan).get("attempt")
            folder = self.root / f"logs/{plan}/{ticket}/{found['n']:03d}-{found['phase']}" if found else None
            return (
                found
                if folder and (folder / "stdout.log").exists() and (folder / "stdout.log").stat().st_size
                else None
            )

        return wait_for(look, what=f"an attempt of {ticket}") or {}

    def is_now(self, status: str, ticket: str = "T-1") -> None:
        wait_for(lambda: self.ticket(ticket).get("status") == status, what=f"{ticket} {status}")

    def left(self) -> list[str]:
        """Living processes of attempts of this home."""
        return [pid for pid in filter(str.isdigit, os.listdir("/proc")) if self._is_ours(pid)]

    def _is_ours(self, pid: str) -> bool:
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False
        return f"ORCHESTRATOR_ATTEMPT_DIR={self.root}/".encode() in environ and int(pid) != os.getpid()

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.communicate()
        while left := self.left():
            sweep.send([int(pid) for pid in left], signal.SIGKILL, lambda _: True)


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    made = Site(tmp_path, capsys)
    yield made
    made.end()
    root.handlers[:], root.level = handlers, level
