"""Who is next is written down as ready; what cannot be written, or is so no longer, is not asked for over and over."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestrator.core.model import Status
from orchestrator.engine.attend import Attendance
from orchestrator.engine.desk import Desk, Mode
from orchestrator.engine.home import Home
from orchestrator.errors import StoreError
from tests.adapters.shelf import KEY, Shelf, config_of


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, status="queued")


def desk_of(shelf: Shelf, mode: Mode = Mode.TICK) -> Desk:
    async def made() -> Desk:
        only = (KEY, None) if mode is Mode.RUN else None
        return Desk(Home(config_of(shelf.places.home)), mode, only)  # type: ignore[arg-type]

    desk = asyncio.run(made())
    desk.sight.begin()
    return desk


def test_who_waits_for_no_blocker_is_written_down_as_ready(shelf: Shelf) -> None:
    attendance = Attendance(desk_of(shelf))
    assert attendance.unblock_due() is not None
    attendance.unblock()
    assert shelf.raw()["status"] == "ready"
    assert attendance.unblock_due() is None


def test_an_edit_that_nobody_told_of_is_seen_when_it_is_met(shelf: Shelf) -> None:
    desk = desk_of(shelf)
    attendance = Attendance(desk)
    shelf.write({**shelf.raw(), "status": "paused"})
    attendance.unblock()
    assert desk.board.tickets[KEY].status is Status.PAUSED
    assert attendance.unblock_due() is None


@pytest.mark.parametrize("mode", list(Mode))
def test_what_cannot_be_saved_is_left_alone_for_a_while(
    shelf: Shelf, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of(shelf, mode)
    attendance = Attendance(desk)

    def full(*_: object, **__: object) -> None:
        raise StoreError("no space left on device")

    monkeypatch.setattr(desk.home.store, "apply", full)
    attendance.unblock()
    assert KEY in desk.foreign
    assert attendance.unblock_due() is None
