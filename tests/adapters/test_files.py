"""Writes are atomic and whole; locks are held by one, freed by death, and never unlinked."""

from __future__ import annotations

import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from orchestrator.adapters import files
from orchestrator.adapters.files import (
    ChangedError,
    is_locked,
    lock,
    locked,
    read_note,
    read_whole,
    try_lock,
    write_atomically,
)
from orchestrator.errors import StoreError, UnreadableError
from tests.waiting import wait_for

FORKS = multiprocessing.get_context("forkserver")


def test_a_write_replaces_the_file_in_one_step_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, b"one")
    with path.open("rb") as before:
        write_atomically(path, b"two")
        assert before.read() == b"one", "whoever has it open reads the old content to its end"
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_write_that_the_system_takes_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(files.os, "write", lambda fd, content: write(fd, bytes(content[:3])))
    write_atomically(tmp_path / "a.json", b"0123456789")
    assert (tmp_path / "a.json").read_bytes() == b"0123456789"


def test_what_an_editor_adds_within_the_same_moment_is_not_taken_for_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, look = tmp_path / "a.json", files.mark_of

    def meanwhile(name: str) -> object:
        written = path.stat().st_mtime_ns
        with path.open("ab") as stream:
            stream.write(b" and more")
        os.utime(path, ns=(written, written))  # a clock that ticks slowly
        return look(name)

    assert write_atomically(path, b"one") == look(str(path))
    monkeypatch.setattr(files, "mark_of", meanwhile)
    assert write_atomically(path, b"two") is None


def test_what_is_saved_is_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, synced = tmp_path / "a.json", []
    monkeypatch.setattr(files.os, "fsync", lambda fd: synced.append(path.exists()))
    write_atomically(path, b"x", durable=False)
    assert synced == []
    path.unlink()
    write_atomically(path, b"x")
    assert synced == [False]


@pytest.mark.parametrize("step", ["open", "write", "fsync"])
def test_a_write_that_fails_leaves_the_old_content_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")

    def fail(*_: object, **__: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(files.os, step, fail)
    with pytest.raises(StoreError, match=r"cannot write .*a\.json: Read-only file system; the old content is still"):
        write_atomically(path, b"new")
    monkeypatch.undo()
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"old", ["a.json"])


@pytest.mark.parametrize("step", ["open", "fsync", "fstat", "replace"])
def test_a_folder_that_is_moved_away_during_a_write_is_a_change_by_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    folder = tmp_path / "plan"
    folder.mkdir()
    (folder / "a.json").write_bytes(b"old")
    call = getattr(os, step)

    def after_the_move(*args: object) -> object:
        monkeypatch.setattr(files.os, step, call)
        folder.rename(tmp_path / "moved")
        return call(*args)

    monkeypatch.setattr(files.os, step, after_the_move)
    with pytest.raises(ChangedError):
        write_atomically(folder / "a.json", b"new", expected=b"old")
    assert (tmp_path / "moved/a.json").read_bytes() == b"old"
    assert not folder.exists()


def test_a_link_that_leads_to_itself_is_an_error_in_words(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.symlink_to("a.json")
    with pytest.raises(StoreError, match=r"cannot write .*a\.json"):
        write_atomically(path, b"new", expected=b"old")
    assert path.is_symlink()


def test_of_a_new_file_nothing_is_said_to_be_still_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "write", full)
    with pytest.raises(StoreError, match=r"cannot write .*a\.json: No space left on device; nothing was written$"):
        write_atomically(tmp_path / "a.json", b"new")
    assert os.listdir(tmp_path) == []


def test_nothing_can_be_written_where_there_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        write_atomically(tmp_path / "none/a.json", b"x")


def test_absent_is_one_thing_and_unreadable_another(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for absent in ("none", "none/deeper", "file/deeper"):
        with pytest.raises(FileNotFoundError):
            read_whole(tmp_path / absent)
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("none")
    for name, why in (("folder", "Is a directory"), ("loop", "symbolic links"), ("dangling", "leads nowhere")):
        with pytest.raises(UnreadableError, match=f"cannot read {tmp_path / name}: .*{why}"):
            read_whole(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="permission bits do not bind root")
def test_what_may_not_be_read_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.json").touch(0)
    with pytest.raises(UnreadableError, match="Permission denied"):
        read_whole(tmp_path / "a.json")


def test_a_lock_is_held_by_one_and_freed_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "deep/er/lock"
    assert not is_locked(path), "to ask makes nothing"
    assert not path.exists()
    with lock(path) as held:
        assert try_lock(path) is None
        assert is_locked(path)
        held.note("12\n")
        assert read_note(path) == "12\n"
    assert not is_locked(path)
    inode = path.stat().st_ino
    again = try_lock(path)
    assert again is not None
    again.release()
    again.release()
    with locked(path):
        assert is_locked(path)
    assert path.stat().st_ino == inode, "it is never unlinked: its name could then be held twice"


def hold(path: str, ready: str) -> None:
    held = lock(Path(path))
    Path(ready).touch()
    assert held
    while True:
        os.read(0, 1) or __import__("time").sleep(60)


def test_a_lock_frees_itself_when_its_holder_is_killed(tmp_path: Path) -> None:
    holder = FORKS.Process(target=hold, args=(str(tmp_path / "lock"), str(tmp_path / "ready")), daemon=True)
    holder.start()
    wait_for((tmp_path / "ready").exists)
    assert is_locked(tmp_path / "lock")
    holder.kill()
    holder.join()
    assert not is_locked(tmp_path / "lock")


def test_a_lock_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot create the lock|cannot open the lock"):
        lock(tmp_path / "file/lock")


def test_a_full_disk_does_not_unlock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    held = lock(tmp_path / "lock")
    monkeypatch.setattr(files.os, "pwrite", full)
    held.note("who")
    assert is_locked(tmp_path / "lock")
    held.release()


def test_a_new_file_that_cannot_be_written_has_no_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "write", full)
    with pytest.raises(StoreError, match="No space left on device; nothing was written"):
        write_atomically(tmp_path / "a.json", b"x")
    assert list(tmp_path.iterdir()) == []
