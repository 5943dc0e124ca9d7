"""The skills that there are: the user's own, then the bundled ones.

The law: of two of a name the first counts, and the user's folder comes first. What lies below a skill is its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.core.problems import Problem
from orchestrator.formats.skill import Skill, read_skill

FILE = "SKILL.md"
DEEPEST = 4
"""Folders are looked into so far: `providers/linear` is the second."""


def skills(search_path: Iterable[str]) -> tuple[Skill, ...]:
    """Those that can be used, by name, each once."""
    found: dict[str, Skill] = {}
    for one in every_skill(search_path):
        if one.usable:
            found.setdefault(one.name, one)
    return tuple(found[name] for name in sorted(found))


def every_skill(search_path: Iterable[str]) -> tuple[Skill, ...]:
    """Also those that are broken, and that another one of the same name replaces."""
    return tuple(_read(folder) for top in search_path for folder in _folders(Path(top), DEEPEST))


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    if (folder / FILE).is_file():
        yield folder
        return
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith(".") and entry.is_dir())
    except OSError:  # there is none, or it cannot be listed
        return
    if depth:
        for name in names:
            yield from _folders(folder / name, depth - 1)


def _read(folder: Path) -> Skill:
    try:
        return read_skill((folder / FILE).read_text(encoding="utf-8"), str(folder))
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(f"skill {folder.name}", f"cannot be read: {error}", file=str(folder / FILE))
        return Skill(folder.name, "", str(folder), (problem,))
