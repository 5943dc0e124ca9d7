"""Files that somebody changes, breaks or removes while their ticket is walked, or while nobody looks."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from orchestrator.adapters.state.store import Store
from orchestrator.core.events import AttemptEnded, SkipRequested
from orchestrator.core.model import Plan
from orchestrator.core.outcome import Outcome, OutcomeKind
from orchestrator.engine import desk
from tests.engine.sites import POLLING, THREE_PHASES, Make, Site, make, one_phase, replaced
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

__all__ = ["make"]

HISTORY = [("one", "success"), ("two", "success"), ("three", "success"), ("done", "success")]


def completes(site: Site) -> None:
    wait_for(lambda: site.ticket().status == "complete", what="a complete ticket")
    assert site.history() == HISTORY
    site.assert_sound()


def runs(site: Site, phase: str) -> None:
    wait_for(lambda: any(run.phase == phase for run in site.ran()), what=f"a run of {phase}")


# -- while it runs ----------------------------------------------------------------------------------------------------


def test_an_attempt_that_is_edited_away_goes_on_and_its_result_is_used(make: Make) -> None:
    site = make()
    site.hold("two")
    site.daemon()
    runs(site, "two")
    site.edit(attempt=None, attempts=None)
    wait_for(lambda: site.ticket().attempt is not None, what="the attempt put back")
    site.free("two")
    completes(site)
    assert len(site.ran()) == 3


def test_a_write_from_an_old_copy_takes_nothing_back(make: Make) -> None:
    site = make()
    old = json.loads(site.file().read_text())
    site.hold("two")
    site.daemon()
    runs(site, "two")
    replaced(site.file(), json.dumps({**old, "title": "Another title"}))
    wait_for(lambda: site.ticket().attempt is not None, what="the attempt put back")
    site.free("two")
    completes(site)
    assert len(site.ran()) == 3
    assert site.ticket().title == "Another title"


@pytest.mark.parametrize("gone", ["ticket", "plan", "folder"])
def test_what_is_deleted_while_it_runs_is_stopped(make: Make, gone: str) -> None:
    site = make(poll_interval=60)
    site.hold("two")
    site.daemon()
    runs(site, "two")
    folder = site.root / "state/plans/p1"
    if gone == "folder":
        folder.rename(site.root / "elsewhere")
    else:
        (site.file() if gone == "ticket" else folder / "plan.json").unlink()
    wait_for(lambda: not site.left(), what="the end of the program")
    if gone == "plan":
        wait_for(lambda: site.ticket().attempt is None)
        assert (site.ticket().status, site.ticket().current_phase) == ("ready", "two")


def test_a_file_that_is_replaced_by_deleting_it_first_stops_nothing(make: Make) -> None:
    site = make()
    site.hold("two")
    site.daemon()
    runs(site, "two")
    content = site.file().read_bytes()
    site.file().unlink()
    site.file().write_bytes(content)
    site.free("two")
    completes(site)
    assert len(site.ran()) == 3


@pytest.mark.parametrize("restarted", [False, True])
def test_an_outcome_waits_for_a_file_that_cannot_be_read(make: Make, restarted: bool) -> None:
    site = make(one_phase())
    site.hold("work")
    daemon = site.daemon()
    runs(site, "work")
    content = site.file().read_text()
    site.file().write_text(content[:80])
    site.free("work")
    wait_for(lambda: site.events("outcome_waits"), what="an outcome that waits")
    if restarted:
        daemon.kill()
        held = len(site.events("held"))
        daemon = site.daemon()
        wait_for(lambda: len(site.events("held")) > held)
    site.file().write_text(content)
    wait_for(lambda: site.ticket().status == "complete", what="a complete ticket")
    assert len(site.ran()) == 1
    assert site.lines("captures") == ["counted"]
    site.assert_sound()


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.thorough(every=2)
def test_with_a_broken_plan_what_runs_goes_on_and_nothing_begins(make: Make, restarted: bool) -> None:
    site = make()
    site.hold("one")
    daemon = site.daemon()
    runs(site, "one")
    path = site.root / "state/plans/p1/plan.json"
    content = path.read_text()
    path.write_text(content[:50])
    wait_for(lambda: site.events("held"))
    if restarted:
        daemon.kill()
        daemon = site.daemon()
        wait_for(lambda: len(site.events("held")) == 2)
    assert len(site.left()) > 0
    site.free("one")
    wait_for(lambda: not site.left(), what="the end of the program")
    assert len(site.ran()) == 1
    path.write_text(content)
    completes(site)
    assert len(site.ran()) == 3


@pytest.mark.parametrize("how", ["plan paused", "paused", "skipped", "moved by hand"])
def test_a_check_that_is_no_longer_asked_for_is_ended(make: Make, how: str) -> None:
    site = make(POLLING, poll_interval=60)
    site.hold("ask")
    site.daemon()
    runs(site, "ask")
    if how == "plan paused":
        site.plan({"T1": []}, status="paused")
    elif how == "paused":
        site.edit(status="paused")
    elif how == "skipped":
        site.apply(SkipRequested(at=0, phase="after"))
    else:
        site.edit(currentPhase="after")
    if how in ("skipped", "moved by hand"):
        wait_for(lambda: site.ticket().status == "complete", what="a complete ticket")
        assert [run.phase for run in site.ran()] == ["ask", "after"]
    else:
        wait_for(lambda: not site.left(), what="the end of the check")
        assert site.ticket().status == ("paused" if how == "paused" else "ready")
    assert site.ran()[0].ended is False
    if how != "paused":  # what was edited by hand is in the journal only with the next save
        site.assert_sound()


# -- while nobody looks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "status", "phase"),
    [
        ({"status": "paused"}, "paused", "two"),
        ({"status": "complete"}, "complete", "two"),
        ({"status": "ready"}, "complete", "done"),
        ({"status": "queued"}, "complete", "done"),
        ({"currentPhase": "three"}, "complete", "done"),
        ({"currentPhase": "three", "status": "paused"}, "paused", "three"),
    ],
)
@pytest.mark.thorough(every=2)
def test_what_was_edited_while_no_runner_lived_counts(
    make: Make, edit: dict[str, Any], status: str, phase: str
) -> None:
    site = make()
    site.hold("two")
    daemon = site.daemon()
    runs(site, "two")
    daemon.kill()
    site.edit(**edit)
    site.daemon()
    if edit.get("status") in ("ready", "queued"):
        wait_for(lambda: site.events("adopted"))
        site.free("two")
    wait_for(lambda: site.ticket().status == status and site.ticket().attempt is None, what=f"a {status} ticket")
    assert site.ticket().current_phase == phase
    two = [entry for entry in site.history() if entry[0] == "two"]
    moved = "currentPhase" in edit
    assert two == ([("two", "skipped")] if moved else [("two", "success")] if phase == "done" else [])
    assert "lost" not in {line["outcome"] for line in site.events("ended")}
    site.assert_sound()


# -- between two looks ------------------------------------------------------------------------------------------------


def test_an_attempt_that_another_runner_has_just_ended_is_not_begun(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make()
    site.crash("orchestrator.engine.walk:start before 1")
    opened, take = site.ticket().attempt, desk.try_lock
    assert opened is not None

    def ended_meanwhile(path: Any) -> Any:
        if site.ticket().attempt == opened:
            stopped = Outcome(kind=OutcomeKind.STOPPED, reason="by another")
            site.apply(AttemptEnded(at=time.time(), attempt_id=opened.id, outcome=stopped))
        return take(path)

    monkeypatch.setattr(desk, "try_lock", ended_meanwhile)
    site.settle(lambda: site.ticket().status == "complete")
    assert [run.n for run in site.ran()] == [2, 3, 4]


def test_a_plan_is_not_completed_over_a_ticket_that_was_steered_meanwhile(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make()
    complete = Store.apply_plan

    def steered_meanwhile(store: Store, plan_id: str, event: Any, *args: Any, **kwargs: Any) -> Plan:
        monkeypatch.setattr(Store, "apply_plan", complete)
        site.apply(SkipRequested(at=time.time(), phase="three"))
        return complete(store, plan_id, event, *args, **kwargs)

    monkeypatch.setattr(Store, "apply_plan", steered_meanwhile)
    site.tick()
    assert site.store.read_plan("p1").record.status == "active" or site.ticket().status == "complete"
    site.settle(lambda: site.store.read_plan("p1").record.status == "complete")
    assert [run.phase for run in site.ran()] == ["one", "two", "three", "three"]


def test_the_workflow_of_a_running_attempt_may_break(make: Make) -> None:
    site = make()
    site.hold("two")
    site.daemon()
    runs(site, "two")
    (site.root / "workflows/w.yaml").write_text("name: w\nphases: [")
    wait_for(lambda: site.events("workflow_broken"))
    site.free("two")
    completes(site)
    (site.root / "workflows/w.yaml").write_text(THREE_PHASES)
