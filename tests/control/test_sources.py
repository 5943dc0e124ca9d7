"""Auto-dispatch: who looks at a source, when, and what becomes of what goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from orchestrator.adapters.planning import source_files
from orchestrator.adapters.trackers.linear_api import LinearError
from orchestrator.adapters.trackers.patience import AskedTooOftenError
from orchestrator.control.planning import sources
from orchestrator.control.planning.sources import Watcher, look, look_at_due
from orchestrator.control.showing import status
from orchestrator.core.planning.sources import Looked, due_at
from orchestrator.core.settings import SourceSettings
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError, OrchestratorError
from orchestrator.wiring import Options, load, open_home
from tests.waiting import wait_for

TWO = "sources:\n- {type: github, repository: acme/shop}\n- {type: linear, team: SHOP, every: 600}\n"


class Came(NamedTuple):
    plan_id: str = "shop"
    created: tuple[str, ...] = ("GH-1",)
    updated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def home_with(folder: Path, text: str = TWO) -> Home:
    file = folder / "config.yaml"
    file.write_text(f"stateDir: ./state\nlogDir: ./logs\n{text}")
    return open_home(load(Options(config=str(file))).config)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_with(tmp_path)


def came(*_: object) -> Came:
    return Came()


def fails(_: Home, source: SourceSettings) -> Came:
    raise OrchestratorError(f"{source.type} answers 502; try again later")


def test_when_and_where_it_was_looked_at_is_remembered(home: Home) -> None:
    source = home.settings.sources[0]
    assert look(home, source, came).brought == Came()
    known = source_files.known(home.places)[source.name]
    assert known.plan == "shop" and known.at > 0 and known.failures == 0


def test_failures_are_told_counted_and_forgotten_when_it_works_again(home: Home) -> None:
    source = home.settings.sources[0]
    look(home, source, came)
    assert [look(home, source, fails).error for _ in range(2)] == ["github answers 502; try again later"] * 2
    known = source_files.known(home.places)[source.name]
    assert (known.failures, known.error, known.plan) == (2, "github answers 502; try again later", "shop")
    look(home, source, came)
    assert source_files.known(home.places)[source.name].failures == 0


@pytest.mark.parametrize("error", [AskedTooOftenError("later", 7200.0), LinearError("later", later=True, wait=7200.0)])
def test_a_tracker_that_says_when_is_not_asked_before(home: Home, error: OrchestratorError) -> None:
    def limited(_: Home, source: SourceSettings) -> Came:
        raise error

    source = home.settings.sources[0]
    look(home, source, limited)
    known = source_files.known(home.places)
    assert round(known[source.name].until - known[source.name].at) == 7200
    assert due_at(source, known, known[source.name].at + 1) == known[source.name].until


def test_status_names_a_source_that_could_not_be_asked(home: Home) -> None:
    look(home, home.settings.sources[0], fails)
    (problem,) = status(home.config).problems
    assert str(problem).startswith(
        "source github acme/shop: github answers 502; try again later (`orchestrator import`"
    )
    look(home, home.settings.sources[0], came)
    assert status(home.config).problems == ()


def test_one_looks_at_a_time(home: Home) -> None:
    source = home.settings.sources[0]
    inner: list[sources.Look] = []

    def bring(home: Home, source: SourceSettings) -> Came:
        inner.append(look(home, source, came))
        return Came()

    assert look(home, source, bring).brought is not None
    assert inner == [sources.Look(source.name, busy=True)]


def test_only_what_is_due_is_looked_at(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, linear = home.settings.sources
    source_files.remember(home.places, linear.name, Looked(at=sources.time.time()))
    told: list[str] = []
    monkeypatch.setattr(sources, "look", lambda home, source: sources.Look(source.name))
    look_at_due(home, home.settings.sources, lambda one: told.append(one.source))
    assert told == [shop.name]


def test_what_is_remembered_and_broken_is_looked_at_anew(home: Home) -> None:
    home.places.sources.parent.mkdir(parents=True, exist_ok=True)
    home.places.sources.write_text("{half")
    assert look(home, home.settings.sources[0], came).brought == Came()


def test_a_name_that_nobody_has_is_told_with_those_that_there_are(home: Home, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r'no source "github acme/shp" \(did you mean github acme/shop'):
        sources.chosen(home, ["github acme/shp"])
    (tmp_path / "none").mkdir()
    with pytest.raises(NotFoundError, match="has no sources"):
        sources.chosen(home_with(tmp_path / "none", ""), [])


def directly(call: Callable[[], None]) -> None:
    call()


def test_a_daemon_looks_beside_its_work_and_tells_what_came(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()

    def brought(home: Home, source: SourceSettings, bring: object = None) -> sources.Look:
        source_files.remember(home.places, source.name, Looked(at=sources.time.time()))
        looked.set()
        return sources.Look(source.name, Came())  # type: ignore[arg-type]

    monkeypatch.setattr(sources, "look", brought)
    watcher = Watcher(home, directly).start()
    try:
        wait_for(looked.is_set)
        log = home.places.log_file
        wait_for(lambda: log.exists() and log.read_text().count("source_imported") == 2)
    finally:
        watcher.stop()


def test_whatever_goes_wrong_the_daemon_goes_on(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> sources.Look:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(sources, "look", breaks)
    watcher = Watcher(home, directly).start()
    try:
        log = home.places.log_file
        wait_for(lambda: log.exists() and "ZeroDivisionError" in log.read_text())
    finally:
        watcher.stop()


def test_without_sources_there_is_no_thread_until_the_configuration_has_some(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    home, other = home_with(tmp_path / "other", ""), home_with(tmp_path)
    watcher = Watcher(home, directly).start()
    try:
        assert watcher._thread is None
        source_files.remember(home.places, other.settings.sources[0].name, Looked(at=sources.time.time()))
        source_files.remember(home.places, other.settings.sources[1].name, Looked(at=sources.time.time()))
        home.use(other.config)
        assert watcher._thread is not None and watcher._thread.is_alive()
    finally:
        watcher.stop()
    assert not watcher._thread.is_alive()
