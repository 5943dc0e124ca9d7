"""Random kills while the demo's plan runs in real worktrees: every ticket complete, merged once, and nobody is left."""

from __future__ import annotations

import json
import random
import subprocess
import time
from itertools import groupby
from pathlib import Path

import pytest

from orchestrator.adapters.attempts import sweep
from orchestrator.core.events import RetryRequested
from orchestrator.core.model import Key
from orchestrator.engine.home import Home
from orchestrator.planner.demo import DemoHome, make_demo
from tests.engine.runner import config_of
from tests.engine.sites import CHAOS, Runner, assert_journal, processes_of
from tests.waiting import let_pass, wait_for

KILLS = 30 if CHAOS else 5
SLOW = 120.0
"""Seconds: git runs hundreds of times, on a machine that may be busy."""


@pytest.mark.parametrize("everything", [False, True], ids=["the daemon", "the daemon and all that it started"])
@pytest.mark.thorough(every=2, more=True)
def test_random_kills_lose_nothing_and_merge_nothing_twice(tmp_path: Path, everything: bool) -> None:
    root = tmp_path / "demo"
    demo = make_demo(root, pace=0.05)
    for _ in range(KILLS):
        daemon = begun(root)
        let_pass(random.random() * 0.6)  # a moment, not a wait
        daemon.kill()
        if everything:
            kill_all(root)
    daemon = begun(root)
    try:
        wait_for(lambda: is_complete(root, demo), SLOW, "a complete plan")
    finally:
        daemon.kill()
        left = processes_of(root / "logs")
        kill_all(root)
    assert not left
    assert_merged_once(root, demo)


def begun(root: Path) -> Runner:
    mark = root / "started"
    mark.unlink(missing_ok=True)
    daemon = Runner([str(root), "daemon", "--lock", "--mark", str(mark)], mark)
    wait_for(mark.exists, what="a daemon")
    return daemon


def kill_all(root: Path) -> None:
    while left := processes_of(root / "logs"):
        sweep.send(left, 9, lambda _: True)


def is_complete(root: Path, demo: DemoHome) -> bool:
    """As a person would: what was lost more than five times is tried again."""
    store, plan = Home(config_of(root)).store, json.loads(plan_file(root, demo).read_text())
    for entry in plan["tickets"]:
        key = Key(demo.plan_id, entry["ticketId"])
        ticket = store.read_ticket(key).record
        assert ticket.status != "failed", ticket.error
        if ticket.status == "needs_attention":
            assert ticket.error is not None
            assert "lost 6 attempts" in ticket.error
            store.apply(key, lambda _: RetryRequested(at=time.time()))
    return bool(plan["status"] == "complete")


def plan_file(root: Path, demo: DemoHome) -> Path:
    return root / "state/plans" / demo.plan_id / "plan.json"


def assert_merged_once(root: Path, demo: DemoHome) -> None:
    store = Home(config_of(root)).store
    names = [entry["ticketId"] for entry in json.loads(plan_file(root, demo).read_text())["tickets"]]
    for name in names:
        assert store.read_ticket(Key(demo.plan_id, name)).record.status == "complete"
        assert_journal(store, Key(demo.plan_id, name))
    assert git(demo.origin, "log", "--merges", "--format=%s", "main") == ""
    subjects = git(demo.origin, "log", "--format=%s", "main").splitlines()[:-1]
    assert len(set(subjects)) == len(subjects), "nothing is there twice"
    assert sorted(ticket for ticket, _ in groupby(subject.split(":")[0] for subject in subjects)) == sorted(names)
    assert git(demo.repo, "worktree", "list").count("\n") == 1
    assert git(demo.origin, "fsck", "--no-dangling", "--no-progress") == ""


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout
