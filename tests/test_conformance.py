"""The table of the agents' page is what the suite with the real programs saw, of the versions that are used today."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e import conformance
from e2e.install import AGENTS
from scripts import agents

SEEN = conformance.read()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    copy = tmp_path / "agents.md"
    copy.write_text(agents.PAGE.read_text())
    return copy


def test_the_page_shows_what_was_seen_and_nothing_is_missing(page: Path) -> None:
    assert agents.main(["--check"], page) == 0


def test_a_table_that_was_changed_by_hand_is_found_and_put_right(page: Path) -> None:
    right = page.read_text()
    page.write_text(right.replace("nothing is left", "something is left", 1))
    assert agents.main(["--check"], page) == 1
    assert agents.main([], page) == 0
    assert page.read_text() == right


def test_another_version_than_the_one_that_is_installed_is_found() -> None:
    changed = SEEN | {"codex": SEEN["codex"] | {"version": "0.1.0"}}
    assert [line for line in agents.problems(changed) if "codex was seen in version 0.1.0" in line]


@pytest.mark.parametrize("key", ["usageLimit", "kill"])
def test_what_was_never_seen_is_found(key: str) -> None:
    known = {name: value for name, value in SEEN["pi"].items() if name != key}
    assert list(agents.problems(SEEN | {"pi": known})) == [
        f'conformance.json: pi lacks {key}; make conformance ARGS="-k pi"'
    ]


def test_an_option_that_the_adapter_says_it_has_must_have_been_seen_to_work() -> None:
    changed = SEEN | {"gemini": SEEN["gemini"] | {"allowedTools": "no"}}
    assert [line for line in agents.problems(changed) if "gemini: allowedTools" in line]


def test_a_test_fails_that_sees_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(conformance.RENEW, raising=False)
    conformance.saw("claude", "version", AGENTS["claude"].version)
    with pytest.raises(AssertionError, match=r"seen was 'nothing', but .* make conformance"):
        conformance.saw("claude", "version", "nothing")


def test_what_is_seen_is_written_down_in_the_order_of_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(conformance.RENEW, "1")
    monkeypatch.setattr(conformance, "FILE", tmp_path / "seen.json")
    monkeypatch.setattr(conformance, "FOLDER", tmp_path)
    for capability in ("kill", "version"):
        conformance.saw("pi", capability, capability)
    assert list(conformance.read()["pi"]) == ["version", "kill"]
