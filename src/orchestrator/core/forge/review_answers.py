"""What an agent's last message says of the threads that it was given.

The law: one line for each, `HANDLED <id>: <what>` or `DECLINED <id>: <why>`, in the many ways that this is
written. A thread that was not given is named and left alone. Of two lines for one thread the later one counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, NamedTuple

from orchestrator.core.forge.foreign_text import postable

LONGEST, LONGEST_SUMMARY = 4000, 8000
Verb = Literal["HANDLED", "DECLINED"]
_LINE = re.compile(r"^[\s>#*_`\-+•\[\]xX✅❌☑✔✗.)\d]*(?P<verb>HANDLED|DECLINED)\b(?P<rest>.*)$")
_BETWEEN = re.compile(r"[\s,;:&*_`()\[\]<>\"'#]+|(?:and|thread)\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z0-9_=+/.\-]+")
_LOOKS_LIKE_ID = re.compile(r"^(?:[A-Z]{2,6}_[\w=\-]+|(?=.*\d)[\w=+/\-]{8,})$")
_PROTOCOL = re.compile(r"^[\s>*_`#\-]*(?:NO_CHANGE_NEEDED\b|(?:PASS|FAIL)[\s*_`.]*$)")


class Answer(NamedTuple):
    verb: Verb
    text: str


class Answers(NamedTuple):
    given: dict[str, Answer]
    """By the thread's id."""
    unknown: tuple[str, ...]
    """Ids that nobody gave it."""
    rest: str
    """The message without all that."""


def parse_answers(message: str, offered: Collection[str]) -> Answers:
    given: dict[str, Answer] = {}
    unknown: list[str] = []
    rest: list[str] = []
    open_ids: list[str] = []
    for line in message.replace("\r\n", "\n").split("\n"):
        found = _LINE.match(line)
        if found is not None:
            ids, strangers, text = _ids(found["rest"], offered)
            if ids or strangers:
                verb: Verb = "HANDLED" if found["verb"] == "HANDLED" else "DECLINED"
                given |= {one: Answer(verb, text) for one in ids}
                unknown += strangers
                open_ids = ids
                continue
        if open_ids and _goes_on(line, given[open_ids[0]].text):
            given |= {one: Answer(given[one].verb, f"{given[one].text}\n{line.strip()}".strip()) for one in open_ids}
            continue
        open_ids = []
        if not _PROTOCOL.match(line):
            rest.append(line)
    return Answers(given, tuple(dict.fromkeys(unknown)), "\n".join(rest).strip())


def _ids(rest: str, offered: Collection[str]) -> tuple[list[str], list[str], str]:
    """Those that begin it, those of them that nobody knows, and the text after them."""
    ids: list[str] = []
    strangers: list[str] = []
    at = 0
    while True:
        while between := _BETWEEN.match(rest, at):
            at = between.end()
        word = _WORD.match(rest, at)
        if word is None:
            break
        known = _known(word[0], offered)
        if known is None and not _LOOKS_LIKE_ID.match(word[0]):
            break
        (ids.append(known) if known is not None else strangers.append(word[0]))
        at = word.end()
        if re.match(r"[*_`\])]*\s*(?::|[-–—]\s)", rest[at:]):
            break
    return ids, strangers, rest[at:].strip().lstrip(":–—-*_`)] \t").strip()


def _known(word: str, offered: Collection[str]) -> str | None:
    bare = (word, word.rstrip("."), word.strip("_"), word.strip("_.-"))
    return next((one for one in bare if one in offered), None)


def _goes_on(line: str, text: str) -> bool:
    """An indented line belongs to the one before it; so does the next one where that had only the id."""
    return bool(line.strip()) and (line[:1] in (" ", "\t") or not text)


# --- what is posted --------------------------------------------------------------------------------------------------


def reply_text(answer: Answer, commit: str) -> str:
    """`commit`: the one that has it; empty where none was made."""
    words = postable(answer.text, LONGEST) or ("Done." if answer.verb == "HANDLED" else "This stays as it is.")
    return f"{words} ({commit})" if answer.verb == "HANDLED" and commit else words


def summary_text(rest: str, commit: str) -> str:
    words = postable(rest, LONGEST_SUMMARY)
    pushed = f"Pushed {commit}." if commit else ""
    return "\n\n".join(filter(None, (words, pushed))) or "Read, and nothing in the code was changed."
