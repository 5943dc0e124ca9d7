"""The commands: words, options, exit codes, where they print, and what they make of odd terminals."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.contract.kit import COMMAND, Box, agent, poll, script, terminal

pytestmark = pytest.mark.thorough(every=2)

COMMANDS = {
    "init": ["--dir", "-d"],
    "interactive": ["--repo", "-r", "--workflow", "-w", "--worktree-root"],
    "status": ["--plan", "-p", "--json"],
    "run": [],
    "daemon": ["--concurrency", "-c", "--agent", "-a"],
    "tick": [],
    "pause": [],
    "resume": [],
    "skip": [],
    "retry": [],
    "pause-plan": [],
    "resume-plan": [],
    "sessions": ["--phase", "--json"],
    "resume-session": ["--phase"],
    "logs": ["--phase", "-f"],
    "demo": ["--agent", "--keep"],
    "plan check": ["--json"],
    "plan show": ["--full", "--json"],
    "workflow list": ["--json"],
    "workflow check": ["--strict", "--json"],
    "workflow graph": ["--format", "--json", "mermaid", "dot", "svg"],
    "workflow simulate": ["--outcome", "--json"],
    "config show": ["--json"],
    "config check": ["--json"],
    "schema": [],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_is_complete_on_its_own(box: Box, name: str) -> None:
    """It needs no home, no config and no state, and says each option of the contract."""
    result = box.ok(*name.split(), "--help", env={"ORCHESTRATOR_HOME": "/nowhere"})
    for option in [*COMMANDS[name], "-C", "--config"]:
        assert option in result.out
    assert "..." not in result.out.replace("[ARGS]...", "").replace("]...", "")
    assert result.err == ""


def test_the_main_help_names_every_command_and_version_says_one(box: Box) -> None:
    shown = box.ok("--help").out
    assert [name for name in COMMANDS if name.split()[0] not in shown] == []
    for group in ("plan", "workflow", "config"):
        listed = box.ok(group, "--help").out
        assert [name for name in COMMANDS if name.startswith(f"{group} ") and name.split()[1] not in listed] == []
        assert "..." not in listed.replace("[ARGS]...", "")
    assert any(part[0].isdigit() for part in box.ok("--version").out.split())


@pytest.mark.parametrize(
    "args",
    [["nonsense"], ["statsu"], ["run"], ["run", "p"], ["run", "p", "T", "x"], ["pause", "p"], ["skip", "p", "T-1"],
     ["status", "--nonsense"], ["daemon", "x"], ["schema"], ["schema", "nonsense"], ["workflow", "nonsense"],
     ["status", "--plan"], ["-C"], ["retry", "p", "T-1", "--json"]],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_exits_2_and_says_so_on_stderr(box: Box, args: list[str]) -> None:
    result = box.run(*args)
    assert (result.code, result.out) == (2, "")
    assert result.err.strip()


# --- status


def test_status_json_is_what_the_files_say_with_every_key_and_value(box: Box) -> None:
    odd: dict[str, Any] = {
        "z": None, "a": 1.50, "list": [], "deep": {"b": [True, {"ünï": "\u2028 \ud83d\ude80 </script>"}]}, "big": 2**70,
        "title": "tab\tquote\"back\\slash\n\u0007",
    }  # fmt: skip
    box.plan("p", "T-1", "T-2", goal={"x": [1]}, createdAt="2026-01-02T00:00:00Z")
    box.ticket("p", "T-1", **odd)
    box.plan("q", createdAt="2026-01-01T00:00:00Z")
    every = box.ok("status", "--json").json
    assert [list(one) for one in every] == [["plan", "tickets", "problems"]] * 2
    by_id = {one["plan"]["id"]: one for one in every}
    assert by_id["p"]["plan"] == box.read_plan("p")
    assert by_id["p"]["tickets"] == [box.read("p", "T-1"), box.read("p", "T-2")]
    assert by_id["p"]["problems"] == []
    assert box.ok("status", "--plan", "p", "--json").json == by_id["p"]
    assert box.ok("status", "-p", "p", "--json").json == by_id["p"]


def test_status_json_without_plans_is_an_empty_list(box: Box) -> None:
    assert box.ok("status", "--json").json == []
    box.plan("p")
    assert [one["tickets"] for one in box.ok("status", "--json").json] == [[]]


def test_status_shows_what_the_contract_asks(box: Box) -> None:
    box.workflow("w", script("a", "wait"), poll("wait", "done", intervalSeconds=60), terminal())
    box.plan("p", "WAITS", {"ticketId": "HELD", "blockedBy": ["FAILED"]}, "FAILED", "PR", workflow="w", name="My plan")
    box.ticket("p", "FAILED", status="failed", currentPhase="a", error="a: it broke badly")
    session = [{"phase": "a", "status": "failure", "startedAt": "2026-01-01T00:00:00Z", "sessionId": "abc-123"}]
    box.ticket(
        "p", "PR", status="paused", currentPhase="wait", phaseHistory=session, context={"pr_url": "https://x/pull/7"}
    )
    box.ok("tick")
    for args in (["status"], ["status", "--plan", "p"]):
        lines = box.ok(*args).out.splitlines()
        line = {
            name: next(line for line in lines if line.split()[:1] == [name])
            for name in ("WAITS", "HELD", "FAILED", "PR")
        }
        assert "ready" in line["WAITS"] and "wait (2/3)" in line["WAITS"] and "not yet" in line["WAITS"]
        assert "queued" in line["HELD"] and "FAILED" in line["HELD"]
        assert "failed" in line["FAILED"] and "it broke badly" in line["FAILED"] and "(1/3)" in line["FAILED"]
        assert "paused" in line["PR"] and "https://x/pull/7" in line["PR"] and "abc-123" in line["PR"]
        assert any("My plan" in one for one in lines)


def test_status_of_a_plan_that_is_not_there(box: Box) -> None:
    box.plan("sprint-12")
    for more in ([], ["--json"]):
        assert "sprint-13" in box.refused("status", "--plan", "sprint-13", *more)


def test_problems_are_at_the_end_of_status_and_do_not_fail_it(box: Box) -> None:
    box.plan("p", "T-1", "GONE")
    box.ticket_file("p", "GONE").unlink()
    shown = box.ok("status").out
    assert shown.index("T-1") < shown.rindex("GONE")


# --- sessions, logs


def test_sessions_of_a_ticket_without_any(box: Box) -> None:
    box.plan("p", "T-1")
    assert box.ok("sessions", "p", "T-1", "--json").json == []
    assert box.ok("sessions", "p", "T-1").out.strip()
    assert box.refused("resume-session", "p", "T-1")


def test_resume_session_continues_the_latest_or_the_named_one(box: Box) -> None:
    fake = box.agent("claude", 'printf "%s\\n" "$PWD" "$@"')
    box.config({"agents": {"claude": {"command": fake, "defaultArgs": ["--x"]}}})
    box.workflow("w", agent("a", "b"), agent("b", "done"), terminal())
    box.plan("p", "T-1", workflow="w")
    then = "2026-01-01T00:00:00Z"
    history = [
        {"phase": phase, "status": "success", "startedAt": then, "completedAt": then,
         "sessionId": f"00000000-0000-4000-8000-00000000000{n}"}
        for n, phase in enumerate(["a", "b", "a"])
    ]  # fmt: skip
    box.ticket("p", "T-1", worktree=str(box.repo), status="complete", currentPhase="done", phaseHistory=history)
    cases = [([], "2"), (["--phase", "b"], "1"), (["00000000-0000-4000-8000-000000000000"], "0")]
    for more, n in cases:
        shown = box.ok("resume-session", "p", "T-1", *more).out.splitlines()
        assert shown[0] == str(box.repo)
        assert f"00000000-0000-4000-8000-00000000000{n}" in shown
    assert "nope" in box.refused("resume-session", "p", "T-1", "--phase", "nope")


def test_logs_show_the_events_and_with_a_phase_its_output(box: Box) -> None:
    box.script("loud.sh", "echo on stdout; echo on stderr >&2")
    box.workflow("w", script("first", "second", "loud.sh"), script("second", "done"), terminal())
    box.plan("p", "T-1", workflow="w")
    box.ok("run", "p", "T-1")
    events = box.ok("logs", "p", "T-1").out
    assert "first" in events and "second" in events and "complete" in events
    output = box.ok("logs", "p", "T-1", "--phase", "first").out
    assert "on stdout" in output and "on stderr" in output and "noted" not in output
    assert "nope" in box.refused("logs", "p", "T-1", "--phase", "nope")
    box.ok("logs", "p", "T-1", "-f")  # it has ended, so this ends too


def test_logs_follow_until_the_ticket_has_ended(box: Box) -> None:
    box.plan("p", "T-1", workflow="holding")
    box.daemon()
    box.held("T-1")
    following = box.start("logs", "p", "T-1", "--follow")
    following.says("work")
    box.mark("release")
    assert following.ended() == 0
    assert "complete" in following.out


# --- workflows, plans, schemas


def test_workflow_list_has_ours_and_the_bundled_ones(box: Box) -> None:
    box.workflow("minimal", script("mine"))
    listed = {one["name"]: one for one in box.ok("workflow", "list", "--json").json}
    assert {"standard", "bugfix", "minimal", "local", "one"} <= listed.keys()
    assert [phase["id"] for phase in listed["minimal"]["phases"]] == ["mine"]
    shown = box.ok("workflow", "list").out
    assert all(name in shown for name in listed)


def test_the_bundled_workflows_are_sound(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.config("")
    for path in (box.home / "workflows").iterdir():
        path.unlink()
    box.ok("workflow", "check")


@pytest.mark.thorough(every=2)
def test_workflow_check_names_file_line_column_and_what_was_meant(box: Box) -> None:
    path = box.write(
        "workflows/w.yaml",
        "name: w\nphases:\n  - id: a\n    type: script\n    command: note.sh\n    onSuccess: dnoe\n    onSucces: x\n"
        "  - id: done\n    type: terminal\n",
    )
    box.write("workflows/broken.yaml", "name: broken\nphases:\n  - id: [\n")
    box.write("workflows/note.yaml", "name: only-warned\nphases:\n  - {id: a, type: script, command: gone.sh, x: 1}\n")
    result = box.run("workflow", "check")
    assert result.code == 1
    said = result.out + result.err
    assert f"{path}:6:" in said and "done" in said and "onSuccess" in said
    assert "broken.yaml:" in said
    assert box.run("workflow", "check", "one").code == 0
    assert box.run("workflow", "check", "only-warned").code == 0
    assert box.run("workflow", "check", "only-warned", "--strict").code == 1
    assert box.run("workflow", "check", "nowhere").code in (1, 2)
    found = {one["name"]: one["problems"] for one in box.run("workflow", "check", "--json").json}
    assert {(problem["line"], problem["severity"]) for problem in found["w"]} >= {(6, "error"), (7, "warning")}


@pytest.mark.parametrize("kind", ["plan", "ticket", "workflow", "config"])
def test_a_schema_is_one_and_takes_what_the_program_takes(box: Box, kind: str) -> None:
    schema = box.ok("schema", kind).json
    assert jsonschema_rs.meta.is_valid(schema)
    checks = jsonschema_rs.validator_for(schema)
    box.plan("p", "T-1")
    samples: dict[str, list[Any]] = {
        "plan": [box.read_plan("p"), {"id": "p", "tickets": []}],
        "ticket": [{"planId": "p", "ticketId": "T-1"}],
        "workflow": [{"name": "w", "phases": [script("a", "b"), poll("b", "c"), agent("c", "d"), terminal("d")]}],
        "config": [{}, {"defaultAgent": "x", "agents": {"x": {"command": "y"}}, "pollInterval": 0.5}],
    }
    box.ok("run", "p", "T-1")
    samples["ticket"].append(box.read("p", "T-1"))
    samples["plan"].append(box.read_plan("p"))
    for sample in samples[kind]:
        checks.validate(sample)
    assert not checks.is_valid([])


def test_plan_check_and_show(box: Box) -> None:
    box.plan("p", "T-1", {"ticketId": "T-2", "blockedBy": ["T-1"]})
    box.ok("plan", "check")
    box.ok("plan", "check", "p")
    assert "T-2" in box.ok("plan", "show", "p").out
    box.edit("p", "T-1", workflow="standrad")
    result = box.run("plan", "check", "p")
    assert result.code == 1
    assert "standard" in result.out + result.err
    assert "nope" in box.refused("plan", "check", "nope")
    assert box.run("plan", "check", "--json").json[0]["problems"]


# --- init


def test_init_makes_a_home_and_never_overwrites(box: Box) -> None:
    home = box.root / "new home"
    box.ok("init", env={"ORCHESTRATOR_HOME": str(home)})
    assert (home / "config.yaml").is_file() and (home / "state").is_dir() and (home / "logs").is_dir()
    for path in [home / "config.yaml"]:
        path.write_text("# mine\n")
    (home / "state/plans").mkdir(parents=True, exist_ok=True)
    (home / "state/plans/kept").write_text("x")
    box.run("init", env={"ORCHESTRATOR_HOME": str(home)})
    assert (home / "config.yaml").read_text() == "# mine\n"
    assert (home / "state/plans/kept").exists()
    box.ok("config", "check", env={"ORCHESTRATOR_HOME": str(home)})


def test_init_dir_writes_where_state_and_logs_are(box: Box) -> None:
    box.ok("init", "-d", "apart", cwd=box.root)
    text = (box.root / "apart/config.yaml").read_text()
    assert "stateDir: ./state" in text and "logDir: ./logs" in text


def test_a_self_contained_home_uses_nothing_outside(box: Box) -> None:
    box.ok("init", "--dir", box.root / "apart")
    config = box.root / "apart/config.yaml"
    folder = box.root / "apart/state/plans/p/tickets"
    folder.mkdir(parents=True)
    (folder / "T-1.json").write_text('{"planId": "p", "ticketId": "T-1"}')
    plan = {"id": "p", "repo": str(box.repo), "workflow": "minimal", "tickets": [{"ticketId": "T-1"}]}
    (folder.parent / "plan.json").write_text(json.dumps(plan))
    before = sorted(box.home.rglob("*"))
    box.ok("-C", config, "run", "p", "T-1", cwd="/")
    assert json.loads((folder / "T-1.json").read_text())["status"] == "complete"
    assert (box.root / "apart/logs/p/T-1").is_dir()
    assert sorted(box.home.rglob("*")) == before
    box.ok("run", "-C", "apart/config.yaml", "p", "T-1", cwd=box.root)


# --- terminals and pipes


def test_a_closed_pipe_is_silent(box: Box) -> None:
    box.plan("p", *(f"T-{n}" for n in range(200)))
    for command in ("status --plan p", "status --json", "--help", "schema ticket"):
        piped = subprocess.run(
            ["bash", "-c", f'set -o pipefail; "{COMMAND}" {command} | head -c 1 >/dev/null'],
            env=box.env, capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        assert piped.stderr == ""
        assert piped.returncode in (0, 141)


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_obstacle(box: Box, closed: str) -> None:
    box.plan("p", "T-1")
    done = subprocess.run(
        ["bash", "-c", f'"{COMMAND}" run p T-1 {closed}'], env=box.env, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert (done.returncode in (0, 1), box.status_of("p", "T-1")) == (True, "complete")


def on_a_terminal(box: Box, *args: str, **env: str | None) -> str:
    leader, follower = pty.openpty()
    given = {name: value for name, value in ({**box.env, "TERM": "xterm-256color"} | env).items() if value is not None}
    with subprocess.Popen([COMMAND, *args], env=given, stdin=follower, stdout=follower, stderr=follower) as process:
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 65536):
                shown += chunk
        except OSError:
            pass  # the end of a terminal
        os.close(leader)
        assert process.wait(20) == 0
    return shown.decode()


def test_colour_is_for_terminals_that_want_it(box: Box) -> None:
    box.plan("p", "T-1")
    box.ticket("p", "T-1", status="failed", error="x")
    assert "\x1b[" in on_a_terminal(box, "status")
    assert "\x1b" not in on_a_terminal(box, "status", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(box, "status", TERM="dumb")
    assert "\x1b" not in box.ok("status").out
    assert "\x1b" not in on_a_terminal(box, "status", "--json")


def test_what_a_file_says_is_shown_and_not_obeyed(box: Box) -> None:
    box.plan("p", "T-1", name="evil \x1b]0;owned\x07")
    box.ticket("p", "T-1", title="red \x1b[31m\r\nline", status="failed", error="\x1b[2J gone")
    shown = on_a_terminal(box, "status", NO_COLOR="1")
    assert "\x1b" not in shown and "\x07" not in shown


@pytest.mark.parametrize("lang", ["C", "en_US.ISO-8859-1"])
def test_a_poor_locale_breaks_nothing(box: Box, lang: str) -> None:
    box.plan("p", "T-1", name="Größe — 🚀")
    box.ticket("p", "T-1", title="Übergrößenträger 🚀")
    env = {"LANG": lang, "LC_ALL": lang, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert "bergr" in box.ok("status", env=env).out
    assert box.ok("status", "--json", env=env).json[0]["tickets"][0]["title"] == "Übergrößenträger 🚀"
    box.ok("run", "p", "T-1", env=env)
    assert box.read("p", "T-1")["title"] == "Übergrößenträger 🚀"


def test_neither_home_nor_user_nor_path_is_needed(box: Box) -> None:
    box.plan("p", "T-1")
    box.ok("run", "p", "T-1", env={"HOME": None, "USER": None, "LOGNAME": None, "TERM": None, "PATH": "/usr/bin:/bin"})
    assert box.status_of("p", "T-1") == "complete"


def test_a_folder_that_is_gone_is_said(box: Box) -> None:
    """The current directory of a long-lived shell."""
    box.plan("p", "T-1")
    gone = box.root / "gone"
    gone.mkdir()
    line = f'cd "{gone}" && rmdir "{gone}" && "{COMMAND}" status'
    done = subprocess.run(["bash", "-c", line], env=box.env, capture_output=True, text=True, check=False, timeout=30)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)
