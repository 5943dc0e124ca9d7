"""How a check ends: its problems, one line that sums them up, and the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.cli.output import problem_lines, say

if TYPE_CHECKING:
    from orchestrator.core.problems import Problem


def verdict(problems: Sequence[Problem], strict: bool, checked: str | None = None) -> int:
    """`checked`: what was looked at, in words; None: nothing is printed."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    if checked is not None:
        found = ", ".join([*_count(errors, "error"), *_count(warnings, "warning")]) or "no problems"
        say(*problem_lines(problems), f"{checked} checked: {found}")
    return 1 if errors or (strict and warnings) else 0


def _count(number: int, word: str) -> list[str]:
    return [f"{number} {word}{'s' if number > 1 else ''}"] if number else []
