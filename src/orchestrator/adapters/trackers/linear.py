"""Issues of Linear.

The law: an answer is whole or an error: every page is there, also of what an issue has many of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from orchestrator.adapters.trackers.linear_api import Linear, LinearError
from orchestrator.adapters.trackers.linear_existing import KINDS, called, look_for
from orchestrator.core.planning.issue import Issue, Issues

PAGE = 50
"""Issues of one question; Linear counts what could be asked for, and refuses too much of it."""
MOST = 10_000
ONE = "identifier state { type }"
NESTED = {
    "labels": (10, "name"),
    "relations": (20, f"type relatedIssue {{ {ONE} }}"),
    "inverseRelations": (20, f"type issue {{ {ONE} }}"),
}
"""What an issue may have many of: how many are asked for at once, and what of each."""
PAGE_INFO = "pageInfo { hasNextPage endCursor }"
FIELDS = (
    "id identifier title description url priority branchName updatedAt "
    "state { name type } parent { identifier } project { name } cycle { id name number } "
)
DONE = frozenset({"completed"})
DROPPED = frozenset({"canceled", "cancelled"})
IDENTIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_]*)-([1-9][0-9]*)\Z")
_ADDRESS = re.compile(r"https?://[^/]+/[^/]+/issue/([A-Za-z0-9_]+-[0-9]+)(?:[/?#].*)?\Z")

ODD = "Linear answered with something else than was asked for; nothing was imported"

Row = Mapping[str, Any]


def nested(name: str, after: str = "") -> str:
    first, fields = NESTED[name]
    return f"{name}(first: {first}{after}) {{ nodes {{ {fields} }} {PAGE_INFO} }}"


ISSUES = (
    f"query Issues($filter: IssueFilter, $after: String) {{ issues(filter: $filter, first: {PAGE}, after: $after) "
    f"{{ nodes {{ {FIELDS} {' '.join(nested(name) for name in NESTED)} }} {PAGE_INFO} }} }}"
)


class Query(msgspec.Struct, frozen=True, kw_only=True):
    team: str | None = None
    """Its key or name."""
    project: str | None = None
    """Its name or id."""
    cycle: str | None = None
    """Its number, name or id."""
    label: str | None = None
    issues: tuple[str, ...] = ()
    """`PROJ-101`."""
    known: tuple[str, ...] = ()
    """Ids that earlier imports brought: of those that are not found it is asked what became of them."""

    @property
    def source(self) -> str:
        """As a source of the configuration is called."""
        told = [(key, getattr(self, key)) for key in ("team", "project", "cycle", "label")]
        numbers = [f"issue {' '.join(self.issues)}"] if self.issues else []
        return " ".join(["linear", *(f"{key} {value}" for key, value in told if value), *numbers])


def identifier(text: str) -> str | None:
    """`PROJ-101`, of that or of an address; None: it is neither."""
    text = text.strip()
    found = _ADDRESS.match(text)
    text = found[1] if found else text
    return text.upper() if IDENTIFIER.match(text) else None


def read(query: Query, linear: Linear) -> Issues:
    """Raises LinearError, in words for people; then nothing is known."""
    try:
        return _read(query, linear)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LinearError(f"{ODD} ({error})") from error


def _read(query: Query, linear: Linear) -> Issues:
    rows = _rows(query, linear)
    elsewhere = _told_elsewhere(rows)
    repeated = _repeated(rows)
    found = {_id(row): _issue(row, elsewhere, repeated) for row in rows}
    missing = [one for one in query.issues if one not in found]
    if missing:
        raise LinearError(f"Linear has no issue {', '.join(missing)} that this key can see; nothing was imported")
    lost = [one for one in query.known if one not in found and IDENTIFIER.match(one)]
    ended = {one for row in rows for one in _ended_in(row)}
    ended |= {_id(row) for row in _by_ids(lost, linear) if _state(row) != "open"} if lost else set()
    left = tuple(sorted(ended - set(found)))
    return Issues(name=_name(query, rows), found=tuple(found.values()), ended=left, parents_first=True)


# -- asking -----------------------------------------------------------------------------------------------------------


def _rows(query: Query, linear: Linear) -> list[Row]:
    if query.issues:
        return list(_by_ids(query.issues, linear))
    rows = list(_pages(_filter(query), linear))
    if not rows:
        look_for({kind: getattr(query, kind) for kind in KINDS}, linear)
    teams = {one["id"]: _id(row).rpartition("-")[0] for row in rows if (one := row.get("cycle")) and one.get("id")}
    if query.cycle and len(teams) > 1:
        raise LinearError(
            f'{", ".join(sorted(teams.values()))} have a cycle "{query.cycle}" each: say which with --team'
        )
    return rows


def _filter(query: Query) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if query.team:
        wanted["team"] = called("team", query.team)
    if query.project:
        wanted["project"] = called("project", query.project)
    if query.cycle:
        wanted["cycle"] = called("cycle", query.cycle)
    if query.label:
        wanted["labels"] = {"some": {"name": {"eqIgnoreCase": query.label}}}
    if not query.project and not query.cycle:  # all that a team ever did is no plan
        wanted["state"] = {"type": {"nin": [*sorted(DONE | DROPPED - {"cancelled"})]}}
    return wanted


def _by_ids(ids: Sequence[str], linear: Linear) -> Iterator[Row]:
    """By team, as many at a time as a page has."""
    by_team: dict[str, list[int]] = {}
    for one in dict.fromkeys(ids):
        team, _, number = one.rpartition("-")
        by_team.setdefault(team, []).append(int(number))
    for team, numbers in by_team.items():
        for i in range(0, len(numbers), PAGE):
            wanted = {"team": {"key": {"eqIgnoreCase": team}}, "number": {"in": numbers[i : i + PAGE]}}
            yield from _pages(wanted, linear)


def _pages(wanted: Mapping[str, Any], linear: Linear) -> Iterator[Row]:
    after: str | None = None
    seen, count = set[str | None](), 0
    while True:
        issues = linear.ask(ISSUES, {"filter": wanted, "after": after}).get("issues")
        nodes = issues.get("nodes") if isinstance(issues, dict) else None
        if not isinstance(nodes, list) or not all(isinstance(row, dict) for row in nodes):
            raise LinearError(ODD)
        for row in nodes:
            count += 1
            yield _whole(row, linear)
        after = _next(issues)
        if after is None:
            return
        if after in seen or count > MOST:
            raise LinearError(f"Linear has more than {MOST} issues of these; narrow it by a label, project or cycle")
        seen.add(after)


def _whole(row: Row, linear: Linear) -> Row:
    """With all of what the issue has more of than came with it."""
    more = {name: [*_nodes(row.get(name))] for name in NESTED}
    for name, nodes in more.items():
        after = _next(row.get(name))
        while after is not None:
            inner = nested(name, ", after: $after")
            asked = f"query More($id: String!, $after: String) {{ issue(id: $id) {{ {inner} }} }}"
            answer = linear.ask(asked, {"id": row.get("id") or _id(row), "after": after})["issue"]
            nodes += _nodes(answer.get(name))
            following = _next(answer.get(name))
            after = following if following != after else None
    return {**row, **{name: {"nodes": nodes} for name, nodes in more.items()}}


def _nodes(connection: Any) -> list[Any]:
    found = connection.get("nodes") if isinstance(connection, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _next(connection: Any) -> str | None:
    info = connection.get("pageInfo") if isinstance(connection, dict) else None
    if not isinstance(info, dict) or not info.get("hasNextPage"):
        return None
    if not info.get("endCursor"):
        raise LinearError(ODD)
    return str(info["endCursor"])


# -- what was answered ------------------------------------------------------------------------------------------------


def _id(row: Row) -> str:
    found = row.get("identifier")
    if not isinstance(found, str) or not IDENTIFIER.match(found):
        raise LinearError("Linear answered with an issue that has no identifier; nothing was imported")
    return found


def _state(row: Any) -> str:
    kind = str(((row or {}).get("state") or {}).get("type") or "").lower()
    return "done" if kind in DONE else "dropped" if kind in DROPPED or kind == "duplicate" else "open"


def _told_elsewhere(rows: Sequence[Row]) -> dict[str, set[str]]:
    """Whom others say that they block."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for one in _nodes(row.get("relations")):
            for other in _other(one.get("relatedIssue")) if one.get("type") == "blocks" else ():
                found.setdefault(other["identifier"], set()).add(_id(row))
    return found


def _repeated(rows: Sequence[Row]) -> dict[str, str]:
    """Duplicates, as the other side tells them."""
    told = ((row, one) for row in rows for one in _nodes(row.get("inverseRelations")))
    told = ((row, one.get("issue")) for row, one in told if one.get("type") == "duplicate")
    return {str(other["identifier"]): _id(row) for row, found in told for other in _other(found)}


def _issue(row: Row, elsewhere: Mapping[str, set[str]], repeated: Mapping[str, str]) -> Issue:
    priority = row.get("priority")
    blockers = {other["identifier"] for other in _blockers(row)} | elsewhere.get(_id(row), set())
    return Issue(
        id=_id(row),
        title=str(row.get("title") or ""),
        body=str(row.get("description") or ""),
        url=row.get("url") or None,
        labels=tuple(str(one["name"]) for one in _nodes(row.get("labels")) if one.get("name")),
        blocked_by=tuple(sorted(blockers, key=_natural)),
        parent=(row.get("parent") or {}).get("identifier"),
        state=_state(row),
        duplicate_of=_original(row, repeated),
        priority=int(priority) if isinstance(priority, int | float) and 1 <= priority <= 4 else None,
        branch=row.get("branchName") or None,
        updated_at=str(row.get("updatedAt") or ""),
    )


def _natural(id_: str) -> tuple[str, int]:
    team, _, number = id_.rpartition("-")
    return team, int(number) if number.isdecimal() else 0


def _blockers(row: Row) -> Iterator[Row]:
    """Somebody else's relation says that it blocks this one; the words of relations are those of who has them."""
    for one in _nodes(row.get("inverseRelations")):
        if one.get("type") == "blocks":
            yield from _other(one.get("issue"))
    for one in _nodes(row.get("relations")):
        if one.get("type") in ("blocked_by", "blockedBy", "blocked"):
            yield from _other(one.get("relatedIssue"))


def _other(found: Any) -> Iterable[Row]:
    return (found,) if isinstance(found, dict) and isinstance(found.get("identifier"), str) else ()


def _original(row: Row, repeated: Mapping[str, str]) -> str | None:
    for one in _nodes(row.get("relations")):
        if one.get("type") == "duplicate":
            for other in _other(one.get("relatedIssue")):
                return str(other["identifier"])
    is_duplicate = str((row.get("state") or {}).get("type") or "").lower() == "duplicate"
    return repeated.get(_id(row), "" if is_duplicate else None)


def _ended_in(row: Row) -> Iterator[str]:
    return (str(other["identifier"]) for other in _blockers(row) if _state(other) != "open")


def _name(query: Query, rows: Sequence[Row]) -> str:
    """What it is called in Linear, where an id was asked for."""
    if query.project:
        return _told(rows, "project", "name") or query.project
    if query.cycle:
        named = _told(rows, "cycle", "name") or (f"Cycle {query.cycle}" if query.cycle.isdecimal() else query.cycle)
        return f"{query.team} {named}" if query.team else named
    if query.issues:
        return f"Linear {query.issues[0].rpartition('-')[0]}"
    return " ".join(filter(None, ["Linear", query.team, query.label]))


def _told(rows: Sequence[Row], kind: str, key: str) -> str | None:
    return next((str(found) for row in rows if (found := (row.get(kind) or {}).get(key))), None)
