"""A SKILL.md: its name, its description, and what is wrong with it."""

from __future__ import annotations

import pytest

from orchestrator.formats.skill import read_skill

SOUND = "---\nname: review\ndescription: Reads pull requests. Use before a merge.\nlicense: MIT\n---\n\n# Review\n"


def told(text: str, folder: str = "/skills/review") -> list[str]:
    return [f"{one.severity} {one.line}: {one.what}" for one in read_skill(text, folder).problems]


def test_a_skill_says_its_name_and_when_to_read_it() -> None:
    assert read_skill(SOUND, "/skills/review").head == ("review", "Reads pull requests. Use before a merge.")
    assert told(SOUND) == [] == told("\ufeff" + SOUND.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# Review\n", "error 1: has no front matter"),
        ("---\nname: review\n# Review\n", "error 1: has no front matter"),
        ("---\nname: review\n---\n", "error 2: has no description"),
        ("---\nname: review\ndescription: \n---\n", "error 3: has no description"),
        (SOUND.replace("name: review", "nam: review"), "warning 2: has no name"),
        (SOUND.replace("name: review", "name: Review_it"), 'error 2: "Review_it" is no name for a skill'),
        (SOUND.replace("name: review", "name: ../x"), 'error 2: "../x" is no name for a skill'),
        (SOUND.replace("name: review", "name: a--b"), 'error 2: "a--b" is no name for a skill'),
        (SOUND.replace("name: review", "name: other"), 'warning 2: is called "other", and its folder "review"'),
        (SOUND.replace("Reads", "x" * 1024), "warning 3: the description has more than 1,024 characters"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, problem: str) -> None:
    assert told(text) == [problem]


def test_front_matter_that_is_no_yaml_is_a_problem_and_no_crash() -> None:
    one = read_skill("---\nname: [\n---\n", "/skills/review")
    assert one.head is None and one.problems


def test_a_skill_without_a_name_is_called_like_its_folder() -> None:
    one = read_skill(SOUND.replace("name: review\n", ""), "/skills/review")
    assert one.head is not None and one.head.name == "review"
    assert read_skill(SOUND.replace("name: review\n", ""), "/skills/Review it").head is None
