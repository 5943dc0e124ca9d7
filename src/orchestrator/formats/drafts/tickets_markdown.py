"""Tickets of a Markdown file → issues: a heading each, or an item of a list each where there are no headings.

The law: what the author wrote below a heading is the text of that ticket, as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.core.planning.issue import Issue, Issues

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"(?:[-*+]|\d{1,4}[.)])[ \t]+(?:\[([ xX])\][ \t]+)?(\S.*)$")
_ID = re.compile(r"\[?([A-Za-z][A-Za-z0-9]{0,15}-[0-9]{1,10})\]?(?::|[ \t]+[-–—]|[ \t])[ \t]*(\S.*)$")
_FIELD = re.compile(
    r"[ \t]*(?:[-*+][ \t]+)?[*_]{0,2}(id|labels?|tags?|type|url|link|depends on|blocked by|blockers?|dependencies)"
    r"[*_]{0,2}[ \t]*:[*_]{0,2}[ \t]*(\S.*)$",
    re.IGNORECASE,
)
_SECTIONS = frozenset(
    {
        "acceptance criteria", "criteria", "requirements", "definition of done", "dependencies", "depends on",
        "blocked by", "notes", "description", "context", "background",
    }
)  # fmt: skip
"""Headings that are parts of a ticket, and no ticket."""


class Part(NamedTuple):
    title: str
    rows: list[str]


def read_markdown(text: str, name: str) -> Issues:
    """`name`: what the plan is called, where the file does not say."""
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    heading, parts = _parts(rows)
    issues = [_issue(part, number) for number, part in enumerate(parts, 1)]
    made_up = tuple(one.id for one, known in issues if not known)
    return Issues(name=heading or name, found=_waiting([one for one, _ in issues]), made_up=made_up)


def _parts(rows: Sequence[str]) -> tuple[str, list[Part]]:
    """What the whole is called, and the tickets."""
    headings = list(_headings(rows))
    tickets = [one for one in headings if one[2].lower().rstrip(":") not in _SECTIONS]
    levels = [level for _, level, _ in tickets]
    if not levels:
        return (headings[0][2] if headings else "", _items(rows))
    top = min(levels)
    title = ""
    if levels.count(top) == 1 and len(levels) > 1 and levels[0] == top:
        title = tickets[0][2]
        top = min(level for level in levels if level > top)
    elif len(levels) == 1 and (found := _items(rows[tickets[0][0] + 1 :])):
        return tickets[0][2], found
    starts = [(at, words) for at, level, words in tickets if level == top]
    ends = [at for at, _ in starts[1:]] + [len(rows)]
    return title, [Part(words, list(rows[at + 1 : end])) for (at, words), end in zip(starts, ends, strict=True)]


def _headings(rows: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Line, level, words; not in code."""
    for at, (row, is_code) in enumerate(_marked(rows)):
        if not is_code and (found := _HEADING.match(row)) is not None and found[2]:
            yield at, len(found[1]), found[2]


def _marked(rows: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each row, and whether it is code, or begins or ends some."""
    fence = ""
    for row in rows:
        mark = _FENCE.match(row)
        is_mark = mark is not None and (not fence or mark[1].startswith(fence))
        yield row, is_mark or bool(fence)
        if mark is not None and is_mark:
            fence = "" if fence else mark[1]


def _items(rows: Sequence[str]) -> list[Part]:
    """Each item of the outermost list, with what is indented below it. What is ticked off is done."""
    parts: list[Part] = []
    is_open = False
    for row, is_code in _marked(rows):
        found = None if is_code else _ITEM.match(row)
        if found is not None:
            is_open = found[1] not in ("x", "X")
            if is_open:
                parts.append(Part(found[2].strip(), []))
        elif is_open and (not row.strip() or row[0] in " \t"):
            parts[-1].rows.append(row[2:] if row.startswith("  ") else row.lstrip("\t"))
        else:
            is_open = False
    return parts


def _issue(part: Part, number: int) -> tuple[Issue, bool]:
    """And whether it has an id of its own."""
    fields: dict[str, list[str]] = {}
    rows = []
    for row, is_code in _marked(part.rows):
        found = None if is_code else _FIELD.match(row)
        if found is None:
            rows.append(row)
            continue
        fields.setdefault(found[1].lower(), []).append(found[2].strip())
    named = _ID.match(part.title)
    id_ = next(iter(fields.get("id", ())), named[1] if named else "").strip("`")
    labels = [_each(one) for key in ("label", "labels", "tag", "tags", "type") for one in fields.get(key, ())]
    waits = ("depends on", "blocked by", "blocker", "blockers", "dependencies")
    issue = Issue(
        id=id_ or f"#{number}",
        title=named[2] if named else part.title,
        body="\n".join(rows).strip("\n"),
        url=next((one.strip("<>") for key in ("url", "link") for one in fields.get(key, ())), None),
        labels=tuple(label for row in labels for label in row),
        blocked_by=tuple(row for key in waits for row in fields.get(key, ())),
    )
    return issue, bool(id_)


_MARKS = " \t`*_[]\"'"


def _each(text: str) -> list[str]:
    return [one for each in re.split(r"[,;]", text) if (one := each.strip(_MARKS))]


def _waiting(issues: Sequence[Issue]) -> tuple[Issue, ...]:
    """Whom they wait for, by ids: titles, and numbers of the file's own order, count too."""
    names = {one.id.casefold(): one.id for one in issues}
    titles = {" ".join(one.title.split()).casefold(): one.id for one in issues}
    import msgspec

    def known(text: str) -> str | None:
        plain = " ".join(text.strip(_MARKS).split()).casefold()
        return names.get(plain) or titles.get(plain)

    def found(row: str) -> list[str]:
        """A title may have a comma."""
        whole = known(row)
        return [whole] if whole is not None else [known(each) or each for each in _each(row)]

    return tuple(
        msgspec.structs.replace(
            one, blocked_by=tuple(dict.fromkeys(each for row in one.blocked_by for each in found(row)))
        )
        for one in issues
    )
