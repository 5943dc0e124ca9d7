"""`init` and `schema`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from orchestrator.cli.options import command
from orchestrator.cli.output import say

KINDS = ("plan", "ticket", "draft", "workflow", "config")


@command("init")
@click.option("-d", "--dir", "folder", metavar="DIR", help="A self-contained folder; use it with -C DIR/config.yaml.")
def init(folder: str | None) -> int:
    """Create a home folder with a default config.

    $ORCHESTRATOR_HOME, or ~/.orchestrator; with the folders for state and logs. What is there is never overwritten.
    """
    from orchestrator.control import setting_up

    home = Path(folder or os.environ.get("ORCHESTRATOR_HOME") or "~/.orchestrator").expanduser().absolute()
    made = setting_up.init(home, self_contained=folder is not None)
    if not made.is_new:
        say(f"{made.config} is there already and stays as it is")
        return 0
    use = f" -C {made.config}" if folder else ""
    say(
        f"Created {made.config}",
        f"Plans go to {home / 'state/plans'}, logs to {home / 'logs'}.",
        f"Next: orchestrator doctor{use}, orchestrator demo, orchestrator daemon{use}",
    )
    return 0


@command("schema")
@click.argument("kind", metavar="plan|ticket|draft|workflow|config", type=click.Choice(KINDS))
def schema(kind: str) -> int:
    """Print the JSON Schema of a kind of file.

    For editors, and for whoever writes plans: plan, ticket, draft, workflow or config.
    """
    from orchestrator.control.schemas import schema_text

    click.echo(schema_text(kind), nl=False)
    return 0
