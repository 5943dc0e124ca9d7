"""What others change is told within moments; where it cannot be, the scan finds it later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.watching import watch
from orchestrator.adapters.watching.watch import Watch
from tests.waiting import wait_for

Listen = Callable[..., set[str]]


@pytest.fixture(params=[True, False] if watch.HAS_INOTIFY else [False], ids=lambda has: "inotify" if has else "else")
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of watching."""
    monkeypatch.setattr(watch, "HAS_INOTIFY", request.param)


@pytest.fixture
def linux(ways: None) -> None:
    if not watch.HAS_INOTIFY:
        pytest.skip("needs Linux's inotify; elsewhere the scan finds it")


@pytest.fixture
def listen(tmp_path: Path, ways: None) -> Iterator[Listen]:
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

    from orchestrator.adapters.watching import inotify

    module, name = (inotify, "changes") if watch.HAS_INOTIFY else (watchfiles, "watch")
    real, calls = getattr(module, name), []

    def lost(*given: Any, **options: Any) -> Any:
        calls.append(given)
        if len(calls) < 3:
            raise OSError("OS file watch limit reached.")
        return real(*given, **options)

    monkeypatch.setattr(module, name, lost)
    monkeypatch.setattr(watch, "AGAIN_SECONDS", 0.01)
    told = listen()
    wait_for(lambda: len(calls) == 3)
    told.clear()  # when it was lost everything was told, for what was heard last may be lost with it
    (tmp_path / "a.json").touch()
    wait_for(lambda: {str(tmp_path / "a.json"), str(tmp_path)} & told)


def test_a_folder_that_is_moved_away_and_another_that_takes_its_name_are_not_mistaken(
    listen: Listen, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "p1"
    (tmp_path / "p1/tickets").mkdir(parents=True)
    told = listen()
    begun(told, tmp_path)
    (tmp_path / "p1").rename(elsewhere)
    (tmp_path / "p1/tickets").mkdir(parents=True)
    wait_for(lambda: str(tmp_path / "p1") in told)
    told.clear()
    (elsewhere / "tickets/old.json").touch()
    (tmp_path / "p1/tickets/new.json").touch()
    wait_for(lambda: {str(tmp_path / "p1/tickets/new.json"), str(tmp_path / "p1/tickets")} & told)
    assert str(tmp_path / "p1/tickets/old.json") not in told


@pytest.mark.usefixtures("linux")
def test_a_folder_that_is_deleted_and_made_anew_is_watched_again(
    listen: Listen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "AGAIN_SECONDS", 0.01)
    root = tmp_path / "plans"
    root.mkdir()
    told = listen(root)
    begun(told, root)
    root.rmdir()
    root.mkdir()
    wait_for(lambda: str(root) in told, what="that it is looked through")
    told.clear()
    (root / "a.json").touch()
    wait_for(lambda: {str(root / "a.json"), str(root)} & told)


@pytest.mark.usefixtures("linux")
def test_after_more_changes_than_linux_keeps_folders_that_came_meanwhile_are_watched(
    listen: Listen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inotify_simple import Event, INotify, flags  # type: ignore[import-untyped]

    real = INotify.read
    lost: list[Event] = []

    def read(self: Any, *given: Any, **options: Any) -> list[Event]:
        found: list[Event] = real(self, *given, **options)
        if lost or not any(event.name == "p1" for event in found):
            return found
        lost.extend(found)
        return [Event(-1, flags.Q_OVERFLOW, 0, "")]

    monkeypatch.setattr(INotify, "read", read)
    told = listen()
    begun(told, tmp_path)
    (tmp_path / "p1").mkdir()
    wait_for(lambda: lost and str(tmp_path) in told)
    (tmp_path / "p1/plan.json").touch()
    wait_for(lambda: str(tmp_path / "p1/plan.json") in told)


@pytest.mark.usefixtures("linux")
def test_a_link_to_a_folder_that_gets_another_name_is_told_by_that_name(
    listen: Listen, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("target")
    (tmp_path / "p1").symlink_to(target)
    told = listen()
    begun(told, tmp_path)
    (tmp_path / "p1").rename(tmp_path / "p2")
    wait_for(lambda: str(tmp_path / "p2") in told)
    (target / "plan.json").touch()
    wait_for(lambda: str(tmp_path / "p2/plan.json") in told)


@pytest.mark.usefixtures("linux")
def test_a_folder_that_is_moved_away_is_told_and_watched_when_it_comes_again_however_late(
    listen: Listen, tmp_path: Path
) -> None:
    root, other = tmp_path / "plans", tmp_path / "workflows"
    for folder in (root, other):
        folder.mkdir()
    told = listen(root, other)
    begun(told, root)
    root.rename(tmp_path / "elsewhere")
    wait_for(lambda: {str(root), str(other)} <= told, what="that the others are watched without it")
    root.mkdir()
    told.clear()
    wait_for(lambda: str(root) in told)
    (root / "a.json").touch()
    wait_for(lambda: str(root / "a.json") in told)


def test_it_ends_when_it_is_told_to(tmp_path: Path, ways: None) -> None:
    told: set[str] = set()
    one = Watch([tmp_path], told.update).start()
    wait_for(lambda: told)
    one.stop()
    assert not one._thread.is_alive()
