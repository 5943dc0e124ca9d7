"""What each ticket under way has for itself: a slot, ports, a folder for temporary files."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

import pytest

from tests.contract.kit import Box, agent, poll, script, terminal
from tests.waiting import wait_for

DUMP = 'f="$MARKS/env.$ORCHESTRATOR_TICKET.$ORCHESTRATOR_PHASE"; env -0 > "$f.new" && mv "$f.new" "$f"'


def env_of(box: Box, ticket: str, phase: str) -> dict[str, str]:
    file = box.marks / f"env.{ticket}.{phase}"
    wait_for(file.exists, what=str(file))
    return dict(row.split("=", 1) for row in file.read_text().split("\0") if row)


@pytest.fixture
def dumping(box: Box) -> Box:
    """A ticket holds in its first phase and shows its environment in both."""
    box.script("dump.sh", DUMP)
    body = f'{DUMP}\nuntil [ -e "$MARKS/release.$ORCHESTRATOR_TICKET" ]; do sleep 0.02; done'
    box.script("hold.sh", body)
    box.workflow("w", script("work", "after", "hold.sh"), script("after", "done", "dump.sh"), terminal())
    return box


def slot(box: Box, ticket: str, phase: str = "work") -> int:
    return int(env_of(box, ticket, phase)["ORCHESTRATOR_SLOT"])


def test_tickets_side_by_side_have_different_slots_ports_and_folders(dumping: Box) -> None:
    dumping.config({"maxConcurrency": 3, "ports": {"first": 21000, "count": 20}})
    dumping.plan("p", "A", "B", "C", workflow="w")
    dumping.daemon()
    seen = [env_of(dumping, ticket, "work") for ticket in "ABC"]
    assert sorted(int(env["ORCHESTRATOR_SLOT"]) for env in seen) == [0, 1, 2]
    assert sorted(int(env["ORCHESTRATOR_PORT_BASE"]) for env in seen) == [21000, 21020, 21040]
    assert {env["ORCHESTRATOR_PORT_COUNT"] for env in seen} == {"20"}
    assert len({env["TMPDIR"] for env in seen}) == 3
    for ticket, env in zip("ABC", seen, strict=True):
        assert dumping.read("p", ticket)["slot"] == int(env["ORCHESTRATOR_SLOT"])
        assert env["TMPDIR"] == env["TMP"] == env["TEMP"]
        assert stat.S_IMODE(Path(env["TMPDIR"]).stat().st_mode) == 0o700
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(f"{env['TMPDIR']}/a-socket-with-quite-a-long-name.sock")


def test_a_slot_stays_a_tickets_own_to_its_end_and_is_then_free_again(dumping: Box) -> None:
    dumping.config({"maxConcurrency": 2, "grace": 0.2})
    dumping.plan("p", "A", "B", workflow="w")
    dumping.plan("q", "C", workflow="w", status="paused")
    dumping.daemon()
    mine = slot(dumping, "B")
    dumping.ok("pause", "p", "B")
    dumping.until("p", "B", "paused")
    dumping.mark("release.A")
    dumping.until("p", "A", "complete")
    dumping.ok("resume-plan", "q")
    assert slot(dumping, "C") == 1 - mine
    dumping.mark("release.B")
    dumping.ok("resume", "p", "B")
    dumping.until("p", "B", "complete")
    assert slot(dumping, "B", "after") == mine


def test_slots_that_a_hand_edit_made_the_same_become_different_again(dumping: Box) -> None:
    dumping.plan("p", "A", "B", workflow="w")
    for ticket in "AB":
        dumping.edit("p", ticket, status="ready", currentPhase="after", slot=4, workflow="w")
    dumping.ok("tick")
    assert sorted([slot(dumping, "A", "after"), slot(dumping, "B", "after")]) == [0, 4]


def test_tickets_that_are_walked_by_commands_of_their_own_have_different_slots(dumping: Box) -> None:
    dumping.plan("p", *"ABCD", workflow="w")
    for ticket in "ABCD":
        dumping.start("run", "p", ticket)
    assert sorted(slot(dumping, ticket) for ticket in "ABCD") == [0, 1, 2, 3]


def test_agents_polls_and_captures_have_them_too(box: Box) -> None:
    box.script("dump.sh", DUMP)
    say = 'echo "$ORCHESTRATOR_SLOT $ORCHESTRATOR_PORT_BASE $TMPDIR"'
    phases = (
        poll("ask", "think", "dump.sh"),
        agent("think", "look"),
        script("look", "done", "note.sh", capture={"seen": say}),
    )
    box.workflow("w", *phases, terminal())
    box.prompt("prompt.md", "go")
    box.config({"agents": {"fake": {"command": box.agent("fake", DUMP), "env": {"TMP": "/mine"}}}})
    box.plan("p", {"ticketId": "T"}, workflow="w")
    (box.root / "worktrees/T").mkdir(parents=True)
    box.ok("run", "p", "T", env={"MARKS": str(box.marks)} | {"ORCHESTRATOR_SLOT": "77"})
    asked, thought = env_of(box, "T", "ask"), json.dumps(box.read("p", "T")["context"])
    assert (asked["ORCHESTRATOR_SLOT"], asked["ORCHESTRATOR_PORT_BASE"]) == ("0", "20000")
    assert f"0 20000 {asked['TMPDIR']}" in thought


def test_an_agent_has_the_tickets_folder_unless_its_configuration_names_another(box: Box) -> None:
    box.workflow("w", agent("think", "done"), terminal())
    box.prompt("prompt.md", "go")
    dump = f"env -0 > '{box.marks}/env.T.think'"
    box.config({"agents": {"fake": {"command": box.agent("fake", dump), "env": {"TMP": "/mine"}}}})
    box.plan("p", "T", workflow="w")
    (box.root / "worktrees/T").mkdir(parents=True)
    box.ok("run", "p", "T")
    env = env_of(box, "T", "think")
    assert env["TMP"] == "/mine" and "/orchestrator-" in env["TMPDIR"] and env["ORCHESTRATOR_SLOT"] == "0"


def test_the_folder_goes_when_the_ticket_is_complete_and_stays_while_a_person_has_to_look(box: Box) -> None:
    leave = f'{DUMP}; echo note > "$TMPDIR/note"; '
    box.script("leave.sh", leave)
    box.script("break.sh", f"{leave} exit 1")
    box.workflow("good", script("work", "done", "leave.sh"), terminal())
    box.workflow("bad", script("work", "done", "break.sh"), terminal())
    box.plan("g", "A", workflow="good")
    box.plan("b", "B", workflow="bad")
    box.ok("tick")
    wait_for(lambda: not Path(env_of(box, "A", "work")["TMPDIR"]).exists())
    assert (Path(env_of(box, "B", "work")["TMPDIR"]) / "note").exists()
    box.ok("gc", "--state", "complete,failed")
    assert not Path(env_of(box, "B", "work")["TMPDIR"]).exists()
