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
        kinds = ((errors, "error"), (warnings, "warning"))
        found = ", ".join(counted(number, word) for number, word in kinds if number) or "no problems"
        say(*problem_lines(problems), f"{checked} checked: {found}")
    return 1 if errors or (strict and warnings) else 0


def counted(number: int, word: str) -> str:
    """`1 plan`, `2 plans`"""
    return f"{number} {word}{'' if number == 1 else 's'}"
