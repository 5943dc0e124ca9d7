"""A planning session: an agent's own interactive program, in a person's terminal, with what a planner is given.

The law: everything that may hold a secret lies in files of a private folder, and nothing of it in the argument list or
the environment, which others can see. What a person has configured for themselves stays: ours comes beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from orchestrator.core.settings import AgentSettings, McpServer


class Skill(msgspec.Struct, frozen=True):
    """A folder of instructions that an agent reads when they fit."""

    name: str
    description: str
    folder: str
    """Absolute path; `SKILL.md` is in it."""


class Planning(msgspec.Struct, frozen=True, kw_only=True):
    """One session that is wanted."""

    settings: AgentSettings
    folder: str
    """Absolute path of the private folder, where `Start.files` will lie."""
    prompt: str
    """What comes after the agent's own system prompt."""
    banner: tuple[str, ...] = ()
    skills: tuple[Skill, ...] = ()
    servers: Mapping[str, McpServer] = {}
    """With their variables filled in: secrets."""
    writable: tuple[str, ...] = ()
    """Folders outside of the current one where the planner writes."""
    environ: Mapping[str, str] = {}
    read: Callable[[str], str | None] = lambda file: None
    """The text of a file (`~` is the person's home), None when there is none."""
    material: Callable[[str], str] = lambda name: ""
    """The text of a file that comes with the program."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """How it is started."""

    argv: tuple[str, ...]
    files: Mapping[str, str] = {}
    """Written into the private folder before: name → text."""
    skills: str | None = None
    """Name of the folder in it where the skills are to lie, each in a folder called like it; None: nowhere."""
    links: Mapping[str, str] = {}
    """Where its program looks for a file of the private folder, and nothing is: path → name of the file. Removed
    afterwards."""
    has_banner: bool = False
    """It shows the banner itself."""


PROMPT = "prompt.md"
SERVERS = "mcp.json"


def server_json(server: McpServer) -> dict[str, Any]:
    """As most programs read it."""
    if server.url is not None:
        return {"type": "http", "url": server.url}
    env = {"env": dict(server.env)} if server.env else {}
    return {"command": server.command, "args": list(server.args), **env}


def skill_index(skills: Iterable[Skill]) -> str:
    """For the system prompt of an agent that cannot be given skills; empty without any."""
    lines = [f"- {one.name}: {one.description} (file: {one.folder}/SKILL.md)" for one in skills]
    if not lines:
        return ""
    return "\n".join(
        (
            "## Skills",
            "",
            "Instructions that lie in files. When what is to be done fits a description, read its file first, whole; "
            "paths in it count from its folder.",
            "",
            *lines,
        )
    )
