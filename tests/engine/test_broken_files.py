"""A file that cannot be used holds its own ticket or plan and nothing else, and is never taken for absent."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.model import Key
from tests.engine.sites import Make, Site, make, one_phase, replaced
from tests.waiting import wait_for

__all__ = ["make"]

BROKEN: dict[str, Callable[[Path, dict[str, Any]], object]] = {
    "truncated": lambda path, raw: path.write_text(json.dumps(raw)[:60]),
    "wrong type": lambda path, raw: path.write_text(json.dumps(raw | {"context": 7})),
    "not UTF-8": lambda path, raw: path.write_bytes(json.dumps(raw).encode() + b"\xff"),
    "empty": lambda path, raw: path.write_text(""),
    "of another ticket": lambda path, raw: path.write_text(json.dumps(raw | {"ticketId": "T9"})),
    "a folder": lambda path, raw: (path.unlink(), path.mkdir()),
    "a link to itself": lambda path, raw: (path.unlink(), path.symlink_to(path.name)),
}


def mend(path: Path, raw: dict[str, Any]) -> None:
    if path.is_dir():
        path.rmdir()
    replaced(path, json.dumps(raw))


@pytest.fixture
def site(make: Make) -> Site:
    return make(one_phase(), {"T1": [], "T2": ["T1"], "T3": []}, poll_interval=60)


def test_each_kind_of_broken_ticket_is_told_and_left_as_it_is_while_all_else_goes_on(make: Make) -> None:
    names = {f"B{i}": how for i, how in enumerate(BROKEN)}
    site = make(one_phase(), {n: [] for n in names} | {"T1": [], "T2": ["T1"]} | {f"D{n}": [n] for n in names})
    before = {}
    for name, how in names.items():
        path = site.file(Key("p1", name))
        BROKEN[how](path, json.loads(path.read_text()))
        before[name] = path.read_bytes() if path.is_file() else path.lstat().st_ino
    site.daemon()
    wait_for(lambda: site.ticket(Key("p1", "T2")).status == "complete", what="what does not depend on them")
    wait_for(lambda: len(site.events("held")) == len(names), what="every one of them told")
    told = {line["ticket"]: line for line in site.events("held")}
    assert told.keys() == names.keys()
    for name, line in told.items():
        path = site.file(Key("p1", name))
        assert str(path) in line["reason"]
        assert (path.read_bytes() if path.is_file() else path.lstat().st_ino) == before[name]
        assert site.ticket(Key("p1", f"D{name}")).status == "queued", "a blocker that cannot be read is not complete"
    assert site.store.read_plan("p1").record.status == "active"
    assert {run.ticket for run in site.ran()} == {"T1", "T2"}


def test_running_attempts_go_on_and_their_outcomes_wait_until_the_files_are_mended(make: Make) -> None:
    names = {f"B{i}": how for i, how in enumerate(BROKEN)}
    site = make(one_phase(), {n: [] for n in (*names, "T1")} | {"T2": ["B0"]}, poll_interval=60, max_concurrency=20)
    site.hold("work")
    site.daemon()
    wait_for(lambda: {run.ticket for run in site.ran()} == {*names, "T1"})
    raws = {name: site.raw(Key("p1", name)) for name in names}
    for name, how in names.items():
        BROKEN[how](site.file(Key("p1", name)), raws[name])
    wait_for(lambda: len(site.events("held")) == len(names), what="that it is told")
    site.free("work")
    wait_for(lambda: len(site.events("outcome_waits")) == len(names), what="outcomes that wait")
    wait_for(lambda: site.ticket().status == "complete", what="the other")
    assert site.ticket(Key("p1", "T2")).status == "queued"
    for name, raw in raws.items():
        mend(site.file(Key("p1", name)), raw | {"title": "Mended"})
    wait_for(lambda: site.store.read_plan("p1").record.status == "complete", what="all of it")
    assert {site.raw(Key("p1", name))["title"] for name in names} == {"Mended"}
    assert sorted(run.ticket for run in site.ran()) == sorted([*names, "T1", "T2"])
    assert len(site.events("usable_again")) == len(names)
    site.assert_sound()


@pytest.mark.skipif(os.geteuid() == 0, reason="permission bits do not bind root")
def test_a_ticket_that_may_not_be_read_is_held(site: Site) -> None:
    site.file().chmod(0)
    site.daemon()
    wait_for(lambda: site.events("held"))
    assert "Permission denied" in site.events("held")[0]["reason"]
    site.file().chmod(0o644)
    wait_for(lambda: site.ticket().status == "complete")


def test_a_complete_ticket_that_breaks_does_not_complete_its_plan_nor_free_its_dependents(site: Site) -> None:
    site.edit(status="complete", currentPhase="done")
    site.edit(Key("p1", "T3"), status="paused")
    site.edit(Key("p1", "T2"), status="paused")
    raw = site.raw()
    site.file().write_text("{")
    site.daemon()
    wait_for(lambda: site.events("held"))
    site.edit(Key("p1", "T2"), status="queued")
    site.edit(Key("p1", "T3"), status="complete")
    site.plan({"T1": [], "T3": []}, "p1")
    site.plan({"X": ["p1/T1"]}, "p2")
    site.plan({"Y": ["p1/T3"]}, "p3")
    wait_for(lambda: site.ticket(Key("p3", "Y")).status == "complete", what="that the daemon has looked")
    assert site.store.read_plan("p1").record.status == "active"
    assert site.ticket(Key("p2", "X")).status == "queued"
    mend(site.file(), raw)
    wait_for(lambda: site.store.read_plan("p1").record.status == "complete")
    wait_for(lambda: site.ticket(Key("p2", "X")).status == "complete")


def test_a_broken_plan_holds_itself_and_a_mended_one_goes_on(site: Site) -> None:
    site.plan({"X": []}, "p2")
    path = site.root / "state/plans/p1/plan.json"
    raw = json.loads(path.read_text())
    path.write_text(json.dumps(raw | {"tickets": [{"order": 1}]}, indent=2))
    site.daemon()
    wait_for(lambda: site.events("held"))
    (line,) = site.events("held")
    assert line["plan"] == "p1"
    assert f"{path}:" in line["reason"]
    assert "ticketId is missing" in line["reason"]
    wait_for(lambda: site.ticket(Key("p2", "X")).status == "complete")
    assert {run.ticket for run in site.ran()} == {"X"}
    mend(path, raw)
    wait_for(lambda: site.store.read_plan("p1").record.status == "complete")
    site.assert_sound()


def test_an_outcome_waits_for_its_plan_to_be_mended(site: Site) -> None:
    site.hold("work")
    site.daemon()
    wait_for(lambda: {run.ticket for run in site.ran()} == {"T1", "T3"})
    path = site.root / "state/plans/p1/plan.json"
    raw = json.loads(path.read_text())
    path.write_text("{")
    wait_for(lambda: site.events("held"))
    site.free("work")
    wait_for(lambda: {line["ticket"] for line in site.events("outcome_waits")} == {"T1", "T3"})
    assert str(path) in site.events("outcome_waits")[0]["reason"]
    assert site.ticket().attempt is not None
    mend(path, raw)
    wait_for(lambda: site.store.read_plan("p1").record.status == "complete")
    assert len(site.ran()) == 3
    site.assert_sound()
