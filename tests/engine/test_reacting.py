"""What people and their programs write while a runner works counts at once, however they save it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.core.model import Key
from orchestrator.engine import dispatch
from tests.engine.sites import Make, Site, make, one_phase, replaced
from tests.waiting import let_pass, wait_for

pytestmark = pytest.mark.thorough(every=2)

__all__ = ["make"]

SOON = 8.0
"""Much less than the fallback (a minute), so that a reaction shows that the change was told; much more than needed."""


@pytest.fixture
def site(make: Make) -> Site:
    return make(one_phase(), poll_interval=60)


# -- ways to save -----------------------------------------------------------------------------------------------------


def in_place_slowly(path: Path, text: str) -> None:
    """Truncate, write, and write the rest later."""
    with path.open("w") as stream:
        stream.flush()
        let_pass(0.15)
        stream.write(text[:50])
        stream.flush()
        let_pass(0.15)
        stream.write(text[50:])


def as_vim_does(path: Path, text: str) -> None:
    """A probe whether the folder can be written, the old file set aside, a new one written, the old one removed."""
    probe, swap, backup = path.with_name("4913"), path.with_name(f".{path.name}.swp"), path.with_name(f"{path.name}~")
    swap.touch()
    probe.touch()
    probe.unlink()
    path.rename(backup)
    let_pass(0.05)
    path.write_text(text)
    backup.unlink()
    swap.unlink()


def as_sed_does(path: Path, text: str) -> None:
    temporary = path.with_name("sedAb12Cd")
    temporary.write_text(text)
    temporary.replace(path)


def by_deleting_first(path: Path, text: str) -> None:
    path.unlink()
    let_pass(0.05)
    path.write_text(text)


SAVES: dict[str, Callable[[Path, str], None]] = {
    "T1": in_place_slowly, "T2": as_vim_does, "T3": as_sed_does, "T4": by_deleting_first, "T5": replaced,
}  # fmt: skip


@pytest.fixture
def edited(make: Make) -> Site:
    """One ticket for each way to save; all of them run."""
    site = make(one_phase(), {name: [] for name in SAVES}, poll_interval=60, max_concurrency=9)
    site.hold("work")
    site.daemon()
    wait_for(lambda: len(site.ran()) == len(SAVES), what="a run of each")
    return site


def test_however_an_editor_saves_nothing_stops_and_nothing_is_seen_as_broken(edited: Site) -> None:
    plan = edited.root / "state/plans/p1/plan.json"
    for name, save in SAVES.items():
        key = Key("p1", name)
        for n in range(2):
            save(edited.file(key), json.dumps(edited.raw(key) | {"title": f"Title {n}"}, indent=2))
        save(plan, json.dumps(json.loads(plan.read_text()) | {"by": name}, indent=2))
    edited.free("work")
    wait_for(lambda: edited.store.read_plan("p1").record.status == "complete", what="a complete plan")
    assert {edited.raw(Key("p1", name))["title"] for name in SAVES} == {"Title 1"}
    assert json.loads(plan.read_text())["by"] == "T5"
    assert len(edited.ran()) == len(SAVES)
    assert not edited.events("held")
    assert not edited.events("stopping")
    edited.assert_sound()


def test_however_it_is_saved_it_counts_soon(edited: Site) -> None:
    def set_status(status: str) -> None:
        for name, save in SAVES.items():
            save(edited.file(Key("p1", name)), json.dumps(edited.raw(Key("p1", name)) | {"status": status}, indent=2))

    set_status("paused")
    wait_for(lambda: not edited.left(), SOON, "the end of the programs")
    tickets = [Key("p1", name) for name in SAVES]
    wait_for(lambda: all(edited.ticket(key).attempt is None for key in tickets), SOON)
    assert {(edited.ticket(key).status, edited.ticket(key).current_phase) for key in tickets} == {("paused", "work")}
    edited.free("work")
    set_status("ready")
    wait_for(lambda: {edited.ticket(key).status for key in tickets} == {"complete"}, SOON)
    assert {edited.ticket(key).retries.get("work", 0) for key in tickets} == {0}
    edited.assert_sound()


# -- what appears -----------------------------------------------------------------------------------------------------


def test_a_folder_is_a_plan_as_soon_as_it_has_its_plan_json(site: Site) -> None:
    site.daemon()
    wait_for(lambda: site.ticket().status == "complete")
    site.plan({"X": []}, "p2")
    wait_for(lambda: site.ticket(Key("p2", "X")).status == "complete", SOON)
    folder = site.root / "state/plans/p3"
    (folder / "tickets").mkdir(parents=True)
    (folder / "tickets/Y.json").write_text(json.dumps({"planId": "p3", "ticketId": "Y", "status": "ready"}))
    site.plan({"Z": []}, "p4")
    wait_for(lambda: site.ticket(Key("p4", "Z")).status == "complete", SOON, "that the daemon has looked")
    assert site.ticket(Key("p3", "Y")).rev == 0, "no plan yet"
    site.plan({"Y": []}, "p3")
    wait_for(lambda: site.ticket(Key("p3", "Y")).status == "complete", SOON)
    assert not site.events("held")


def test_a_ticket_that_its_plan_waited_for_is_walked_when_it_appears(site: Site) -> None:
    content = site.file().read_text()
    site.file().unlink()
    site.plan({"T0": []}, "p0")
    site.daemon()
    wait_for(lambda: site.ticket(Key("p0", "T0")).status == "complete")
    assert site.store.read_plan("p1").record.status == "active"
    site.file().write_text(content)
    wait_for(lambda: site.store.read_plan("p1").record.status == "complete", SOON)


def test_an_ending_by_hand_stops_the_attempt_and_stays(make: Make) -> None:
    endings = {"T1": "complete", "T2": "failed", "T3": "needs_attention"}
    site = make(one_phase(), {name: [] for name in endings}, poll_interval=60)
    site.hold("work")
    site.daemon()
    wait_for(lambda: len(site.ran()) == 3)
    for name, status in endings.items():
        site.edit(Key("p1", name), status=status)
    wait_for(lambda: not site.left(), SOON)
    wait_for(lambda: not any(site.ticket(Key("p1", name)).attempt for name in endings), SOON)
    for name, status in endings.items():
        ticket = site.ticket(Key("p1", name))
        assert (ticket.status, ticket.retries.get("work", 0)) == (status, 0)


def test_a_phase_that_is_set_by_hand_is_a_skip_whose_old_outcome_does_not_count(make: Make) -> None:
    site = make(poll_interval=60)
    site.hold("two")
    site.daemon()
    wait_for(lambda: site.ticket().current_phase == "two")
    wait_for(lambda: len(site.ran()) == 2)
    site.edit(currentPhase="three", retries={"two": 1, "three": 4})
    wait_for(lambda: site.ticket().status == "complete", SOON)
    assert site.history() == [("one", "success"), ("two", "skipped"), ("three", "success"), ("done", "success")]
    assert set(site.ticket().retries.values()) <= {0}
    site.assert_sound()


# -- old copies -------------------------------------------------------------------------------------------------------


def test_an_old_copy_that_pauses_stops_what_runs_now(make: Make) -> None:
    site = make(poll_interval=60)
    site.hold("one")
    site.hold("two")
    site.daemon()
    wait_for(lambda: len(site.ran()) == 1)
    old = site.raw()
    site.free("one")
    wait_for(lambda: len(site.ran()) == 2)
    replaced(site.file(), json.dumps(old | {"status": "paused"}))
    wait_for(lambda: not site.left(), SOON)
    wait_for(lambda: site.ticket().attempt is None, SOON)
    assert (site.ticket().status, site.ticket().current_phase) == ("paused", "two")
    assert site.history() == [("one", "success")]
    assert site.events("stale_write")
    site.assert_sound()


@pytest.mark.parametrize("status", ["queued", "paused", "complete"])
def test_an_old_copy_that_was_written_while_nobody_looked_loses_no_attempt(make: Make, status: str) -> None:
    site = make(poll_interval=60)
    old = site.raw()
    site.hold("two")
    daemon = site.daemon()
    wait_for(lambda: len(site.ran()) == 2)
    daemon.kill()
    replaced(site.file(), json.dumps(old | {"status": status, "title": "New"}))
    site.daemon()
    wait_for(lambda: site.raw().get("rev"), SOON, "the merged file")
    if status == "queued":
        wait_for(lambda: site.events("adopted"), SOON)
        site.free("two")
        wait_for(lambda: site.ticket().status == "complete", SOON)
        assert len(site.ran()) == 3
    else:
        wait_for(lambda: not site.left(), SOON, "the end of what nobody asks for")
        wait_for(lambda: site.ticket().attempt is None, SOON)
        assert (site.ticket().status, site.ticket().current_phase) == (status, "two")
    assert site.ticket().title == "New"
    site.assert_sound()


def test_a_ticket_that_is_deleted_and_made_anew_begins_anew(make: Make) -> None:
    site = make(poll_interval=60)
    content = site.file().read_text()
    site.hold("two")
    site.daemon()
    wait_for(lambda: len(site.ran()) == 2)
    site.file().unlink()
    wait_for(lambda: not site.left(), SOON)
    wait_for(lambda: '"kind":"deleted"' in (site.root / "logs/p1/T1/journal.jsonl").read_text(), SOON)
    site.file().write_text(content)
    site.free("two")
    wait_for(lambda: site.ticket().status == "complete", SOON)
    assert [(run.n, run.phase) for run in site.ran()] == [(1, "one"), (2, "two"), (3, "one"), (4, "two"), (5, "three")]


def test_a_ticket_that_its_plan_no_longer_lists_ends_its_attempt_and_begins_no_other(make: Make) -> None:
    site = make(poll_interval=60)
    site.hold("one")
    site.daemon()
    wait_for(lambda: site.ran())
    site.plan({})
    site.plan({"X": []}, "p2")
    wait_for(lambda: [run for run in site.ran() if run.ticket == "X"], SOON, "that the daemon has looked")
    site.free("one")
    wait_for(lambda: site.ticket().attempt is None and site.ticket().phase_history, SOON)
    assert (site.ticket().status, site.ticket().current_phase) == ("ready", "two")
    wait_for(lambda: site.ticket(Key("p2", "X")).status == "complete", SOON)
    site.plan({"T1": []})
    wait_for(lambda: site.ticket().status == "complete", SOON)
    assert len([run for run in site.ran() if run.ticket == "T1"]) == 3
    site.assert_sound()


def test_the_first_of_many_tickets_starts_before_all_others_are_written_down_as_ready(make: Make) -> None:
    site = make(one_phase(), max_concurrency=1)
    site.plan({f"T{n}": [] for n in range(1, 301)})
    site.hold("work")
    site.daemon()
    wait_for(site.ran, what="a program that runs")
    assert sum(site.ticket(key).rev > 0 for key in site.every()) < 150


def test_who_waits_for_no_blocker_is_ready_while_all_slots_are_taken(make: Make) -> None:
    site = make(one_phase(), max_concurrency=1)
    site.plan({"T1": [], "T2": [], "T3": ["T2"]})
    site.hold("work")
    site.daemon()
    wait_for(lambda: site.ticket(Key("p1", "T2")).status == "ready")
    assert site.ticket(Key("p1", "T1")).status == "running"
    assert site.ticket(Key("p1", "T3")).status == "queued"


def test_many_tickets_that_end_at_once_keep_nobody_else_waiting(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "TURN_SECONDS", 0.0)
    site = make(one_phase(), max_concurrency=1)
    site.plan({f"T{n}": [] for n in range(1, 6)}, workflow="none")
    site.tick()
    assert {site.ticket(key).status for key in site.every()} == {"failed"}
