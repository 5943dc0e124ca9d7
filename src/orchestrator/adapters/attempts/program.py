"""Whether a program can be started at all, found out before anything is. Every reason is given in words."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.errors import CannotRunError, OrchestratorError


class StartError(OrchestratorError):
    """The program cannot be started. Nothing is left running."""


def startable(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> list[str]:
    """The argument vector with the program's absolute path. Raises CannotRunError (the directory) or StartError."""
    if not Path(cwd).is_absolute() or not Path(cwd).is_dir():
        raise CannotRunError(f"the directory {cwd or '(none)'} does not exist; nothing is run anywhere else instead")
    if not argv or not argv[0]:
        raise StartError("no program is named")
    for word in argv:
        if "\0" in word:
            raise StartError(f"{argv[0]!r}: an argument contains a NUL character, which no program can be given")
    names, values = "".join(env), "".join(env.values())
    if "" in env or "=" in names or "\0" in names or "\0" in values:
        odd = next(name for name, value in env.items() if not name or "=" in name or "\0" in name + value)
        raise StartError(f"{argv[0]}: the environment variable {odd!r} cannot be passed on")
    return [program(argv[0], cwd, env.get("PATH", os.defpath)), *argv[1:]]


def program(name: str, cwd: str, path: str) -> str:
    """The absolute path: looked for in the PATH that the program will have, from the directory that it will be in."""
    folders = [""] if "/" in name else path.split(os.pathsep)
    files = [place for folder in folders if (place := Path(cwd, folder, name)).is_file()]
    for place in files:
        if os.access(place, os.X_OK):
            return str(place)
    if files:
        raise StartError(f"{files[0]}: is not executable (chmod +x it)")
    if "/" in name:
        raise StartError(f"{Path(cwd, name)}: program not found")
    raise StartError(f"{name}: program not found in PATH ({path})")
