"""How each agent is started to plan with: what it is given, and that no secret can be seen from outside."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest

from orchestrator.agents.base import Planning, Start
from orchestrator.agents.kit.planning import Skill
from orchestrator.agents.kit.toml_text import toml_text
from orchestrator.agents.registry import AGENTS, PLANNERS, planner_for
from orchestrator.core.settings import AgentSettings, McpServer

FOLDER = "/tmp/private/plan-1"
SERVERS = {
    "linear": McpServer(command="npx", args=("-y", "remote"), env={"KEY": "s3cret"}),
    "docs": McpServer(url="https://example.com/mcp?key=s3cret"),
}
SKILLS = (Skill("planner", "Plans of all kinds.", "/skills/planner"), Skill("linear", "Imports.", "/skills/a/linear"))


def start(kind: str, *args: str, files: dict[str, str] | None = None, **fields: Any) -> Start:
    settings = AgentSettings(command=kind, default_args=args, model=fields.pop("model", None))
    given: dict[str, Any] = {"skills": SKILLS, "servers": SERVERS, "writable": ("/state",), **fields}
    planning = Planning(settings=settings, folder=FOLDER, prompt="You plan.", read=(files or {}).get, **given)
    found = AGENTS[kind].plan_command(planning)
    assert found is not None
    return found


def layer(found: Start) -> dict[str, Any]:
    return tomllib.loads(found.files["layer.config.toml"])


@pytest.mark.parametrize("kind", PLANNERS)
def test_a_secret_is_in_files_only(kind: str) -> None:
    found = start(kind)
    assert "s3cret" not in " ".join(found.argv) and "s3cret" in "".join(found.files.values())


@pytest.mark.parametrize("kind", ["gemini", "opencode", "qwen", "command"])
def test_others_cannot_be_planned_with(kind: str) -> None:
    planning = Planning(settings=AgentSettings(command=kind), folder=FOLDER, prompt="")
    assert AGENTS[kind].plan_command(planning) is None


def test_a_program_of_another_name_is_what_its_entry_is_called() -> None:
    own = AgentSettings(command="/opt/wrapper")
    assert planner_for("claude", own).name == "claude" and planner_for("mine", own).name == "command"


@pytest.mark.parametrize("kind", PLANNERS)
def test_what_is_for_headless_runs_is_left_out_and_the_rest_stays(kind: str) -> None:
    headless = {
        "pi": ("-p", "--mode", "json"),
        "claude": ("-p", "--output-format", "stream-json", "--max-turns", "3"),
        "codex": ("exec", "--json", "--skip-git-repo-check", "-o", "x", "-"),
    }
    found = start(kind, *headless[kind], "--keep", "this", model="m-1")
    assert found.argv[:5] == (kind, "--keep", "this", "--model", "m-1")
    assert not set(headless[kind]) & set(found.argv)


# -- pi ---------------------------------------------------------------------------------------------------------------


def test_pi_gets_files_an_extension_and_its_banner() -> None:
    found = start("pi", banner=("Hello",), material=lambda name: f"text of {name}")
    expected = ("--skill", f"{FOLDER}/skills", "--append-system-prompt", f"{FOLDER}/prompt.md")
    assert found.argv == ("pi", *expected, "--extension", f"{FOLDER}/planner.ts")
    assert (found.skills, found.has_banner, found.links) == ("skills", True, {})
    assert found.files["planner.ts"] == "text of pi/planner.ts" and json.loads(found.files["banner.json"]) == ["Hello"]
    assert json.loads(found.files["mcp.json"])["mcpServers"]["linear"] == {
        "command": "npx",
        "args": ["-y", "remote"],
        "env": {"KEY": "s3cret"},
    }


# -- Claude Code ------------------------------------------------------------------------------------------------------


def test_claude_gets_files_a_plugin_and_may_read_it() -> None:
    found = start("claude")
    words = " ".join(found.argv)
    assert words.startswith(f"claude --append-system-prompt-file {FOLDER}/prompt.md --mcp-config {FOLDER}/mcp.json")
    assert f"--plugin-dir {FOLDER}/plugin --allowedTools Read(/{FOLDER}/plugin/**) Read(//skills/planner/**)" in words
    assert "--strict-mcp-config" not in found.argv, "the person's own servers stay"
    assert found.skills == "plugin/skills"
    assert json.loads(found.files["plugin/.claude-plugin/plugin.json"])["name"] == "orchestrator"


def test_without_servers_and_skills_there_are_no_flags_for_them() -> None:
    found = start("claude", skills=(), servers={})
    assert found.argv == ("claude", "--append-system-prompt-file", f"{FOLDER}/prompt.md")
    assert set(found.files) == {"prompt.md"} and found.skills is None


@pytest.mark.parametrize(
    "args",
    [("--append-system-prompt", "Be short."), ("--append-system-prompt=Be short.",),
     ("--append-system-prompt-file", "/mine.md")],
)  # fmt: skip
def test_what_a_person_appends_to_claudes_prompt_comes_before_ours(args: tuple[str, ...]) -> None:
    found = start("claude", *args, files={"/mine.md": "Be short."})
    assert found.files["prompt.md"] == "Be short.\n\nYou plan."
    assert sum(arg.startswith("--append") for arg in found.argv) == 1, "it refuses both"


ACCEPTED = {
    "~/.claude/settings.json": '{"skipDangerousModePermissionPrompt": true}',
    "~/.claude.json": '{"bypassPermissionsModeAccepted": true}',
}


@pytest.mark.parametrize("file", ACCEPTED)
def test_claude_asks_a_person_who_has_not_said_that_it_need_not(file: str) -> None:
    """Else the first thing to be seen is a warning, with "No, exit" chosen."""
    bypass = "--dangerously-skip-permissions"
    for files in ({}, {file: "{}"}, {file: "[]"}, {file: "no JSON"}):
        assert bypass not in start("claude", bypass, files=files).argv
    assert bypass in start("claude", bypass, files={file: ACCEPTED[file]}).argv


def test_claude_announces_the_banner_which_its_screen_would_hide() -> None:
    found = start("claude", banner=("Hello,", "you."))
    assert found.argv[-2:] == ("--settings", f"{FOLDER}/settings.json")
    assert json.loads(found.files["settings.json"]) == {"companyAnnouncements": ["Hello,\nyou."]}
    theirs = start("claude", "--settings", "mine.json", banner=("Hello,",))
    assert theirs.argv.count("--settings") == 1, "it takes one"


# -- Codex ------------------------------------------------------------------------------------------------------------


def test_codex_gets_a_layer_of_its_configuration() -> None:
    found = start("codex", environ={"CODEX_HOME": "/cx"})
    assert found.argv == ("codex", "--profile", "plan-1")
    assert found.links == {"/cx/plan-1.config.toml": "layer.config.toml"}
    read = layer(found)
    assert read["mcp_servers"] == {
        "linear": {"command": "npx", "args": ["-y", "remote"], "env": {"KEY": "s3cret"}},
        "docs": {"url": "https://example.com/mcp?key=s3cret"},
    }
    assert read["sandbox_workspace_write"] == {"writable_roots": ["/state"]}


@pytest.mark.parametrize("flag", ["--dangerously-bypass-approvals-and-sandbox", "--yolo"])
def test_codex_asks_a_person_though_headless_runs_bypass_it(flag: str) -> None:
    assert start("codex", flag, "--search").argv == ("codex", "--search", "--profile", "plan-1")


def test_codex_is_told_where_skills_are_because_it_can_be_given_none() -> None:
    found = start("codex")
    told = layer(found)["developer_instructions"]
    assert told.startswith("You plan.") and found.skills is None
    assert "- linear: Imports. (file: /skills/a/linear/SKILL.md)" in told.splitlines()


def test_what_a_persons_codex_is_told_and_reaches_stays() -> None:
    own = 'developer_instructions = "Be short."\n[mcp_servers.linear]\nurl = "https://mine"\n'
    own += '[sandbox_workspace_write]\nwritable_roots = ["/mine"]\nnetwork_access = true\n'
    read = layer(start("codex", files={"~/.codex/config.toml": own}))
    assert read["developer_instructions"].startswith("Be short.\n\nYou plan.")
    assert set(read["mcp_servers"]) == {"docs"}, "theirs of the same name would be mixed with ours"
    assert read["sandbox_workspace_write"] == {"network_access": True, "writable_roots": ["/mine", "/state"]}


def test_codex_keeps_the_path_and_the_screen_unless_a_person_wants_it_otherwise() -> None:
    """A login shell would make PATH anew, without `orchestrator`; the alternate screen hides the banner."""
    read = layer(start("codex"))
    assert (read["allow_login_shell"], read["tui"]) == (False, {"alternate_screen": "never"})
    own = 'allow_login_shell = true\n[tui]\nalternate_screen = "always"\n'
    read = layer(start("codex", files={"~/.codex/config.toml": own}))
    assert "allow_login_shell" not in read and read["tui"] == {"alternate_screen": "always"}


@pytest.mark.parametrize("args", [("-p", "fast"), ("--profile=fast",)])
def test_the_profile_that_a_person_has_chosen_is_in_ours(args: tuple[str, ...]) -> None:
    fast = 'model = "small"\n[mcp_servers.own]\ncommand = "x"\n'
    found = start("codex", *args, files={"~/.codex/fast.config.toml": fast})
    read = layer(found)
    assert found.argv == ("codex", "--profile", "plan-1"), "it takes one"
    assert read["model"] == "small" and set(read["mcp_servers"]) == {"own", "linear", "docs"}


def test_values_survive_as_toml() -> None:
    values = {
        "a b": 'quote " back \\ line\n tab\t del\x7f é 😀',
        "on": True,
        "n": [1, 2.5, {"x": ["y"]}],
        "t": {"k": "v"},
    }
    assert tomllib.loads(toml_text(values)) == values
    dated = "at = 2026-01-02T03:04:05Z\n"
    assert tomllib.loads(toml_text(tomllib.loads(dated))) == tomllib.loads(dated)
