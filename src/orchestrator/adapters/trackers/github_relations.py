"""What GitHub itself keeps of issues: who is blocked by whom, who is part of whom, and who is closed.

The law: a page is asked for and not each issue, as long as a page can tell. A server that knows no relations has none;
one that cannot be asked is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from orchestrator.adapters.forge.gh import ForgeNotSetUpError, ForgeRefusedError, ForgeUnreachableError

PAGE = 50
"""Issues of one question."""
MOST_ASKED = 300
"""Issues of which each is asked for, where no page can tell."""
_PASSES = re.compile(
    r"rate limit|abuse|\b(429|50\d)\b|connection|dial |EOF|end of JSON|reset by|no such host|did not answer", re.I
)
_AWAY = re.compile(
    r"secondary rate|abuse|\b429\b|connection|dial |EOF|end of JSON|reset by|no such host|did not answer", re.I
)
"""Asking in another way is no help."""
RELATED = (
    "number parent { number repository { nameWithOwner } } "
    "blockedBy(first: 50) { nodes { number state repository { nameWithOwner } } }"
)


class Asks(Protocol):
    def json(self, *words: str) -> Any: ...


class Relations(NamedTuple):
    blockers: Mapping[int, Sequence[int]] = {}
    parents: Mapping[int, int] = {}
    ended: frozenset[int] = frozenset()
    """Numbers of blockers that are closed."""
    notes: tuple[str, ...] = ()


def read(repository: str, numbers: Sequence[int], asks: Asks) -> Relations:
    """Raises ForgeUnreachableError when nobody can be asked."""
    if not numbers:
        return Relations()
    try:
        rows = [row for i in range(0, len(numbers), PAGE) for row in _page(repository, numbers[i : i + PAGE], asks)]
        return _relations(rows, repository)
    except ForgeNotSetUpError:
        raise
    except (ForgeRefusedError, ForgeUnreachableError) as error:
        if _AWAY.search(str(error)):
            raise
        return _by_rest(repository, numbers, asks)  # an older server, or one to which this was too much


def _split(repository: str) -> tuple[list[str], str, str]:
    *host, owner, name = repository.split("/")
    return (["--hostname", host[0]] if host else []), owner, name


def _page(repository: str, numbers: Sequence[int], asks: Asks, inner: str = RELATED) -> list[Mapping[str, Any]]:
    host, owner, name = _split(repository)
    each = " ".join(f"i{one}: issue(number: {one}) {{ {inner} }}" for one in numbers)
    query = f"query($owner: String!, $name: String!) {{ repository(owner: $owner, name: $name) {{ {each} }} }}"
    words = ("api", "graphql", *host, "-f", f"query={query}", "-f", f"owner={owner}", "-f", f"name={name}")
    answer = asks.json(*words)
    there = ((answer.get("data") or {}) if isinstance(answer, dict) else {}).get("repository")
    if not isinstance(there, dict) or not all(f"i{one}" in there for one in numbers):
        raise ForgeRefusedError("gh api graphql answered without the issues that were asked for")
    return [row for row in there.values() if isinstance(row, dict)]


def _relations(rows: Sequence[Mapping[str, Any]], repository: str) -> Relations:
    blockers: dict[int, list[int]] = {}
    parents: dict[int, int] = {}
    ended: set[int] = set()
    for row in rows:
        own = int(row["number"])
        for one in (row.get("blockedBy") or {}).get("nodes") or ():
            if _is_own(one, repository):
                blockers.setdefault(own, []).append(int(one["number"]))
                if str(one.get("state")).upper() == "CLOSED":
                    ended.add(int(one["number"]))
        if row.get("parent") and _is_own(row["parent"], repository):
            parents[own] = int(row["parent"]["number"])
    return Relations(blockers, parents, frozenset(ended))


def _is_own(row: Mapping[str, Any], repository: str) -> bool:
    """An issue of another repository has a number that means something else here."""
    there = row.get("repository") or {}
    name = (
        there.get("nameWithOwner") or there.get("full_name") or "/".join(str(row.get("repository_url")).split("/")[-2:])
    )
    return name in ("", "None") or name.casefold() == "/".join(repository.split("/")[-2:]).casefold()


# -- an older way -----------------------------------------------------------------------------------------------------


def _by_rest(repository: str, numbers: Sequence[int], asks: Asks) -> Relations:
    rest = _Rest(repository, asks)
    blocked, whole = rest.marked(numbers)
    rows: dict[int, dict[str, Any]] = {one: {"number": one} for one in numbers}
    for one in blocked[:MOST_ASKED]:
        found = rest.rows(f"issues/{one}/dependencies/blocked_by?per_page=100")
        if found is None:
            break
        rows[one]["blockedBy"] = {"nodes": found}
    for one in whole[:MOST_ASKED]:
        found = rest.rows(f"issues/{one}/sub_issues?per_page=100")
        if found is None:
            break
        for part in found:
            if _is_own(part, repository) and part["number"] in rows:
                rows[part["number"]]["parent"] = {"number": one}
    more = max(len(blocked), len(whole)) - MOST_ASKED
    note = (f"relations of {more} issues were not asked for: there are too many",) if more > 0 else ()
    return _relations(list(rows.values()), repository)._replace(notes=note)


class _Rest:
    def __init__(self, repository: str, asks: Asks) -> None:
        host, owner, name = _split(repository)
        self._host, self._base, self._asks = host, f"repos/{owner}/{name}", asks

    def rows(self, path: str) -> list[dict[str, Any]] | None:
        """None: the server does not know that."""
        try:
            found = self._asks.json("api", *self._host, f"{self._base}/{path}")
        except ForgeNotSetUpError:
            raise
        except ForgeRefusedError:
            return None
        except ForgeUnreachableError as error:
            if _PASSES.search(str(error)):
                raise
            return None
        return [row for row in found if isinstance(row, dict) and "number" in row] if isinstance(found, list) else None

    def marked(self, numbers: Sequence[int]) -> tuple[list[int], list[int]]:
        """Who is blocked, and who has parts, as far as pages tell; else anybody may."""
        wanted, blocked, whole = set(numbers), [], []
        for page in range(1, 31):
            rows = self.rows(f"issues?state=open&per_page=100&page={page}")
            if rows is None or any("issue_dependencies_summary" not in row for row in rows if row["number"] in wanted):
                return list(numbers), list(numbers)
            for row in rows:
                if row["number"] in wanted:
                    wanted.discard(row["number"])
                    told = row["issue_dependencies_summary"] or {}
                    blocked += [row["number"]] if told.get("total_blocked_by", told.get("blocked_by")) else []
                    whole += [row["number"]] if (row.get("sub_issues_summary") or {}).get("total") else []
            if len(rows) < 100 or not wanted:
                break
        return [*blocked, *sorted(wanted)], [*whole, *sorted(wanted)]


# -- others -----------------------------------------------------------------------------------------------------------


MOST_ALONE = 100
"""Of those that are not there, or no issues, so many are looked for."""


def closed(repository: str, numbers: Sequence[int], asks: Asks) -> set[int]:
    """Those of them that are closed; of what is not there nobody knows it. Raises ForgeUnreachableError."""
    pages = (numbers[i : i + PAGE] for i in range(0, len(numbers), PAGE))
    alone: list[int] = []
    rows = (row for page in pages for row in _states(repository, page, asks, alone))
    return {int(row["number"]) for row in rows if str(row.get("state")).upper() in ("CLOSED", "MERGED")}


def _states(repository: str, numbers: Sequence[int], asks: Asks, alone: list[int]) -> list[Mapping[str, Any]]:
    """One that is none, or a pull request, spoils a page: it is looked for by halves."""
    if len(alone) >= MOST_ALONE:
        return []
    try:
        return _page(repository, numbers, asks, "number state")
    except ForgeRefusedError:
        if len(numbers) == 1:
            alone.append(numbers[0])
            row = _view(repository, numbers[0], asks)
            return [row] if row is not None else []
    half = len(numbers) // 2
    parts = (numbers[:half], numbers[half:])
    return [row for part in parts for row in _states(repository, part, asks, alone)]


def _view(repository: str, one: int, asks: Asks) -> Mapping[str, Any] | None:
    try:
        row = asks.json("issue", "view", str(one), "--repo", repository, "--json", "number,state")
    except ForgeRefusedError:
        return None
    return row if isinstance(row, dict) and "number" in row else None
