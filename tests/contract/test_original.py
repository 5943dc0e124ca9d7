"""A home of the original: its user points ORCHESTRATOR_HOME at it and carries on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.kit import Box
from tests.waiting import wait_for

ORIGINAL = Path(__file__).parents[1] / "resources/original-home"


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Box]:
    """The home as it is, with its two paths filled in."""
    home = tmp_path / "home"
    shutil.copytree(ORIGINAL, home)
    for path in home.rglob("*.json"):
        text = path.read_text()
        path.write_text(text.replace("@REPO@", str(tmp_path / "repo")).replace("@WORKTREES@", str(tmp_path / "trees")))
    (tmp_path / "repo").mkdir()
    box = Box.__new__(Box)
    box.root, box.home, box.repo, box.marks = tmp_path, home, tmp_path / "repo", tmp_path / "marks"
    box.state, box.logs, box.plans = home / "state", home / "logs", home / "state/plans"
    box.marks.mkdir()
    box.env = {**os.environ, "ORCHESTRATOR_HOME": str(home), "MARKS": str(box.marks)}
    box._started = []
    yield box
    box.end_everything()


def files(box: Box) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in box.home.rglob("*") if path.is_file()}


def test_looking_changes_nothing_and_shows_every_key_and_value(old: Box) -> None:
    before = files(old)
    every = old.ok("status", "--json").json
    shown = {one["plan"]["id"]: one for one in every}
    assert shown.keys() == {"hotfix-auth", "sprint-12-backend"}
    for plan, one in shown.items():
        assert one["plan"] == old.read_plan(plan)
        tickets = sorted((old.plans / plan / "tickets").glob("*.json"))
        key = lambda ticket: ticket["ticketId"]  # noqa: E731
        assert sorted(one["tickets"], key=key) == [json.loads(path.read_bytes()) for path in tickets]
    for args in (
        ["status"],
        ["config", "check"],
        ["workflow", "list"],
        ["workflow", "check", "audit"],
        ["plan", "show", "hotfix-auth"],
    ):
        old.ok(*args)
    assert {path: content for path, content in files(old).items() if path in before} == before


def test_its_sessions_are_listed(old: Box) -> None:
    shown = old.ok("sessions", "sprint-12-backend", "PROJ-101", "--json").json
    assert [list(one) for one in shown] == [["phase", "status", "startedAt", "completedAt", "sessionId", "agent"]] * 2
    assert [(one["status"], one["sessionId"][:8]) for one in shown] == [
        ("failure", "1c6b3c7a"),
        ("success", "5b0f2f0e"),
    ]
    assert old.ok("sessions", "sprint-12-backend", "PROJ-102", "--json").json == []


def test_its_half_done_ticket_goes_on_where_it_was(old: Box) -> None:
    """The poll's clock of February counts: its time-out of a hundred years has not run out."""
    (old.root / "trees/PROJ-103").mkdir(parents=True)
    (old.home / "scripts").mkdir()
    (old.home / "scripts/run.sh").write_text('echo "$1 $2" > "$MARKS/args"; echo through\n')
    fake = old.home / "claude"
    fake.write_text("#!/bin/sh\ncat > $HOME/stdin; echo broken output\n")
    fake.chmod(0o755)
    old.write("config.yaml", (old.home / "config.yaml").read_text().replace("command: claude", f"command: {fake}"))
    old.start("run", "sprint-12-backend", "PROJ-103")
    wait_for(lambda: len(old.read("sprint-12-backend", "PROJ-103")["phaseHistory"]) >= 2)
    ticket: dict[str, Any] = old.read("sprint-12-backend", "PROJ-103")
    assert (old.marks / "args").read_text() == f"sam/proj-103-preferences {old.root}/trees/PROJ-103\n"
    assert (ticket["phaseHistory"][1]["phase"], ticket["phaseHistory"][1]["status"]) == ("wait_for_file", "success")
    assert ticket["context"]["script_output"] == "through"
    assert ticket["phaseHistory"][0]["output"] == "ok\n"


def test_steering_keeps_what_it_does_not_know(old: Box) -> None:
    before = old.read("sprint-12-backend", "PROJ-102")
    old.ok("pause", "sprint-12-backend", "PROJ-102")
    after = old.read("sprint-12-backend", "PROJ-102")
    assert (after["status"], after["storyPoints"]) == ("paused", 3)
    assert {key: after[key] for key in before if key != "status"} == {
        key: before[key] for key in before if key != "status"
    }
    assert list(after)[: len(before)] == list(before)
    old.ok("resume", "sprint-12-backend", "PROJ-102")
    assert old.status_of("sprint-12-backend", "PROJ-102") == "ready"
    plan = old.read_plan("hotfix-auth")
    old.ok("resume-plan", "hotfix-auth")
    assert old.read_plan("hotfix-auth") == {**plan, "status": "active"}


def test_its_blocked_ticket_waits_no_more_for_a_complete_one(old: Box) -> None:
    """PROJ-101 is complete, so PROJ-102 may start; its repository is the plan's."""
    shown = old.ok("status", "--plan", "sprint-12-backend").out
    assert "PROJ-102" in shown
    line = next(line for line in shown.splitlines() if line.split()[:1] == ["PROJ-102"])
    assert "waits for" not in line


def test_running_without_an_attempt_in_a_paused_plan_starts_nothing(old: Box) -> None:
    assert "resume-plan" in old.refused("run", "hotfix-auth", "PROJ-200")
    assert old.status_of("hotfix-auth", "PROJ-200") == "running"
