"""What others change is told within moments; where it cannot be, the scan finds it later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.adapters import watch
from orchestrator.adapters.watch import Watch
from tests.waiting import wait_for

Listen = Callable[..., set[str]]


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Listen]:
    """Begins to watch; gives the set in which what is told collects."""
    watches: list[Watch] = []

    def begin(*folders: Path) -> set[str]:
        told: set[str] = set()
        watches.append(Watch(folders or [tmp_path], told.update).start())
        return told

    yield begin
    for one in watches:
        one.stop()


def begun(told: set[str], folder: Path) -> None:
    wait_for(lambda: str(folder) in told, what="the beginning")
    told.clear()


def test_it_tells_when_it_begins_because_what_changed_before_was_not_seen(listen: Listen, tmp_path: Path) -> None:
    told = listen(tmp_path, tmp_path / "none")
    wait_for(lambda: told)
    assert told == {str(tmp_path)}


def test_what_is_written_renamed_made_and_deleted_is_told_also_in_new_folders(listen: Listen, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.touch()
    told = listen()
    begun(told, tmp_path)
    for act in (
        lambda: path.write_text("in place"),
        lambda: (tmp_path / ".b").write_text("x") and (tmp_path / ".b").replace(path),
        lambda: path.unlink(),
    ):
        act()
        wait_for(lambda: str(path) in told)
        told.clear()
    (tmp_path / "p2/tickets").mkdir(parents=True)
    wait_for(lambda: any(one.startswith(str(tmp_path / "p2")) for one in told))
    (tmp_path / "p2/tickets/T.json").touch()
    wait_for(lambda: str(tmp_path / "p2/tickets/T.json") in told or str(tmp_path / "p2/tickets") in told)


def test_what_editors_and_we_write_on_the_side_is_not_told(listen: Listen, tmp_path: Path) -> None:
    told = listen()
    begun(told, tmp_path)
    for name in (".a.json.tmp", ".a.json.swp", "a.json~", "x.tmp"):
        (tmp_path / name).touch()
    (tmp_path / ".locks").mkdir()
    (tmp_path / ".locks/T.store").touch()
    (tmp_path / "last.json").touch()
    wait_for(lambda: told)
    assert told == {str(tmp_path / "last.json")}


def test_links_that_lead_in_circles_do_not_end_it(listen: Listen, tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans/loop").symlink_to("loop")
    (tmp_path / "plans/up").symlink_to("..")
    told = listen(tmp_path / "plans")
    begun(told, tmp_path / "plans")
    (tmp_path / "plans/a.json").touch()
    wait_for(lambda: [one for one in told if one.endswith("plans/a.json")])


def test_a_watch_that_is_lost_begins_again_and_never_raises(
    listen: Listen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import watchfiles

    real, calls = watchfiles.watch, []

    def lost(*folders: Path, **options: object) -> Iterator[object]:
        calls.append(folders)
        if len(calls) < 3:
            raise OSError("OS file watch limit reached.")
        return real(*folders, **options)  # type: ignore[arg-type, return-value]

    monkeypatch.setattr(watchfiles, "watch", lost)
    monkeypatch.setattr(watch, "AGAIN_SECONDS", 0.01)
    told = listen()
    begun(told, tmp_path)
    assert len(calls) == 3


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    told: set[str] = set()
    one = Watch([tmp_path], told.update).start()
    wait_for(lambda: told)
    one.stop()
    assert not one._thread.is_alive()
