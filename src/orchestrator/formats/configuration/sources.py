"""`sources` of the configuration: trackers that are looked at on a schedule, with every problem at once.

The law: a source that could never bring anything, or brings everything that somebody has, is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from orchestrator.core.model import ID_PATTERN
from orchestrator.core.settings import SourceSettings
from orchestrator.formats.fields import is_mapping, read_fields
from orchestrator.formats.problem_list import Range, Reading, Where
from orchestrator.formats.yaml_tree import INVALID, Path

KEY = "sources"
SELDOM = 10
"""Seconds: more often is a burden for a tracker, and nobody's gain."""
RANGES = {"every": Range(lambda n: n >= SELDOM, f"at least {SELDOM} (seconds)")}
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+\Z")
OF_GITHUB = ("repository", "milestone")
OF_LINEAR = ("team", "project", "cycle")
OTHERS = {
    "github": "type: github", "linear": "type: linear", "interval": "every", "pollInterval": "every",
    "labels": "label", "owner": "repository", "start": "autoStart", "path": "repo",
}  # fmt: skip
"""What one may think that it is called."""


def read_sources(reading: Reading, where: Where, value: Any) -> tuple[SourceSettings, ...]:
    """What is sound of it; the rest is reported."""
    if not isinstance(value, list):
        if value is not INVALID:
            hint = "for example [{type: github, repository: acme/shop, label: agent}]"
            reading.report(where, (KEY,), f"{KEY} must be a list of mappings", hint)
        return ()
    read = [_source(reading, where, (KEY, i), one) for i, one in enumerate(value) if one is not INVALID]
    sound = [one for one in read if one is not None]
    _report_twice(reading, where, read)
    return tuple(sound)


def _source(reading: Reading, where: Where, path: Path, value: Any) -> SourceSettings | None:
    if not is_mapping(reading, where, path, value):
        return None
    fields = read_fields(reading, where, path, SourceSettings, RANGES, explain=_other, value=value)
    if "type" not in fields:
        return None
    found = [*_misplaced(fields), *_unsound(fields)]
    for key, what, hint in found:
        reading.report(where, (*path, key) if key in value else path, f"{_label(path)}{what}", hint)
    return None if found else SourceSettings(**fields)


def _other(key: str) -> str | None:
    return f"write {OTHERS[key]}" if key in OTHERS else None


def _misplaced(fields: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    kind = fields["type"]
    wrong = OF_LINEAR if kind == "github" else OF_GITHUB
    owner = "linear" if kind == "github" else "github"
    return [(key, f".{key} belongs to type {owner}", f"remove {key}") for key in wrong if key in fields]


def _unsound(fields: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    found = []
    repository = fields.get("repository")
    if fields["type"] == "github" and repository is None:
        found.append(("repository", ".repository is missing", "repository: owner/name"))
    if repository is not None and not REPOSITORY.match(repository):
        found.append(("repository", f'.repository "{repository}" is not owner/name', "repository: owner/name"))
    if fields["type"] == "linear" and not any(fields.get(key) for key in (*OF_LINEAR, "label")):
        found.append(("type", ": linear without team, project, cycle or label is all of it", "name one of them"))
    plan = fields.get("plan")
    if plan is not None and not ID_PATTERN.match(plan):
        hint = "an id begins with a letter or digit, and has letters, digits, . _ - after that"
        found.append(("plan", f'.plan "{plan}" is no plan id', hint))
    return found


def _report_twice(reading: Reading, where: Where, read: list[SourceSettings | None]) -> None:
    seen: dict[str, int] = {}
    for i, one in enumerate(read):
        if one is not None and seen.setdefault(one.name, i) != i:
            what = f"{_label((KEY, i))} asks for the same as {_label((KEY, seen[one.name]))}"
            reading.report(where, (KEY, i), what, "remove one of them")


def _label(path: Path) -> str:
    return f"{path[0]}[{path[1]}]"
