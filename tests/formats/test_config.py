from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.settings import AgentSettings, McpServer, Settings
from orchestrator.formats.configuration.config import (
    DEFAULT_AGENTS,
    Found,
    default_settings,
    env_problems,
    expand_env,
    find_config,
    home_of,
    parse_settings,
    resolve,
)
from orchestrator.formats.configuration.initial import DEFAULT_CONFIG_TEXT, SELF_CONTAINED_CONFIG_TEXT
from tests.formats.test_yaml_tree import YAMLISH


def settings(text: str) -> Settings:
    parsed = parse_settings(text, "config.yaml")
    assert parsed.settings is not None, parsed.problems
    return parsed.settings


def found(text: str) -> list[tuple[str, int | None, int | None, str]]:
    return [(p.severity, p.line, p.column, p.what) for p in parse_settings(text, "config.yaml").problems]


# --- text → settings


def test_what_init_writes_is_the_defaults_without_a_problem() -> None:
    parsed = parse_settings(DEFAULT_CONFIG_TEXT, "config.yaml")
    assert parsed.problems == ()
    assert parsed.settings == default_settings()


def test_what_init_dir_writes_keeps_state_and_logs_beside_it() -> None:
    parsed = parse_settings(SELF_CONTAINED_CONFIG_TEXT, "config.yaml")
    assert parsed.problems == ()
    assert parsed.settings is not None
    assert (parsed.settings.state_dir, parsed.settings.log_dir) == ("./state", "./logs")
    assert "\nstateDir: ./state\nlogDir: ./logs\n" in SELF_CONTAINED_CONFIG_TEXT


def test_what_init_comments_out_is_sound_when_the_comment_signs_are_removed() -> None:
    text = re.sub(r"^( *)# (?=\S+:| +\S)", r"\1", DEFAULT_CONFIG_TEXT, flags=re.MULTILINE)
    text = re.sub(r"^(Directories|Any other|Configuration).*\n?|^  Any.*\n", "", text, flags=re.MULTILINE)
    read = settings(text)
    assert found(text) == []
    assert (list(read.agents), list(read.mcp_servers)) == (["claude", "codex", "pi", "mine"], ["linear"])
    assert (read.workflow_dir, read.skills_dir) == ("./workflows", "./skills")


def test_a_config_of_the_original_loads_without_a_problem() -> None:
    text = (Path(__file__).parents[1] / "resources/original-home/config.yaml").read_text()
    parsed = parse_settings(text, "config.yaml")
    assert parsed.problems == ()
    assert parsed.settings is not None
    assert parsed.settings.agents | {"codex": DEFAULT_AGENTS["codex"]} == DEFAULT_AGENTS
    assert parsed.settings.agents["codex"].default_args == ("--approval-mode", "never")  # its adapter replaces them
    assert parsed.settings.mcp_servers["linear"].env == {"LINEAR_API_KEY": "${LINEAR_API_KEY}"}


@pytest.mark.parametrize("text", ["", "# all of it commented out\n", "agents:\n", "agents: {}\n", "{}"])
def test_without_agents_the_known_ones_are_there(text: str) -> None:
    assert settings(text) == default_settings()
    assert list(settings(text).agents) == ["claude", "codex", "pi"]


def test_every_key_is_read() -> None:
    text = """
defaultAgent: mine
agents:
  mine:
    command: ./mine.sh
    defaultArgs: [--port, 80]
    type: claude
    env: {A: 1, B: "${X}"}
    passEnv: ["*"]
    promptVia: file
    model: big
    maxConcurrency: 2
stateDir: s
logDir: l
workflowDir: w
promptDir: p
scriptDir: c
skillsDir: k
pollInterval: 0.5
maxConcurrency: 8
ghCommand: ghe
grace: 0
mcpServers: {m: {command: npx, args: [-y], env: {K: v}, url: "http://localhost"}}
"""
    assert found(text) == []
    assert settings(text) == Settings(
        default_agent="mine",
        agents={
            "mine": AgentSettings(
                command="./mine.sh",
                default_args=("--port", "80"),
                type="claude",
                env={"A": "1", "B": "${X}"},
                pass_env=("*",),
                prompt_via="file",
                model="big",
                max_concurrency=2,
            )
        },
        state_dir="s",
        log_dir="l",
        workflow_dir="w",
        prompt_dir="p",
        script_dir="c",
        skills_dir="k",
        poll_interval=0.5,
        max_concurrency=8,
        gh_command="ghe",
        grace=0,
        mcp_servers={"m": McpServer(command="npx", args=("-y",), env={"K": "v"}, url="http://localhost")},
    )


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("pollInterval: 0", 15, "pollInterval must be more than 0, not 0"),
        ("pollInterval: ten", 15, 'pollInterval must be a number, not "ten"'),
        ("maxConcurrency: 0", 17, "maxConcurrency must be 1 or more, not 0"),
        ("maxConcurrency: 1.5", 17, "maxConcurrency must be a whole number, not 1.5"),
        ("maxConcurrency: true", 17, "maxConcurrency must be a whole number, not true"),
        ("grace: -1", 8, "grace must be 0 or more, not -1"),
        ("stateDir: 3", 11, "stateDir must be a text, not 3"),
        ("agents: [claude]", 9, "agents must be a mapping, not a list"),
        ("agents: {claude: {}}", 10, "agents.claude.command is missing"),
        ("agents: {claude: }", 18, "agents.claude must be a mapping, not empty"),
        ("agents: {claude: {command: [x]}}", 28, "agents.claude.command must be a text, not a list"),
        ("agents: {claude: {command: x, maxConcurrency: 0}}", 47,
         "agents.claude.maxConcurrency must be 1 or more, not 0"),
        ("agents: {claude: {command: x, promptVia: pipe}}", 42,
         'agents.claude.promptVia must be arg, stdin or file, not "pipe"'),
        ("agents: {claude: {command: x, env: [A]}}", 36, "agents.claude.env must be a mapping, not a list"),
        ("- a", 1, "the file must be a mapping, not a list"),
        ("grace: 1\ngrace: 2", 1, 'key "grace" is there twice'),
        ("\tgrace: 1", 1, "a tab cannot indent"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_an_error_at_its_place(text: str, column: int, what: str) -> None:
    text = f"# comment\n{text}\n"
    at = [(line, col) for severity, line, col, said in found(text) if (severity, said) == ("error", what)]
    assert at == [(text.count("\n"), column)]
    assert parse_settings(text, "config.yaml").settings is None


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    assert found("pollIntervall: 3\nmaxConcurrency: 0\nagents:\n  a: {comand: x}\nbudgetz: {}\ngrace: x\n") == [
        ("warning", 1, 1, 'unknown key "pollIntervall"'),
        ("error", 2, 17, "maxConcurrency must be 1 or more, not 0"),
        ("error", 4, 3, "agents.a.command is missing"),
        ("warning", 4, 7, 'unknown key "agents.a.comand"'),
        ("warning", 5, 1, 'unknown key "budgetz"'),
        ("error", 6, 8, 'grace must be a number, not "x"'),
    ]


def test_an_unknown_key_is_a_warning_with_a_suggestion() -> None:
    parsed = parse_settings("max_concurrency: 3\n", "config.yaml")
    assert parsed.settings == default_settings()
    assert [str(problem) for problem in parsed.problems] == [
        'config.yaml:1:1: config: unknown key "max_concurrency" (did you mean maxConcurrency?)'
    ]


def test_a_default_agent_that_is_not_defined_is_an_error_that_lists_those_that_are() -> None:
    parsed = parse_settings("defaultAgent: mien\nagents: {mine: {command: x}, other: {command: y}}\n", "c.yaml")
    assert parsed.settings is None
    assert str(parsed.problems[0]) == (
        'c.yaml:1:15: config: defaultAgent "mien" is not defined (did you mean mine? agents defines mine, other)'
    )


def test_without_agents_an_unknown_default_agent_is_only_a_warning() -> None:
    assert [severity for severity, *_ in found("defaultAgent: other\n")] == ["warning"]


def test_the_only_agent_is_the_default_when_none_is_named() -> None:
    assert settings("agents: {mine: {command: x}}").default_agent == "mine"


def test_of_several_agents_the_default_must_be_named() -> None:
    assert found("agents: {a: {command: x}, b: {command: y}}") == [
        ("error", 1, 9, 'defaultAgent "claude" is not defined')
    ]


@given(st.text() | YAMLISH)
def test_no_text_makes_it_raise(text: str) -> None:
    parsed = parse_settings(text, "config.yaml")
    assert (parsed.settings is None) == any(problem.severity == "error" for problem in parsed.problems)


KEYS = st.sampled_from([
    "agents", "claude", "command", "env", "defaultAgent", "pollInterval", "mcpServers", "stateDir", "maxConcurrency",
])  # fmt: skip
WORDS = st.sampled_from(["claude", "", "x", 0, 3, -1, 1.5, True, None, float("nan"), 10**40])
ANY = st.recursive(WORDS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=4))


@given(ANY)
def test_no_structure_makes_it_raise(structure: Any) -> None:
    parsed = parse_settings(yaml.safe_dump(structure), "config.yaml")
    assert (parsed.settings is None) == any(problem.severity == "error" for problem in parsed.problems)
    assert all(problem.line and problem.column for problem in parsed.problems)


# --- ${VAR}


@pytest.mark.parametrize(
    ("value", "expanded"),
    [
        ("${A}", "1"),
        ("x${A}y${B}z${A}", "x1y${A}z1"),
        ("${UNSET}", ""),
        ("$A ${} ${1} $${A} ${A", "$A ${} ${1} $1 ${A"),
        ("plain", "plain"),
    ],
)
def test_variables_in_braces_are_filled_in_once(value: str, expanded: str) -> None:
    assert expand_env(value, {"A": "1", "B": "${A}"}) == expanded


def test_a_variable_that_is_not_set_is_a_warning() -> None:
    text = 'agents: {claude: {command: x, env: {T: "${T} ${T}"}}}\nmcpServers: {m: {env: {K: "${K}", S: "${S}"}}}\n'
    assert [str(problem) for problem in env_problems(settings(text), {"S": ""}, "c.yaml")] == [
        "c.yaml: config: agents.claude.env.T needs ${T}, which is not set (export T)",
        "c.yaml: config: mcpServers.m.env.K needs ${K}, which is not set (export K)",
    ]


# --- which file


def find(*existing: str, explicit: str | None = None, **environ: str) -> Found:
    return find_config(explicit, environ, "/cwd", set(existing).__contains__, "/user")


EVERYWHERE = ("/x/c.yaml", "/env/config.yaml", "/user/.orchestrator/config.yaml", "/cwd/orchestrator.yaml")


def test_an_explicit_config_comes_first() -> None:
    assert find(*EVERYWHERE, explicit="/x/c.yaml", ORCHESTRATOR_HOME="/env").file == "/x/c.yaml"


def test_then_the_one_of_orchestrator_home() -> None:
    got = find(*EVERYWHERE, ORCHESTRATOR_HOME="/env")
    assert (got.file, got.home) == ("/env/config.yaml", "/env")


def test_then_the_one_in_the_users_home() -> None:
    got = find(*EVERYWHERE)
    assert (got.file, got.home) == ("/user/.orchestrator/config.yaml", "/user/.orchestrator")


def test_then_the_one_in_the_current_directory() -> None:
    got = find("/cwd/orchestrator.yaml")
    assert (got.file, got.home) == ("/cwd/orchestrator.yaml", "/user/.orchestrator")


def test_with_orchestrator_home_set_the_users_home_is_not_looked_at() -> None:
    got = find("/user/.orchestrator/config.yaml", "/cwd/orchestrator.yaml", ORCHESTRATOR_HOME="/env")
    assert (got.file, got.home) == ("/cwd/orchestrator.yaml", "/env")


def test_orchestrator_home_without_any_file_has_the_defaults() -> None:
    got = find("/user/.orchestrator/config.yaml", ORCHESTRATOR_HOME="/env")
    assert (got.file, got.home, got.error) == (None, "/env", None)


def test_nothing_found_says_where_it_looked_and_what_to_do() -> None:
    got = find(ORCHESTRATOR_HOME="")
    assert got.file is None
    assert got.error == (
        "no config file found; looked in /user/.orchestrator/config.yaml, /cwd/orchestrator.yaml; "
        "run `orchestrator init`"
    )


def test_an_explicit_config_that_is_absent_is_never_replaced_by_another() -> None:
    got = find(*EVERYWHERE, explicit="nope.yaml")
    assert got.file == "/cwd/nope.yaml"
    assert got.error == "config file /cwd/nope.yaml does not exist; check --config"


@pytest.mark.parametrize(("given", "file"), [("sub/../c.yaml", "/cwd/c.yaml"), ("~/c.yaml", "/user/c.yaml")])
def test_a_relative_explicit_config_counts_from_the_current_directory(given: str, file: str) -> None:
    assert find(file, explicit=given).file == file


@pytest.mark.parametrize(
    ("got", "state_dir", "home"),
    [
        (Found("/x/c.yaml", "/h", (), apart=True), "./state", "/x"),
        (Found("/x/c.yaml", "/h", (), apart=True), None, "/h"),
        (Found("/x/c.yaml", "/h", ()), "./state", "/h"),
        (Found(None, "/h", ()), None, "/h"),
    ],
)
def test_a_config_that_stands_apart_with_its_own_state_is_its_own_home(
    got: Found, state_dir: str | None, home: str
) -> None:
    assert home_of(got, Settings(state_dir=state_dir)) == home


@pytest.mark.parametrize(
    ("place", "apart"), [("/cwd/orchestrator.yaml", True), ("/user/.orchestrator/config.yaml", False)]
)
def test_only_a_config_outside_of_a_home_stands_apart(place: str, apart: bool) -> None:
    assert find(place).apart is apart
    assert find("/x/c.yaml", explicit="/x/c.yaml").apart


# --- which paths


def test_without_directories_everything_is_in_the_home_and_then_bundled() -> None:
    config = resolve(default_settings(), "/cwd/orchestrator.yaml", "/h", "/bundled")
    assert (config.home, config.file, config.state_dir, config.log_dir) == (
        "/h", "/cwd/orchestrator.yaml", "/h/state", "/h/logs",
    )  # fmt: skip
    assert config.workflow_path == ("/h/workflows", "/bundled/workflows")
    assert config.prompt_path == ("/h/prompts", "/bundled/prompts")
    assert config.script_path == ("/h/scripts", "/bundled/scripts")
    assert config.skills_path == ("/h/skills", "/bundled/skills")


def test_directories_count_from_the_config_file() -> None:
    text = "stateDir: ./s\nlogDir: ../l\nworkflowDir: w\npromptDir: /p\nscriptDir: ~/c\nskillsDir: ~\n"
    config = resolve(settings(text), "/x/y/c.yaml", "/h", "/bundled")
    user = str(Path.home())
    assert (config.state_dir, config.log_dir) == ("/x/y/s", "/x/l")
    assert (config.workflow_path[0], config.prompt_path[0]) == ("/x/y/w", "/p")
    assert config.script_path == (f"{user}/c", "/bundled/scripts")
    assert config.skills_path == ("/h/skills", "/bundled/skills")


def test_without_a_file_relative_directories_count_from_the_home() -> None:
    assert resolve(Settings(state_dir="s"), None, "/h", "/b").state_dir == "/h/s"


def test_programs_given_by_a_path_count_from_the_config_file_and_names_are_left_to_path() -> None:
    text = (
        "ghCommand: ~/gh\nagents: {claude: {command: ./a.sh}, b: {command: b}}\nmcpServers: {m: {command: ../m}, u: {}}"
    )
    found = resolve(settings(text), "/x/c.yaml", "/h", "/b").settings
    assert found.gh_command == f"{Path.home()}/gh"
    assert [agent.command for agent in found.agents.values()] == ["/x/a.sh", "b"]
    assert [server.command for server in found.mcp_servers.values()] == ["/m", None]
