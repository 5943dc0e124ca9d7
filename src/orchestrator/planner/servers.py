"""The MCP servers that a planner gets: those of the configuration, and our own.

The law: a variable that is not set is never filled in as nothing; its server is left out, and that is said.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import NamedTuple

from msgspec.structs import replace

from orchestrator.adapters.environment import VARIABLE
from orchestrator.core.settings import Config, McpServer

OWN = "orchestrator"
PASSED_ON = ("ORCHESTRATOR_HOME", "PYTHONPATH", "HOME", "PATH", "TMPDIR", "USER", "LOGNAME", "LANG")
"""Some agents give a server little of their environment."""


class Servers(NamedTuple):
    ready: dict[str, McpServer]
    left_out: tuple[str, ...]
    """Why, a sentence each."""


def servers(config: Config, environ: Mapping[str, str]) -> Servers:
    ready, left_out = {}, []
    for name, server in config.settings.mcp_servers.items():
        missing = _missing(server, environ)
        if missing:
            names = ", ".join(f"${{{one}}}" for one in missing)
            are = "are" if len(missing) > 1 else "is"
            left_out.append(f"mcpServers.{name} is left out: {names} {are} not set or empty; export it and start again")
        else:
            ready[name] = _filled(server, environ)
    own = own_server(config, environ)
    return Servers(ready | ({OWN: own} if own and OWN not in config.settings.mcp_servers else {}), tuple(left_out))


def own_server(config: Config, environ: Mapping[str, str]) -> McpServer | None:
    """None where its libraries are not installed."""
    if find_spec("mcp") is None or find_spec("orchestrator.mcp") is None:
        return None
    where = ("--config", config.file) if config.file else ()
    env = {name: environ[name] for name in PASSED_ON if name in environ}
    return McpServer(command=sys.executable, args=("-P", "-m", "orchestrator", "mcp", *where), env=env)


def _missing(server: McpServer, environ: Mapping[str, str]) -> list[str]:
    texts = (server.command or "", server.url or "", *server.args, *server.env.values())
    return [
        name for name in dict.fromkeys(one for text in texts for one in VARIABLE.findall(text)) if not environ.get(name)
    ]


def _filled(server: McpServer, environ: Mapping[str, str]) -> McpServer:
    def fill(text: str) -> str:
        return VARIABLE.sub(lambda match: environ[match[1]], text)

    return replace(
        server,
        command=server.command and fill(server.command),
        args=tuple(map(fill, server.args)),
        env={name: fill(value) for name, value in server.env.items()},
        url=server.url and fill(server.url),
    )
