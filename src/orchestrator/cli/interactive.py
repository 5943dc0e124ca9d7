"""`interactive`: the planning session."""

from __future__ import annotations

import click

from orchestrator.cli.options import command
from orchestrator.errors import OrchestratorError


@command("interactive")
@click.option("-r", "--repo", metavar="DIR", help="Where the session starts. [default: the current directory]")
@click.option("-w", "--workflow", metavar="NAME", help="The workflow that new plans get.")
@click.option("--worktree-root", metavar="DIR", help="Where the worktrees of new plans go.")
def interactive(repo: str | None, workflow: str | None, worktree_root: str | None) -> int:
    """Plan work with an interactive agent session.

    Not built yet. Until then anyone who writes JSON can plan: `orchestrator schema plan` and `orchestrator schema
    ticket` describe the files, `orchestrator plan check` looks them over.
    """
    raise OrchestratorError(
        "interactive is not built yet; write plan and ticket files instead (`orchestrator schema plan` and "
        "`orchestrator schema ticket` describe them, `orchestrator plan check` checks them)"
    )
