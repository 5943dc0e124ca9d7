"""What `plan check` and `plan show` make of a draft: nothing is written.

The law: what could not be read of it and what is wrong with the rest are one report.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from orchestrator.control.planning import drafting
from orchestrator.control.planning.drafting import Drawn
from orchestrator.control.planning.locating import Source
from orchestrator.core.problems import Problem
from orchestrator.engine.home import Home
from orchestrator.formats.drafts.draft import read_draft


class Report(NamedTuple):
    problems: tuple[Problem, ...]
    drawn: Drawn | None = None
    """None: it is no draft at all."""

    @property
    def plan_id(self) -> str | None:
        return self.drawn.filled.plan.id if self.drawn is not None else None


def of_draft(home: Home, source: Source, folder: str | Path) -> Report:
    """`folder`: from which relative paths count."""
    read = read_draft(source.text, source.file)
    if read.draft is None:
        return Report(read.problems)
    draft = drafting.located(read.draft, folder)
    if not draft.repo and not (draft.tickets and all(ticket.repo for ticket in draft.tickets)):
        draft = replace(draft, repo=drafting.repository_of(Path.cwd()))
    drawn = drafting.draw(home, draft, source)
    return Report((*read.problems, *drawn.problems), drawn)
