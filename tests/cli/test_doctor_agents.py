"""`doctor` about agents: installed, of which version, called with what they still take, logged in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.agents.registry import AGENTS
from tests.cli.machine import CLAUDE, TESTED, Machine, status
from tests.cli.machine import machine as machine


def test_an_agent_that_is_asked_for_and_not_there_is_broken_another_one_a_warning(machine: Machine) -> None:
    machine.site.config(defaultAgent="claude", agents={"claude": {"command": "claude"}, "spare": {"command": "nope"}})
    assert status(machine, "agents", "spare") == ("warning", 0)
    machine.site.plan({"id": "T-1", "agent": "spare"})
    assert status(machine, "agents", "spare") == ("broken", 1)
    assert "ticket p/T-1 needs it" in machine.found("agents", "spare")["text"]


@pytest.mark.parametrize(
    ("key", "who"),
    [
        ({"plan": {"agent": "spare"}}, "plan p needs it"),
        ({"plan": {"reviewAgent": "spare"}}, "plan p needs it"),
        ({"config": {"reviewAgent": "spare"}}, "it is the reviewAgent"),
        ({"config": {"defaultAgent": "spare"}}, "it is the defaultAgent"),
        ({"workflow": "name: o\nphases: [{id: a, type: agent, promptTemplate: x.md, agent: spare}]"}, "phase a of"),
    ],
)
def test_whoever_asks_for_an_agent_is_named(machine: Machine, key: dict[str, Any], who: str) -> None:
    agents = {"claude": {"command": "claude"}, "spare": {"command": "nope"}}
    machine.site.config(**{"defaultAgent": "claude", "agents": agents, **key.get("config", {})})
    machine.site.plan({"id": "T-1"}, **key.get("plan", {}))
    if "workflow" in key:
        machine.site.workflow("o", key["workflow"])
    one = machine.found("agents", "spare")
    assert one["status"] == "broken" and who in one["text"]


def test_what_complete_tickets_asked_for_is_needed_no_more(machine: Machine) -> None:
    machine.site.config(defaultAgent="claude", agents={"claude": {"command": "claude"}, "spare": {"command": "nope"}})
    machine.site.plan({"id": "T-1", "agent": "spare", "status": "complete"}, status="complete")
    assert status(machine, "agents", "spare") == ("warning", 0)


@pytest.mark.parametrize(
    ("version", "state", "said"),
    [
        (TESTED, "ok", f"tested with {TESTED}"),
        ("0.0.1", "warning", "older than"),
        ("999.0.0", "warning", "newer than"),
        ("unknown", "warning", "does not say which version"),
    ],
)
def test_a_version_is_in_the_range_or_said_to_be_outside(machine: Machine, version: str, state: str, said: str) -> None:
    machine.agent("claude", version)
    one = machine.found("agents", "claude")
    assert one["status"] == state and said in one["text"]
    assert machine.doctor().code == 0


def test_a_flag_that_its_help_no_longer_tells_of_is_broken(machine: Machine) -> None:
    gone = CLAUDE.flags[-1]
    machine.agent("claude", flags=(*CLAUDE.flags[:-1], f"{gone}-more"))
    one = machine.found("agents", "claude flags")
    assert (one["status"], machine.doctor().code) == ("broken", 1)
    assert gone in one["text"] and CLAUDE.flags[0] not in one["text"]


def test_an_older_program_for_which_there_is_another_type_is_told_so(machine: Machine) -> None:
    old = AGENTS["pi-old"]
    assert old.versions is not None
    machine.agent("pi", old.versions.tested, flags=old.flags)
    machine.site.config(agents={"pi": {"command": "pi"}})
    assert "say `type: pi-old`" in machine.found("agents", "pi")["hint"]
    machine.site.config(agents={"pi": {"command": "pi", "type": "pi-old"}})
    assert machine.found("agents", "pi")["status"] == machine.found("agents", "pi flags")["status"] == "ok"


def test_default_arguments_that_are_replaced_or_keep_it_from_work_are_told(machine: Machine) -> None:
    machine.agent("codex", "0.169.0", flags=AGENTS["codex"].flags)
    machine.site.config(agents={"codex": {"command": "codex", "defaultArgs": ["--approval-mode", "never"]}})
    one = machine.found("agents", "codex defaultArgs")
    assert one["status"] == "warning" and "--approval-mode never" in one["text"]
    machine.site.config(agents={"codex": {"command": "codex", "defaultArgs": ["--sandbox", "workspace-write"]}})
    one = machine.found("agents", "codex defaultArgs")
    assert one["status"] == "warning" and "cannot commit" in one["text"]


def test_a_program_that_cannot_say_its_version_is_broken(machine: Machine) -> None:
    machine.program("claude", "#!/bin/sh\necho 'native binary not installed' >&2; exit 1\n")
    one = machine.found("agents", "claude")
    assert one["status"] == "broken" and "code 1: native binary not installed" in one["text"]


def test_a_login_is_looked_for_where_the_agent_would_find_it(machine: Machine, home: Path) -> None:
    assert machine.found("agents", "claude login")["status"] == "warning"
    (home / ".claude").mkdir()
    (home / ".claude/.credentials.json").write_text("{}")
    assert machine.found("agents", "claude login")["status"] == "ok"


def test_a_login_is_that_of_the_environment_which_the_agent_gets(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.site.config(agents={"claude": {"command": "claude", "env": {"ANTHROPIC_API_KEY": "${MY_KEY}"}}})
    one = machine.found("agents", "claude env")
    assert one["status"] == "broken" and "${MY_KEY}" in one["text"] and "export MY_KEY" in one["hint"]
    monkeypatch.setenv("MY_KEY", "secret-x")
    assert machine.found("agents", "claude login")["status"] == "ok"
    assert "secret-x" not in machine.doctor().out


def test_a_program_that_no_adapter_knows_is_never_started(machine: Machine) -> None:
    path = machine.program("own-agent", "#!/bin/sh\n:\n")
    machine.site.config(agents={"mine": {"command": str(path)}, "named": {"command": "own-agent"}}, defaultAgent="mine")
    assert machine.found("agents", "mine")["status"] == machine.found("agents", "named")["status"] == "ok"
    assert not any(line.startswith("own-agent") for line in machine.calls())


def test_a_known_program_that_the_configuration_lacks_is_told(machine: Machine) -> None:
    machine.site.config(agents={"mine": {"command": "/bin/echo"}})
    one = machine.found("agents", "claude")
    assert one["status"] == "ok" and "no agent of the configuration" in one["text"] and "agents:" in one["hint"]


def test_an_unknown_type_is_broken(machine: Machine) -> None:
    machine.site.config(agents={"claude": {"command": "claude", "type": "claud"}})
    assert status(machine, "agents", "claude") == ("broken", 1)


# -- the planning session ---------------------------------------------------------------------------------------------


def test_the_agent_of_a_planning_session_is_named_with_what_it_would_lack(machine: Machine) -> None:
    servers = {"linear": {"command": "x", "env": {"KEY": "${NOT_SET_HERE}"}}}
    machine.site.config(agents={"claude": {"command": "claude"}}, mcpServers=servers)
    machine.agent("claude", TESTED)
    found = [one for one in machine.doctor("--json").json if one["name"] == "interactive"]
    assert found[0]["status"] == "ok" and found[0]["text"].startswith("starts claude, ")
    assert any("mcpServers.linear is left out: ${NOT_SET_HERE} is not set" in one["text"] for one in found)


def test_no_agent_to_plan_with_is_a_warning_that_says_how_to_install_one(machine: Machine) -> None:
    machine.site.config(agents={"claude": {"command": "nope"}})
    one = machine.found("agents", "interactive")
    assert one["status"] == "warning" and "npm install -g" in one["hint"]
