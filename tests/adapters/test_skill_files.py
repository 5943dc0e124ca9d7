"""Which skills there are: the user's own go before the bundled ones of the same name."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.skill_files import every_skill, skills


def put(top: Path, place: str, name: str, description: str = "Says when.") -> None:
    (top / place).mkdir(parents=True)
    (top / place / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {description}\n---\n")


@pytest.fixture
def tops(tmp_path: Path) -> tuple[str, str]:
    put(tmp_path / "bundled", "cli", "cli")
    put(tmp_path / "bundled", "providers/linear", "linear")
    return str(tmp_path / "own"), str(tmp_path / "bundled")


def test_folders_in_folders_are_found_and_a_missing_one_is_no_error(tops: tuple[str, str]) -> None:
    assert [(one.name, one.folder) for one in skills(tops)] == [
        ("cli", f"{tops[1]}/cli"), ("linear", f"{tops[1]}/providers/linear"),
    ]  # fmt: skip


def test_a_skill_of_the_users_own_replaces_the_bundled_one_wherever_it_lies(tops: tuple[str, str]) -> None:
    own = Path(tops[0])
    put(own, "linear", "linear")
    put(own, "house-rules", "house-rules")
    assert {one.name: one.folder for one in skills(tops)} == {
        "cli": f"{tops[1]}/cli", "house-rules": f"{own}/house-rules", "linear": f"{own}/linear",
    }  # fmt: skip


def test_a_broken_one_hides_nothing_and_is_told(tops: tuple[str, str]) -> None:
    broken = Path(tops[0]) / "cli"
    broken.mkdir(parents=True)
    (broken / "SKILL.md").write_bytes(b"\xff\xfe")
    assert next(one.folder for one in skills(tops)) == f"{tops[1]}/cli"
    assert "cannot be read" in str(next(one for one in every_skill(tops) if one.problems).problems[0])


def test_what_lies_below_a_skill_belongs_to_it(tops: tuple[str, str]) -> None:
    put(Path(tops[1]), "cli/references/other", "other")
    assert [one.name for one in skills(tops)] == ["cli", "linear"]
