"""What is remarkable about the names that structured answers give."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from orchestrator.core.checks.check import Found
from orchestrator.core.workflow import Workflow, answers


def answer_problems(workflow: Workflow, taken: Collection[str]) -> Iterator[Found]:
    """`taken`: names of the ticket's own keys, which no answer replaces."""
    for i, phase in enumerate(workflow.phases):
        for name in answers(phase):
            path = ("phases", i, "outputSchema", "properties", name)
            if name in phase.capture:
                what = f"outputSchema and capture both give {name}; capture counts"
                yield Found(what, path, phase.id, "warning", "rename one of them")
            elif name in taken:
                what = f"the answer's {name} is hidden by the ticket's own: {{{{ {name} }}}} stays what it is"
                yield Found(what, path, phase.id, "warning", f"write {{{{ context.{name} }}}}, or rename it")
