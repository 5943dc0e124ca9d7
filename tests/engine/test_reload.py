"""Configuration and workflows are taken over while a runner works; the last good ones stay when the new are broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from orchestrator.core.settings import Config, Settings
from orchestrator.engine import daemon
from orchestrator.engine.daemon import Reload
from orchestrator.engine.home import Home
from orchestrator.errors import ConfigError
from tests.adapters.shelf import config_of


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class Bench:
    """A reload whose time is told, and whose configuration is a number of slots."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self.clock, self.file = clock, root / "config.yaml"
        self.file.write_text("3")
        self.home = Home(self.load())
        self.reload = Reload(self.home, self.load)
        self.home.catalog.refresh()

    def load(self) -> Config:
        text = self.file.read_text()
        if text == "broken":
            raise ConfigError(f"{self.file}:1: it is broken")
        settings = Settings(max_concurrency=int(text or 1))
        return replace(config_of(self.file.parent), file=str(self.file), settings=settings)

    def look(self, after: float = 2.0, told: bool = False) -> bool:
        self.clock.now += after
        return self.reload(told)

    @property
    def slots(self) -> int:
        return self.home.settings.max_concurrency

    def events(self) -> list[str]:
        path = self.home.places.log_file
        return [json.loads(line)["event"] for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    clock = Clock()
    monkeypatch.setattr(daemon, "time", clock)
    return Bench(tmp_path, clock)


def test_a_configuration_that_changed_is_taken_over_once_it_rests(bench: Bench) -> None:
    assert not bench.look()
    bench.file.write_text("5")
    assert not bench.look(), "somebody may be writing it"
    assert bench.look()
    assert bench.slots == 5
    assert not bench.look()
    assert bench.events() == ["config_reloaded"]


def test_the_beginning_of_a_configuration_is_never_taken_for_one(bench: Bench) -> None:
    bench.file.write_text("")
    for part in ("", "1", "12"):
        bench.file.write_text(part)
        assert not bench.look(0.1, told=True)
    assert bench.slots == 3
    assert not bench.look(0.1, told=True)
    assert bench.look(0.3, told=True)
    assert bench.slots == 12


def test_a_broken_configuration_is_told_and_the_last_good_one_stays(bench: Bench) -> None:
    bench.file.write_text("broken")
    bench.look()
    assert not bench.look()
    bench.look()
    assert bench.slots == 3
    assert bench.events() == ["config_kept"], "told once"
    bench.file.write_text("4")
    bench.look()
    assert bench.look()
    assert bench.slots == 4


def test_a_configuration_that_moves_the_files_counts_at_the_next_start(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = replace(bench.home.config, state_dir="/elsewhere")
    monkeypatch.setattr(bench.reload, "_load", lambda: elsewhere)
    bench.file.write_text("9")
    bench.look()
    assert not bench.look()
    assert bench.home.config.state_dir != "/elsewhere"
    assert bench.events() == ["config_kept"]


def test_workflows_outlive_a_new_configuration_also_when_they_break_with_it(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "workflows/anything.yaml"
    path.parent.mkdir()
    path.write_text("name: w\nphases: [{id: done, type: terminal}]\n")
    assert bench.look()
    path.write_text("")
    bench.file.write_text("5")
    bench.look()
    bench.look()
    assert bench.slots == 5
    assert bench.home.catalog.workflow("w").phases[0].id == "done"
    assert "workflow_broken" in bench.events()


def test_what_is_asked_for_often_is_looked_at_once_a_second(bench: Bench, tmp_path: Path) -> None:
    bench.look()
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows/w.yaml").write_text("name: w\nphases: [{id: done, type: terminal}]\n")
    assert not bench.look(0.5)
    assert bench.look(0.1, told=True), "but at once when somebody says so"
