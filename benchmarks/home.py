"""What a program under test finds: config, workflows, scripts, plans and tickets; and the marks its scripts leave.

The law: every program gets the same files, with every key that the oldest of them needs. Scripts write down themselves
when they run, with the clock that their shell has built in, which costs no process.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.scripts import MARK, SHELL, find_shell

PLACE = "TICKET-ID"
"""Stands for the id in a text that many tickets share."""
CREATED = "2026-01-01T00:00:00.000Z"


class Mark(NamedTuple):
    word: str
    ticket: str
    phase: str
    at: float
    """Seconds, as `time.time()`."""
    pid: int


class Ticket(NamedTuple):
    id: str
    phase: str
    blocked_by: tuple[str, ...] = ()
    status: str = ""
    """Default: queued when it is blocked, else ready."""
    passed: int = 0
    """How many phases its history tells of."""


class Home:
    """A folder with everything that one program needs for one run of one scenario."""

    def __init__(self, root: Path, concurrency: int, poll_interval: float | None = None) -> None:
        self.root, self.config, self.marks_file = root, root / "config.yaml", root / "marks"
        for folder in ("workflows", "scripts", "prompts", "state/plans", "logs", "work"):
            (root / folder).mkdir(parents=True)
        self.marks_file.touch()
        poll = "" if poll_interval is None else f"pollInterval: {poll_interval}\n"
        self.config.write_text(
            f"defaultAgent: printer\nagents:\n  printer: {{ command: {root}/scripts/agent.sh, defaultArgs: [] }}\n"
            "stateDir: ./state\nlogDir: ./logs\nworkflowDir: ./workflows\npromptDir: ./prompts\nscriptDir: ./scripts\n"
            f"{poll}maxConcurrency: {concurrency}\n"
        )

    def script(self, name: str = "mark.sh", text: str = MARK) -> Path:
        """`@` in the text is this folder. Executable and with `#!`: every program runs it by the same shell."""
        path = self.root / "scripts" / name
        path.write_text(text.replace(SHELL, find_shell() or SHELL).replace("@", str(self.root)))
        path.chmod(0o755)
        return path

    def chain(self, name: str, phases: list[str], script: str = "mark.sh") -> None:
        """A workflow of script phases, one after the other."""
        steps = [
            f"{script_phase(phase, script)}, onSuccess: {after}, onFailure: bad }}" for phase, after in pairs(phases)
        ]
        self.workflow(name, steps)

    def workflow(self, name: str, steps: list[str]) -> None:
        """Of phases in flow style; the ends `done` and `bad` are added."""
        ends = ["{ id: done, type: terminal }", "{ id: bad, type: terminal, notify: true }"]
        lines = "".join(f"  - {step}\n" for step in [*steps, *ends])
        (self.root / f"workflows/{name}.yaml").write_text(f"name: {name}\nphases:\n{lines}")

    def plan(self, plan: str, workflow: str, tickets: Iterable[Ticket]) -> None:
        folder = self.root / "state/plans" / plan
        (folder / "tickets").mkdir(parents=True)
        entries = []
        for order, ticket in enumerate(tickets):
            entries.append({"ticketId": ticket.id, "order": order, "blockedBy": list(ticket.blocked_by)})
            text = _ticket_text(plan, workflow, ticket._replace(id=PLACE), str(self.root / "work"))
            self.ticket_file(plan, ticket.id).write_text(text.replace(PLACE, ticket.id))
        (folder / "plan.json").write_text(json.dumps(self._plan(plan, workflow, entries), indent=2))

    def _plan(self, plan: str, workflow: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
        work = str(self.root / "work")
        return {
            "id": plan, "name": f"Plan {plan}", "createdAt": CREATED, "createdBy": "benchmark", "repo": work,
            "workflow": workflow, "agent": None, "worktreeRoot": work, "status": "active", "tickets": entries,
        }  # fmt: skip

    # --- what became of it

    def ticket_file(self, plan: str, ticket: str) -> Path:
        return self.root / "state/plans" / plan / "tickets" / f"{ticket}.json"

    def ticket(self, plan: str, ticket: str) -> dict[str, Any]:
        """Empty while somebody writes it in place."""
        try:
            loaded: dict[str, Any] = json.loads(self.ticket_file(plan, ticket).read_bytes())
        except ValueError:
            return {}
        return loaded

    def tickets(self) -> list[dict[str, Any]]:
        files = (self.root / "state/plans").glob("*/tickets/*.json")
        return [self.ticket(file.parent.parent.name, file.stem) for file in files]

    def marks(self, word: str = "start") -> list[Mark]:
        """Whole lines only: the last may be under way."""
        lines = self.marks_file.read_text().rpartition("\n")[0].splitlines()
        fields = (line.split() for line in lines)
        # a comma where the shell's language writes one
        return [Mark(w, t, p, float(at.replace(",", ".")), int(pid)) for w, t, p, at, pid in fields if w == word]

    def marked(self) -> int:
        """How many lines: asked often, so it must cost nearly nothing."""
        return self.marks_file.read_bytes().count(b"\n")


def script_phase(phase: str, script: str) -> str:
    """The beginning of a phase in flow style."""
    return f'{{ id: {phase}, type: script, command: {script}, args: ["{{{{ ticketId }}}}", "{phase}"]'


def pairs(phases: list[str]) -> Iterable[tuple[str, str]]:
    return zip(phases, [*phases[1:], "done"], strict=True)


@lru_cache(maxsize=64)
def _ticket_text(plan: str, workflow: str, ticket: Ticket, work: str) -> str:
    entry = {"phase": "before", "status": "success", "startedAt": CREATED, "completedAt": CREATED, "output": "ok"}
    content: dict[str, Any] = {
        "planId": plan, "ticketId": ticket.id, "title": f"Title of {ticket.id}", "description": "A few words.",
        "acceptanceCriteria": ["It works."], "linearUrl": None, "repo": None, "workflow": workflow,
        "branch": f"bench/{ticket.id}", "worktree": work, "agent": None,
        "status": ticket.status or ("queued" if ticket.blocked_by else "ready"), "currentPhase": ticket.phase,
        "phaseHistory": [entry] * ticket.passed, "context": {}, "retries": {}, "error": None,
    }  # fmt: skip
    return json.dumps(content, indent=2)
