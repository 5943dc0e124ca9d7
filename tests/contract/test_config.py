"""The configuration: which file counts, what is taken from it, what is said of a wrong one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contract.kit import Box, agent, script, terminal
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)


def settings(box: Box, *args: str | Path, **options: object) -> dict[str, object]:
    found: dict[str, object] = box.ok("config", "show", "--json", *args, **options).json
    return found


# --- which file


def test_the_files_are_looked_for_in_the_order_of_the_original(box: Box) -> None:
    """--config, then $ORCHESTRATOR_HOME, then ~/.orchestrator, then ./orchestrator.yaml."""
    user = box.root / "user"
    (user / ".orchestrator").mkdir(parents=True)
    work = box.root / "work"
    work.mkdir()
    places = {
        7: box.root / "explicit.yaml",
        6: box.home / "config.yaml",
        5: user / ".orchestrator/config.yaml",
        4: work / "orchestrator.yaml",
    }
    for n, path in places.items():
        path.write_text(f"maxConcurrency: {n}\n")

    def counts(*args: str | Path, **env: str | None) -> object:
        shown = settings(box, *args, env={"HOME": str(user), **env}, cwd=work)
        return shown["settings"]["maxConcurrency"]  # type: ignore[index]

    assert counts("-C", places[7]) == 7
    assert counts() == 6
    assert counts(ORCHESTRATOR_HOME=None) == 5
    assert counts(ORCHESTRATOR_HOME="") == 5
    places[5].unlink()
    assert counts(ORCHESTRATOR_HOME=None) == 4
    places[6].unlink()
    assert counts() == 4
    places[4].unlink()
    assert "init" in box.refused("status", env={"HOME": str(user), "ORCHESTRATOR_HOME": None}, cwd=work)


def test_config_stands_before_or_after_the_command(box: Box) -> None:
    other = box.root / "other.yaml"
    other.write_text("maxConcurrency: 7\n")
    for option in (["-C", str(other)], [f"-C{other}"], ["--config", str(other)], [f"--config={other}"]):
        assert settings(box, *option)["settings"]["maxConcurrency"] == 7  # type: ignore[index]
    assert box.ok("-C", other, "config", "show", "--json").json["settings"]["maxConcurrency"] == 7
    assert box.ok("config", "-C", other, "show", "--json").json["settings"]["maxConcurrency"] == 7
    box.ok("status", "-C", other)


def test_an_explicit_file_that_is_not_there_is_no_default(box: Box) -> None:
    assert "gone.yaml" in box.refused("-C", "gone.yaml", "status")
    assert "gone.yaml" in box.refused("daemon", "-C", "gone.yaml")


def test_a_home_without_a_config_has_the_defaults(box: Box) -> None:
    (box.home / "config.yaml").unlink()
    box.plan("p", "T-1")
    box.ok("run", "p", "T-1")
    shown = settings(box)["settings"]
    assert isinstance(shown, dict)
    assert (shown["pollInterval"], shown["maxConcurrency"], shown["ghCommand"], shown["defaultAgent"]) == (
        10,
        3,
        "gh",
        "claude",
    )


@pytest.mark.parametrize("text", ["", "---\n", "defaultAgent: claude\n", "agents:\n"])
def test_a_config_may_say_almost_nothing(box: Box, text: str) -> None:
    box.config(text)
    box.plan("p", "T-1")
    box.ok("run", "p", "T-1")


def test_a_config_with_one_agent_and_bom_and_crlf(box: Box) -> None:
    box.write(
        "config.yaml",
        b"\xef\xbb\xbfdefaultAgent: mine\r\nagents:\r\n  mine:\r\n    command: x\r\nmaxConcurrency: 2\r\n",
    )
    assert settings(box)["settings"]["maxConcurrency"] == 2  # type: ignore[index]


# --- what it says


def test_relative_paths_count_from_the_config_file_and_a_tilde_from_the_user(box: Box) -> None:
    folder = box.root / "conf"
    (folder / "wf").mkdir(parents=True)
    config = folder / "o.yaml"
    config.write_text("stateDir: ../elsewhere/state\nlogDir: ~/my logs\nworkflowDir: wf\nscriptDir: ./sc\n")
    shown = settings(box, "-C", "conf/o.yaml", cwd=box.root)
    assert (shown["stateDir"], shown["logDir"]) == (f"{box.root}/elsewhere/state", f"{box.env['HOME']}/my logs")
    (folder / "sc").mkdir()
    (folder / "sc/own.sh").write_text("pwd\n")
    (folder / "wf/w.yaml").write_text(json.dumps({"name": "w", "phases": [script("a", command="own.sh")]}))
    plan = box.root / "elsewhere/state/plans/p"
    (plan / "tickets").mkdir(parents=True)
    (plan / "plan.json").write_text(
        json.dumps({"id": "p", "repo": str(box.repo), "workflow": "w", "tickets": [{"ticketId": "T"}]})
    )
    (plan / "tickets/T.json").write_text('{"planId": "p", "ticketId": "T"}')
    box.ok("run", "p", "T", "-C", config, cwd="/")
    assert (Path(box.env["HOME"]) / "my logs/p/T/ticket.log").is_file()


@pytest.mark.parametrize(
    ("text", "line", "names"),
    [("a: 1\npollInterval: 0\n", 2, "pollInterval"), ("pollInterval: -1\n", 1, "pollInterval"),
     ("maxConcurrency: 0\n", 1, "maxConcurrency"), ("x: 1\nmaxConcurrency: two\n", 2, "maxConcurrency"),
     ("maxConcurrency: 1.5\n", 1, "maxConcurrency"), ("agents: []\n", 1, "agents"),
     ("agents:\n  a:\n    defaultArgs: x\n    command: y\n", 3, "defaultArgs"), ("agents:\n  a: {}\n", 2, "command"),
     ("defaultAgent: b\nagents:\n  a:\n    command: y\n", 1, '"b"'), ("a: [\n", 2, ""), ("- 1\n", 1, ""),
     ("maxConcurrency: 1\nmaxConcurrency: 2\n", 2, "maxConcurrency"), ("pollInterval: .nan\n", 1, "pollInterval")],
)  # fmt: skip
def test_a_wrong_value_is_an_error_with_its_line(box: Box, text: str, line: int, names: str) -> None:
    path = box.config(text)
    result = box.run("config", "check")
    assert result.code == 1
    assert f"{path}:{line}" in result.out + result.err
    assert names in result.out + result.err


def test_with_a_wrong_config_nothing_runs(box: Box) -> None:
    path = box.config("maxConcurrency: two\n")
    box.plan("p", "T-1")
    for command in (["status"], ["run", "p", "T-1"], ["tick"], ["daemon"], ["pause", "p", "T-1"]):
        assert f"{path}:1" in box.refused(*command)
    assert box.trace() == []


def test_an_unknown_key_is_a_warning_with_a_suggestion(box: Box) -> None:
    box.config("maxConcurency: 2\nagents:\n  a:\n    command: x\n    defaultArg: []\ndefaultAgent: a\n")
    result = box.ok("config", "check")
    said = result.out + result.err
    assert "maxConcurrency" in said and "defaultArgs" in said
    shown = box.ok("status")
    assert "maxConcurency" in shown.out + shown.err


def test_secrets_are_filled_in_for_the_agent_and_never_shown(box: Box) -> None:
    fake = box.agent("mine", 'env > "$HOME/seen"; echo "$2 $3" >> "$HOME/seen"; echo done')
    box.config(
        {"defaultAgent": "mine",
         "agents": {"mine": {"command": fake, "defaultArgs": ["--y", "${HOME}"], "passEnv": ["ONE_*"],
                             "env": {"TOKEN": "pre-${SECRET}", "PLAIN": "hidden-value"}}}}
    )  # fmt: skip
    box.prompt("prompt.md", "hi")
    box.workflow("w", agent("work", "done"), terminal())
    box.plan("p", "T-1", workflow="w")
    box.ticket("p", "T-1", worktree=str(box.repo))
    given = {"SECRET": "s3cret", "ONE_A": "1", "GH_TOKEN": "gh", "LINEAR_API_KEY": "l", "OTHER": "o", "MARKS": "m"}
    box.ok("run", "p", "T-1", env=given)
    seen = (Path(box.env["HOME"]) / "seen").read_text()
    assert "TOKEN=pre-s3cret\n" in seen and "ONE_A=1\n" in seen and "PLAIN=hidden-value" in seen
    assert not [name for name in ("GH_TOKEN=", "LINEAR_API_KEY=", "OTHER=", "MARKS=") if f"\n{name}" in f"\n{seen}"]
    assert "--y ${HOME}" in seen
    for args in (["config", "show"], ["config", "show", "--json"], ["config", "check"]):
        result = box.ok(*args, env=given)
        assert "s3cret" not in result.out + result.err
        assert "hidden-value" not in result.out + result.err


def test_an_agent_by_a_relative_path_is_found_from_the_config_file(box: Box) -> None:
    box.agent("mine", "echo found")
    box.config({"defaultAgent": "mine", "agents": {"mine": {"command": "./agents/mine"}}})
    box.prompt("prompt.md", "hi")
    box.workflow("w", agent("work", "done"), terminal())
    box.plan("p", "T-1", workflow="w")
    box.ticket("p", "T-1", worktree=str(box.repo))
    box.ok("run", "p", "T-1", cwd="/")
    assert box.read("p", "T-1")["phaseHistory"][0]["output"] == "found\n" or "found" in json.dumps(box.read("p", "T-1"))


def test_a_variable_of_an_env_that_is_not_set_is_said(box: Box) -> None:
    box.config({"defaultAgent": "a", "agents": {"a": {"command": "x", "env": {"TOKEN": "${NEVER_SET}"}}}})
    result = box.ok("config", "check")
    assert "NEVER_SET" in result.out + result.err


def test_a_daemon_says_that_it_keeps_the_last_good_config_and_takes_the_next_good_one(box: Box) -> None:
    box.config({"maxConcurrency": 1, "grace": 0})
    box.daemon()
    box.plan("p", "T-1", "T-2", workflow="holding")
    box.held("T-1")
    box.config("maxConcurrency: many\n")
    wait_for(lambda: any("maxConcurrency" in json.dumps(line) for line in box.log()))
    box.config({"maxConcurrency": 2, "grace": 0})
    box.held("T-2")
    box.mark("release")
    box.until_plan("p", "complete")
