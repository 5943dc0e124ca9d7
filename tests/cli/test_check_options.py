"""`workflow check` and `plan check`: what agents cannot be told, with its place in the file."""

from __future__ import annotations

import pytest

from tests.cli.kit import Site

WORKFLOW = """\
name: w
phases:
  - id: build
    type: agent
    promptTemplate: p.md
    maxTurns: 20
    maxCostUsd: 2
    onSuccess: review
  - id: review
    type: agent
    agent: mine
    promptTemplate: p.md
    allowedTools: [Read]
    onSuccess: done
  - {id: done, type: terminal}
"""
GEMINI = {"command": "gemini"}
MINE = {"command": "/opt/my-agent", "model": "big"}


@pytest.fixture
def home(site: Site) -> Site:
    (site.root / "prompts/p.md").write_text("do it")
    site.workflow("w", WORKFLOW)
    site.config(defaultAgent="gemini", agents={"gemini": GEMINI, "mine": MINE, "claude": {"command": "claude"}})
    return site


def test_each_is_told_with_file_line_column_agent_and_what_happens_instead(home: Site) -> None:
    found = home.call("workflow", "check", "w", "--json").json
    problems = found["workflows"][0]["problems"] if isinstance(found, dict) else found[0]["problems"]
    assert [(one["severity"], one["line"], one["column"]) for one in problems] == [
        ("warning", 6, 15),
        ("warning", 7, 17),
        ("warning", 11, 12),
        ("warning", 13, 19),
    ]
    assert [one["what"].partition(":")[0] for one in problems] == [
        "maxTurns cannot be told to gemini (agent gemini)",
        "maxCostUsd cannot be told to gemini (agent gemini)",
        "agent mine has model big, which cannot be told to the command /opt/my-agent",
        "allowedTools cannot be told to the command /opt/my-agent (agent mine)",
    ]
    assert home.call("workflow", "check", "w").code == 0
    assert home.call("workflow", "check", "w", "--strict").code == 1


def test_the_type_says_what_it_can_be_told(home: Site) -> None:
    agents = {"gemini": GEMINI | {"type": "claude"}, "mine": MINE | {"type": "claude"}}
    home.config(defaultAgent="gemini", agents=agents)
    assert home.call("workflow", "check", "w").out == "1 workflow checked: no problems\n"


def test_bundled_workflows_ask_nothing_of_a_command_that_no_adapter_knows(home: Site) -> None:
    home.config(agents={"mine": MINE})
    assert home.call("workflow", "check", "standard", "--strict").code == 0
    home.config(agents={"codex": {"command": "codex"}})
    assert "allowedTools cannot be told to codex (agent codex)" in home.call("workflow", "check", "standard").out


def test_an_agent_that_a_plan_or_ticket_names_is_checked_with_it_and_alike_tickets_once(home: Site) -> None:
    home.config(defaultAgent="claude", agents={"claude": {"command": "claude"}, "gemini": GEMINI, "mine": MINE})
    home.plan({"id": "T-1", "agent": "gemini"}, {"id": "T-2", "agent": "gemini"}, {"id": "T-3"})
    out = home.call("plan", "check", "p").out
    told = "workflow w: phase build: maxTurns cannot be told to gemini (agent gemini)"
    assert out.count(told) == 1
    assert f"ticket p/T-1: {told}" in out
    home.plan({"id": "T-1"}, {"id": "T-2"}, agent="gemini")
    assert f"plan p: {told}" in home.call("plan", "check", "p").out
    home.plan({"id": "T-1"})
    assert "cannot be told" not in home.call("plan", "check", "p").out


CODEX = {"command": "codex", "defaultArgs": ["--approval-mode", "never"]}


def test_arguments_that_the_program_refuses_are_told_once_with_what_is_given_instead(home: Site) -> None:
    home.config(defaultAgent="codex", agents={"codex": CODEX, "mine": {"command": "x"}, "idle": CODEX})
    said = home.call("workflow", "check", "w").out
    assert "agent codex: `--approval-mode never` is refused by today's codex" in said
    assert "`--dangerously-bypass-approvals-and-sandbox` is given instead" in said
    assert said.count("is refused") == 1 and "w.yaml:3:" in said
    found = home.call("config", "check", "--json")
    assert found.code == 0
    where = [one["where"] for one in found.json["problems"] if "is refused" in one["what"]]
    assert where == ["config: agents.codex.defaultArgs", "config: agents.idle.defaultArgs"]


def test_a_sandbox_that_keeps_an_agent_from_its_work_is_told(home: Site) -> None:
    sandboxed = {"command": "codex", "defaultArgs": ["-s", "workspace-write"]}
    home.config(defaultAgent="codex", agents={"codex": sandboxed, "bare": {"command": "codex"}})
    said = home.call("config", "check").out
    assert "agents.codex.defaultArgs: in its sandbox workspace-write codex cannot write the .git of a worktree" in said
    assert "agents.bare.defaultArgs: without a sandbox in defaultArgs codex may change no file" in said
