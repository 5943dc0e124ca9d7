"""A home to try the installed command in, from outside: files, processes and the command, nothing else of the program.

Everything that was started is ended when the test is over, whatever the test forgot.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tests.waiting import DEADLINE, wait_for

COMMAND = str(Path(sys.executable).with_name("orchestrator"))

Doc = dict[str, Any]

SCRIPTS = {
    # says that it ran, and with what
    "note.sh": 'echo "$ORCHESTRATOR_TICKET $ORCHESTRATOR_PHASE" >> "$MARKS/trace"; echo "noted $*"',
    # runs until it is released
    "hold.sh": 'echo "$ORCHESTRATOR_TICKET $ORCHESTRATOR_PHASE" >> "$MARKS/trace"\n'
    'echo $$ > "$MARKS/held.$ORCHESTRATOR_TICKET"\n'
    'until [ -e "$MARKS/release" ] || [ -e "$MARKS/release.$ORCHESTRATOR_TICKET" ]; do sleep 0.02; done\n'
    'rm -f "$MARKS/held.$ORCHESTRATOR_TICKET"; echo released',
    "fail.sh": 'echo "$ORCHESTRATOR_TICKET $ORCHESTRATOR_PHASE" >> "$MARKS/trace"; echo "it broke"; exit 1',
    "exit.sh": 'echo "$ORCHESTRATOR_TICKET $ORCHESTRATOR_PHASE" >> "$MARKS/trace"; exit "$1"',
    # 1 until somebody opens it
    "gate.sh": 'echo "$ORCHESTRATOR_TICKET asked" >> "$MARKS/asked"; [ -e "$MARKS/open" ] || exit 1; echo through',
    # hears neither INT nor TERM
    "deaf.sh": "trap '' INT TERM\necho $$ > \"$MARKS/held.$ORCHESTRATOR_TICKET\"; while :; do sleep 0.05; done",
}


def script(id: str, on_success: str | None = None, command: str = "note.sh", **keys: Any) -> Doc:
    return _phase(id, "script", on_success, command=command, **keys)


def agent(id: str, on_success: str | None = None, prompt: str = "prompt.md", **keys: Any) -> Doc:
    return _phase(id, "agent", on_success, promptTemplate=prompt, **keys)


def poll(id: str, on_success: str | None = None, command: str = "gate.sh", **keys: Any) -> Doc:
    return _phase(id, "poll", on_success, command=command, **keys)


def terminal(id: str = "done", **keys: Any) -> Doc:
    return _phase(id, "terminal", None, **keys)


def _phase(id: str, type: str, on_success: str | None, **keys: Any) -> Doc:
    return {"id": id, "type": type, **({"onSuccess": on_success} if on_success else {}), **keys}


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Started:
    """A command that goes on; what it prints goes to files."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        self.process, self._out, self._err = process, out, err

    @property
    def out(self) -> str:
        return self._out.read_text(errors="replace")

    @property
    def err(self) -> str:
        return self._err.read_text(errors="replace")

    def says(self, text: str, deadline: float = DEADLINE) -> None:
        wait_for(lambda: text in self.out or self.process.poll() is not None, deadline, f"{text!r}, got {self.out!r}")
        assert text in self.out, f"exited {self.process.returncode}: {self.out}\n{self.err}"

    def ended(self, deadline: float = DEADLINE) -> int:
        """Its exit code."""
        return self.process.wait(deadline)

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.send(number)
        return self.ended()


class Box:
    """A home with a repository beside it, and the command pointed at it."""

    def __init__(self, root: Path, home: Path | None = None) -> None:
        self.root = root
        self.home = home or root / "home"
        self.state, self.logs = self.home / "state", self.home / "logs"
        self.plans = self.state / "plans"
        self.repo, self.marks = root / "repo", root / "marks"
        for folder in (self.home, self.repo, self.marks):
            folder.mkdir(parents=True, exist_ok=True)
        self.env = {**os.environ, "ORCHESTRATOR_HOME": str(self.home), "MARKS": str(self.marks)}
        self._started: list[subprocess.Popen[bytes]] = []
        for name, body in SCRIPTS.items():
            self.script(name, body)
        self.config({"grace": 0.2})
        self.workflow("one", script("work", "done"), terminal())
        self.workflow("two", script("first", "second"), script("second", "done"), terminal())
        self.workflow("holding", script("work", "after", "hold.sh"), script("after", "done"), terminal())

    # -- files --------------------------------------------------------------------------------------------------------

    def write(self, name: str | Path, content: str | bytes) -> Path:
        """A file of the home, put in place at once."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(content.encode() if isinstance(content, str) else content)
        new.rename(path)
        return path

    def config(self, keys: Doc | str) -> Path:
        """JSON is YAML too."""
        return self.write("config.yaml", keys if isinstance(keys, str) else json.dumps(keys, indent=1))

    def script(self, name: str, body: str) -> Path:
        return self.write(f"scripts/{name}", f"#!/bin/sh\n{body}\n")

    def prompt(self, name: str, text: str) -> Path:
        return self.write(f"prompts/{name}", text)

    def workflow(self, name: str, *phases: Doc, **keys: Any) -> Path:
        return self.write(f"workflows/{name}.yaml", json.dumps({"name": name, **keys, "phases": phases}, indent=1))

    def agent(self, name: str, body: str) -> str:
        """A program that stands for an agent; its path."""
        path = self.write(f"agents/{name}", f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return str(path)

    def plan(self, id: str, *tickets: str | Doc, workflow: str = "one", make: bool = True, **keys: Any) -> Path:
        """A plan, and (`make`) a minimal file for each ticket that has none."""
        entries = [{"ticketId": one} if isinstance(one, str) else one for one in tickets]
        given = {"id": id, "repo": str(self.repo), "workflow": workflow, "worktreeRoot": str(self.root / "worktrees")}
        if make:
            for entry in entries:
                if not self.ticket_file(id, entry["ticketId"]).exists():
                    self.ticket(id, entry["ticketId"])
        return self.write(self.plan_file(id), json.dumps({**given, **keys, "tickets": entries}, indent=2))

    def ticket(self, plan: str, ticket: str, **keys: Any) -> Path:
        return self.save(plan, ticket, {"planId": plan, "ticketId": ticket, **keys})

    def save(self, plan: str, ticket: str, doc: Doc) -> Path:
        """As an editor would."""
        return self.write(self.ticket_file(plan, ticket), json.dumps(doc, indent=2))

    def edit(self, plan: str, ticket: str, **keys: Any) -> None:
        self.save(plan, ticket, {**self.read(plan, ticket), **keys})

    def plan_file(self, plan: str) -> Path:
        return self.plans / plan / "plan.json"

    def ticket_file(self, plan: str, ticket: str) -> Path:
        return self.plans / plan / "tickets" / f"{ticket}.json"

    def read(self, plan: str, ticket: str) -> Doc:
        """Must be whole at any moment."""
        found: Doc = json.loads(self.ticket_file(plan, ticket).read_bytes())
        return found

    def read_plan(self, plan: str) -> Doc:
        found: Doc = json.loads(self.plan_file(plan).read_bytes())
        return found

    def status_of(self, plan: str, ticket: str) -> str:
        return str(self.read(plan, ticket).get("status", "queued"))

    def history(self, plan: str, ticket: str) -> list[tuple[str, str]]:
        return [(entry["phase"], entry["status"]) for entry in self.read(plan, ticket).get("phaseHistory", [])]

    def trace(self, name: str = "trace") -> list[str]:
        """`<ticket> <phase>` of every script that ran, in order."""
        path = self.marks / name
        return path.read_text().splitlines() if path.exists() else []

    def mark(self, name: str) -> None:
        (self.marks / name).touch()

    def log(self) -> list[Doc]:
        path = self.logs / "orchestrator.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    # -- commands -----------------------------------------------------------------------------------------------------

    def run(self, *args: str | Path, env: dict[str, str | None] | None = None, **options: Any) -> Result:
        """A command to its end. `env`: None takes a variable away."""
        given = {"cwd": self.root, "capture_output": True, "stdin": subprocess.DEVNULL, "timeout": 30, **options}
        done = subprocess.run([COMMAND, *map(str, args)], env=self._env(env), check=False, **given)
        out, err = ((text or b"").decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        assert "Traceback" not in out + err, err
        assert done.returncode != 3, f"a bug: {err}"
        return Result(done.returncode, out, err)

    def ok(self, *args: str | Path, **options: Any) -> Result:
        result = self.run(*args, **options)
        assert result.code == 0, f"{args}: exit {result.code}: {result.out}{result.err}"
        return result

    def refused(self, *args: str | Path, code: int = 1, **options: Any) -> str:
        """What it says; that is on stderr, and says more than nothing."""
        result = self.run(*args, **options)
        assert result.code == code, f"{args}: exit {result.code} instead of {code}: {result.out}{result.err}"
        assert result.err.strip()
        return result.err

    def start(self, *args: str, env: dict[str, str | None] | None = None, **options: Any) -> Started:
        n = len(self._started)
        out, err = self.root / f"out.{n}", self.root / f"err.{n}"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [COMMAND, *args],
                **{"cwd": self.root, "env": self._env(env), "stdin": subprocess.DEVNULL, "stdout": stdout,
                   "stderr": stderr, "start_new_session": True, **options},
            )  # fmt: skip
        self._started.append(process)
        return Started(process, out, err)

    def daemon(self, *args: str, **options: Any) -> Started:
        started = self.start("daemon", *args, **options)
        started.says("daemon started")
        return started

    def _env(self, changes: dict[str, str | None] | None) -> dict[str, str]:
        return {name: value for name, value in (self.env | (changes or {})).items() if value is not None}

    # -- waiting ------------------------------------------------------------------------------------------------------

    def until(self, plan: str, ticket: str, status: str, deadline: float = DEADLINE) -> Doc:
        """The ticket when its status is this one and nothing is under way (`running`: something is)."""

        def found() -> Doc | None:
            doc = self.read(plan, ticket)
            settled = bool(doc.get("attempt")) == (status == "running")
            return doc if doc.get("status") == status and settled else None

        try:
            doc = wait_for(found, deadline, f"{plan}/{ticket} {status}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.ticket_file(plan, ticket).read_text()}") from None
        assert doc is not None
        return doc

    def until_plan(self, plan: str, status: str, deadline: float = DEADLINE) -> None:
        wait_for(lambda: self.read_plan(plan).get("status") == status, deadline, f"plan {plan} {status}")

    def held(self, ticket: str) -> int:
        """Waits until a script of the ticket holds; its pid."""
        path = self.marks / f"held.{ticket}"
        return int(wait_for(lambda: path.exists() and path.read_text().strip(), what=f"{ticket} to hold"))

    def processes(self) -> list[int]:
        """Whatever lives and was started here, at whatever remove."""
        mine = [process.pid for process in self._started if process.poll() is None]
        return sorted({*mine, *_mentioning(str(self.root).encode())})

    def alone(self, deadline: float = DEADLINE) -> None:
        """Waits until nothing lives."""
        wait_for(lambda: not self.processes(), deadline, f"all to be gone; {self.processes()}")

    def end_everything(self) -> None:
        end = time.monotonic() + 5
        while time.monotonic() < end and (left := self.processes()):
            for pid in left:
                _kill(pid)
            for process in self._started:
                process.poll()
        for process in self._started:
            process.wait(5)


def _mentioning(text: bytes) -> Iterable[int]:
    """Processes whose environment mentions it (Linux)."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int(entry.name) != os.getpid() and text in (entry / "environ").read_bytes():
                yield int(entry.name)
        except OSError:
            continue


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
