from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e import conformance
from e2e.agents import CLAUDE, REAL, Real
from e2e.forge import ForgeHome, bare_env, lacking, world_at
from e2e.install import BIN, CannotInstall, install
from e2e.servers.github import GitHub
from e2e.servers.model_server import ModelServer
from e2e.servers.script import Script
from e2e.tickets import Home

EVERY = pytest.mark.parametrize("real", REAL.values(), ids=list(REAL), indirect=True)
"""A test, or a module (`pytestmark`), with this is run for each of the five programs."""
Saw = Callable[[str, str], None]


@dataclass(frozen=True)
class AgentHome:
    """A user's account in which no agent has ever run, and whose model is the scripted one."""

    home: Path
    tmp: Path
    server: ModelServer
    real: Real

    def env(self, **more: str) -> dict[str, str]:
        """An empty value leaves the variable out."""
        everything = {**self.bare_env(), **self.model_env(), **more}
        return {name: value for name, value in everything.items() if value}

    def bare_env(self) -> dict[str, str]:
        """Of somebody who has said nothing about any agent."""
        return {
            "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "LANG": "C.UTF-8",
            "SHELL": "/bin/bash",
        }

    def model_env(self) -> dict[str, str]:
        return dict(self.real.env(self.server.url))


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Real:
    chosen: Real = getattr(request, "param", CLAUDE)
    return chosen


@pytest.fixture
def saw(real: Real) -> Saw:
    """Tells what was seen of a capability; fails when something else is known of it."""
    return lambda capability, what: conformance.saw(real.name, capability, what)


@pytest.fixture
def binary(real: Real) -> Path:
    try:
        return install(real.program)
    except CannotInstall as error:
        pytest.fail(f"the real program is not here: {error}", pytrace=False)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def model_server(script: Script) -> Iterator[ModelServer]:
    with ModelServer(script) as server:
        yield server


@pytest.fixture
def agent_home(tmp_path: Path, model_server: ModelServer, real: Real) -> AgentHome:
    home, tmp = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    tmp.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Dev\n\temail = dev@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    real.prepare(home, model_server.url)
    return AgentHome(home, tmp, model_server, real)


@pytest.fixture
def repo(tmp_path: Path, agent_home: AgentHome) -> Path:
    folder = tmp_path / "repo"
    for command in (["init", "-q", str(folder)], ["-C", str(folder), "commit", "-q", "--allow-empty", "-m", "begin"]):
        subprocess.run(["git", *command], env=agent_home.env(), check=True)
    return folder


@pytest.fixture
def tickets(tmp_path: Path, binary: Path, agent_home: AgentHome) -> Iterator[Home]:
    """Everything that points the program at the server comes from its configuration."""
    home = Home(tmp_path, agent_home.real, agent_home.bare_env(), agent_home.server)
    yield home
    home.close()


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    """Listening; its repository is made by `forge`. Skips where there is no gh."""
    if (word := lacking()) is not None:
        pytest.skip(word)
    with GitHub(world_at(tmp_path)) as listening:
        yield listening


@pytest.fixture
def forge(request: pytest.FixtureRequest, tmp_path: Path, github: GitHub) -> Iterator[ForgeHome]:
    """A home with one ticket of `standard`; with the mark `indirect`, other arguments of ForgeHome."""
    home = ForgeHome(tmp_path, github, bare_env(tmp_path), **getattr(request, "param", {}))
    yield home
    home.close()
