"""The examination of the planning session: with which agent it would be, and what it would lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.core.findings import Finding
from orchestrator.core.settings import Config
from orchestrator.errors import OrchestratorError
from orchestrator.planner.choosing import choose
from orchestrator.planner.servers import OWN, servers

NAME = "interactive"


def planner(config: Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Nothing that work needs: who writes plans otherwise misses nothing."""
    try:
        choice = choose(config.settings, environ, "/")
    except OrchestratorError as error:
        first, _, ways = str(error).partition("\n")
        hint = "; or ".join(line.strip() for line in ways.splitlines() if line.startswith("  ")) or None
        yield Finding("agents", NAME, "warning", first.rstrip(":"), hint)
        return
    found = servers(config, environ)
    offered = f", MCP servers {', '.join(found.ready)}" if found.ready else ""
    yield Finding("agents", NAME, "ok", f"starts {choice.name}, {choice.program}{offered}")
    for reason in found.left_out:
        yield Finding("agents", NAME, "warning", reason.split(";")[0], "export it where the session is started")
    if OWN not in found.ready:
        text = f"its agent writes plans without the MCP server {OWN}: the library for it is not installed"
        yield Finding("agents", NAME, "ok", text, "pip install 'another-orchestrator[mcp]'")
