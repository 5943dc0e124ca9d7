"""`status`."""

from __future__ import annotations

import click

from orchestrator.cli.options import command, json_option


@command("status")
@click.option("-p", "--plan", "plan_id", metavar="PLAN", help="Only this plan, with all its tickets.")
@click.option(
    "-s", "--status", "states", metavar="S[,S…]", multiple=True,
    help="Only tickets of these states, all of them: needs_attention, failed, unreadable, missing, running, ready, "
    "paused, queued, complete.",
)  # fmt: skip
@click.option("--all", "every", is_flag=True, help="All tickets, however many there are.")
@click.option("--watch", "watches", is_flag=True, help="Draw it again when something changes; q or Ctrl-C leaves.")
@json_option
def status(plan_id: str | None, states: tuple[str, ...], every: bool, watches: bool, as_json: bool) -> int:
    """Show plans and tickets.

    Per ticket: its state, the phase and its position, what it waits for and until when, which blocker holds it, its
    error, its pull request with review and checks as the forge told them last, its session; at the end everything that
    is wrong with the files.

    With more than 50 tickets: sums, a line per plan, and of each state the first tickets: what needs a person, what
    runs, what waits and why. --plan, --status and --all show every ticket that fits.

    --watch shows the same, and what comes; arrows and space move in what is longer than the terminal. Where there is no
    terminal it is printed again, after an empty line, whenever it has changed.

    \b
    --json: [{"plan": …, "tickets": […], "problems": […]}], each plan and ticket as in its file;
    with --plan X: {"plan": …, "tickets": […], "problems": […]}. With --status only the tickets that fit.
    A problem: {"where", "what", "severity", "hint", "file", "line", "column"}.
    Where something is known of pull requests, also "pullRequests": {TICKET: {"number", "url",
    "state": "open" | "merged" | "closed", "draft", "review", "checks": {"passed", "failed", "pending"},
    "mergeable", "openThreads", "rounds", "askedAt"}}.
    """
    if watches:
        from orchestrator.cli.live.watched_status import watch_status

        if as_json:
            raise click.UsageError("--json shows how things are; it cannot watch")
        return watch_status(plan_id, states, every)
    from orchestrator.cli.look.overview import show

    return show(plan_id, as_json, states, every)
