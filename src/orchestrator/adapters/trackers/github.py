"""Issues of GitHub, asked for through its own command line.

The law: an answer is whole or an error. What may be otherwise in a moment is asked again a few times; only of what the
server does not know at all (relations, on an old one) is less taken, and that is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from orchestrator.adapters.forge.gh import ForgeNotSetUpError, ForgeRefusedError, ForgeUnreachableError
from orchestrator.adapters.trackers import github_relations
from orchestrator.adapters.trackers.github_asked import Asked
from orchestrator.adapters.trackers.github_existing import look_for
from orchestrator.adapters.trackers.github_relations import Relations
from orchestrator.core.planning.body import said
from orchestrator.core.planning.issue import Issue, Issues
from orchestrator.errors import OrchestratorError

MOST = 10_000
"""Issues at most; `gh` asks for a hundred at a time, and ends with the last."""
SEARCHED = 1000
"""With a milestone or a label `gh` searches, and a search ends here without a word."""
FIELDS = "number,title,body,labels,state,milestone,url,updatedAt"
NOTHING = "nothing was imported"
NEWER = "stateReason"
"""What not every `gh` knows."""
_LATER = re.compile(r"; it is asked again later|the forge asks to be asked less often")
_PLACE = re.compile(r"https?://[^/]+/([\w-]+/[\w.-]+)/issues/\d+\Z")
_UNKNOWN_FIELD = "Unknown JSON field"
_LISTED = re.compile(r"(?:#|GH-|.*/issues/)?(\d+)(?:[/?#].*)?", re.IGNORECASE)
_REPOSITORY = re.compile(r"(?:(?:https?://|ssh://git@|git@)?([\w.-]+\.[\w.-]+)[/:])?([\w-]+)/([\w.-]+?)(?:\.git)?/?")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    repository: str
    """`owner/name`, or `host/owner/name`."""
    milestone: str | None = None
    label: str | None = None
    issues: tuple[int, ...] = ()
    known: tuple[str, ...] = ()
    """Ids that earlier imports brought: of those that are not found it is asked what became of them."""

    @property
    def source(self) -> str:
        """As a source of the configuration is called."""
        chosen = [f" {key} {value}" for key, value in (("milestone", self.milestone), ("label", self.label)) if value]
        numbers = f" issue {' '.join(map(str, self.issues))}" if self.issues else ""
        return f"github {self.repository}{''.join(chosen)}{numbers}"


def repository(text: str) -> str | None:
    """`owner/name` or `host/owner/name` of that or of an address; None: it is neither."""
    found = _REPOSITORY.fullmatch(text.strip())
    if found is None:
        return None
    host = found[1] or ""
    return (
        f"{found[2]}/{found[3]}" if host.lower() in ("", "github.com", "www.github.com") else "/".join(found.groups())
    )


def number(text: str) -> int | None:
    """`42`, `#42`, `GH-42` or an address."""
    found = _LISTED.fullmatch(text.strip())
    return int(found[1]) if found else None


def read(query: Query, asked: Asked) -> Issues:
    """Raises OrchestratorError, in words for people; then nothing is known."""
    try:
        rows = _chosen(query, asked) if query.issues else _listed(query, asked)
        if not rows and (query.milestone is not None or query.label is not None):
            look_for(query.repository, query.milestone, query.label, asked)
            rows = _meant(query, asked)  # a search may lag behind
        name = _name(query, rows)
        query = replace(query, repository=_called_now(query.repository, rows))
        found = {one.id: one for one in sorted((_issue(row) for row in rows), key=lambda one: _number(one.id))}
        relations = github_relations.read(query.repository, [_number(id_) for id_ in found], asked)
        issues = tuple(_with(one, relations) for one in found.values())
        ended = relations.ended | _ended(query, issues, relations, asked)
    except ForgeNotSetUpError as error:
        hint = "install GitHub's command line (https://cli.github.com) or name it in ghCommand of the configuration"
        lacks = "cannot be started" in str(error)
        raise OrchestratorError(f"{error}\n{hint if lacks else NOTHING}") from error
    except (ForgeUnreachableError, ForgeRefusedError) as error:
        raise OrchestratorError(_in_words(query, error)) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise OrchestratorError(f"gh answered with something else than was asked for ({error}); {NOTHING}") from error
    closed = tuple(sorted(f"GH-{one}" for one in ended if f"GH-{one}" not in found))
    return Issues(name=name, found=issues, notes=relations.notes, ended=closed)


def _in_words(query: Query, error: OrchestratorError) -> str:
    text = _LATER.sub("", str(error)).strip()
    if isinstance(error, ForgeRefusedError):
        return f"{text}\nis {query.repository} the right repository, and may this login see it? nothing was imported"
    return f"{text}\nnothing was imported; run it again in a while"


def _called_now(repository: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """A repository that got another name is still found by the old one, but tells only the new one."""
    *host, _, _ = repository.split("/")
    told = next((found for row in rows if (found := _PLACE.match(str(row.get("url"))))), None)
    return "/".join([*host, told[1]]) if told else repository


def _name(query: Query, rows: Iterable[Mapping[str, Any]]) -> str:
    """A milestone may have been named by its number."""
    owner_and_name = "/".join(query.repository.split("/")[-2:])
    if query.milestone is not None:
        titles = (str(one["title"]) for row in rows if (one := row.get("milestone")) and one.get("title"))
        return next(titles, query.milestone)
    return f"{owner_and_name} {query.label}" if query.label else owner_and_name


# -- issues -----------------------------------------------------------------------------------------------------------


def _listed(query: Query, asked: Asked) -> list[Mapping[str, Any]]:
    """Narrowed by the server as long as it tells all; a milestone that is a number means something else to `gh`."""
    words = ["--milestone", query.milestone] if query.milestone is not None else []
    words += ["--label", query.label] if query.label is not None else []
    if query.milestone is None or not query.milestone.isdigit():
        rows = _open(query, asked, words)
        if not words or len(rows) < SEARCHED:
            return rows
    return _meant(query, asked)


def _meant(query: Query, asked: Asked) -> list[Mapping[str, Any]]:
    return [row for row in _open(query, asked, []) if _is_meant(row, query)]


def _open(query: Query, asked: Asked, more: Iterable[str]) -> list[Mapping[str, Any]]:
    words = ["issue", "list", "--repo", query.repository, "--state", "open", "--limit", str(MOST), *more]
    rows = _fields(asked, words)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ForgeUnreachableError("gh issue list answered with something else than a list of issues")
    return rows


def _is_meant(row: Mapping[str, Any], query: Query) -> bool:
    """As the server compares: capitals do not count, and a milestone may be named by its number."""
    milestone = row.get("milestone") or {}
    own = {str(milestone.get("title")).casefold(), str(milestone.get("number"))}
    labels = {label.casefold() for label in _labels(row)}
    return (query.milestone is None or query.milestone.casefold() in own) and (
        query.label is None or query.label.casefold() in labels
    )


def _chosen(query: Query, asked: Asked) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for one in dict.fromkeys(query.issues):
        row = _fields(asked, ["issue", "view", str(one), "--repo", query.repository])
        if not isinstance(row, dict):
            raise ForgeUnreachableError(f"gh issue view {one} answered without an issue")
        if "/pull/" in str(row.get("url")):
            raise ForgeRefusedError(f"#{one} of {query.repository} is a pull request, and no issue")
        if row.get("number") != one:
            raise ForgeRefusedError(f"#{one} of {query.repository} was moved to {row.get('url')}")
        rows.append(row)
    return rows


def _fields(asked: Asked, words: Iterable[str]) -> Any:
    """With the fields that only a newer `gh` has, where it has them; an older one says so without asking anybody."""
    try:
        return asked.json(*words, "--json", f"{FIELDS},{NEWER}")
    except ForgeUnreachableError as error:
        if _UNKNOWN_FIELD not in str(error):
            raise
        return asked.json(*words, "--json", FIELDS)


def _issue(row: Mapping[str, Any]) -> Issue:
    if not isinstance(row.get("number"), int):
        raise ForgeUnreachableError("gh answered with an issue that has no number")
    reason = str(row.get("stateReason") or "").upper()
    is_open = str(row.get("state") or "OPEN").upper() == "OPEN"
    return Issue(
        id=f"GH-{row['number']}",
        title=str(row.get("title") or ""),
        body=str(row.get("body") or ""),
        url=row.get("url") or None,
        labels=_labels(row),
        state="open" if is_open else "dropped" if reason == "NOT_PLANNED" else "done",
        duplicate_of="" if reason == "DUPLICATE" and not is_open else None,
        updated_at=str(row.get("updatedAt") or ""),
    )


def _labels(row: Mapping[str, Any]) -> tuple[str, ...]:
    names = (one.get("name") if isinstance(one, dict) else one for one in row.get("labels") or ())
    return tuple(str(name) for name in names if name)


def _number(id_: str) -> int:
    return int(id_.removeprefix("GH-"))


def _with(issue: Issue, relations: Relations) -> Issue:
    own = _number(issue.id)
    blockers = tuple(f"GH-{one}" for one in relations.blockers.get(own, ()))
    parent = relations.parents.get(own)
    return replace(issue, blocked_by=blockers, parent=f"GH-{parent}" if parent else None)


# -- what became of others --------------------------------------------------------------------------------------------


def _ended(query: Query, issues: Iterable[Issue], relations: Relations, asked: Asked) -> set[int]:
    """Of those that are mentioned as blockers, or were imported before, and were not found."""
    found = {_number(one.id) for one in issues}
    mentioned = {one for issue in issues for written in said(issue.body).waits_for if (one := _own(written, query))}
    known = {_number(one) for one in query.known if one.startswith("GH-") and one[3:].isdigit()}
    return github_relations.closed(query.repository, sorted((mentioned | known) - found - relations.ended), asked)


def _own(written: str, query: Query) -> int | None:
    """The number, when it is of the same repository."""
    name = "/".join(query.repository.split("/")[-2:]).casefold()
    plain = written.casefold()
    if "://" in plain:
        return number(plain) if f"/{name}/issues/" in plain else None
    owner, sharp, last = plain.rpartition("#")
    if sharp:
        return int(last) if owner in ("", name) else None
    return int(plain[3:]) if plain.startswith("gh-") else None
