"""Workflows are found by their name; one that breaks keeps its last good version and hides no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.adapters import catalog as catalogs
from orchestrator.adapters.catalog import Catalog
from orchestrator.core.settings import Config
from orchestrator.errors import CannotRunError
from tests.adapters.shelf import config_of


def text(name: str, command: str = "x.sh") -> str:
    return f"name: {name}\nphases:\n  - {{id: a, type: script, command: {command}, onSuccess: done}}\n  - {{id: done, type: terminal}}\n"  # noqa: E501


@pytest.fixture
def config(tmp_path: Path) -> Config:
    for folder in ("workflows", "bundled"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bundled/standard.yaml").write_text(text("standard", "bundled.sh"))
    return config_of(tmp_path)


@pytest.fixture
def user(config: Config) -> Path:
    return Path(config.workflow_path[0])


@pytest.fixture
def catalog(config: Config) -> Catalog:
    return Catalog(config)


def command(catalog: Catalog, name: str) -> str:
    catalog.refresh()
    return catalog.workflow(name).phases[0].command  # type: ignore[union-attr]


def test_the_name_counts_and_not_the_files(catalog: Catalog, user: Path) -> None:
    (user / "anything.yml").write_text(text("w"))
    assert command(catalog, "w") == "x.sh"
    with pytest.raises(CannotRunError, match=r'unknown workflow "anything" \(there are standard, w\)'):
        catalog.workflow("anything")
    with pytest.raises(CannotRunError, match="did you mean standard"):
        catalog.workflow("standart")


def test_the_users_workflow_comes_before_the_bundled_one_of_the_same_name(catalog: Catalog, user: Path) -> None:
    assert command(catalog, "standard") == "bundled.sh"
    (user / "mine.yaml").write_text(text("standard", "mine.sh"))
    assert command(catalog, "standard") == "mine.sh"
    (user / "mine.yaml").unlink()
    assert command(catalog, "standard") == "bundled.sh"


def test_of_two_files_of_the_user_with_one_name_the_first_counts_and_the_other_is_told(
    catalog: Catalog, user: Path
) -> None:
    (user / "b.yaml").write_text(text("w", "b.sh"))
    (user / "a.yaml").write_text(text("w", "a.sh"))
    assert command(catalog, "w") == "a.sh"
    assert [Path(found.file).name for found in catalog.shadowed()] == ["b.yaml"]


BROKEN = {
    "empty": "",
    "cut off": "name: w\nphases:\n  - {id: a, ty",
    "unknown target": text("w").replace("onSuccess: done", "onSuccess: gone"),
    "not a workflow": "- 1\n",
    "no name": "phases: []\n",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_workflow_that_breaks_stays_the_last_good_one_and_hides_no_other(
    catalog: Catalog, user: Path, how: str
) -> None:
    (user / "file.yaml").write_text(text("w", "good.sh"))
    (user / "other.yaml").write_text(text("other"))
    assert command(catalog, "w") == "good.sh"
    (user / "file.yaml").write_text(BROKEN[how])
    assert command(catalog, "w") == "good.sh"
    assert command(catalog, "other") == "x.sh"
    assert [found.name for found in catalog.broken()] == ["w"]
    assert str(user / "file.yaml") in str(catalog.broken()[0].problems[0])
    (user / "file.yaml").write_text(text("w", "mended.sh"))
    assert command(catalog, "w") == "mended.sh"


def test_on_a_fresh_start_a_broken_workflow_says_why_and_does_not_give_way_to_the_bundled_one(
    catalog: Catalog, user: Path
) -> None:
    (user / "standard.yaml").write_text("name: standard\nphases:\n  - {id: a, type: scrpt}\n")
    with pytest.raises(CannotRunError, match=r'workflow "standard" cannot be used: .*standard\.yaml:3'):
        command(catalog, "standard")


def test_a_file_that_is_no_utf8_is_a_broken_workflow(catalog: Catalog, user: Path) -> None:
    (user / "w.yaml").write_bytes(b"name: w\xff")
    with pytest.raises(CannotRunError, match="cannot be read"):
        command(catalog, "w")


def test_a_workflow_that_was_renamed_is_found_by_its_new_name(
    catalog: Catalog, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (user / "file.yaml").write_text(text("old"))
    command(catalog, "old")
    (user / "file.yaml").write_text(text("new"))
    assert command(catalog, "new") == "x.sh"
    assert command(catalog, "old") == "x.sh", "an editor may be about to put it back"
    monkeypatch.setattr(catalogs.time, "monotonic", lambda: 1e12)
    with pytest.raises(CannotRunError, match='unknown workflow "old"'):
        command(catalog, "old")


def test_a_file_that_an_editor_is_replacing_can_be_used_meanwhile(catalog: Catalog, user: Path) -> None:
    path = user / "w.yaml"
    path.write_text(text("w", "one.sh"))
    command(catalog, "w")
    path.rename(user / "w.yaml~")
    assert command(catalog, "w") == "one.sh"
    path.write_text(text("w", "two.sh"))
    assert command(catalog, "w") == "two.sh"
    assert [found.name for found in catalog.files()] == ["standard", "w"]


def test_a_folder_that_cannot_be_listed_now_takes_nothing_away(
    catalog: Catalog, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (user / "w.yaml").write_text(text("w"))
    command(catalog, "w")

    def too_many(_: object) -> object:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(catalogs.os, "scandir", too_many)
    assert not catalog.refresh()
    assert command(catalog, "w") == "x.sh"


def test_nothing_is_read_again_that_did_not_change(catalog: Catalog, user: Path) -> None:
    path = user / "w.yaml"
    path.write_text(text("w", "a.sh"))
    assert catalog.refresh()
    assert not catalog.refresh()
    stat = path.stat()
    path.write_text(text("w", "b.sh"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert command(catalog, "w") == "b.sh", "the same size and time, but not the same file"


def test_what_was_good_last_stays_so_when_the_configuration_changes(
    catalog: Catalog, config: Config, user: Path
) -> None:
    (user / "file.yaml").write_text(text("w", "good.sh"))
    command(catalog, "w")
    (user / "file.yaml").write_text("")
    assert command(Catalog(config, catalog), "w") == "good.sh"


def test_a_bundled_workflow_that_nobody_needed_yet_can_be_used_when_the_configuration_changes(
    catalog: Catalog, config: Config
) -> None:
    catalog.refresh()
    assert command(Catalog(config, catalog), "standard") == "bundled.sh"


def test_folders_and_hidden_files_are_no_workflows(catalog: Catalog, user: Path) -> None:
    (user / "folder.yaml").mkdir()
    (user / ".w.yaml.swp").touch()
    (user / "loop.yaml").symlink_to("loop.yaml")
    (user / ".hidden.yaml").write_text(text("hidden"))
    assert command(catalog, "standard") == "bundled.sh"
    assert [found.name for found in catalog.files()] == ["standard"]
