"""`mcp`: the orchestrator as a server for agents."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from orchestrator.cli.options import command
from orchestrator.errors import OrchestratorError

if TYPE_CHECKING:
    from orchestrator.control.desk import Desk

SDK = ("mcp", "mcp_types", "pydantic", "anyio")
HOW = (
    "the MCP server needs the package mcp, which is not installed here: install the orchestrator with its extra `mcp`, "
    'as in `uv tool install "another-orchestrator[mcp]"` or `pip install "another-orchestrator[mcp]"`'
)


@command("mcp")
def mcp() -> int:
    """Serve agents over the Model Context Protocol.

    On standard input and output, for a client that starts it: claude, codex, Claude Desktop. Its tools list workflows,
    agents, repositories and plans, check and create plans, show status and logs, pause, resume, retry and skip, as the
    commands do. It ends with its input. `orchestrator-mcp` is the same program.

    Needs the extra `mcp` of the package.
    """
    try:
        from orchestrator.mcp import server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in SDK:
            raise
        raise OrchestratorError(HOW) from None
    from orchestrator import __version__
    from orchestrator.cli.main import kept
    from orchestrator.mcp.calling import Backing

    if sys.stdin is None:
        raise OrchestratorError("standard input is closed: there is nobody to serve")
    if sys.stdin.isatty():
        print("orchestrator: speaks MCP here, for an agent that starts it; Ctrl-C or Ctrl-D ends it", file=sys.stderr)
    return server.serve(Backing(_desk, __version__, kept))


def _desk(needs_file: bool) -> Desk:
    from orchestrator import wiring
    from orchestrator.cli.opened import opened
    from orchestrator.control.desk import Desk

    loaded = opened(needs_file=needs_file)
    return Desk(wiring.open_home(loaded.config), loaded.problems)


def main() -> int:
    """`orchestrator-mcp`."""
    from orchestrator.cli import main as program

    return program.main(["mcp", *sys.argv[1:]])
