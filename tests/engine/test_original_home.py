"""A home of the original is carried on with: nothing is lost by reading, and it could go back after every save."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

import orchestrator
from orchestrator.adapters.state.index import Index
from orchestrator.core.events import CheckStarted, Dispatched, Grant, PauseRequested, ResumeRequested, SkipRequested
from orchestrator.core.model import Key
from orchestrator.core.settings import Config
from orchestrator.engine.home import Home
from orchestrator.formats.configuration.config import parse_settings
from tests.adapters.shelf import assert_loads_in_the_original

HOME = Path(__file__).parents[1] / "resources/original-home"
BUNDLED = Path(orchestrator.__file__).parent / "builtin"
HOTFIX, BLOCKED, POLLING, DONE = (
    Key("hotfix-auth", "PROJ-200"),
    Key("sprint-12-backend", "PROJ-102"),
    Key("sprint-12-backend", "PROJ-103"),
    Key("sprint-12-backend", "PROJ-101"),
)


@pytest.fixture
def old(tmp_path: Path) -> Home:
    root = tmp_path / "old"
    shutil.copytree(HOME, root)
    for path in root.rglob("*.json"):
        path.write_text(path.read_text().replace("@REPO@", str(tmp_path / "repo")).replace("@WORKTREES@", "/trees"))
    settings = parse_settings((root / "config.yaml").read_text(), "config.yaml").settings
    assert settings is not None
    return Home(
        Config(
            settings=settings, file=str(root / "config.yaml"), home=str(root), state_dir=str(root / "state"),
            log_dir=str(root / "logs"), workflow_path=(str(root / "workflows"), str(BUNDLED / "workflows")),
            prompt_path=(str(root / "prompts"),), script_path=(), skills_path=(),
        )
    )  # fmt: skip


def raw(old: Home, key: Key) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(old.places.ticket_file(key).read_bytes())
    return loaded


def grant() -> Grant:
    return Grant(attempt_id="a1", session="s1")


def test_it_loads_without_a_problem_and_is_not_changed_by_that(old: Home) -> None:
    before = {path: path.read_bytes() for path in Path(old.config.home).rglob("*") if path.is_file()}
    index = Index(old.places)
    index.scan()
    assert (index.problems, set(index.board.tickets)) == ({}, {HOTFIX, BLOCKED, POLLING, DONE})
    assert not index.board.waits_for(BLOCKED)
    assert {path: path.read_bytes() for path in Path(old.config.home).rglob("*") if path.is_file()} == before


def test_running_without_an_attempt_goes_on_in_its_phase_with_its_plans_agent(old: Home) -> None:
    assert old.store.read_plan(HOTFIX.plan).record.status == "paused"
    applied = old.store.apply(HOTFIX, lambda _: Dispatched(at=time.time(), grant=grant()))
    attempt = applied.ticket.attempt
    assert attempt is not None
    assert (attempt.n, attempt.phase, attempt.agent) == (1, "implement", "codex")


def test_the_clock_of_a_poll_goes_on_in_the_users_own_workflow(old: Home) -> None:
    applied = old.store.apply(POLLING, lambda _: CheckStarted(at=time.time()))
    visit = applied.ticket.visit
    assert visit is not None
    assert (visit.phase, visit.started_at) == ("wait_for_file", "2026-02-28T10:01:03.600Z")
    assert raw(old, POLLING)["context"] == {
        "_pollStart_wait_for_file": "2026-02-28T10:01:03.600Z",
        "_pollNextCheck_wait_for_file": "2026-02-28T10:02:03.600Z",
    }


@pytest.mark.parametrize("key", [HOTFIX, BLOCKED, POLLING, DONE], ids=str)
def test_what_is_saved_keeps_every_key_and_could_go_back(old: Home, key: Key) -> None:
    before = raw(old, key)
    old.store.apply(key, lambda t: SkipRequested(at=time.time(), phase="review" if key == POLLING else "implement"))
    old.store.apply(key, lambda _: PauseRequested(at=time.time()))
    old.store.apply(key, lambda _: ResumeRequested(at=time.time()))
    old.store.apply(key, lambda _: Dispatched(at=time.time(), grant=grant()))
    after = raw(old, key)
    assert_loads_in_the_original(after)
    planner = [k for k in before if k not in ("status", "currentPhase", "phaseHistory", "context", "retries", "error")]
    assert {k: after[k] for k in planner} == {k: before[k] for k in planner}
    assert after["phaseHistory"][: len(before["phaseHistory"])] == before["phaseHistory"]
    assert [k for k in after if k in before] == list(before)
    assert after["rev"] == 4


def test_a_plan_keeps_what_somebody_else_put_there(old: Home) -> None:
    path = old.places.plan_file(POLLING.plan)
    before = json.loads(path.read_bytes())
    old.store.apply_plan(POLLING.plan, "pause")
    assert json.loads(path.read_bytes()) == before | {"status": "paused"}
    assert "sprintGoal" in before
