"""The text of a SKILL.md → its name and description, or what is wrong with it. The format is that of Agent Skills.

The law: a skill without a description is none, for nobody could tell when to read it; other faults are warnings, as
agents read such skills all the same.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from orchestrator.core.problems import Problem
from orchestrator.formats.problem_list import Reading, Where
from orchestrator.formats.yaml_tree import read_yaml

LONGEST_NAME = 64
LONGEST_DESCRIPTION = 1024
_FRONT = re.compile(r"---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class Skill(NamedTuple):
    name: str
    """Of a skill that does not say it: that of its folder."""
    description: str
    folder: str
    problems: tuple[Problem, ...] = ()

    @property
    def usable(self) -> bool:
        return bool(self.description)


def read_skill(text: str, folder: str) -> Skill:
    """Never raises. `folder` is the absolute path of what the SKILL.md lies in."""
    called, file = folder.rpartition("/")[2], f"{folder}/SKILL.md"
    where = Where(f"skill {called}")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    front = _FRONT.match(text)
    reading = Reading(read_yaml("\n" + front[1] if front else ""), file)  # a line more, so that its places are right
    if front is None:
        reading.report(where, (), "has no front matter", "begin it with ---, name:, description:, ---")
        return Skill(called, "", folder, reading.in_order())
    reading.report_faults(where)
    value = reading.tree.value
    said = value if isinstance(value, dict) else {}
    name = _text(said.get("name")) or called
    description = _text(said.get("description"))
    _judge(reading, where, _text(said.get("name")), description, called)
    return Skill(name, description, folder, reading.in_order())


def _judge(reading: Reading, where: Where, name: str, description: str, called: str) -> None:
    if not description:
        reading.report(where, ("description",), "has no description", "say what it is for, and when to read it")
    elif len(description) > LONGEST_DESCRIPTION:
        longest = f"the description has more than {LONGEST_DESCRIPTION:,} characters"
        reading.report(where, ("description",), longest, "put the rest below the front matter", "warning")
    if not name:
        reading.report(where, ("name",), "has no name", f"name: {called}", "warning")
    elif not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        allowed = f"small letters, digits and single dashes, {LONGEST_NAME} at most"
        reading.report(where, ("name",), f'"{name}" is no name for a skill', allowed, "warning")
    elif name != called:
        hint = f"some agents want them to be the same: name: {called}"
        reading.report(where, ("name",), f'is called "{name}", and its folder "{called}"', hint, "warning")


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
