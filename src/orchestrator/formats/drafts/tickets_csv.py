"""Tickets of a table (CSV) → issues, by the names of its columns: those of the usual exports are known.

The law: a column that is not understood is told, never guessed at; a table without titles is an error.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from orchestrator.core.planning.issue import Issue, Issues
from orchestrator.errors import OrchestratorError

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "key", "issue key", "identifier", "ticket", "ticket id", "ticketid", "issue id", "number"),
    "title": ("title", "summary", "name", "subject", "issue"),
    "body": ("description", "body", "details", "text", "notes"),
    "criteria": ("acceptance criteria", "acceptancecriteria", "criteria", "acceptance", "definition of done"),
    "blocked_by": (
        *("blocked by", "blockedby", "blocked_by", "depends on", "dependson", "depends_on", "dependencies"),
        *("inward issue link (blocks)", "inward issue link (blocker)", "blockers", "predecessors"),
    ),
    "blocks": ("blocks", "blocking", "outward issue link (blocks)", "outward issue link (blocker)"),
    "labels": ("labels", "label", "tags", "issue type", "type", "work type"),
    "state": ("status", "state", "status category"),
    "url": ("url", "link", "issue url", "permalink"),
    "parent": ("parent issue", "parent key", "parent"),
    "duplicate_of": ("duplicate of", "outward issue link (duplicate)"),
    "priority": ("priority",),
}
DONE = frozenset({"done", "closed", "complete", "completed", "resolved", "merged", "shipped", "released"})
DROPPED = frozenset({"canceled", "cancelled", "dropped", "won't do", "wont do", "duplicate", "rejected", "not planned"})
PRIORITIES = {"urgent": 1, "highest": 1, "critical": 1, "blocker": 1, "high": 2, "medium": 3, "normal": 3, "low": 4}
MOST_BYTES = 16 * 1024 * 1024

Row = Mapping[str, list[str]]


def read_csv(text: str, name: str, file: str) -> Issues:
    """`name`: what the plan is called; `file`: what messages call it. Raises OrchestratorError."""
    rows = _rows(text.replace("\0", ""), file)
    if not rows:
        raise OrchestratorError(f"{file} is empty; the first line names the columns, such as: title,description")
    columns = [_column(head) for head in rows[0]]
    if "title" not in columns:
        found = ", ".join(head for head in rows[0] if head) or "nothing"
        raise OrchestratorError(f"{file}: no column is called title (or summary, name); there are: {found}")
    tickets = [_fields(columns, row) for row in rows[1:]]
    named = [one for one in tickets if _first(one, "title")]
    issues = [_issue(one, number) for number, one in enumerate(named, 1)]
    unknown = [head for head, column in zip(rows[0], columns, strict=True) if column is None and head.strip()]
    notes = [f"{file}: not understood, and left out: {', '.join(dict.fromkeys(unknown))}"] if unknown else []
    if len(named) < len(tickets):
        notes.append(f"{file}: {len(tickets) - len(named)} rows without a title, left out")
    made_up = tuple(one.id for one, fields in zip(issues, named, strict=True) if not _first(fields, "id"))
    return Issues(name=name, found=_related(issues, named), notes=tuple(notes), made_up=made_up)


def _rows(text: str, file: str) -> list[list[str]]:
    csv.field_size_limit(MOST_BYTES)
    first = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)
    try:
        found = list(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise OrchestratorError(f"{file} is no table that can be read: {error}; is a quote left open?") from None
    return [row for row in found if any(cell.strip() for cell in row)]


def _column(head: str) -> str | None:
    plain = " ".join(head.strip().strip('"').lower().replace("_", " ").split())
    return next((name for name, known in COLUMNS.items() if plain in known), None)


def _fields(columns: Sequence[str | None], row: Sequence[str]) -> Row:
    """A name may stand over several columns."""
    fields: dict[str, list[str]] = {}
    for column, cell in zip(columns, row, strict=False):
        if column is not None and cell.strip():
            fields.setdefault(column, []).append(cell.strip())
    return fields


def _first(row: Row, column: str) -> str:
    return next(iter(row.get(column, ())), "")


def _each(row: Row, column: str) -> list[str]:
    found = (one.strip().strip("[]\"'") for cell in row.get(column, ()) for one in re.split(r"[,;\n]", cell))
    return [one for one in found if one]


def _issue(row: Row, number: int) -> Issue:
    criteria = [one.strip(" \t-*•") for cell in row.get("criteria", ()) for one in re.split(r"\n|;|\|", cell)]
    listed = "\n".join(f"- {one}" for one in criteria if one)
    body = "\n\n".join(filter(None, [*row.get("body", ()), listed and f"## Acceptance criteria\n\n{listed}"]))
    state = _first(row, "state").lower()
    return Issue(
        id=_id(_first(row, "id")) or f"#{number}",
        title=_first(row, "title"),
        body=body,
        url=_first(row, "url") or None,
        labels=tuple(_each(row, "labels")),
        state="done" if state in DONE else "dropped" if state in DROPPED else "open",
        duplicate_of=next(iter(_each(row, "duplicate_of")), None),
        priority=PRIORITIES.get(_first(row, "priority").lower()),
        parent=next(iter(_each(row, "parent")), None),
    )


def _id(text: str) -> str:
    """A number alone gets a letter, as ids have them."""
    plain = text.strip().lstrip("#")
    return f"T-{plain}" if plain.isdecimal() else plain


def _related(issues: Sequence[Issue], rows: Sequence[Row]) -> tuple[Issue, ...]:
    """Whom they wait for, by ids: titles count, too."""
    titles = {" ".join(one.title.split()).casefold(): one.id for one in issues}
    ids = {one.id.casefold(): one.id for one in issues}

    def known(text: str) -> str | None:
        plain = " ".join(text.split()).casefold()
        return ids.get(plain) or ids.get(_id(text).casefold()) or titles.get(plain)

    def found(text: str) -> str:
        return known(text) or text

    def named(row: Row, column: str) -> Iterator[str]:
        """A title may have a comma."""
        for cell in row.get(column, ()):
            whole = known(cell)
            yield from [whole] if whole is not None else [found(each) for each in _each({column: [cell]}, column)]

    waits: dict[str, list[str]] = {one.id: [] for one in issues}
    for one, row in zip(issues, rows, strict=True):
        waits[one.id] += named(row, "blocked_by")
        for other in named(row, "blocks"):
            waits.setdefault(other, []).append(one.id)
    return tuple(
        msgspec.structs.replace(
            one,
            blocked_by=tuple(dict.fromkeys(waits[one.id])),
            parent=found(one.parent) if one.parent else None,
            duplicate_of=found(one.duplicate_of) if one.duplicate_of else one.duplicate_of,
        )
        for one in issues
    )
