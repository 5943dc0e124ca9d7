"""The skills that there are: folders with a SKILL.md, at any depth below the folders of the search path.

The law: of two of a name the first counts, and a person's own come before those that are shipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from orchestrator.core.problems import Problem
from orchestrator.formats.skill import ReadSkill, SkillHead, read_skill

FILE = "SKILL.md"
DEPTH = 6
"""Levels that are looked at."""


class SkillFolder(NamedTuple):
    head: SkillHead
    folder: Path


class Skills(NamedTuple):
    found: tuple[SkillFolder, ...]
    """The first of each name."""
    problems: tuple[Problem, ...]
    """Those of `error` keep a skill from being found."""


def skills_in(path: Iterable[str]) -> Skills:
    """Never raises: one that cannot be read hides no other."""
    found: dict[str, SkillFolder] = {}
    problems: list[Problem] = []
    seen: set[str] = set()
    for folder in (one for root in path for one in _folders(Path(root), DEPTH, seen)):
        read = _read(folder)
        problems += read.problems
        if read.head is not None:
            found.setdefault(read.head.name, SkillFolder(read.head, folder))
    return Skills(tuple(found.values()), tuple(problems))


def _read(folder: Path) -> ReadSkill:
    try:
        return read_skill((folder / FILE).read_text(encoding="utf-8"), str(folder))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return ReadSkill(None, (Problem(f"skill {folder.name}", f"cannot be read: {why}", file=str(folder / FILE)),))


def _folders(root: Path, depth: int, seen: set[str]) -> Iterator[Path]:
    """A skill's own folders are its material. What links lead to is looked at once: they may go round in a circle."""
    real = os.path.realpath(root)
    if real in seen:
        return
    seen.add(real)
    if (root / FILE).is_file():
        yield root
        return
    if depth == 0:
        return
    try:
        inside = sorted(one.path for one in os.scandir(root) if one.is_dir() and not one.name.startswith("."))
    except OSError:  # there is none, or it cannot be listed
        return
    for one in inside:
        yield from _folders(Path(one), depth - 1, seen)
