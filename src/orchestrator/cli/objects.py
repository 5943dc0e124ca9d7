"""What `--json` prints: the same keys always, so that programs can rely on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.control.written import Documents
    from orchestrator.core.problems import Problem


def problem_objects(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [
        {
            "where": one.where,
            "what": one.what,
            "severity": one.severity,
            "hint": one.hint,
            "file": one.file,
            "line": one.line,
            "column": one.column,
        }
        for one in problems
    ]


def plan_object(documents: Documents) -> dict[str, Any]:
    return {
        "plan": documents.plan,
        "tickets": documents.tickets,
        "problems": problem_objects(documents.problems),
        **({"pullRequests": documents.reviews} if documents.reviews else {}),
    }
