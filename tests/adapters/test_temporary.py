"""Folders for temporary files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from orchestrator.adapters.attempts import temporary
from orchestrator.core.model import Key
from tests.waiting import wait_for

KEY = Key("p", "T-1")


@pytest.fixture
def system(temporary: Path) -> Path:
    """A system's folder that is short enough."""
    folder = temporary / os.urandom(3).hex()
    folder.mkdir()
    return folder


def made(system: Path, state: Path, key: Key = KEY) -> Path:
    folder = temporary.folder_of({"TMPDIR": str(system)}, state, key)
    temporary.make(folder)
    return folder


def test_each_ticket_has_one_of_its_own_that_nobody_else_can_enter(system: Path, tmp_path: Path) -> None:
    mine, other, elsewhere = (
        made(system, tmp_path),
        made(system, tmp_path, Key("p", "T-2")),
        made(system, tmp_path / "x"),
    )
    assert len({mine, other, elsewhere}) == 3
    assert mine == made(system, tmp_path)
    for folder in (mine, mine.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(temporary.of_state({"TMPDIR": str(system)}, tmp_path)) == sorted([mine, other])


def test_its_path_leaves_room_for_a_socket_also_where_the_systems_is_long(system: Path, tmp_path: Path) -> None:
    long = tmp_path / ("l" * 60)
    long.mkdir()
    for asked in (system, long, "relative", "/nowhere/at/all"):
        folder = temporary.folder_of({"TMPDIR": str(asked)}, tmp_path, KEY)
        assert len(str(folder)) <= 75 and folder.is_absolute()
    assert made(system, tmp_path).is_relative_to(system)


def test_a_link_in_its_place_is_not_followed(system: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (system / f"orchestrator-{os.getuid()}").symlink_to(target)
    folder = made(system, tmp_path / "state")
    assert folder.is_relative_to(tmp_path / "state") and not list(target.iterdir())
    assert list(temporary.of_state({"TMPDIR": str(system)}, tmp_path / "state")) == [folder]


def test_one_that_others_may_write_into_is_closed(system: Path, tmp_path: Path) -> None:
    parent = system / f"orchestrator-{os.getuid()}"
    parent.mkdir()
    parent.chmod(0o777)
    assert made(system, tmp_path).parent == parent
    assert stat.S_IMODE(parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_one_of_somebody_else_is_not_used(system: Path, tmp_path: Path) -> None:
    parent = system / f"orchestrator-{os.getuid()}"
    parent.mkdir()
    os.chown(parent, 12345, 12345)
    assert made(system, tmp_path / "state").is_relative_to(tmp_path / "state")


def test_what_is_not_there_is_not_removed_either_when_it_comes_later(
    system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, removed = made(system, tmp_path), []
    folder.rmdir()
    monkeypatch.setattr(temporary, "remove", lambda folder, wait=False: removed.append(folder))
    temporary.forget(folder, whole=True)
    assert removed == []


def test_an_empty_one_goes_and_one_with_files_only_when_it_is_told_so(system: Path, tmp_path: Path) -> None:
    folder = made(system, tmp_path)
    temporary.forget(folder, whole=False)
    assert not folder.exists()
    temporary.forget(folder, whole=True)
    (made(system, tmp_path) / "file").touch()
    temporary.forget(folder, whole=False)
    assert (folder / "file").exists()
    (folder / "closed").mkdir()
    (folder / "closed" / "file").touch()
    (folder / "closed").chmod(0o500)
    temporary.forget(folder, whole=True)
    assert not folder.exists(), "it is out of the way at once"
    wait_for(lambda: not list(folder.parent.iterdir()))
