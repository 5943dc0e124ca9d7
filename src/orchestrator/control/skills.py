"""What is wrong with the skills of a planning session. All problems are warnings."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from orchestrator.adapters.planning.skill_files import skills_in
from orchestrator.core.problems import Problem
from orchestrator.core.settings import Config


def problems(config: Config) -> Iterator[Problem]:
    """A skill that is broken keeps nothing from working, so these do not make a configuration wrong."""
    for problem in skills_in(config.skills_path).problems:
        yield msgspec.structs.replace(problem, severity="warning")
