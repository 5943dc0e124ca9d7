"""Answers in JSON from an agent whose CLI has no option for a schema: how they are asked for, and where they are found.

The answer is the last fenced block of the final message, or all of it. Whether it matches is not judged here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n`]*$", re.MULTILINE)


class NoAnswerError(ValueError):
    """There is none, or it is no JSON; the message says which."""


def asking(schema: Mapping[str, Any]) -> str:
    """What is added to a prompt."""
    return (
        "\n\nEnd your final message with your answer as one fenced block of JSON, and write nothing after it:\n\n"
        "```json\n{ … }\n```\n\n"
        f"The answer must match this JSON Schema:\n\n{shown(schema)}\n"
    )


def shown(schema: Mapping[str, Any]) -> str:
    return f"```\n{json.dumps(schema, indent=2, ensure_ascii=False)}\n```"


def answer_in(text: str) -> Any:
    """The JSON of a final message. Raises NoAnswerError."""
    whole = text.strip()
    if whole.startswith("{") and whole.endswith("}"):
        return _decoded(whole)
    blocks = list(_blocks(text))
    named = [content for language, content in blocks if language.lower().startswith("json")]
    if named:
        return _decoded(named[-1])
    for language, content in reversed(blocks):
        if not language and content.lstrip().startswith("{"):
            return _decoded(content)
    raise NoAnswerError("the final message has no fenced block of JSON")


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Language and content of every fenced block; one that is not closed ends with the text."""
    begin: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if begin is None:
            begin = fence
        elif not fence[2] and fence[1].startswith(begin[1]):
            yield begin[2], text[begin.end() : fence.start()]
            begin = None
    if begin is not None:
        yield begin[2], text[begin.end() :]


def _decoded(content: str) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NoAnswerError(f"the answer is no JSON: {error}") from error
