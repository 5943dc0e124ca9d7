"""What to write instead of Nunjucks and JavaScript constructs that these templates do not have."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from jinja2 import TemplateSyntaxError, nodes

from orchestrator.core.problems import did_you_mean

_EXPRESSION = re.compile(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)
_STRING = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_INSTEAD = (
    (re.compile(r"!=="), "there is no `!==`; write `!=`"),
    (re.compile(r"==="), "there is no `===`; write `==`"),
    (re.compile(r"&&"), "there is no `&&`; write `and`"),
    (re.compile(r"\|\|"), "there is no `||`; write `or`"),
    (re.compile(r"!(?!=)"), "there is no `!`; write `not`"),
    (re.compile(r"(?<![\w.)\]])r/"), "there are no regular expressions; compare with `==` or `in`"),
    (re.compile(r"\?"), "there is no `a ? b : c`; write `b if a else c`"),
)
_TAGS = {"elseif": "elif", "elsif": "elif", "verbatim": "raw", "endverbatim": "endraw"}
_FILTERS = {"dump": "tojson", "nl2br": "replace"}
_UNKNOWN_TAG = re.compile(r"unknown tag '(\w+)'")


def syntax(message: str, source: str, line: int) -> str:
    """A syntax error of the engine, or better what it comes from."""
    if message.startswith("there "):
        return message
    for code in _near(source, line):
        for pattern, words in _INSTEAD:
            if pattern.search(code):
                return words
    if re.match(r"unexpected char ['\"]{1,2}[\\'\"]", message):
        return "a text in quotes is not closed"
    tag = _UNKNOWN_TAG.search(message)
    if tag and tag[1] in _TAGS:
        return f"there is no `{tag[1]}`; write `{_TAGS[tag[1]]}`"
    return message[:1].lower() + message[1:].rstrip(".")


def _near(source: str, line: int) -> list[str]:
    """The expressions that touch the line, without their strings."""
    found = []
    for match in _EXPRESSION.finditer(source):
        first = source.count("\n", 0, match.start()) + 1
        if first <= line <= first + match[0].count("\n"):
            found.append(_STRING.sub("''", match[1] or match[2] or ""))
    return found


def refuse_foreign(tree: nodes.Template, filters: Collection[str], tests: Collection[str], name: str | None) -> None:
    """Constructs that parse but mean something else here."""
    for node, words in _foreign(tree, filters, tests):
        raise TemplateSyntaxError(words, node.lineno, name)


def _foreign(
    tree: nodes.Template, filters: Collection[str], tests: Collection[str]
) -> Iterator[tuple[nodes.Node, str]]:
    for getattr_ in tree.find_all(nodes.Getattr):
        if getattr_.attr == "length":
            yield getattr_, "there is no `.length`; write `| length`"
    for division in tree.find_all(nodes.Div):
        if isinstance(division.left, nodes.Name) and division.left.name == "r":
            yield division, "there are no regular expressions; compare with `==` or `in`"
    for filter_ in tree.find_all(nodes.Filter):
        if filter_.name not in filters:
            yield filter_, _unknown("filter", filter_.name, filters)
    for test in tree.find_all(nodes.Test):
        if test.name not in tests:
            yield test, _unknown("test", test.name, tests)


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    instead = f"write `{_FILTERS[name]}`" if kind == "filter" and name in _FILTERS else did_you_mean(name, known)
    return f"there is no {kind} `{name}`" + (f"; {instead}" if instead else "")
