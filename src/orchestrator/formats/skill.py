"""The text of a SKILL.md → what it is called and when it is wanted, or what is wrong with it.

The format is that of Agent Skills. The law: a skill without a sound name or a description is none, for a folder will be
called like it, and nobody could tell when to read it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from orchestrator.core.problems import Problem
from orchestrator.formats.problem_list import Reading, Where
from orchestrator.formats.yaml_tree import read_yaml

LONGEST_NAME = 64
LONGEST_DESCRIPTION = 1024
_FRONT = re.compile(r"---[ \t]*\n(.*?\n)?---[ \t]*(?:\n|\Z)", re.DOTALL)
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class SkillHead(NamedTuple):
    name: str
    """That of its folder, where it says none."""
    description: str
    """In one line."""


class ReadSkill(NamedTuple):
    head: SkillHead | None
    """None: it cannot be used."""
    problems: tuple[Problem, ...]


def read_skill(text: str, folder: str) -> ReadSkill:
    """Never raises. `folder` is the path of what the SKILL.md lies in."""
    called, file = folder.rpartition("/")[2], f"{folder}/SKILL.md"
    where = Where(f"skill {called}")
    front = _FRONT.match(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if front is None:
        hint = "begin it with a line ---, name:, description:, and another line ---"
        return ReadSkill(None, (Problem(where.text, "has no front matter", "error", hint, file, 1, 1),))
    reading = Reading(read_yaml("\n" + (front[1] or "")), file)  # a line more, so that its places are right
    reading.report_faults(where)
    value = reading.tree.value
    said = value if isinstance(value, dict) else {}
    name, description = _text(said.get("name")), _text(said.get("description"))
    _judge_name(reading, where, name, called)
    _judge_description(reading, where, description)
    head = None if reading.failed else SkillHead(name or called, description)
    return ReadSkill(head, reading.in_order())


def _judge_name(reading: Reading, where: Where, name: str, called: str) -> None:
    asked = name or called
    if not _NAME.fullmatch(asked) or len(asked) > LONGEST_NAME:
        hint = f"small letters, digits and single hyphens between them, {LONGEST_NAME} at most"
        reading.report(where, ("name",), f'"{asked}" is no name for a skill', hint)
    elif not name:
        reading.report(where, ("name",), "has no name", f"name: {called}", "warning")
    elif name != called:
        hint = f"some agents want them to be the same: name: {called}"
        reading.report(where, ("name",), f'is called "{name}", and its folder "{called}"', hint, "warning")


def _judge_description(reading: Reading, where: Where, description: str) -> None:
    if not description:
        reading.report(where, ("description",), "has no description", "say what it is for, and when to read it")
    elif len(description) > LONGEST_DESCRIPTION:
        what = f"the description has more than {LONGEST_DESCRIPTION:,} characters"
        reading.report(where, ("description",), what, "put the rest below the front matter", "warning")


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
