"""Tickets of agents that misbehave on cue, each in a worktree of its own, walked by the real engine in one go."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.adapters.files import locked
from orchestrator.core.model import Key, Ticket
from orchestrator.core.outcome import Outcome
from orchestrator.core.settings import AgentSettings, Settings
from orchestrator.engine.attempt.conclude import read_outcome
from orchestrator.engine.home import Home
from tests.engine.runner import config_of
from tests.engine.sites import Site

BAD_AGENT = Path(__file__).parent.parent / "resources/bad_agent"
BRANCH = "me/work"


class Yard(Site):
    """A ticket for each name; its agent has that name and plays the cues of that name."""

    def __init__(self, root: Path, kind: str, cues: dict[str, str], **phase: Any) -> None:
        phases = [
            {"id": "work", "type": "agent", "promptTemplate": "p.md", "onSuccess": "done", **phase},
            {"id": "done", "type": "terminal"},
        ]
        super().__init__(root, json.dumps({"name": "w", "phases": phases}), {name: [] for name in cues})
        agents = {
            name: AgentSettings(command=str(BAD_AGENT), default_args=("--cue", cue), type=kind)
            for name, cue in cues.items()
        }
        settings = Settings(
            agents=agents, default_agent=next(iter(agents)), grace=0.2, poll_interval=1, max_concurrency=len(cues)
        )
        (root / "settings.json").write_bytes(msgspec.json.encode(settings))
        self._open(root)
        git(root / "repo", "init", "-q")
        git(root / "repo", "commit", "-q", "--allow-empty", "-m", "first")
        for name in cues:
            self.edit(Key("p1", name), agent=name, branch=f"{BRANCH}-{name}")
            git(root / "repo", "worktree", "add", "-q", "-b", f"{BRANCH}-{name}", str(self.worktree(name)))

    def _open(self, root: Path) -> None:
        self.root, self.key, self.config, self.runners = root, Key("p1", ""), config_of(root), []
        self.store = Home(self.config).store

    @classmethod
    def walked(cls, base: Path, kind: str, cues: dict[str, str], prompt: str, **phase: Any) -> Yard:
        """One that was walked to its end, once for all the workers that run tests."""
        root = base / f"yard-{kind}"
        with locked(base / f"{root.name}.lock", patience=90):
            if (root / "walked").exists():
                yard = cls.__new__(cls)
                yard._open(root)
                return yard
            yard = cls(root, kind, cues, **phase)
            (root / "prompts/p.md").write_text(prompt)
            yard.tick()
            (root / "walked").touch()
        return yard

    def worktree(self, name: str) -> Path:
        return self.root / "wt" / name

    def came_to(self, name: str) -> Ticket:
        return self.ticket(Key("p1", name))

    def outcomes(self, name: str) -> list[Outcome]:
        """Of its attempts, in order."""
        folders = sorted((self.root / "logs/p1" / name).glob("*-work"))
        return [found for folder in folders if (found := read_outcome(folder)) is not None]

    def argv(self, name: str, n: int) -> list[str]:
        """How its n-th attempt was called."""
        folder = next((self.root / "logs/p1" / name).glob(f"{n:03}-*"))
        words: list[str] = json.loads((folder / "attempt.json").read_bytes())["argv"]
        return words

    def prompt(self, name: str, n: int) -> str:
        return (next((self.root / "logs/p1" / name).glob(f"{n:03}-*")) / "prompt.md").read_text()


def git(cwd: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()
