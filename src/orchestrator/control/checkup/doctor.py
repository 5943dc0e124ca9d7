"""An examination of this machine: whether everything is there that the work needs.

The law: no model is ever called, nothing is changed, no program is waited for longer than its time-out, and what cannot
be found out hides nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from orchestrator.control.checkup import agents as doctor_agents
from orchestrator.control.checkup import planner, programs
from orchestrator.control.checkup import state as doctor_state
from orchestrator.control.checkup.state import Scenery
from orchestrator.core.findings import Finding
from orchestrator.core.problems import Problem
from orchestrator.core.settings import Config
from orchestrator.errors import OrchestratorError

ORDER = ("config", "agents", "git", "forge", "disk", "locks", "state", "notify")
Look = tuple[str, Callable[[], Iterable[Finding]]]
"""With the group that it is about."""


class Patient(NamedTuple):
    """What is examined."""

    config: Config
    """Where there is none, or none that can be used: the defaults."""
    problems: tuple[Problem, ...] = ()
    """Of the configuration."""
    error: str | None = None
    """Why its file cannot be read at all."""
    is_missing: bool = False
    """There is no file, and no home."""

    @property
    def is_usable(self) -> bool:
        return self.error is None and not any(one.severity == "error" for one in self.problems)


def examine(patient: Patient, environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """In groups, each in the order in which things are best put right."""
    config, problems = patient.config, patient.problems
    scenery = Scenery(config)
    looks: list[Look] = [
        ("config", lambda: doctor_state.configuration(config, problems, patient.error, patient.is_missing)),
        *_agents(patient, scenery, environ),
        ("git", lambda: programs.git(scenery, environ)),
        ("forge", lambda: programs.forge(scenery, environ)),
        ("disk", lambda: doctor_state.disk(scenery)),
        ("locks", lambda: doctor_state.locks(scenery)),
        ("state", lambda: doctor_state.state(scenery)),
        ("notify", lambda: programs.notifications(config, environ)),
    ]
    with ThreadPoolExecutor(len(looks)) as pool:
        found = [one for findings in pool.map(_whole, looks) for one in findings]
    return sorted(found, key=lambda one: ORDER.index(one.group))


def _agents(patient: Patient, scenery: Scenery, environ: Mapping[str, str]) -> list[Look]:
    if patient.is_usable or patient.is_missing:
        looks = doctor_agents.looks(patient.config.settings.agents, _used(scenery), environ)
        return [
            *(("agents", one) for one in looks),
            ("agents", lambda: doctor_agents.others(patient.config, environ)),
            ("agents", lambda: planner.planner(patient.config, environ)),
        ]
    hint = "put the configuration right first"
    return [
        ("agents", lambda: [Finding("agents", "agents", "warning", "not looked at: who knows which there are", hint)])
    ]


def _used(scenery: Scenery) -> Mapping[str, str]:
    """Read here, so that everybody else finds the plans read; what cannot be read of them is told with the state."""
    try:
        return scenery.used_agents
    except (OSError, OrchestratorError):
        return {scenery.config.settings.default_agent: "it is the defaultAgent"}


def _whole(look: Look) -> list[Finding]:
    """What cannot be looked at is a finding too."""
    group, find = look
    try:
        return list(find())
    except (OSError, OrchestratorError) as error:
        return [Finding(group, group, "broken", f"cannot be looked at: {error}", "see that this user can read it")]
