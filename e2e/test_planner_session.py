"""The planner with the real pi, claude and codex, in a terminal: from a wish to tickets that a daemon completes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.agents import CLAUDE, PI, Real
from e2e.conversation import ANSWER, DRAFT, NEXT, PLAN, QUESTION, WISH, conversation, look_up_tool
from e2e.install import CannotInstall, install
from e2e.planning import PLANNERS, SECRET, Desk, cmdline
from e2e.servers.model_server import ModelServer
from e2e.servers.script import Say, Script, Use
from e2e.terminal import LACKING, Terminal, installed
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(not installed(), reason=LACKING)
EVERY_PLANNER = pytest.mark.parametrize("real", PLANNERS.values(), ids=list(PLANNERS), indirect=True)
SKILLS = ("planner", "workflows", "config", "cli", "linear", "github-issues", "house-rules")
TOOL = "mcp__orchestrator__create_plan"
BUILTIN = Path(importlib.util.find_spec("orchestrator").origin).parent / "builtin"  # type: ignore[union-attr,arg-type]


@pytest.fixture
def desk(tmp_path: Path, real: Real, model_server: ModelServer) -> Iterator[Desk]:
    try:
        install(real.program)
    except CannotInstall as error:
        pytest.fail(f"the real program is not here: {error}", pytrace=False)
    desk = Desk(tmp_path, real, model_server)
    yield desk
    desk.close()


@EVERY_PLANNER
def test_a_conversation_becomes_a_plan_that_a_running_daemon_completes(desk: Desk, script: Script) -> None:
    conversation(script, desk.draft)
    before = desk.theirs()
    daemon = desk.start("daemon")
    with desk.terminal() as terminal:
        desk.begin(terminal)
        assert_keys_and_sizes_reach_it(terminal)
        terminal.type(WISH)
        desk.face.answer(terminal)
        assert_secret_is_private(desk)
        terminal.wait_for(NEXT)
        assert desk.leave(terminal) == 0
    assert_nothing_is_left(desk, before, daemon)
    assert_model_was_told(desk)
    assert_tools_were_offered(desk)
    assert_plan_is_completed(desk)


@pytest.mark.skipif(importlib.util.find_spec("mcp") is None, reason="the extra is not installed: pip install '.[mcp]'")
@pytest.mark.parametrize("real", [PI, CLAUDE], ids=["pi", "claude"], indirect=True)
def test_a_plan_is_written_through_tools_that_check_it(desk: Desk, script: Script) -> None:
    """The draft has a fault at first: the tool refuses it, says all that is wrong, and nothing is written."""
    draft = {**yaml.safe_load(DRAFT), "repo": str(desk.repo)}
    plan = script.when(WISH).then(lambda asked: look_up_tool(asked, TOOL))
    plan.then(Use(TOOL, {"draft": {**draft, "workflow": "noet"}})).then(Use(TOOL, {"draft": draft, "paused": True}))
    plan.then(lambda asked: Say(f"The tool says: {asked.tool_results[-1]}"))
    with desk.terminal(columns=200) as terminal:
        desk.begin(terminal)
        terminal.type(WISH)
        terminal.wait_for("The tool says:", "wrote plan farewells with 2 tickets")
        assert desk.leave(terminal) == 0
    _, refused, _ = desk.server.asked[-1].tool_results
    assert 'unknown workflow "noet" (did you mean note?)' in refused
    assert desk.run("orchestrator", "plan", "check", PLAN).returncode == 0
    assert json.loads(desk.run("orchestrator", "status", "--plan", PLAN, "--json").stdout)["plan"]["status"] == "paused"


def assert_keys_and_sizes_reach_it(terminal: Terminal) -> None:
    """Ctrl-C is the agent's: it clears the line, and ends nothing. What was wide is drawn anew in a narrow window."""
    terminal.write("a slip of the pen")
    terminal.wait_for("a slip of the pen")
    terminal.keys("C-c")
    wait_for(lambda: "a slip of the pen" not in terminal.screen(), what="the line to be cleared")
    terminal.resize(200, 50)
    wait_for(lambda: max(map(len, terminal.rows_shown())) > 160, what="the agent to use 200 columns")


def assert_secret_is_private(desk: Desk) -> None:
    """The MCP server has it. Nobody else can read it: not in a file of others', nor among a program's arguments."""
    wait_for(desk.seen.exists, what="the MCP server of the configuration to be started")
    assert json.loads(desk.seen.read_text())["TRACKER_KEY"] == SECRET
    for path in desk.holding(SECRET):
        assert path.stat().st_mode & 0o077 == 0, path
    assert [pid for pid in desk.processes() if SECRET.encode() in cmdline(pid)] == []


def assert_nothing_is_left(desk: Desk, before: dict[str, bytes], daemon: subprocess.Popen[bytes]) -> None:
    """No private file, no process; a user's own files and the repository are as they were."""
    assert desk.holding(SECRET) == []
    after = desk.theirs()
    assert {name: after.get(name) for name in before} == before
    assert desk.run("git", "status", "--porcelain").stdout == ""
    wait_for(lambda: set(desk.processes()) - desk.of_daemon(daemon) == set(), what="the end of what the agent started")


def assert_model_was_told(desk: Desk) -> None:
    """Our system prompt wholly, each skill by name and description, and a skill's text once it was read."""
    prompt = (BUILTIN / "prompts/interactive-system.md").read_text().strip()
    for line in filter(None, prompt.splitlines()):
        assert line.strip() in desk.told(), line
    told = desk.told()
    for name in SKILLS:
        assert name in told
    for path in (BUILTIN / "skills").rglob("SKILL.md"):
        assert description_of(path)[:150] in told, path
    assert "How tickets are worded in this house." in told
    body = (BUILTIN / "skills/planner/SKILL.md").read_text().rpartition("---\n")[2]
    assert any(body.strip().splitlines()[0] in result for asked in desk.server.asked for result in asked.tool_results)


def description_of(skill: Path) -> str:
    return str(yaml.safe_load(skill.read_text().split("---\n")[1])["description"]).strip()


def assert_tools_were_offered(desk: Desk) -> None:
    """Of the MCP servers: the configured one, and ours where its extra is installed."""
    sent = "\n".join(json.dumps(asked.body) for asked in desk.server.asked)
    assert "find_issue" in sent
    assert ("create_plan" in sent) is (importlib.util.find_spec("mcp") is not None)


def assert_plan_is_completed(desk: Desk) -> None:
    checked = desk.run("orchestrator", "plan", "check", PLAN)
    assert checked.returncode == 0, checked.stdout + checked.stderr

    def status() -> Any:
        shown = desk.run("orchestrator", "status", "--plan", PLAN, "--json")
        return json.loads(shown.stdout)

    wait_for(lambda: status()["plan"]["status"] == "complete", 60, "the daemon to complete the plan")
    tickets = status()["tickets"]
    assert [(one["title"], one["status"]) for one in tickets] == [
        ("Say goodbye", "complete"),
        ("Test goodbye", "complete"),
    ]
    assert ANSWER in desk.server.asked[-1].conversation or QUESTION in desk.server.asked[-1].conversation
