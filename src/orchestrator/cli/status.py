"""`status`."""

from __future__ import annotations

import click

from orchestrator.cli.options import command, json_option


@command("status")
@click.option("-p", "--plan", "plan_id", metavar="PLAN", help="Only this plan, with all its tickets.")
@json_option
def status(plan_id: str | None, as_json: bool) -> int:
    """Show plans and tickets.

    Per ticket: its state, the phase and its position, what it waits for and until when, which blocker holds it, its
    error, pull request and session; at the end everything that is wrong with the files. Large plans are shown by what
    matters now; --plan shows every ticket.

    \b
    --json: [{"plan": …, "tickets": […], "problems": […]}], each plan and ticket as in its file;
    with --plan X: {"plan": …, "tickets": […], "problems": […]}.
    A problem: {"where", "what", "severity", "hint", "file", "line", "column"}.
    """
    from orchestrator.cli.overview import show

    return show(plan_id, as_json)
