"""A planning session as a person has it: an account with a real agent, a repository, a home, and a terminal.

What the model says is in `conversation`. What differs between the agents is here: what their screens look like, which
keys a person presses, and what of their files they write by themselves.
"""

from __future__ import annotations

import html
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.agents import CLAUDE, CODEX, PI, Real
from e2e.conversation import ANSWER, QUESTION, WISH
from e2e.install import BIN
from e2e.servers.model_server import ModelServer
from e2e.terminal import Terminal
from e2e.tickets import COMMAND, PROJECT, carrying, kill_all, show_requests

RESOURCES = Path(__file__).with_name("resources")
TOKEN = "the-token-of-the-tracker"
SECRET = f"key-{TOKEN}"
"""As it is filled in. The variable itself is in the person's environment, which agents note where they like."""
NOTE = {
    "name": "note",
    "description": "Makes a worktree and lets the agent commit a note",
    "phases": [
        {"id": "setup", "type": "script", "command": "setup-worktree.sh",
         "args": ["{{ repo }}", "{{ branch }}", "{{ worktree }}"], "onSuccess": "implement"},
        {"id": "implement", "type": "agent", "promptTemplate": "implement.md", "evidence": "commit",
         "onSuccess": "done"},
        {"id": "done", "type": "terminal"},
    ],
}  # fmt: skip
USERS_SKILL = "---\nname: house-rules\ndescription: How tickets are worded in this house.\n---\n\n# House rules\n"


# -- the agents -------------------------------------------------------------------------------------------------------

Act = Callable[[Terminal], None]


def _pick_other(terminal: Terminal) -> None:
    """Claude Code's own question: under the options there is a line to write in."""
    terminal.wait_for(QUESTION, "3. Type something")
    terminal.keys("Down")
    terminal.keys("Down")
    terminal.wait_for("❯ 3.")
    terminal.insist(ANSWER, "❯ 3. ")
    terminal.wait_for(f"❯ 3. {ANSWER}")
    terminal.keys("Enter")


def _pick_written(terminal: Terminal) -> None:
    """Our question tool for pi, likewise."""
    terminal.wait_for(QUESTION, "Something else")
    terminal.keys("Down")
    terminal.keys("Down")
    terminal.wait_for("→ Something else")
    terminal.keys("Enter")
    terminal.wait_for("enter submit")
    terminal.type(ANSWER)


def _say(terminal: Terminal) -> None:
    terminal.wait_for(QUESTION)
    terminal.type(ANSWER)


@dataclass(frozen=True)
class Face:
    """What a person sees of an agent, and does."""

    ready: tuple[str, ...]
    """On the screen when it takes what is typed."""
    answer: Act
    leave: tuple[str, ...]
    files: Callable[[str], dict[str, Any]]
    """More of a user's own below HOME."""
    writes: tuple[str, ...]
    """Which of a user's files it writes itself, at any start."""


# its auto mode, which is the default, has a check at the vendor's server
_CLAUDE_SETTINGS = {"permissions": {"allow": ["Bash", "Write", "mcp__orchestrator"], "disableAutoMode": "disable"}}
# what it would tell and ask a person once; the sandbox may write to /tmp otherwise, where tests have their folders
_CODEX_MORE = """
[notice.model_migrations]
"gpt-5.5" = "gpt-6-sol"
[tui]
animations = false
screen_reader_detection_done = true
[tui.model_availability_nux]
"gpt-6.1-sol" = 4
[sandbox_workspace_write]
exclude_slash_tmp = true
"""

FACES = {
    "pi": Face(
        ready=("scripted-1", "[Skills]"),  # before it has loaded everything it takes no Enter
        answer=_pick_written,
        leave=("C-c", "C-c"),
        files=lambda url: {
            ".pi/agent/settings.json": {
                "retry": {"enabled": False}, "defaultProvider": "scripted", "defaultModel": "scripted-1",
                "quietStartup": False,
            },
            ".pi/agent/mcp.json": {"mcpServers": {}},
        },
        writes=(".pi/agent/settings.json",),
    ),
    "claude": Face(
        ready=("for agents",),
        answer=_pick_other,
        leave=("C-c", "C-c"),
        files=lambda url: {".claude/settings.json": _CLAUDE_SETTINGS},
        writes=(".claude.json",),
    ),
    "codex": Face(
        ready=("GPT-5.5",),
        answer=_say,
        leave=("C-c", "C-c"),
        files=lambda url: {},
        writes=(),
    ),
}  # fmt: skip
PLANNERS = {real.name: real for real in (PI, CLAUDE, CODEX)}


class Desk:
    """One person's account. `PATH` has the real agents, and our command."""

    def __init__(self, root: Path, real: Real, server: ModelServer) -> None:
        self.root, self.real, self.server, self.face = root, real, server, FACES[real.name]
        self.user, self.home, self.repo = root / "user", root / "orchestrator", root / "project"
        # short, else private folders would not lie in it
        self.tmp = Path(tempfile.mkdtemp(prefix="e2e-desk-", dir="/tmp"))
        self.draft, self.seen = self.tmp / "draft.yaml", root / "seen.json"
        self.env = {
            "PATH": os.pathsep.join([str(COMMAND.parent), str(BIN), os.environ["PATH"]]),
            "HOME": str(self.user), "USER": "dev", "TMPDIR": str(self.tmp), "SHELL": "/bin/bash",
            "LANG": "C.UTF-8", "ORCHESTRATOR_HOME": str(self.home), "TRACKER_TOKEN": TOKEN,
        }  # fmt: skip
        self.own = {self.seen}
        """What a test's own programs say of their environment."""
        self.runners: list[subprocess.Popen[bytes]] = []
        for folder in (self.user, self.home / "workflows", self.home / "skills/house-rules"):
            folder.mkdir(parents=True)
        self._settle()
        self._make_repository()
        self.configure()

    def _settle(self) -> None:
        """The user's own files, all of them."""
        self.real.prepare(self.user, self.server.url)
        for name, content in self.face.files(self.server.url).items():
            path = self.user / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content, indent=2))
        if self.real is CODEX:
            with (self.user / ".codex/config.toml").open("a") as config:
                config.write(_CODEX_MORE)
        (self.user / ".gitconfig").write_text("[user]\n\tname = Dev\n\temail = dev@example.org\n")

    def _make_repository(self) -> None:
        for name, content in PROJECT.items():
            path = self.repo / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "Say hello"]):
            self.run("git", *words)

    def configure(self, **more: Any) -> None:
        """JSON is YAML too."""
        worker = {"command": str(RESOURCES / "agent.sh"), "env": {"E2E_AGENT": str(self.root / "agent")}}
        planner = {"command": self.real.name, "env": self.real.settings(self.server.url)["env"]}
        tracker = {
            "command": sys.executable, "args": [str(RESOURCES / "mcp_stand_in.py")],
            "env": {"TRACKER_KEY": "key-${TRACKER_TOKEN}", "STAND_IN_SEEN": str(self.seen)},
        }  # fmt: skip
        config = {
            "defaultAgent": "worker", "agents": {"worker": worker, self.real.name: planner},
            "mcpServers": {"tracker": tracker}, "pollInterval": 1,
        }  # fmt: skip
        (self.home / "config.yaml").write_text(json.dumps({**config, **more}, indent=2))
        (self.home / "workflows/note.yaml").write_text(json.dumps(NOTE))
        (self.home / "skills/house-rules/SKILL.md").write_text(USERS_SKILL)

    # -- what a person does -------------------------------------------------------------------------------------------

    def terminal(self, columns: int = 80, rows: int = 40, **env: str) -> Terminal:
        return Terminal({**self.env, **env}, self.repo, columns, rows)

    def begin(self, terminal: Terminal, *words: str) -> None:
        """Until the agent takes what is typed."""
        terminal.type(" ".join(["orchestrator interactive", "--agent", self.real.name, *words]))
        terminal.wait_for(*self.face.ready)

    def leave(self, terminal: Terminal) -> int:
        terminal.keys(*self.face.leave)
        return terminal.exit_code()

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A runner in the background."""
        with (self.root / f"runner-{len(self.runners)}.log").open("wb") as out:
            argv = [str(COMMAND), *words]
            runner = subprocess.Popen(
                argv, env=self.env, cwd=self.root, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self.runners.append(runner)
        return runner

    def run(self, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            argv, cwd=self.repo, env={**self.env, **env}, capture_output=True, text=True, timeout=60, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        print(f"--- {' '.join(argv)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    # -- what there is to see -----------------------------------------------------------------------------------------

    def theirs(self) -> dict[str, bytes]:
        """Every file below HOME, but not what the agent writes itself."""
        paths = (path for path in self.user.rglob("*") if path.is_file())
        named = {str(path.relative_to(self.user)): path for path in paths}
        return {name: path.read_bytes() for name, path in named.items() if name not in self.face.writes}

    def holding(self, secret: str) -> list[Path]:
        """Files with that in them, wherever they are in this account, but not those that the test made."""
        return [
            path
            for path in (*self.root.rglob("*"), *self.tmp.rglob("*"))
            if path not in self.own
            and path.is_file()
            and not path.is_symlink()
            and secret.encode() in path.read_bytes()
        ]

    def processes(self) -> list[int]:
        """All of this account."""
        return carrying(f"HOME={self.user}")

    def of_daemon(self, daemon: subprocess.Popen[bytes]) -> set[int]:
        """Itself and the attempts, which carry its name."""
        return {daemon.pid, *carrying("ORCHESTRATOR_ATTEMPT_DIR=")}

    def told(self) -> str:
        """Every text that the model was sent with the first request of the conversation."""
        asked = next(asked for asked in self.server.asked if WISH in asked.prompt and len(asked.tools) > 3)
        return html.unescape("\n".join(_texts(asked.body)))

    def close(self) -> None:
        kill_all(self.processes)
        for runner in self.runners:
            runner.wait(60)
        shutil.rmtree(self.tmp)
        for path in self.root.glob("runner-*.log"):
            print(f"--- {path}\n{path.read_text(errors='replace')}")
        show_requests(self.server)


def cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
