"""Every key of every file is in the documents, with its default and whose it is; and no other key is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from orchestrator.adapters.attempts.attempt_files import Record, Stop
from orchestrator.adapters.state.journal import Entry
from orchestrator.core.accounts import Account
from orchestrator.core.budgets import Budgets
from orchestrator.core.forge.pull_request import Remembered
from orchestrator.core.model import PLANNER_FIELDS, Attempt, PhaseEntry, Plan, PlanEntry, Ticket, Visit
from orchestrator.core.notices import Notice
from orchestrator.core.outcome import Outcome, Usage
from orchestrator.core.settings import (
    NOTICE_KINDS,
    AgentSettings,
    McpServer,
    NotifySettings,
    PortSettings,
    ReviewSettings,
    Settings,
    WorktreeSettings,
)
from orchestrator.core.workflow import (
    DEFAULT_AGENT_TIMEOUT,
    DEFAULT_POLL_TIMEOUT,
    AgentPhase,
    PollPhase,
    ScriptPhase,
    TerminalPhase,
    Workflow,
)
from orchestrator.formats.configuration.config import DEFAULT_AGENTS, resolve
from tests.docs.pages import codes, section, table

RESOLVED = resolve(Settings(), None, "/home-of-it", "/bundled")


def in_home(path: str) -> str:
    return f"`{path.removeprefix('/home-of-it/')}` in the home"


CONFIG = {
    **dict.fromkeys(("budgets", "pullRequest", "review", "worktree", "ports", "tracker"), "none"),
    "agents": ", ".join(f"`{name}`" for name in list(DEFAULT_AGENTS)[:-1])
    + f" and `{list(DEFAULT_AGENTS)[-1]}`, see below",
    "stateDir": in_home(RESOLVED.state_dir),
    "logDir": in_home(RESOLVED.log_dir),
    "workflowDir": in_home(RESOLVED.workflow_path[0]),
    "promptDir": in_home(RESOLVED.prompt_path[0]),
    "scriptDir": in_home(RESOLVED.script_path[0]),
    "skillsDir": in_home(RESOLVED.skills_path[0]),
}
PHASE = {"maxVisits": "the workflow's"}
AGENT_PHASE = {
    "agent": "the ticket's", "allowedTools": "as the agent is configured",
    "timeoutSeconds": f"`{DEFAULT_AGENT_TIMEOUT:g}`",
}  # fmt: skip
POLL_PHASE = {
    "intervalSeconds": "[`pollInterval`](configuration.md#keys)", "timeoutSeconds": f"`{DEFAULT_POLL_TIMEOUT:g}`",
}  # fmt: skip
TICKET = {
    "workflow": "the plan's", "currentPhase": "the first",
    "branch": "`<user>/<ticketid>-<slug of title>`", "worktree": "`<worktreeRoot>/<ticketId>`",
}  # fmt: skip

Case = tuple[Any, str, str, dict[str, str]]
RECORDS: list[Case] = [
    (Settings, "configuration", "Keys", CONFIG),
    (AgentSettings, "configuration", "Agents", {"type": "by the command's name"}),
    (McpServer, "configuration", "MCP servers", {}),
    (NotifySettings, "configuration", "Notify", {"on": "all", "plans": "all"}),
    (ReviewSettings, "configuration", "Review", {}),
    (WorktreeSettings, "configuration", "Worktrees", {}),
    (PortSettings, "configuration", "Slots and ports", {}),
    (Workflow, "workflows", "The file", {}),
    (ScriptPhase, "workflows", "script", PHASE),
    (AgentPhase, "workflows", "agent", PHASE | AGENT_PHASE),
    (PollPhase, "workflows", "poll", PHASE | POLL_PHASE),
    (Plan, "files", "plan.json", {}),
    (Ticket, "files", "A ticket's file", TICKET),
]


def names(record: Any) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(record)}


def said(field: msgspec.structs.FieldInfo) -> tuple[str, ...]:
    """How a default is told."""
    value = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    if value is msgspec.NODEFAULT:
        return ("required",)
    if value is None:
        return ("none", "`null`")
    if value == "" or isinstance(value, tuple | dict):
        return ("empty", "none")
    if isinstance(value, bool):
        return (f"`{str(value).lower()}`",)
    return (f"`{value:g}`" if isinstance(value, int | float) else f"`{value}`",)


def columns(record: Any) -> int:
    """Where the default stands, behind the key."""
    return 1 if record in TYPED else 0


TYPED = (
    *(Settings, AgentSettings, McpServer, NotifySettings, ReviewSettings, WorktreeSettings, PortSettings),
    Ticket,
)


@pytest.mark.parametrize(("record", "page", "title", "special"), RECORDS, ids=lambda one: getattr(one, "__name__", ""))
def test_every_key_is_told_with_its_default(record: Any, page: str, title: str, special: dict[str, str]) -> None:
    rows = table(page, title, "key")
    assert set(rows) == names(record)
    told = {key: cells[columns(record)] for key, cells in rows.items()}
    expected = {
        f.encode_name: (special[f.encode_name],) if f.encode_name in special else said(f)
        for f in msgspec.structs.fields(record)
    }
    assert {key: cell for key, cell in told.items() if cell not in expected[key]} == {}


def test_a_terminal_phase_has_its_keys_and_names_those_that_mean_nothing_there() -> None:
    rows = table("workflows", "terminal", "key")
    prose = section("workflows", "terminal").rpartition("The other keys")[2]
    assert set(rows) == {"id", "notify"}
    assert set(codes(prose)) == names(TerminalPhase) - set(rows)


def test_whose_each_key_of_a_ticket_is() -> None:
    rows = table("files", "A ticket's file", "key")
    assert {key for key, cells in rows.items() if cells[0] == "planner"} == PLANNER_FIELDS
    assert {cells[0] for cells in rows.values()} == {"planner", "runner"}


@pytest.mark.parametrize(
    ("record", "page", "title", "after"),
    [
        (PlanEntry, "files", "plan.json", "Each entry of `tickets`:"),
        (PhaseEntry, "files", "A ticket's file", "An entry of `phaseHistory`:"),
        (Attempt, "files", "A ticket's file", "`attempt`:"),
        (Visit, "files", "A ticket's file", "`visit`:"),
    ],
)
def test_every_key_inside_another_is_told(record: Any, page: str, title: str, after: str) -> None:
    lines = section(page, title).partition(f"\n{after}\n\n")[2].partition("\n\n")[0].splitlines()
    assert {codes(line.split("|")[1])[0] for line in lines[2:]} == names(record)


def test_every_key_of_an_attempts_files_is_told() -> None:
    rows = table("files", "An attempt's folder", "file")
    assert set(codes(rows["attempt.json"][0])) == names(Record)
    assert set(codes(rows["stop.json"][0])) == names(Stop)
    assert set(codes(rows["outcome.json"][0])) == names(Outcome) | names(Usage)


def test_every_key_of_the_journal_and_of_a_notice_is_told() -> None:
    assert set(table("files", "The journal", "key")) == names(Entry)
    assert set(table("files", "Accounts", "key")) == names(Account)
    assert set(table("files", "Pull requests", "key")) == names(Remembered)
    assert set(table("notifications", "Channels", "key")) == names(Notice)


def test_every_budget_is_told() -> None:
    assert set(table("costs", "Budgets", "key")) == names(Budgets)


def test_every_event_that_can_be_sent_is_told() -> None:
    assert tuple(table("notifications", "Events", "event")) == NOTICE_KINDS
    assert tuple(codes(table("configuration", "Notify", "key")["on"][2])) == NOTICE_KINDS
