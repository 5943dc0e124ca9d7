"""Which skills there are: the user's own go before the bundled ones of the same name."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.planning.skill_files import skills_in


def put(top: Path, place: str, name: str, description: str = "Says when.") -> None:
    (top / place).mkdir(parents=True)
    (top / place / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {description}\n---\n")


def found(tops: tuple[str, str]) -> dict[str, str]:
    return {one.head.name: str(one.folder) for one in skills_in(tops).found}


@pytest.fixture
def tops(tmp_path: Path) -> tuple[str, str]:
    put(tmp_path / "bundled", "cli", "cli")
    put(tmp_path / "bundled", "providers/linear", "linear")
    return str(tmp_path / "own"), str(tmp_path / "bundled")


def test_folders_in_folders_are_found_and_a_missing_one_is_no_error(tops: tuple[str, str]) -> None:
    assert found(tops) == {"cli": f"{tops[1]}/cli", "linear": f"{tops[1]}/providers/linear"}
    assert skills_in(tops).problems == ()


def test_a_skill_of_the_users_own_replaces_the_bundled_one_wherever_it_lies(tops: tuple[str, str]) -> None:
    own = Path(tops[0])
    put(own, "linear", "linear")
    put(own, "house-rules", "house-rules")
    assert found(tops) == {
        "cli": f"{tops[1]}/cli", "house-rules": f"{own}/house-rules", "linear": f"{own}/linear",
    }  # fmt: skip


def test_a_broken_one_hides_nothing_and_is_told(tops: tuple[str, str]) -> None:
    broken = Path(tops[0]) / "cli"
    broken.mkdir(parents=True)
    (broken / "SKILL.md").write_bytes(b"\xff\xfe")
    assert found(tops)["cli"] == f"{tops[1]}/cli"
    assert "cannot be read: it is not UTF-8" in str(skills_in(tops).problems[0])


def test_what_lies_below_a_skill_belongs_to_it(tops: tuple[str, str]) -> None:
    put(Path(tops[1]), "cli/references/other", "other")
    assert list(found(tops)) == ["cli", "linear"]


def test_a_link_that_leads_round_in_a_circle_ends(tops: tuple[str, str]) -> None:
    (Path(tops[1]) / "again").symlink_to(tops[1], target_is_directory=True)
    assert set(found(tops)) == {"cli", "linear"}


def test_links_that_go_round_in_a_circle_show_each_skill_once(tops: tuple[str, str]) -> None:
    own = Path(tops[0])
    put(own, "house-rules", "House Rules")
    for n in range(12):  # each way round would be looked at, and ways multiply
        (own / f"again-{n}").symlink_to(own)
    (problem,) = skills_in(tops).problems
    assert problem.where == "skill house-rules"


def test_a_skill_that_is_linked_in_is_found_by_its_name(tops: tuple[str, str]) -> None:
    own = Path(tops[0])
    put(own.parent / "elsewhere", "house-rules", "house-rules")
    own.mkdir()
    (own / "house-rules").symlink_to(own.parent / "elsewhere/house-rules")
    assert found(tops)["house-rules"] == f"{own}/house-rules"
