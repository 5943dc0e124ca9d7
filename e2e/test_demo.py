"""`orchestrator demo --agent claude`: the whole plan of the demo, with the real Claude Code.

The model does through the Bash tool what the demo's scripted agent does, its two mistakes included, and says what that
said: the tool inherits the attempt's environment, by which the scripted agent knows its ticket and phase.
"""

from __future__ import annotations

import itertools
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import orchestrator
from e2e.conftest import AgentHome
from e2e.servers.script import Script
from e2e.tickets import COMMAND, carrying, kill_all, show_requests
from tests.waiting import wait_for

AGENT = Path(orchestrator.__file__).parent / "builtin/demo/agent.py"
DEADLINE = 240.0
TICKETS = [f"SHOP-{number}" for number in range(1, 7)]


class Demo:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def histories(self) -> dict[str, list[dict[str, Any]]]:
        files = sorted(self.folder.glob("state/plans/demo/tickets/*.json"))
        return {path.stem: json.loads(path.read_bytes())["phaseHistory"] for path in files}

    def merged(self) -> list[str]:
        """Ticket ids, as the origin has them: a line of commits, those of a ticket side by side."""
        command = ["git", "-C", str(self.folder / "origin.git"), "log", "--format=%s", "main"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        subjects = [line.partition(":")[0] for line in done.stdout.splitlines() if line.startswith("SHOP-")]
        return [ticket for ticket, _ in itertools.groupby(subjects)]

    def processes(self) -> list[int]:
        return carrying(f"ORCHESTRATOR_ATTEMPT_DIR={self.folder}/")


@pytest.fixture
def demo(tmp_path: Path, agent_home: AgentHome) -> Iterator[Demo]:
    demo = Demo(tmp_path / "demo")
    yield demo
    kill_all(demo.processes)
    for path in sorted(demo.folder.glob("logs/demo/*/ticket.log")):
        print(f"--- {path}\n{path.read_text(errors='replace')}")
    show_requests(agent_home.server)


def failed(history: list[dict[str, Any]]) -> list[str]:
    return [entry["phase"] for entry in history if entry["status"] == "failure"]


def test_the_plan_of_the_demo_is_merged_by_a_real_agent(
    demo: Demo, binary: Path, agent_home: AgentHome, script: Script
) -> None:
    script.when("SHOP-").run(f"DEMO_PACE=0 {shlex.join([sys.executable, '-I', '-B', str(AGENT)])}").judge(str)
    env = agent_home.env()
    command = [str(COMMAND), "demo", "--agent", "claude", "--keep", str(demo.folder)]
    ran = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE)
    print(ran.stdout, ran.stderr, sep="\n")
    assert ran.returncode == 0
    assert sorted(demo.merged()) == TICKETS
    rows = [line.split()[:2] for line in ran.stdout.splitlines()]
    assert [row for row in rows if row and row[0] in TICKETS] == [[ticket, "complete"] for ticket in TICKETS]
    histories = demo.histories()
    assert "verify" in failed(histories["SHOP-2"])
    assert "self_review" in failed(histories["SHOP-5"])
    sessions = [entry["sessionId"] for history in histories.values() for entry in history if entry.get("sessionId")]
    assert sorted(sessions) == sorted({asked.session for asked in agent_home.server.asked})
    wait_for(lambda: not demo.processes(), what="the end of every process of an attempt")
