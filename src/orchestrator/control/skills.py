"""The skills of a planning session: which there are, and what is wrong with them. All problems are warnings."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from orchestrator.adapters.skill_files import every_skill
from orchestrator.core.problems import Problem
from orchestrator.core.settings import Config


def problems(config: Config) -> Iterator[Problem]:
    """A skill that is broken keeps nothing from working, so these do not make a configuration wrong."""
    for skill in every_skill(config.skills_path):
        for problem in skill.problems:
            yield msgspec.structs.replace(problem, severity="warning")
