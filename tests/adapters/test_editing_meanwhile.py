"""An editor takes no lock: what it writes between our reading and our writing is not overwritten."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.adapters import files
from orchestrator.adapters.files import TRIES
from orchestrator.core.events import PauseRequested
from orchestrator.errors import NotFoundError, StoreError
from tests.engine.sites import Make, Site, make, replaced

__all__ = ["make"]

Meanwhile = Callable[[Callable[[], object], int], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """What somebody does when ours is written already, but not yet in its place; so many times."""
    fsync = os.fsync

    def when_written(do: Callable[[], object], times: int = 1) -> None:
        left = [do] * times

        def call(fd: int) -> None:
            fsync(fd)
            if left:
                left.pop()()

        monkeypatch.setattr(files.os, "fsync", call)

    return when_written


def pause(site: Site) -> None:
    site.apply(PauseRequested(at=time.time()))


@pytest.mark.parametrize("how", ["in place", "by renaming"])
def test_an_edit_of_a_ticket_is_kept(make: Make, meanwhile: Meanwhile, how: str) -> None:
    site = make()
    edited = json.dumps({**site.raw(), "title": "Edited"})
    meanwhile(lambda: site.file().write_text(edited) if how == "in place" else replaced(site.file(), edited), 1)
    pause(site)
    assert (site.ticket().title, site.ticket().status, site.ticket().rev) == ("Edited", "paused", 1)
    site.assert_sound()


def test_an_edit_of_a_plan_is_kept(make: Make, meanwhile: Meanwhile) -> None:
    site = make()
    meanwhile(lambda: site.plan({"T1": [], "T2": []}), 1)
    site.store.apply_plan("p1", "pause")
    plan = site.store.read_plan("p1").record
    assert (plan.status, [entry.ticket_id for entry in plan.tickets]) == ("paused", ["T1", "T2"])


def test_whether_an_event_is_possible_is_asked_again(make: Make, meanwhile: Meanwhile) -> None:
    site = make()
    meanwhile(lambda: site.edit(status="complete"), 1)
    with pytest.raises(Exception, match="cannot pause"):
        pause(site)
    assert site.ticket().status == "complete"


def test_what_was_deleted_does_not_come_back(make: Make, meanwhile: Meanwhile) -> None:
    site = make()
    meanwhile(site.file().unlink, 1)
    with pytest.raises(NotFoundError):
        pause(site)
    assert not list(site.file().parent.iterdir())


def test_somebody_who_never_stops_writing_is_not_waited_for_for_ever(make: Make, meanwhile: Meanwhile) -> None:
    site = make()
    titles = iter(range(1000))
    meanwhile(lambda: site.edit(title=str(next(titles))), 2 * TRIES)
    with pytest.raises(StoreError, match="somebody else has just changed it"):
        pause(site)
    assert site.raw()["title"] == str(TRIES)
    assert [path.name for path in Path(site.file().parent).iterdir()] == ["T1.json"]
