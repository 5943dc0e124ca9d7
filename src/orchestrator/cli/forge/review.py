"""`forge review`, `forge feedback`, `forge answer`: the review of a ticket's pull request."""

from __future__ import annotations

import sys

import click

from orchestrator.cli.forge.kit import NOT_NOW, answering, config, physical, repo_option
from orchestrator.cli.options import command
from orchestrator.cli.output import clean, say

CODES = {"merged": 0, "approved": 0, "changes_requested": 2, "ci_failed": 2, "closed": 2, "conflict": 3}
"""Of `forge review`; everything else is 1."""
NOTHING = 3
"""Of `forge feedback`: there is nothing to answer."""


@command("review")
@click.argument("pr", metavar="PR")
@repo_option
@answering
def review(pr: str, repo: str) -> int:
    """Say what a pull request needs now, in one word.

    In a script of a ticket it is compared with what the ticket's earlier rounds have answered, and remembered for
    `status`. By hand what is older than the newest commit counts as answered. `review` of the configuration says
    whose words count.

    \b
    Exit codes: 0 approved or merged; 1 nothing new, pending or a draft, or the forge cannot be asked;
    2 changes_requested, ci_failed or closed; 3 conflict with the base.
    """
    from orchestrator.control.forge import reviewing

    _, look = reviewing.looked(config(), physical(repo), pr)
    say(look.word)
    return CODES.get(look.word, NOT_NOW)


@command("feedback")
@click.argument("pr", metavar="PR")
@repo_option
@answering
def feedback(pr: str, repo: str) -> int:
    """Print what is new in a review, for the agent that answers it.

    Reviews, comments, whole threads with their ids, failed checks with the end of their logs. In a script of a ticket
    this begins a round: what is printed counts as seen once `forge answer` is done.

    Exit codes: 0 printed; 1 the forge cannot be asked now; 2 it knows no such pull request; 3 there is nothing to
    answer.
    """
    from orchestrator.control.forge import reviewing

    found = reviewing.collected(config(), physical(repo), pr)
    say(found.text)
    return 0 if found.is_any else NOTHING


@command("answer")
@click.argument("pr", metavar="PR")
@repo_option
@click.option("--commit", metavar="SHA", default="", help="The commit that was pushed, to be named in the answers.")
@answering
def answer(pr: str, repo: str, commit: str) -> int:
    """Send what an agent answered to a review, read from standard input.

    Its lines `HANDLED <thread id>: <what was done>` are replied and the thread is resolved, `DECLINED <thread id>:
    <why>` are replied only; what is left answers reviews and comments in one comment. Nothing is sent twice.

    Exit codes: 0 sent; 1 the forge cannot be asked now; 2 it knows no such pull request.
    """
    from orchestrator.control.forge import reviewing

    message = sys.stdin.buffer.read().decode(errors="replace")
    say(*map(clean, reviewing.answered(config(), physical(repo), pr, message, commit)))
    return 0
