"""The demo: a real project, a plan with a diamond, and an agent that errs where it says and nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
from itertools import groupby
from pathlib import Path

import pytest

from orchestrator.core.model import Plan
from orchestrator.errors import OrchestratorError
from orchestrator.formats.configuration.config import parse_settings
from orchestrator.planner.demo import DemoHome, make_demo
from tests.builtin.scripts import git, run

TICKETS = [f"SHOP-{n}" for n in range(1, 7)]
FIRST_TIME = ["setup", "implement", "self_review"]


@pytest.fixture
def demo(tmp_path: Path) -> DemoHome:
    return make_demo(tmp_path / "dé mo", pace=0)


def agent(demo: DemoHome, ticket: str, phase: str) -> str:
    tree = demo.repo.parent / "worktrees" / ticket
    env = {**os.environ, "ORCHESTRATOR_TICKET": ticket, "ORCHESTRATOR_PHASE": phase, "DEMO_PACE": "0"}
    command = [str(demo.repo.parent / "demo-agent"), "the prompt"]
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def walk(demo: DemoHome, ticket: str) -> list[str]:
    """The phases of workflow local, as its file says; a phase that leads back is marked."""
    tree, branch = demo.repo.parent / "worktrees" / ticket, f"demo/{ticket.lower()}"
    passed: list[str] = []
    phase = "setup"
    for _ in range(40):
        passed.append(phase)
        if phase == "setup":
            assert run("setup-worktree.sh", demo.repo, branch, tree).code == 0
            phase = "implement"
        elif phase == "implement":
            agent(demo, ticket, phase)
            phase = "self_review"
        elif phase == "self_review":
            phase = "verify" if "PASS" in agent(demo, ticket, phase).splitlines() else "implement"
        elif phase == "verify":
            phase = "integrate" if run("verify.sh", tree, cwd=tree).code == 0 else "implement"
        elif phase == "integrate":
            codes = {0: "cleanup", 3: "resolve_conflicts", 4: "verify"}
            phase = codes[run("integrate.sh", demo.repo, branch, tree, ticket, "title", cwd=tree).code]
        elif phase == "resolve_conflicts":
            agent(demo, ticket, phase)
            phase = "verify"
        else:
            assert run("cleanup-worktree.sh", tree, cwd=tree).code == 0
            return passed
    raise AssertionError(passed)


@pytest.mark.thorough
def test_every_ticket_is_merged_once_and_the_agent_errs_where_it_should(demo: DemoHome) -> None:
    passed = {f"SHOP-{n}": walk(demo, f"SHOP-{n}") for n in (6, 1, 5, 3, 2, 4)}
    usual = [*FIRST_TIME, "verify", "integrate", "cleanup"]
    assert {ticket for ticket in TICKETS if passed[ticket] == usual} == set(TICKETS) - {"SHOP-2", "SHOP-5"}
    assert passed["SHOP-2"] == [*FIRST_TIME, "verify", *usual[1:]], "the unit tests catch its rounding"
    assert passed["SHOP-5"] == [*FIRST_TIME, *usual[1:]], "the review rejects a missing docstring"
    assert git(demo.origin, "log", "--merges", "--format=%s", "main") == "", "the history is a line"
    subjects = [subject.partition(":")[0] for subject in git(demo.origin, "log", "--format=%s", "main").splitlines()]
    assert sorted(ticket for ticket, _ in groupby(subjects[:-1])) == TICKETS, "what a ticket did stands together"
    assert run("verify.sh", demo.repo, cwd=demo.repo).code == 0
    assert "NotImplementedError" not in (demo.repo / "shop" / "catalog.py").read_text()


@pytest.mark.thorough
def test_two_tickets_under_way_at_once_change_the_same_file_and_both_arrive(demo: DemoHome) -> None:
    for ticket in ("SHOP-5", "SHOP-6"):
        tree = demo.repo.parent / "worktrees" / ticket
        assert run("setup-worktree.sh", demo.repo, f"demo/{ticket.lower()}", tree).code == 0
        agent(demo, ticket, "implement")
    walk(demo, "SHOP-6")
    assert walk(demo, "SHOP-5")[-5:] == ["verify", "integrate", "verify", "integrate", "cleanup"], "the base had moved"
    catalog = (demo.repo / "shop" / "catalog.py").read_text()
    assert "word.lower()" in catalog
    assert "key=lambda" in catalog


def test_the_agent_asked_again_finds_nothing_to_do(demo: DemoHome) -> None:
    tree = demo.repo.parent / "worktrees" / "SHOP-1"
    run("setup-worktree.sh", demo.repo, "demo/shop-1", tree)
    agent(demo, "SHOP-1", "implement")
    assert "NO_CHANGE_NEEDED: " in agent(demo, "SHOP-1", "implement")


def test_the_agent_goes_on_where_a_killed_one_left_off(demo: DemoHome) -> None:
    tree = demo.repo.parent / "worktrees" / "SHOP-6"
    run("setup-worktree.sh", demo.repo, "demo/shop-6", tree)
    (tree / "tests" / "test_cheapest.py").write_text("half wri")
    (Path(git(tree, "rev-parse", "--absolute-git-dir")) / "index.lock").touch()
    agent(demo, "SHOP-6", "implement")
    assert run("verify.sh", tree, cwd=tree).code == 0


@pytest.mark.thorough
def test_the_agent_resolves_a_conflict_by_doing_its_work_anew(demo: DemoHome) -> None:
    tree = demo.repo.parent / "worktrees" / "SHOP-6"
    run("setup-worktree.sh", demo.repo, "demo/shop-6", tree)
    agent(demo, "SHOP-6", "implement")
    catalog = demo.repo / "shop" / "catalog.py"
    catalog.write_text(catalog.read_text().replace('Error("SHOP-6")', 'Error("later")'))
    git(demo.repo, "commit", "--quiet", "-am", "reword")
    git(demo.repo, "push", "--quiet")
    assert "resolve_conflicts" in walk(demo, "SHOP-6")
    assert "key=lambda" in catalog.read_text()


def test_the_plan_is_a_diamond_and_two_that_depend_on_nothing(demo: DemoHome) -> None:
    plans = demo.repo.parent / "state" / "plans" / demo.plan_id
    plan = json.loads((plans / "plan.json").read_text())
    blocked = {entry["ticketId"]: entry["blockedBy"] for entry in plan["tickets"]}
    assert blocked == {
        "SHOP-1": [], "SHOP-2": ["SHOP-1"], "SHOP-3": ["SHOP-1"], "SHOP-4": ["SHOP-2", "SHOP-3"],
        "SHOP-5": [], "SHOP-6": [],
    }  # fmt: skip
    assert set(plan) <= {"id", "tickets"} | set(Plan.__struct_encode_fields__)
    assert plan["workflow"] == "local"
    for ticket in TICKETS:
        written = json.loads((plans / "tickets" / f"{ticket}.json").read_text())
        assert set(written) == {"planId", "ticketId", "title", "description", "acceptanceCriteria"}
        assert (written["planId"], written["ticketId"]) == ("demo", ticket)


@pytest.mark.parametrize(("chosen", "default"), [(None, "demo"), ("claude", "claude"), ("/x/my agent", "/x/my agent")])
def test_the_config_is_sound_and_names_the_agent(tmp_path: Path, chosen: str | None, default: str) -> None:
    demo = make_demo(tmp_path / "demo", chosen)
    parsed = parse_settings(demo.config_file.read_text(), str(demo.config_file))
    assert parsed.problems == ()
    assert parsed.settings is not None
    assert parsed.settings.default_agent == default
    assert default in parsed.settings.agents


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(OrchestratorError, match="not empty"):
        make_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
