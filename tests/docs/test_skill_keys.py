"""Every key, variable, tool and bundled file that the skills list is there, and none is left out."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from orchestrator.agents.registry import TABLE
from orchestrator.control.checking import GIVEN
from orchestrator.core.budgets import Budgets
from orchestrator.core.model import PLANNER_FIELDS, RUNNER_FIELDS, Plan, PlanEntry
from orchestrator.core.planning.draft import Draft, DraftTicket
from orchestrator.core.prices import Price
from orchestrator.core.settings import (
    AgentSettings,
    McpServer,
    NotifySettings,
    PortSettings,
    PullRequestSettings,
    ReviewSettings,
    Settings,
    SourceSettings,
    TrackerSettings,
    WorktreeSettings,
)
from orchestrator.core.workflow import AgentPhase, PollPhase, ScriptPhase, TerminalPhase, Workflow
from orchestrator.formats.configuration.config import resolve
from orchestrator.formats.drafts.draft import TICKET_NAMES
from orchestrator.formats.plan_json import OPTIONAL_FIELDS
from orchestrator.mcp import tools
from orchestrator.planner.session import Wanted, plan_env
from tests.docs import pages
from tests.docs.skills import ALIASES, CELL, PROMPTS, SCRIPTS, TEXTS, codes, keys, rows, section
from tests.docs.test_bundled import NAMES, exits, usage, workflows
from tests.docs.test_keys import said

KEYS = [
    ("skills/planner/references/draft.md", "The plan", keys(Draft)),
    ("skills/planner/references/draft.md", "A ticket", keys(DraftTicket) | set(ALIASES)),
    ("skills/config/references/keys.md", "Every key of config.yaml", keys(Settings)),
    ("skills/workflows/references/phases.md", "Every key of a workflow", keys(Workflow)),
    ("skills/workflows/references/phases.md", "Keys of every phase", {*keys(TerminalPhase), "type"} - {"notify"}),
    ("skills/workflows/references/phases.md", "agent", keys(AgentPhase) - keys(TerminalPhase)),
]


DEFAULTS = [
    ("skills/config/references/keys.md", "Every key of config.yaml", Settings),
    ("skills/workflows/references/phases.md", "Every key of a workflow", Workflow),
    ("skills/workflows/references/phases.md", "Keys of every phase", ScriptPhase),
    ("skills/workflows/references/phases.md", "agent", AgentPhase),
]


@pytest.mark.parametrize(("page", "title", "known"), KEYS, ids=lambda one: one if isinstance(one, str) else "")
def test_every_key_is_told_and_no_other(page: str, title: str, known: set[str]) -> None:
    assert set(rows(section(page, title), "key")) == known


@pytest.mark.parametrize(("page", "title", "record"), DEFAULTS, ids=lambda one: one if isinstance(one, str) else "")
def test_a_default_that_is_told_is_the_one_that_counts(page: str, title: str, record: type[msgspec.Struct]) -> None:
    table = rows(section(page, title), "key")
    told = {key: CELL.split(cells)[0].strip() for key, cells in table.items()}
    plain = {key: cell for key, cell in told.items() if re.fullmatch(r"`[\w.]+`|required", cell)}
    fields = {field.encode_name: said(field) for field in msgspec.structs.fields(record)}
    assert plain
    assert {key: cell for key, cell in plain.items() if key in fields and cell not in fields[key]} == {}


def test_the_documents_tell_the_same_keys_of_drafts() -> None:
    assert set(pages.table("planner", "Drafts", "key")) == keys(Draft)
    tickets = pages.section("planner", "Drafts").partition("Each ticket:")[2]
    assert set(rows(tickets, "key")) == keys(DraftTicket) | set(ALIASES)
    assert set(ALIASES.items()) <= set(TICKET_NAMES.items())


def test_every_key_inside_another_is_told() -> None:
    page = "skills/config/references/keys.md"
    whole = rows(section(page, "Every key of config.yaml"), "key")
    inner = {
        "mcpServers": McpServer, "notify": NotifySettings, "prices": Price, "pullRequest": PullRequestSettings,
        "review": ReviewSettings, "worktree": WorktreeSettings, "ports": PortSettings, "budgets": Budgets,
        "sources": SourceSettings, "tracker": TrackerSettings,
    }  # fmt: skip
    for key, record in inner.items():
        assert set(codes(whole[key])) - {"github", "linear"} == keys(record), key
    agents = TEXTS[page].partition("An agent:")[2]
    assert set(rows(agents, "key")) == keys(AgentSettings)
    assert {"on", "trust"} <= {code.split(".")[-1] for code in codes(agents)}
    types = codes(rows(agents, "key")["type"])
    assert set(types) == set(TABLE)


def test_whose_the_keys_of_the_files_are() -> None:
    page = "skills/planner/references/files.md"
    plan = section(page, "Keys of `plan.json`")
    assert set(codes(plan)) - {"null", "active", "paused", "complete", "<planId>/<ticketId>"} == keys(Plan) | keys(
        PlanEntry
    )
    own, runners = section(page, "Keys of a ticket").split("The runner's, never yours:")
    assert set(codes(own)) == PLANNER_FIELDS
    assert set(codes(runners.partition(". A new ticket")[0])) == RUNNER_FIELDS


def test_every_key_of_a_script_and_a_poll_is_told() -> None:
    page = "skills/workflows/references/phases.md"
    for title, record in (("script", ScriptPhase), ("poll", PollPhase)):
        told = set(codes(section(page, title))) - {"pollInterval"}
        assert told == keys(record) - keys(TerminalPhase)


def test_every_variable_of_a_template_is_told() -> None:
    page = section("skills/workflows/references/templates.md", "Variables")
    optional = set(codes(page.partition("so ask with `if`:")[2].partition(".")[0]))
    told = set(rows(page, "variable")) | {"acceptance_criteria_list"} | optional
    assert optional == OPTIONAL_FIELDS - {"attempt"}
    assert told == PLANNER_FIELDS | RUNNER_FIELDS | GIVEN | {"context"}


def test_every_tool_of_the_server_is_told() -> None:
    assert set(rows(TEXTS["skills/planner/references/tools.md"], "tool")) == set(tools.BY_NAME)
    assert set(pages.table("planner", "MCP", "tool")) == set(tools.BY_NAME)


def test_every_variable_of_a_session_is_told_and_no_other() -> None:
    wanted = Wanted(workflow="local", worktree_root="/w")
    setting: Any = SimpleNamespace(wanted=wanted, repo="/r", worktree_root="/w")
    given = plan_env(resolve(Settings(), None, "/home", "/bundled"), setting)
    assert set(rows(section("prompts/interactive-system.md", "Where you are"), "variable")) == set(given)
    assert set(pages.table("planner", "A session with an agent", "variable")) == set(given)


def test_everything_that_is_bundled_is_told() -> None:
    page = "skills/workflows/references/bundled.md"
    ways = rows(section(page, "Workflows"), "workflow")
    assert set(ways) == set(workflows())
    for name, one in workflows().items():
        named = set(codes(ways[name].rpartition("|")[0] or ways[name])) - {"run.sh"}
        assert (
            named <= {phase.id for phase in one.phases} | set(workflows()["standard"].captured_names())
            or name == "bugfix"
        )
    assert set(codes(section(page, "Prompts"))) == PROMPTS
    assert {code for code in codes(section(page, "Scripts")) if code.endswith(".sh")} == SCRIPTS


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("setup.sh", "cleanup.sh")])
def test_arguments_and_exit_codes_of_a_script_are_told(name: str) -> None:
    text = section("skills/workflows/references/bundled.md", "Scripts")
    arguments, told = re.findall(rf"^\| `{re.escape(name)}`([^|]*)\| (.*) \|$", text, re.MULTILINE)[0]
    assert arguments.strip() == usage(name)
    assert set(re.findall(r"(?:^|; )(\d)\b", told)) == exits(name)
