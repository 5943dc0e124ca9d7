"""What the skills and the planner's prompt say is what the program does: names, keys, commands, examples."""

from __future__ import annotations

import re

import pytest

from orchestrator.adapters.planning.skill_files import skills_in
from orchestrator.agents.registry import TABLE
from orchestrator.cli import main
from orchestrator.cli.commands import USAGE
from orchestrator.control.checking import GIVEN
from orchestrator.core.budgets import Budgets
from orchestrator.core.model import Plan, PlanEntry, Status, Ticket
from orchestrator.core.planning.draft import Draft, DraftTicket
from orchestrator.core.prices import Price
from orchestrator.core.problems import Problem
from orchestrator.core.settings import (
    NOTICE_KINDS,
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
from orchestrator.mcp import tools
from tests.docs import skills
from tests.docs.pages import SOURCE
from tests.docs.skills import ALIASES, BY_HAND, PROMPTS, SCRIPTS, TEXTS, codes, keys, rows, section
from tests.docs.test_bundled import workflows

BUDGETS = keys(Budgets)
PHASES = (ScriptPhase, AgentPhase, PollPhase, TerminalPhase)
RECORDS = (
    *(Plan, PlanEntry, Ticket, Draft, DraftTicket, Settings, AgentSettings, McpServer, NotifySettings, PortSettings),
    *(
        PullRequestSettings,
        ReviewSettings,
        SourceSettings,
        TrackerSettings,
        WorktreeSettings,
        Budgets,
        Price,
        Workflow,
        *PHASES,
        Problem,
    ),
)
OF_REPOSITORIES = {".orchestrator/verify", "draft.yaml", "more.yaml", "config.yaml", "./orchestrator.yaml"}
FILES = PROMPTS | SCRIPTS | OF_REPOSITORIES | {"SKILL.md", "plan.json"}
OF_OTHERS: set[str] = set()
"""Options of other programs."""
ELSEWHERE = {
    *("false", "null", "begin", "end", "PASS", "FAIL", "draft", "command", "stdout", "retry", "active", "type", "en"),
    *(
        "question",
        "AskUserQuestion",
        "request_user_input",
        "tool_search",
        "bug",
        "hotfix",
        "github",
        "linear",
        "orchestrator",
        "gh",
    ),
    *("sleep", "dump", "right-totals", "worktrees", "workflows", "prompts", "scripts", "skills", "Tokens"),
}
"""Words of other programs, of texts and of values."""
TEMPLATE = {"if", "for", "set", "include", "macro", "fenced", "and", "or", "not", "tojson"}


def vocabulary() -> set[str]:
    phases = {phase.id for one in workflows().values() for phase in one.phases}
    commands = {word for path in skills.tree() for word in path.split()}
    return {
        *(key for record in RECORDS for key in keys(record)), *ALIASES, *GIVEN, "context", *map(str, Status), *phases,
        *workflows(), *commands, *(path.split()[0] for path in skills.tree()), *TABLE, *NOTICE_KINDS, *TEMPLATE,
        *re.findall(r'"([A-Z_]+)"', (SOURCE / "core/settings.py").read_text("utf-8")), *ELSEWHERE, *OF_TYPES,
        *skill_names(), *tools.BY_NAME, *(field.name for tool in tools.TOOLS for field in tool.fields),
    }  # fmt: skip


OF_TYPES = {"merge", "squash", "rebase", "commit", "diff", "none", "arg", "stdin", "file", "script", "poll", "terminal"}
SESSION = skills.PROMPT.read_text("utf-8")


def skill_names() -> set[str]:
    return {one.head.name for one in skills_in([str(skills.SKILLS)]).found}


# --- the format


def test_the_skills_are_there_and_sound() -> None:
    found, problems = skills_in([str(skills.SKILLS)])
    assert {one.head.name: str(one.folder.relative_to(skills.SKILLS)) for one in found} == {
        "cli": "cli", "config": "config", "planner": "planner", "workflows": "workflows",
        "github-issues": "providers/github-issues", "linear": "providers/linear",
    }  # fmt: skip
    assert [str(problem) for problem in problems] == []
    assert [one.head.name for one in found if not re.search(r"\bUse (when|before) ", one.head.description)] == []


@pytest.mark.parametrize("page", TEXTS)
def test_a_file_is_no_longer_than_what_is_read_at_once(page: str) -> None:
    lines, letters = (150, 9_000) if page.endswith(("SKILL.md", ".md")) and "references" not in page else (500, 20_000)
    assert len(TEXTS[page].splitlines()) <= lines and len(TEXTS[page]) <= letters


@pytest.mark.parametrize("page", TEXTS)
def test_what_is_linked_is_there(page: str) -> None:
    assert skills.link_faults(page, TEXTS[page]) == []


def test_every_file_of_a_skill_is_named_by_its_first_page() -> None:
    for page in (name for name in TEXTS if "references/" in name):
        folder, name = page.split("/references/")
        assert f"](references/{name})" in TEXTS[f"{folder}/SKILL.md"], page


def test_the_prompt_is_no_template() -> None:
    assert "{{" not in SESSION and "{%" not in SESSION


# --- names


@pytest.mark.parametrize("page", BY_HAND)
def test_what_is_to_be_typed_exists(page: str) -> None:
    assert skills.command_faults(TEXTS[page]) == []
    assert skills.option_faults(TEXTS[page], OF_OTHERS) == []


@pytest.mark.parametrize("page", BY_HAND)
def test_every_word_of_code_is_known(page: str) -> None:
    assert skills.word_faults(TEXTS[page], vocabulary()) == []


@pytest.mark.parametrize("page", BY_HAND)
def test_files_and_variables_that_are_named_exist(page: str) -> None:
    source = "\n".join(file.read_text("utf-8") for file in SOURCE.rglob("*.py"))
    assert skills.file_faults(TEXTS[page], FILES) == []
    assert skills.variable_faults(TEXTS[page], lambda name: name in source) == []


def test_every_command_has_its_place_in_the_table_of_who_runs_it() -> None:
    table = TEXTS["skills/cli/SKILL.md"].partition("| you may")[2].partition("\n\n")[0]
    named = set(codes(table))
    left = {path for path in skills.tree() if path not in named and not any(path.startswith(f"{n} ") for n in named)}
    assert {path for path in left if path.split()[0] not in ("forge", "worktree")} == set()
    assert {name for name in named if not any(f"{path} ".startswith(f"{name} ") for path in skills.tree())} == set()


def test_exit_codes_and_statuses() -> None:
    told = {int(code) for code in re.findall(r"(?:^|; )(\d+) ", section("skills/cli/SKILL.md", "Exit codes").strip())}
    assert told == {0, main.FAILED, main.BUG, main.INTERRUPTED, USAGE}
    stuck = rows(section("skills/cli/SKILL.md", "A ticket that is stuck"), "`status` says")
    assert set(stuck) == {str(status) for status in Status} - {"complete"}


# --- what is wrong is noticed


@pytest.mark.parametrize(
    "line",
    [
        "orchestrator plan crate x", "orchestrator stat", "orchestrator status --nope", "orchestrator run right-totals",
        "orchestrator tick now", "orchestrator workflow graph local --format png", "orchestrator pause",
    ],
)  # fmt: skip
def test_a_command_that_cannot_be_typed_is_noticed(line: str) -> None:
    assert skills.command_faults(f"```sh\n{line}\n```\n")
    assert skills.command_faults("```sh\norchestrator workflow graph local --format svg\n```\n") == []


def test_a_name_that_does_not_exist_is_noticed() -> None:
    assert skills.command_faults("`orchestrator frobnicate`") and skills.option_faults("`--nope`", set()) == ["--nope"]
    assert skills.word_faults("`maxConcurency` and `status`", vocabulary()) == ["maxConcurency"]
    assert skills.file_faults("`setup-worktre.sh`", FILES) == ["setup-worktre.sh"]
    assert skills.variable_faults("$ORCHESTRATOR_NOPE", {"ORCHESTRATOR_HOME"}.__contains__) == ["ORCHESTRATOR_NOPE"]
    assert skills.link_faults("skills/cli/SKILL.md", "[x](references/none.md)") == ["references/none.md"]
