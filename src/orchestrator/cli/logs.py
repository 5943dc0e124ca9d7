"""`logs`: what happened to a ticket, and what its attempts printed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.opened import key_of, opened
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import paint, say

if TYPE_CHECKING:
    from orchestrator.control.logbooks import AttemptLog, Piece

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


@command("logs")
@click.argument("plan", metavar="PLAN")
@click.argument("ticket", metavar="TICKET")
@click.option("--phase", metavar="PHASE", help="The output of the attempts at this phase.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="The output of this attempt.")
@click.option("-f", "--follow", is_flag=True, help="Show what comes, new attempts too, until the ticket has ended.")
@json_option
def logs(plan: str, ticket: str, phase: str | None, attempt: int | None, follow: bool, as_json: bool) -> int:
    """Show what happened to a ticket, and follow it.

    Its events, one per line; with --phase or --attempt what the attempts printed (stdout, then stderr). Everything lies
    in the log directory, one folder per attempt.

    \b
    --json: {"plan", "ticket", "events": […], "attempts": [{"attempt", "phase", "kind", "agent",
    "sessionId", "startedAt", "exitCode", "outcome", "directory"}]}.
    """
    from orchestrator.control import logbooks

    if follow and as_json:
        raise click.UsageError("--json shows what there is; it cannot follow")
    config, key = opened().config, key_of(plan, ticket)
    chosen = logbooks.Filter(phase, attempt)
    logbooks.check(config, key)
    if as_json:
        output.show_json(logbooks.document(config, key, chosen))
        return 0
    if not follow:
        logbooks.attempts(config, key, chosen)
    shown = _show(logbooks.follow(config, key, chosen) if follow else logbooks.pieces(config, key, chosen))
    if not shown and not follow:
        say(f"nothing has happened to ticket {ticket} yet" if not chosen.wants_output else "it has printed nothing")
    return 0


def _show(pieces: Iterator[Piece]) -> bool:
    """Bytes as they are where nobody looks; on a terminal only what cannot harm it."""
    terminal, ends, shown = output.is_terminal(), True, False
    for piece in pieces:
        shown = True
        if piece.title is not None:
            say(*([] if ends else [""]), _title(piece.title, piece.stream or ""))
            ends = True
            continue
        ends = piece.content.endswith(b"\n")
        if terminal:
            sys.stdout.write(output.clean_lines(_ANSI.sub("", piece.content.decode("utf-8", "replace"))))
        else:
            sys.stdout.buffer.write(piece.content)
        sys.stdout.flush()
    return shown


def _title(attempt: AttemptLog, stream: str) -> str:
    return paint(f"==> attempt {attempt.n}, {output.clean(attempt.phase)}: {stream}", "bold", output.has_colour())
