"""What programs see of the runner's environment: scripts all, agents what is on the list, neither what binds git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchestrator.adapters.environment import agent_env, attempt_vars, script_env
from orchestrator.core.settings import AgentSettings
from orchestrator.errors import CannotRunError

BASE = {
    "PATH": "/bin",
    "HOME": "/home/me",
    "USER": "me",
    "LC_ALL": "C",
    "XDG_CONFIG_HOME": "/x",
    "SSH_AUTH_SOCK": "/s",
    "https_proxy": "p",
    "NODE_EXTRA_CA_CERTS": "c",
    "CARGO_HOME": "/cargo",
    "ANTHROPIC_API_KEY": "a",
    "OPENAI_API_KEY": "o",
    "DATABASE_URL": "secret",
    "GH_TOKEN": "t",
    "GITHUB_TOKEN": "t",
    "LINEAR_API_KEY": "l",
    "VIRTUAL_ENV": "/v",
}
TOKENS = {"GH_TOKEN", "GITHUB_TOKEN", "LINEAR_API_KEY"}
BOUND = {
    "GIT_DIR": "/r/.git",
    "GIT_WORK_TREE": "/r",
    "GIT_INDEX_FILE": "/r/.git/index",
    "GIT_OBJECT_DIRECTORY": "/o",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "/o",
    "GIT_NAMESPACE": "n",
    "GIT_COMMON_DIR": "/c",
    "GIT_PREFIX": "p/",
    "GIT_CEILING_DIRECTORIES": "/",
    "ORCHESTRATOR_PLAN": "outer",
    "ORCHESTRATOR_TICKET": "outer",
    "ORCHESTRATOR_PHASE": "outer",
    "ORCHESTRATOR_WORKTREE": "/outer",
    "ORCHESTRATOR_ATTEMPT": "9",
    "ORCHESTRATOR_ATTEMPT_ID": "outer",
    "ORCHESTRATOR_ATTEMPT_DIR": "/outer",
}


def agent(login: tuple[str, ...] = (), base: dict[str, str] = BASE, **fields: object) -> dict[str, str]:
    return agent_env(base, AgentSettings(command="x", **fields), login, {})  # type: ignore[arg-type]


def test_a_script_sees_the_runners_environment_and_the_forges_command() -> None:
    assert script_env(BASE, {"G": "1"}, "/opt/gh") == {**BASE, "ORCHESTRATOR_GH": "/opt/gh", "G": "1"}


def test_an_agent_sees_the_list_and_nothing_else() -> None:
    unseen = TOKENS | {"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "DATABASE_URL", "VIRTUAL_ENV"}
    assert agent() == {name: value for name, value in BASE.items() if name not in unseen}


def test_an_agent_sees_what_its_own_program_needs_to_log_in() -> None:
    env = agent(("ANTHROPIC_*",))
    assert env["ANTHROPIC_API_KEY"] == "a"
    assert "OPENAI_API_KEY" not in env


def test_tokens_of_forges_and_trackers_reach_an_agent_only_when_the_configuration_names_them() -> None:
    assert TOKENS.isdisjoint(agent(("*",)))
    assert TOKENS & agent(pass_env=("GH_TOKEN",)).keys() == {"GH_TOKEN"}
    assert agent(env={"GH_TOKEN": "${LINEAR_API_KEY}"})["GH_TOKEN"] == "l"


def test_pass_env_takes_names_and_globs_and_a_star_is_everything() -> None:
    assert agent(pass_env=("DATA*", "OPENAI_API_KEY")).keys() - agent().keys() == {"DATABASE_URL", "OPENAI_API_KEY"}
    assert agent(pass_env=("*",)) == BASE


def test_written_values_win_and_are_filled_from_the_runners_environment() -> None:
    env = agent(env={"HOME": "/elsewhere", "KEY": "${OPENAI_API_KEY}-${USER}", "PLAIN": "$HOME $(x) ${}"})
    assert (env["HOME"], env["KEY"], env["PLAIN"]) == ("/elsewhere", "o-me", "$HOME $(x) ${}")


def test_a_variable_that_is_not_set_is_an_error_that_names_it() -> None:
    with pytest.raises(CannotRunError, match=r"env KEY: \$\{NOT_SET\} is not set"):
        agent(env={"KEY": "${NOT_SET}"})


def test_what_binds_git_or_tells_of_another_attempt_reaches_nobody() -> None:
    base = BASE | BOUND
    assert script_env(base, {}, "gh") == {**BASE, "ORCHESTRATOR_GH": "gh"}
    assert agent(("*",), base, pass_env=("*",), env={"GIT_DIR": "/x"}) == BASE


def test_what_is_told_of_the_attempt_replaces_what_was_inherited() -> None:
    told = attempt_vars(
        plan="p", ticket="T-1", phase="work", n=3, attempt_id="i", attempt_dir="/logs/003-work", worktree="/wt/T-1"
    )
    expected = {
        "ORCHESTRATOR_PLAN": "p",
        "ORCHESTRATOR_TICKET": "T-1",
        "ORCHESTRATOR_PHASE": "work",
        "ORCHESTRATOR_ATTEMPT": "3",
        "ORCHESTRATOR_ATTEMPT_ID": "i",
        "ORCHESTRATOR_ATTEMPT_DIR": "/logs/003-work",
        "ORCHESTRATOR_WORKTREE": "/wt/T-1",
        "GIT_CEILING_DIRECTORIES": "/wt",
    }
    assert told == expected
    for env in (script_env(BASE | BOUND, told, "gh"), agent_env(BASE | BOUND, AgentSettings(command="x"), (), told)):
        assert expected.items() <= env.items()


def test_git_finds_no_repository_above_the_worktree(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    worktree = tmp_path / "worktrees/T-1"
    worktree.mkdir(parents=True)
    told = attempt_vars(plan="p", ticket="T", phase="w", n=1, attempt_id="i", attempt_dir="/l", worktree=str(worktree))
    look = ["git", "rev-parse", "--show-toplevel"]
    assert subprocess.run(look, cwd=worktree, capture_output=True, check=False).returncode == 0
    env = agent_env(os.environ, AgentSettings(command="x"), (), told)
    assert subprocess.run(look, cwd=worktree, env=env, capture_output=True, check=False).returncode != 0
