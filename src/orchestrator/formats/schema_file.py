"""The text of a file with the JSON Schema of an answer (JSON or YAML) → the schema, or what is wrong with it."""

from __future__ import annotations

from typing import Any, NamedTuple

from orchestrator.core.problems import Problem
from orchestrator.formats.answer_schema import faults
from orchestrator.formats.yaml_tree import INVALID, Tree, read_yaml


class SchemaFile(NamedTuple):
    schema: dict[str, Any] | None
    """None when there are problems."""
    problems: tuple[Problem, ...]


def parse_schema(text: str, file: str, where: str) -> SchemaFile:
    """Never raises. JSON is read as the YAML that it is, which knows the places. `where` begins every message."""
    tree = read_yaml(text)
    problems = [Problem(where, f"outputSchema: {what}", "error", hint, file, *at) for what, at, hint in tree.faults]
    if not problems and tree.value is not INVALID:
        problems = _wrong(tree, file, where)
    return SchemaFile(None if problems else tree.value, tuple(problems))


def _wrong(tree: Tree, file: str, where: str) -> list[Problem]:
    found = []
    for fault in faults(tree.value):
        line, column = tree.place(fault.path)
        place = "".join(f"{step}: " for step in (".".join(map(str, fault.path)),) if step)
        found.append(Problem(where, f"outputSchema: {place}{fault.what}", "error", None, file, line, column))
    return found
