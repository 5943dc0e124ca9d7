"""A home as a face other than the command line gets it: opened, with what is odd in its configuration."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.core.problems import Problem
from orchestrator.core.settings import Config
from orchestrator.engine.home import Home


class Desk(NamedTuple):
    home: Home
    warnings: tuple[Problem, ...] = ()

    @property
    def config(self) -> Config:
        return self.home.config
