"""The problems of one file of YAML, gathered while it is being read, each with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from orchestrator.core.problems import Problem, Severity
from orchestrator.formats.yaml_tree import Path, Tree


class Where(NamedTuple):
    """What a message begins with, and how many steps of a path that already covers."""

    text: str
    depth: int = 0


class Range(NamedTuple):
    allows: Callable[[float], bool]
    text: str


POSITIVE = Range(lambda n: n > 0, "more than 0")
AT_LEAST_0 = Range(lambda n: n >= 0, "0 or more")
AT_LEAST_1 = Range(lambda n: n >= 1, "1 or more")

Explain = Callable[[str], str | None]


class Reading:
    """The problems of one file, while it is being read."""

    def __init__(self, tree: Tree, file: str) -> None:
        self.tree = tree
        self.file = file
        self.problems: list[Problem] = []

    def report(
        self,
        where: Where,
        path: Path,
        what: str,
        hint: str | None = None,
        severity: Severity = "error",
        *,
        at_key: bool = False,
    ) -> None:
        line, column = self.tree.key_place(path) if at_key else self.tree.place(path)
        self.problems.append(Problem(where.text, what, severity, hint, self.file, line, column))

    def report_faults(self, where: Where) -> None:
        """What already the YAML says."""
        for what, (line, column), hint in self.tree.faults:
            self.problems.append(Problem(where.text, what, "error", hint, self.file, line, column))

    @property
    def failed(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)

    def in_order(self) -> tuple[Problem, ...]:
        return tuple(sorted(self.problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
