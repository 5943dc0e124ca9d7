"""Plans that come and go under a daemon's eyes: it sees whole ones, or none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.kit import Site
from tests.waiting import wait_for

WHOLE = """
name: whole
phases:
  - {id: look, type: script, command: look.sh, onSuccess: done}
  - {id: done, type: terminal}
"""
LOOK = """\
#!/bin/sh
# says so if the plan whose ticket it walks is not whole
cd '@/state/plans/'"$ORCHESTRATOR_PLAN" || exit 0
[ -e plan.json ] && [ "$(ls tickets/*.json | wc -l)" = 4 ] || echo "$ORCHESTRATOR_PLAN" >> '@/half'
echo . >> '@/looks'
"""


def traffic(site: Site, processes: int, each: int) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.cli.plan_traffic", str(site.root / "config.yaml")]
    running = [subprocess.Popen([*command, f"p{n}", str(each)], cwd=root) for n in range(processes)]
    assert [one.wait(120) for one in running] == [0] * processes


def daemon_that_watches(site: Site, processes: int, each: int) -> list[dict[str, object]]:
    site.config(pollInterval=1, grace=0.3, maxConcurrency=4)
    site.workflow("whole", WHOLE)
    site.script("look.sh", LOOK)
    (site.root / "state/plans/stays").mkdir()
    daemon = site.daemon()
    traffic(site, processes, each)
    site.plan({"id": "T-1"}, plan="last")
    wait_for(lambda: site.ticket("T-1", "last").get("status") == "complete", what="the daemon goes on")
    assert daemon.poll() is None
    return [json.loads(line) for line in (site.root / "logs/orchestrator.log").read_text().splitlines()]


def is_right(site: Site, lines: list[dict[str, object]], plans: int) -> None:
    assert [line for line in lines if line.get("level") not in ("info", "debug")] == []
    assert sum(line.get("event") == "plan_removed" for line in lines) == plans
    assert not (site.root / "half").exists()
    assert {one.name for one in (site.root / "state/plans").iterdir()} == {"stays", "last"}
    assert not list((site.root / "state/archive").iterdir())


def test_a_daemon_never_sees_half_of_a_plan_that_comes_or_goes(site: Site) -> None:
    is_right(site, daemon_that_watches(site, 2, 4), 8)
    assert (site.root / "looks").exists()


@pytest.mark.thorough
def test_nor_when_fifty_come_and_go_at_once(site: Site) -> None:
    is_right(site, daemon_that_watches(site, 5, 10), 50)
