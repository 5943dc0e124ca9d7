"""What a tool answers: words for a model, and the same as an object.

The law: an answer is never longer than a model reads, whatever there is to tell, and what was left out is counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from orchestrator.core.problems import Problem

Row = dict[str, Any]

ROOM = 20_000
"""Characters of the rows of one answer."""
MOST_PROBLEMS = 50
LONG_TEXT = 300
LONG_LINE = 2000
"""Characters of one thing that is wrong: what was sent is told back, and may be whatever."""


class Answer(NamedTuple):
    text: str
    content: Row
    failed: bool = False


def shown(content: Row) -> Answer:
    return Answer(compact(content), content)


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def without_nothing(row: Mapping[str, Any]) -> Row:
    """What is not known or not there is left out: a key costs a model as much as a value."""
    return {key: value for key, value in row.items() if value is not None and value != "" and value not in ([], {}, ())}


def cut(text: str | None, longest: int = LONG_TEXT) -> str | None:
    if text is None or len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest} more characters)"


def page(name: str, rows: Sequence[Row], offset: int = 0, limit: int = 50, room: int = ROOM) -> Row:
    """Rows from `offset` on, as many as are wanted and as there is room for; the first of them in any case."""
    taken: list[Row] = []
    for row in rows[offset : offset + limit]:
        room -= len(compact(row)) + 2
        if room < 0 and taken:
            break
        taken.append(row)
    end = offset + len(taken)
    more = {"more": len(rows) - end, "nextOffset": end} if end < len(rows) else {}
    return {"total": len(rows), name: taken, **more}


def names(ids: Sequence[str], most: int = 20) -> list[str]:
    """The first of them; the last word says how many there are besides."""
    return [*ids[:most], *([f"… and {len(ids) - most} more"] if len(ids) > most else [])]


def problem_rows(problems: Iterable[Problem]) -> Row:
    """Errors first; without those that repeat themselves."""
    found = sorted(dict.fromkeys(problems), key=lambda one: one.severity != "error")
    made = page("problems", [_problem(one) for one in found], limit=MOST_PROBLEMS)
    more = {"moreProblems": made["more"]} if "more" in made else {}
    return {"problems": made["problems"], **more}


def _problem(one: Problem) -> Row:
    row = {"where": cut(one.where), "what": cut(one.what, LONG_LINE), "severity": one.severity}
    row |= {"hint": cut(one.hint, LONG_LINE)}
    return without_nothing({**row, "file": one.file, "line": one.line, "column": one.column})


def problem_lines(problems: Iterable[Problem]) -> str:
    """As `plan check` says them."""
    found = sorted(dict.fromkeys(problems), key=lambda one: one.severity != "error")
    lines = [cut(f"{one.severity}: {one}", LONG_LINE) or "" for one in found[:MOST_PROBLEMS]]
    if len(found) > MOST_PROBLEMS:
        lines.append(f"… and {len(found) - MOST_PROBLEMS} more")
    return "\n".join(lines)


def refused(head: str, problems: Iterable[Problem], **more: Any) -> Answer:
    """What was asked for was not done."""
    found, head = tuple(problems), cut(head, LONG_LINE) or ""
    lines = problem_lines(found)
    listed = problem_rows(found) if found else {}
    return Answer(f"{head}\n{lines}" if lines else head, {"error": head, **listed, **more}, failed=True)


def sayable(value: Any) -> Any:
    """Names of files may be no text; one of them would end the server."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {sayable(key): sayable(one) for key, one in value.items()}
        case list() | tuple():
            return [sayable(one) for one in value]
    return value


def has_errors(problems: Iterable[Problem]) -> bool:
    return any(one.severity == "error" for one in problems)


def counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
