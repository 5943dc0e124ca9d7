"""`doctor`: what it finds on a machine that is made up of small scripts, and what it never does."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.machine import GH, Machine, status
from tests.cli.machine import machine as machine

pytestmark = pytest.mark.thorough(every=2)

# -- the whole --------------------------------------------------------------------------------------------------------


def test_where_nothing_is_broken_it_ends_with_0_and_a_summary(machine: Machine) -> None:
    called = machine.doctor()
    assert (called.code, called.err) == (0, "")
    assert "broken  " not in called.out
    assert called.out.splitlines()[-1].startswith("0 broken, ")


def test_json_is_a_list_of_findings_of_one_shape(machine: Machine) -> None:
    found = machine.doctor("--json").json
    assert {tuple(one) for one in found} == {("group", "name", "status", "text", "hint")}
    assert {one["status"] for one in found} <= {"ok", "warning", "broken"}
    groups = ["config", "agents", "git", "forge", "disk", "locks", "state", "notify"]
    assert [one["group"] for one in found] == sorted((one["group"] for one in found), key=groups.index)
    assert [one for one in found if one["status"] != "ok" and not one["hint"]] == [], "every line says what to do"


def test_no_model_is_called_and_nothing_is_changed(machine: Machine) -> None:
    machine.site.plan({"id": "T-1"})
    machine.doctor()
    before = sorted((str(path), path.stat().st_mtime_ns) for path in machine.site.root.rglob("*") if path.is_file())
    machine.doctor()
    after = sorted((str(path), path.stat().st_mtime_ns) for path in machine.site.root.rglob("*") if path.is_file())
    assert [one for one in after if not one[0].endswith("/calls")] == [
        one for one in before if not one[0].endswith("/calls")
    ]
    assert not (machine.site.root / "model").exists()


def test_a_program_that_hangs_is_not_waited_for(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.adapters.asking.ask.__defaults__", (0.3,))
    machine.program("claude", "#!/bin/sh\ntrap '' TERM INT\nwhile :; do sleep 0.05; done\n")
    began = time.monotonic()
    one = machine.found("agents", "claude")
    assert time.monotonic() - began < 8
    assert one["status"] == "broken" and "did not answer within" in one["text"]


def test_what_it_asks_has_no_terminal_nothing_to_read_and_an_empty_folder(machine: Machine) -> None:
    look = 'if [ -t 0 ] || read -r line; then echo "it could read"; fi; ls -A'
    machine.program(
        "gh", f"#!/bin/sh\ncase $1 in --version) echo 'gh version 2.60.0' ;; *) {look} >&2; exit 1 ;; esac\n"
    )
    assert machine.found("forge", "login")["text"].startswith("not logged in")


def test_a_program_that_floods_costs_little(machine: Machine) -> None:
    machine.program("claude", "#!/bin/sh\nhead -c 30000000 /dev/zero\n")
    assert machine.found("agents", "claude")["status"] == "warning"


# -- configuration ----------------------------------------------------------------------------------------------------


def test_without_a_configuration_it_says_init_and_looks_at_the_rest(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORCHESTRATOR_HOME")
    called = machine.doctor()
    assert called.code == 1 and "orchestrator init" in called.out
    assert machine.found("agents", "claude")["status"] == "ok" and machine.found("git", "git")["status"] == "ok"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agents: {claude: {}}", ":1:10: agents.claude.command is missing"),
        ("a: [", "config.yaml:"),
        ("\x00", "config.yaml"),
        ("- x", "config.yaml:1:1: "),
    ],
)
def test_a_broken_configuration_is_a_finding_with_its_line(machine: Machine, text: str, said: str) -> None:
    (machine.site.root / "config.yaml").write_text(text)
    called = machine.doctor()
    assert (called.code, called.err) == (1, "")
    assert any(said in one["text"] for one in machine.doctor("--json").json if one["group"] == "config")
    assert machine.found("git", "git")["status"] == "ok"


def test_of_a_broken_configuration_the_places_still_count(machine: Machine) -> None:
    apart = machine.site.root / "apart"
    apart.mkdir()
    (apart / "c.yaml").write_text("stateDir: here\nmaxConcurrency: none\n")
    found = machine.doctor("-C", str(apart / "c.yaml"), "--json").json
    assert any(one["text"].startswith(f"{apart}/here") for one in found if one["group"] == "disk")


def test_a_configuration_that_is_not_there_or_no_text_is_a_finding(machine: Machine) -> None:
    assert machine.doctor("-C", "/nowhere/c.yaml").code == 1
    (machine.site.root / "config.yaml").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in machine.doctor().out


# -- git and the forge ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [("#!/bin/sh\necho 'git version 2.9.1'\n", "too old"), ("#!/bin/sh\nexit 1\n", "says nothing of its version")],
)
def test_a_git_that_cannot_be_used_is_broken(machine: Machine, text: str, said: str) -> None:
    machine.program("git", text)
    assert status(machine, "git", "git") == ("broken", 1)
    assert said in machine.found("git", "git")["text"]


def test_without_git_it_is_broken(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine.bin / "git").unlink()
    monkeypatch.setenv("PATH", str(machine.bin))
    assert status(machine, "git", "git") == ("broken", 1)


def test_who_commits_must_be_known_everywhere_or_in_each_repository(machine: Machine) -> None:
    inside = (
        f'case "$*" in --version) echo "git version 2.45.1" ;; "-C {machine.site.root}/repo"*) echo me ;; *) exit 1 ;;'
    )
    machine.program("git", f"#!/bin/sh\n{inside} esac\n")
    assert machine.found("git", "identity")["status"] == "warning"
    machine.site.plan({"id": "T-1"})
    assert machine.found("git", "identity")["status"] == "ok"


def test_a_broken_forge_matters_when_a_workflow_in_use_asks_it(machine: Machine) -> None:
    machine.program("gh", GH)
    machine.site.plan({"id": "T-1"}, workflow="local")
    assert machine.found("forge", "login")["status"] == "warning" and machine.doctor().code == 0
    machine.site.plan({"id": "T-1"}, workflow="standard")
    one = machine.found("forge", "login")
    assert (one["status"], machine.doctor().code) == ("broken", 1)
    assert "workflow standard needs it" in one["text"] and "auth login" in one["hint"]


def test_a_script_of_ones_own_that_calls_gh_needs_it(machine: Machine) -> None:
    machine.site.config(agents={"claude": {"command": "claude"}}, ghCommand=str(machine.site.root / "no-gh"))
    machine.site.plan({"id": "T-1"})
    assert status(machine, "forge", "gh")[0] == "warning"
    machine.site.script("work.sh", '#!/bin/sh\n"$ORCHESTRATOR_GH" pr list\n')
    assert status(machine, "forge", "gh") == ("broken", 1)


# -- state ------------------------------------------------------------------------------------------------------------


def test_files_that_cannot_be_read_are_named_with_line_and_reason(machine: Machine) -> None:
    machine.site.plan({"id": "T-1"}, {"id": "T-2"})
    machine.site.file("T-2").write_text('{"planId": "p",\n "ticketId": }')
    called = machine.doctor()
    assert called.code == 1 and "broken   ticket p/T-2" in called.out
    assert f"{machine.site.file('T-2')}:2:" in called.out


def test_state_that_cannot_be_read_or_is_no_folder_is_broken(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "state/plans")

    with monkeypatch.context() as inner:
        inner.setattr("orchestrator.control.checkup.state.Scene", refuse)
        one = machine.found("state", "state")
        assert one["status"] == "broken" and "Permission denied" in one["text"]
        assert machine.found("agents", "claude")["status"] == "ok"
    machine.site.config(agents={"claude": {"command": "claude"}}, stateDir="config.yaml")
    assert status(machine, "disk", "stateDir") == ("broken", 1)


def test_a_workflow_with_errors_matters_when_a_plan_uses_it(machine: Machine) -> None:
    machine.site.workflow("bad", "name: bad\nphases: [{id: a, type: script, command: x.sh, onSuccess: nowhere}]")
    assert status(machine, "state", "workflow bad") == ("warning", 0)
    machine.site.plan({"id": "T-1"}, workflow="bad")
    one = machine.found("state", "plan p")
    assert one["status"] == "broken" and "orchestrator workflow check bad" in one["hint"]


def test_a_daemon_that_runs_is_named_and_the_pid_of_a_dead_one_is_a_warning(machine: Machine) -> None:
    assert machine.found("locks", "daemon")["status"] == "ok"
    (machine.site.root / "daemon.pid").write_text("999999999")
    assert machine.found("locks", "daemon")["status"] == "warning"
    daemon = machine.site.daemon()
    one = machine.found("locks", "daemon")
    assert (one["status"], one["text"]) == ("ok", f"a daemon runs here (pid {daemon.pid})")


def test_a_full_disk_is_broken_and_a_nearly_full_one_a_warning(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs

    def with_free(n: int) -> Any:
        def look(path: str | Path) -> Any:
            found = real(path)
            return type("Found", (), {"f_bavail": n, "f_frsize": 1, "f_files": found.f_files, "f_favail": 10**6})

        return look

    for free, state in ((50 << 20, "broken"), (500 << 20, "broken"), (700 << 20, "warning"), (5 << 30, "ok")):
        monkeypatch.setattr(os, "statvfs", with_free(free))
        assert machine.found("disk", "stateDir")["status"] == state
    assert machine.doctor().code == 0


def test_a_folder_that_cannot_be_written_is_not_said_to_lie_on_the_wrong_disk(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("orchestrator.adapters.disks.tempfile.NamedTemporaryFile", full)
    one = machine.found("locks", "stateDir")
    assert one["status"] == "broken" and "No space left" in one["text"] and one["hint"].startswith("make room")


def test_a_channel_of_notifications_without_its_program_is_a_warning(machine: Machine) -> None:
    machine.site.config(agents={"claude": {"command": "claude"}}, notify=[{"command": ["no-such-program"]}])
    one = machine.found("notify", "notify")
    assert (
        one["status"] == "warning"
        and one["text"] == "command no-such-program: no-such-program: program not found in PATH"
    )
    assert machine.doctor().code == 0


def test_what_is_told_is_clean(machine: Machine) -> None:
    machine.program("claude", "#!/bin/sh\nprintf 'broken \\033[31mred\\n'; exit 3\n")
    assert "\x1b" not in machine.doctor().out
    assert json.loads(machine.doctor("--json").out)
