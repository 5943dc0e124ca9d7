"""What the text of an issue says in a form that needs no model: criteria in lists, and whom it waits for.

The law: only what a page shows to people counts: no comments, no code. Nothing is understood beyond a few plain forms;
what is not one of them stays in the description.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CODE = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TAG = re.compile(r"</?(?:details|summary|p|br|b|i|em|strong|ul|ol|div|span|sub|sup)\b[^<>]{0,200}>", re.IGNORECASE)

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_BOLD = re.compile(r"[ \t]*(\*\*|__)(.+?)\1[ \t]*:?[ \t]*$")
_LEAD = re.compile(r" {0,3}(\w[\w /-]{0,40}):[ \t]*$")
_ITEM = re.compile(r"([ \t]*)(?:[-*+•]|\d{1,4}[.)])[ \t]+(?:\[([ xX])\](?:[ \t]+|$))?(.*)$")
_SAYS_NOTHING = re.compile(r"[_*]*(?:no response|none|n/?a|tbd|todo|-|\.\.\.|…)[_*]*\.?", re.IGNORECASE)

CRITERIA = frozenset(
    {
        "acceptance criteria", "acceptance criterion", "acceptance", "ac", "criteria", "definition of done", "dod",
        "done when", "done", "requirements", "requirement", "success criteria", "exit criteria", "acceptance tests",
    }
)  # fmt: skip
"""Headings below which criteria stand."""
BLOCKERS = frozenset({"depends on", "dependencies", "blocked by", "blockers", "prerequisites", "requires", "waits for"})
"""Headings below which those stand for whom it waits."""


class Line(NamedTuple):
    text: str
    section: str
    """The heading above it that is one of ours, as there; empty: none is."""
    indent: int = 0
    is_item: bool = False
    is_task: bool = False


def fit(text: str) -> str:
    """As it may stand in a file and in a prompt: lines end as here, and nothing that no text has."""
    return _UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    return " ".join(fit(text).split())


def shown(text: str) -> str:
    """What people see of it, without code."""
    return _CODE.sub("", _HIDDEN.sub("", fit(text)))


def lines(text: str) -> Iterator[Line]:
    """Each with the section that it is in: criteria or blockers."""
    section, depth = "", 0
    for row in shown(text).split("\n"):
        found = _heading(row)
        if found is not None:
            level, name = found
            if name in CRITERIA or name in BLOCKERS:
                section, depth = name, level
            elif level <= depth:
                section, depth = "", 0
            continue
        item = _ITEM.match(row)
        if item is None:
            yield Line(row, section, len(row) - len(row.lstrip()))
        else:
            yield Line(item[3].strip(), section, len(item[1].expandtabs(4)), True, item[2] is not None)


def _heading(row: str) -> tuple[int, str] | None:
    """How deep, and its words. What only looks like one (bold, or with a colon) is the deepest, if it is one of ours
    or bold."""
    if (real := _HEADING.match(row)) is not None:
        return len(real[1]), _words(real[2])
    if (bold := _BOLD.match(row)) is not None:
        return 7, _words(bold[2])
    if (lead := _LEAD.match(row)) is not None and _words(lead[1]) in CRITERIA | BLOCKERS:
        return 7, _words(lead[1])
    return None


def _words(heading: str) -> str:
    """Of `### ✅ **Acceptance Criteria** (AC):` what counts."""
    plain = re.sub(r"\(.*?\)", " ", heading)
    return " ".join(re.sub(r"[^\w ]|_", " ", plain).split()).lower()


def criteria(text: str) -> tuple[str, ...]:
    """Task lists wherever they are, and lists (or else paragraphs) below a heading of criteria; each once."""
    kept: list[str] = []
    rows = list(lines(text))
    listed = {row.section for row in rows if row.is_item and row.section in CRITERIA}
    grows, at = False, 0
    for row in rows:
        ours = row.section in CRITERIA
        if row.is_item:
            grows, at = (row.is_task or ours) and not is_reference(row.text), row.indent
            if grows:
                kept.append(row.text)
        elif not row.text.strip():
            grows = False
        elif grows and (row.indent > at or not ours or row.section in listed):
            kept[-1] += f" {row.text.strip()}"
        elif ours and row.section not in listed:
            kept.append(row.text)
            grows, at = True, -1
    plain = (one_line(_TAG.sub(" ", one)) for one in kept)
    return tuple(dict.fromkeys(one for one in plain if one and not _SAYS_NOTHING.fullmatch(one)))


# -- whom it waits for ------------------------------------------------------------------------------------------------

_URL = r"https?://[^\s<>()\[\]\"']{1,200}/(?:issues?|browse)/[\w-]{1,40}(?:/[\w-]{0,200})?"
_NUMBER = r"(?:(?<![\w./-])[\w.-]{1,100}/[\w.-]{1,100})?#\d{1,10}\b"
_KEY = r"\b[A-Za-z][A-Za-z0-9]{0,15}-\d{1,10}\b"
_REF = rf"(?:\[[^\]\n]{{0,200}}\]\({_URL}\)|{_URL}|{_NUMBER}|{_KEY})"
_REFS = rf"{_REF}(?:(?: ?(?:,|;|&|\+|and\b|or\b))+ ?(?:also |on |by )?{_REF})*"
_NOT = re.compile(r"(?:\b(?:not|no longer|never|without|nor|cannot)|n['’]t)(?: \w{1,20}){0,2} ?$", re.IGNORECASE)
_THING = r"(?: (?:the )?(?:issues?|tickets?|prs?|pull requests?|completion of|merge of))?"
_WAITS = re.compile(
    rf"\b(?:blocked (?:by|on)|depend(?:s|ent|ing)? (?:up)?on|dependenc(?:y|ies)|requires?|prerequisites?|needs|"
    rf"wait(?:s|ing)? (?:for|on)){_THING} ?[:=–-]? ?(?P<refs>{_REFS})",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"\bafter{_THING} (?P<refs>{_REFS}) (?:is|are|has|have|gets?|lands?|ships?|merges?|closes?)\b", re.IGNORECASE
)
_BLOCKS = re.compile(rf"\b(?:blocks|blocking){_THING} ?:? ?(?P<refs>{_REFS})", re.IGNORECASE)
_REPEATS = re.compile(rf"^\W{{0,5}}(?:duplicate of|duplicates) (?P<refs>{_REF}) ?\.?$", re.IGNORECASE | re.MULTILINE)
_EACH = re.compile(_REF)
_TAGGED = re.compile(r"(?:depends[- ]on|blocked[- ]by)\s*[:/=]\s*(#?\w[\w-]*)", re.IGNORECASE)
_MARKS = re.compile(r"`[^`\n]*`|[*~]|(?<!\w)_|_(?!\w)")
_TARGET = re.compile(rf"\[[^\]]*\]\(({_URL})\)")


class Said(NamedTuple):
    """References, as they are written: `#42`, `acme/shop#42`, `PROJ-3`, an address."""

    waits_for: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    """Of task lists whose items are issues."""
    repeats: str | None = None


def said(text: str) -> Said:
    if "#" not in text and "-" not in text and "/" not in text:
        return Said()
    waits: list[str] = []
    parts: list[str] = []
    rows = list(lines(text))
    for row in rows:
        if row.section in BLOCKERS:
            waits += references(row.text)
        elif row.is_task and is_reference(row.text):
            parts += references(row.text)
    plain = "\n".join(" ".join(_MARKS.sub("", row.text).split()) for row in rows)
    waits += [one for pattern in (_WAITS, _AFTER) for one in _found(pattern, plain)]
    repeats = _REPEATS.search(plain)
    return Said(
        tuple(dict.fromkeys(waits)),
        tuple(dict.fromkeys(_found(_BLOCKS, plain))),
        tuple(dict.fromkeys(parts)),
        references(repeats["refs"])[0] if repeats else None,
    )


def _found(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for match in pattern.finditer(text):
        line = max(text.rfind("\n", 0, match.start()) + 1, match.start() - 60)
        if not _NOT.search(text, line, match.start()):
            yield from references(match["refs"])


def references(text: str) -> list[str]:
    return [_TARGET.sub(r"\1", one) for one in _EACH.findall(text)]


def is_reference(text: str) -> bool:
    """Whether it is nothing else."""
    return _EACH.fullmatch(text.strip()) is not None


def tagged(labels: tuple[str, ...]) -> tuple[str, ...]:
    """What labels such as `depends-on:42` refer to."""
    found = (_TAGGED.fullmatch(label.strip()) for label in labels)
    return tuple(f"#{one[1]}" if one[1].isdigit() else one[1] for one in found if one)
