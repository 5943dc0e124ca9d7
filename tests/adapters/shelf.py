"""One ticket on disk, with a store: for tests of what others write and what we write."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from orchestrator.adapters.places import Places
from orchestrator.adapters.state import journal
from orchestrator.adapters.state.store import Applied, Store
from orchestrator.core.events import AttemptEnded, Dispatched, Event, Grant, PauseRequested, ResumeRequested
from orchestrator.core.model import Key, Ticket
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.core.rules import Rules
from orchestrator.core.settings import Config, Settings
from tests.factories import AT, agent, plan, poll, script, terminal, workflow

KEY = Key("p1", "T-1")
FLOW = workflow(
    script("one", "two"),
    agent("two", "three", on_failure="two", max_retries=1),
    poll("three", "done", on_failure="bad"),
    terminal("done"),
    terminal("bad", notify=True),
)


def config_of(root: Path, **settings: Any) -> Config:
    return Config(
        settings=Settings(**settings), file=None, home=str(root), state_dir=str(root / "state"),
        log_dir=str(root / "logs"), workflow_path=(str(root / "workflows"), str(root / "bundled")),
        prompt_path=(), script_path=(), skills_path=(),
    )  # fmt: skip


def rules(ticket: Ticket) -> Rules:
    return Rules(workflow=FLOW, plan=plan("T-1", worktree_root="/wt"), user="tester")


class Shelf:
    def __init__(self, root: Path, **fields: Any) -> None:
        self.places = Places(config_of(root))
        self.store = Store(self.places, rules, lambda: AT)
        self.file = self.places.ticket_file(KEY)
        self.journal = self.places.journal(KEY)
        self.file.parent.mkdir(parents=True)
        self.places.plan_file("p1").write_text(json.dumps({"id": "p1", "tickets": [{"ticketId": "T-1"}]}))
        self.begun = 0
        self.write({"planId": "p1", "ticketId": "T-1", "title": "Title", "workflow": "w", "status": "ready", **fields})

    # -- others -------------------------------------------------------------------------------------------------------

    def write(self, raw: dict[str, Any]) -> None:
        self.file.write_text(json.dumps(raw, indent=4, ensure_ascii=False))

    def raw(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.file.read_bytes())
        return loaded

    def copy(self) -> dict[str, Any]:
        """What somebody reads who will write it back later."""
        return copy.deepcopy(self.raw())

    def edit(self, **changes: Any) -> None:
        self.write(self.raw() | changes)

    # -- us -----------------------------------------------------------------------------------------------------------

    def apply(self, event: Event | None) -> Applied:
        return self.store.apply(KEY, lambda _: event, patience=0)

    def merge(self) -> Applied:
        """Nothing happens but that the file is taken notice of."""
        return self.apply(None)

    def dispatch(self) -> Applied:
        self.begun += 1
        return self.apply(Dispatched(at=AT, grant=Grant(attempt_id=f"a{self.begun}", session=f"s{self.begun}")))

    def end(self, kind: OutcomeKind = OutcomeKind.SUCCESS, go_on: bool = False, **fields: Any) -> Applied:
        """The open attempt ends; `go_on`: the next one begins at once."""
        self.begun += go_on
        grant = Grant(attempt_id=f"a{self.begun}", session=f"s{self.begun}") if go_on else None

        def decide(ticket: Ticket) -> Event:
            assert ticket.attempt is not None
            outcome = Outcome(kind=kind, reason="said so", output="out", **fields)
            return AttemptEnded(at=AT, attempt_id=ticket.attempt.id, outcome=outcome, grant=grant)

        return self.store.apply(KEY, decide, patience=0)

    def pause(self) -> Applied:
        return self.apply(PauseRequested(at=AT))

    def resume(self) -> Applied:
        return self.apply(ResumeRequested(at=AT))

    # -- what is so ---------------------------------------------------------------------------------------------------

    def kinds(self) -> list[str]:
        return [entry.kind for entry in journal.entries(self.journal)]

    def assert_told(self) -> None:
        """The journal adds up to the file, to the last byte."""
        told = journal.fold(self.journal)
        assert told == self.raw()
        assert list(told) == list(self.raw())


TEXT = ("planId", "ticketId", "title", "description", "workflow", "branch", "worktree", "status", "currentPhase")


def assert_loads_in_the_original(raw: dict[str, Any]) -> None:
    """Every key that the original asks for, with its type; null only where it allows null."""
    assert {key: type(raw.get(key)) for key in TEXT} == dict.fromkeys(TEXT, str)
    assert all(isinstance(one, str) for one in raw["acceptanceCriteria"])
    for key in ("linearUrl", "repo", "agent", "error"):
        assert isinstance(raw[key], str | None)
    assert all(isinstance(value, str) for value in raw["context"].values())
    assert all(isinstance(value, int) for value in raw["retries"].values())
    for entry in raw["phaseHistory"]:
        assert all(isinstance(entry[key], str) for key in ("phase", "startedAt"))
        assert entry["status"] in ("success", "failure", "skipped")
        assert isinstance(entry["completedAt"], str | None)
        assert all(isinstance(entry[key], str) for key in ("output", "sessionId") if key in entry)
