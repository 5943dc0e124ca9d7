from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.install import CLAUDE, CannotInstall, install
from e2e.servers.claude_model import ModelServer
from e2e.servers.script import Script
from e2e.tickets import Home


@dataclass(frozen=True)
class AgentHome:
    """A user's account in which no agent has ever run, and whose model is the scripted one."""

    home: Path
    tmp: Path
    server: ModelServer

    def env(self, **more: str) -> dict[str, str]:
        """An empty value leaves the variable out."""
        everything = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "LANG": "C.UTF-8",
            "SHELL": "/bin/bash",
            **self.model_env(),
            **more,
        }
        return {name: value for name, value in everything.items() if value}

    def model_env(self) -> dict[str, str]:
        """Points Claude Code at the server, keeps it from calling home, and makes it give up at the first error."""
        return {
            "ANTHROPIC_BASE_URL": self.server.url,
            "ANTHROPIC_API_KEY": "scripted",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": "0",
            "IS_SANDBOX": "1",
        }


@pytest.fixture(scope="session")
def claude_binary() -> Path:
    try:
        return install(CLAUDE)
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
def agent_home(tmp_path: Path, model_server: ModelServer) -> AgentHome:
    home, tmp = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    tmp.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Dev\n\temail = dev@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    return AgentHome(home, tmp, model_server)


@pytest.fixture
def repo(tmp_path: Path, agent_home: AgentHome) -> Path:
    folder = tmp_path / "repo"
    for command in (["init", "-q", str(folder)], ["-C", str(folder), "commit", "-q", "--allow-empty", "-m", "begin"]):
        subprocess.run(["git", *command], env=agent_home.env(), check=True)
    return folder


@pytest.fixture
def tickets(tmp_path: Path, claude_binary: Path, agent_home: AgentHome) -> Iterator[Home]:
    """IS_SANDBOX comes from the agent's configuration, everything else through the runner's environment."""
    home = Home(tmp_path, claude_binary, agent_home.env(IS_SANDBOX=""), agent_home.server)
    yield home
    home.close()
