"""What there is in Linear, asked only when nothing was found: a team without open issues is nothing to do, one that is
not there is a slip."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from orchestrator.adapters.trackers.linear_api import Linear, LinearError
from orchestrator.core.planning.absent import absent

SHOWN = 100
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


class _Kind(NamedTuple):
    many: str
    filter: str
    fields: str = "name"


KINDS = {
    "team": _Kind("teams", "TeamFilter", "key name"),
    "project": _Kind("projects", "ProjectFilter"),
    "cycle": _Kind("cycles", "CycleFilter", "number name team { key }"),
    "label": _Kind("issueLabels", "IssueLabelFilter"),
}


def called(kind: str, text: str) -> dict[str, Any]:
    """The filter that finds it."""
    if kind == "team":
        return {"or": [{"key": {"eqIgnoreCase": text}}, {"name": {"eqIgnoreCase": text}}]}
    if kind == "cycle" and text.isdecimal():
        return {"number": {"eq": int(text)}}
    return {"id": {"eq": text}} if _UUID.match(text) else {"name": {"eqIgnoreCase": text}}


def look_for(wanted: Mapping[str, str | None], linear: Linear) -> None:
    """By kind. Raises LinearError for the first that is not there, with the names of what is."""
    for kind, text in wanted.items():
        if text is None or kind not in KINDS:
            continue
        team = wanted.get("team") if kind == "cycle" else None
        of_team = {"team": called("team", team)} if team else {}
        if not _names(kind, {**called(kind, text), **of_team}, 1, linear):
            who = f"Linear's team {team}" if team else "Linear"
            there = list(dict.fromkeys(_names(kind, of_team, SHOWN, linear)))
            said = absent(who, kind, text, there)
            raise LinearError(f"{said} that this key can see; nothing was imported")


def _names(kind: str, wanted: Mapping[str, Any], most: int, linear: Linear) -> list[str]:
    many, filter_, fields = KINDS[kind]
    asked = f"query Look($filter: {filter_}) {{ {many}(filter: $filter, first: {most}) {{ nodes {{ {fields} }} }} }}"
    found = linear.ask(asked, {"filter": wanted}).get(many)
    rows = found.get("nodes") if isinstance(found, dict) else None
    return [_shown(kind, row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _shown(kind: str, row: Mapping[str, Any]) -> str:
    if kind == "team":
        return str(row.get("key") or row.get("name"))
    if kind == "cycle":
        return str(row.get("name") or row.get("number"))
    return str(row.get("name"))
