"""The terminal is the agent's for as long as a planning session lasts, and the shell's again afterwards.

No real agent: what is asked here is whether keys, sizes, signals and exit codes go through.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.agents import PI
from e2e.planning import RESOURCES, SECRET, Desk, cmdline
from e2e.servers.model_server import ModelServer
from e2e.terminal import LACKING, Terminal, installed
from e2e.tickets import COMMAND
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(not installed(), reason=LACKING)
SYSTEM = "/usr/bin:/bin"
BOTH_WIDTHS = pytest.mark.parametrize("columns", [80, 200])


class Stubs(Desk):
    """An account whose agents are stand-ins; none is there until it is put there."""

    def __init__(self, root: Path, server: ModelServer) -> None:
        super().__init__(root, PI, server)
        self.bin, self.stub_seen = root / "bin", root / "stub.json"
        self.bin.mkdir()
        self.own |= {self.stub_seen}
        (self.bin / "orchestrator").symlink_to(COMMAND)
        self.env |= {"PATH": f"{self.bin}:{SYSTEM}", "STUB_SEEN": str(self.stub_seen)}

    def put(self, *names: str) -> None:
        for name in names:
            stub = self.bin / name
            stub.write_text(f'#!/bin/sh\nexec {sys.executable} {RESOURCES / "planner_stub.py"} "$0" "$@"\n')
            stub.chmod(0o755)

    def started(self) -> dict[str, Any]:
        wait_for(self.stub_seen.exists, what="the agent to be started")
        return dict(json.loads(self.stub_seen.read_text()))

    def agent(self) -> str:
        return Path(self.started()["argv"][1]).name

    def open(self, terminal: Terminal, *words: str) -> None:
        terminal.type(" ".join(["orchestrator interactive", *words]))
        terminal.wait_for("stub is ready")


@pytest.fixture
def stubs(tmp_path: Path, model_server: ModelServer) -> Iterator[Stubs]:
    stubs = Stubs(tmp_path, model_server)
    yield stubs
    stubs.close()


def test_keys_sizes_and_the_exit_code_go_through(stubs: Stubs) -> None:
    stubs.put("pi")
    with stubs.terminal() as terminal:
        stubs.open(terminal)
        terminal.keys("C-c")
        terminal.wait_for("interrupted")
        terminal.resize(120, 30)
        terminal.wait_for("size 120x30")
        terminal.type("end 7")
        assert terminal.exit_code() == 7


def test_ctrl_z_stops_the_whole_job_and_fg_goes_on(stubs: Stubs) -> None:
    stubs.put("pi")
    with stubs.terminal() as terminal:
        stubs.open(terminal)
        terminal.keys("C-z")
        terminal.wait_for("Stopped")
        terminal.type("fg")
        terminal.keys("C-c")
        terminal.wait_for("interrupted")
        terminal.type("end 0")
        assert terminal.exit_code() == 0


def test_a_terminal_that_was_left_raw_is_as_it_was(stubs: Stubs) -> None:
    stubs.put("pi")
    with stubs.terminal() as terminal:
        before = modes(terminal)
        stubs.open(terminal)
        terminal.type("raw")
        assert terminal.exit_code() == 0
        assert modes(terminal) == before


def modes(terminal: Terminal) -> str:
    terminal.keys("C-l")
    terminal.type("stty -g | tr : .")
    return wait_for(lambda: next((one for one in terminal.rows_shown() if one.count(".") > 20), ""), what="stty")


def test_what_an_agent_dies_of_is_told_as_a_shell_does(stubs: Stubs) -> None:
    stubs.put("pi")
    with stubs.terminal() as terminal:
        stubs.open(terminal)
        terminal.type(f"die {int(signal.SIGKILL)}")
        assert terminal.exit_code() == 128 + signal.SIGKILL


def test_private_files_go_whatever_ends_the_session(stubs: Stubs) -> None:
    """Its end, a terminal that is closed, and -9: then the next one takes away what is left."""
    stubs.put("claude")
    with stubs.terminal() as terminal:
        stubs.open(terminal)
        private = stubs.holding(SECRET)
        assert private, "the agent is told its MCP servers in a file"
        for path in private:
            assert (path.stat().st_mode & 0o077, str(stubs.repo) in str(path)) == (0, False), path
    wait_for(lambda: stubs.holding(SECRET) == [], what="the files to be removed once the terminal is closed")
    stubs.stub_seen.unlink()
    with stubs.terminal() as terminal:
        stubs.open(terminal)
        (ours,) = (pid for pid in stubs.processes() if is_ours(pid))
        os.kill(ours, signal.SIGKILL)
        os.kill(next(pid for pid in stubs.processes() if is_stub(pid)), signal.SIGKILL)
        terminal.exit_code()
        stubs.open(terminal)
        assert len(stubs.holding(SECRET)) == len(private)
        terminal.type("end 0")
        assert terminal.exit_code() == 0
    assert stubs.holding(SECRET) == []


def is_ours(pid: int) -> bool:
    return b"orchestrator\0interactive" in cmdline(pid)


def is_stub(pid: int) -> bool:
    return b"planner_stub.py" in cmdline(pid)


def test_the_first_of_pi_claude_and_codex_that_is_installed_is_taken(stubs: Stubs) -> None:
    for name in ("codex", "claude", "pi"):
        stubs.put(name)
        stubs.stub_seen.unlink(missing_ok=True)
        with stubs.terminal() as terminal:
            stubs.open(terminal)
            assert stubs.agent() == name
            terminal.type("end 0")
            assert terminal.exit_code() == 0


def test_a_session_has_the_environment_that_its_skills_speak_of(stubs: Stubs, tmp_path: Path) -> None:
    stubs.put("pi")
    other, roots = tmp_path / "other", tmp_path / "roots"
    other.mkdir()
    with stubs.terminal() as terminal:
        stubs.open(terminal, "--repo ../other --workflow note --worktree-root ../roots")
        started = stubs.started()
        terminal.type("end 0")
    env, home = started["env"], stubs.home
    assert started["cwd"] == str(other)
    own = {name.removeprefix("ORCHESTRATOR_"): value for name, value in env.items() if name.startswith("ORCHESTRATOR_")}
    assert {name: own.get(name) for name in ("MODE", "REPO", "WORKFLOW", "WORKTREE_ROOT", "CONFIG_PATH")} == {
        "MODE": "plan",
        "REPO": str(other),
        "WORKFLOW": "note",
        "WORKTREE_ROOT": str(roots),
        "CONFIG_PATH": str(home / "config.yaml"),
    }
    assert own["STATE_DIR"] == str(home / "state")
    for name in ("WORKFLOW_DIR", "SKILLS_DIR", "PROMPT_DIR", "SCRIPT_DIR"):
        assert Path(own[name]).is_absolute()
    assert (Path(own["SKILLS_DIR"]) / "planner/SKILL.md").is_file()


@BOTH_WIDTHS
def test_without_any_agent_it_says_how_to_install_one(stubs: Stubs, columns: int) -> None:
    with stubs.terminal(columns) as terminal:
        terminal.type("orchestrator interactive")
        screen = terminal.wait_for("npm install")
        assert terminal.exit_code() == 1
    words = " ".join(screen.split())
    for package in ("@earendil-works/pi-coding-agent", "@anthropic-ai/claude-code", "@openai/codex"):
        assert package in words.replace("- ", "-")
    assert "Traceback" not in words


def test_an_agent_that_is_asked_for_and_is_not_here_is_named(stubs: Stubs) -> None:
    stubs.put("pi")
    with stubs.terminal() as terminal:
        terminal.type("orchestrator interactive --agent codex")
        terminal.wait_for("codex", "npm install", "@openai/codex")
        assert terminal.exit_code() == 1
    assert not stubs.stub_seen.exists()


def test_without_a_terminal_it_says_so_and_starts_nothing(stubs: Stubs) -> None:
    stubs.put("pi")
    done = stubs.run("orchestrator", "interactive")
    assert (done.returncode, "terminal" in done.stderr) == (1, True)
    assert not stubs.stub_seen.exists()
