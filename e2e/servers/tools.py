"""Which tool of an agent runs a command or makes a file: the model is told its tools with every request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from e2e.servers.script import Asked, Run, Use, Write

_SHELLS = ("Bash", "bash", "run_shell_command", "exec_command", "shell")
_WRITERS = ("Write", "write", "write_file")


def call(message: Run | Write | Use, asked: Asked) -> tuple[str, Mapping[str, Any]]:
    """Its name and its arguments, of those that the tool declares."""
    match message:
        case Use(tool, given):
            return tool, given
        case Run(command):
            known = {"command": command, "cmd": command, "description": "scripted", "yield_time_ms": 30_000}
            return _fitting(_SHELLS, asked, known | {"timeout": 600_000})
        case Write(path, content):
            return _fitting(_WRITERS, asked, {"file_path": path, "filePath": path, "path": path, "content": content})


def _fitting(names: tuple[str, ...], asked: Asked, known: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    tool = next((name for name in names if name in asked.tools), names[0])
    declared = asked.tools.get(tool, frozenset())
    return tool, {name: value for name, value in known.items() if name in declared}


def declared(name: str, schema: Any) -> tuple[str, frozenset[str]]:
    """A tool with the names of its arguments, from its JSON Schema."""
    return name, frozenset((schema or {}).get("properties", {}))
