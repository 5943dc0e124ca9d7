"""A command with `{{ variables }}` → a command in which they are environment variables.

The law: no value ever stands in the command's text. The template is rendered with marks in place of the values; what
is left is text of the workflow's author, whose quoting tells how each mark must be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import nodes

from orchestrator.formats.template import engine
from orchestrator.formats.template.shell_text import MARK, Unsafe, with_variables
from orchestrator.formats.template.terms import TemplateFault, no_includes
from orchestrator.formats.template.values import Scope

MAX_VALUE = 131_000
"""Bytes; Linux takes no longer string in an environment."""

_HASH = "\x01"
"""Stands for `{#`, which would begin a comment of the template."""
_POSSIBLE = (nodes.Output, nodes.If, nodes.For, nodes.Assign)


def command(
    source: str, variables: Mapping[str, Any], captured: frozenset[str], name: str
) -> tuple[str, dict[str, str]]:
    if MARK in source or _HASH in source:
        raise TemplateFault(name, None, "a command cannot contain the characters NUL and SOH")
    source = source.replace("{#", _HASH)
    _refuse_blocks(engine.parse(source, name).body, name)
    scope = Scope(no_includes, captured, variables, record=True)
    marked = engine.run(source, variables, scope, name)
    values = scope.recorded or []
    for value in values:
        _check_value(value, name)
    try:
        text = with_variables(_restored(marked))
    except Unsafe as error:
        raise TemplateFault(name, None, f"{error}, in: {_restored(source).strip()}") from None
    return text, {f"_v{i}": value for i, value in enumerate(values, 1)}


def _restored(text: str) -> str:
    return text.replace(_HASH, "{#")


def _refuse_blocks(body: list[nodes.Node], name: str) -> None:
    """What would bring printed text back as a value, or text from elsewhere."""
    for node in body:
        if not isinstance(node, _POSSIBLE):
            raise TemplateFault(name, node.lineno, "a command can have {{ }}, if, for and set only")
        if isinstance(node, nodes.If):
            _refuse_blocks([*node.body, *node.elif_, *node.else_], name)
        if isinstance(node, nodes.For):
            _refuse_blocks([*node.body, *node.else_], name)
            if node.recursive:
                raise TemplateFault(name, node.lineno, "a command cannot have a recursive loop")


def _check_value(value: str, name: str) -> None:
    shown = value[:40].replace(MARK, "\\0")
    if MARK in value:
        raise TemplateFault(name, None, f'a value contains a NUL, which no program can be given: "{shown}"')
    if len(value) * 4 > MAX_VALUE and len(value.encode(errors="surrogatepass")) > MAX_VALUE:
        raise TemplateFault(name, None, f'a value is longer than {MAX_VALUE:,} bytes: "{shown}…"; write it to a file')
