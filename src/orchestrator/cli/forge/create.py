"""`forge look` and `forge create`: the pull request of a ticket's branch."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.forge.kit import answering, config, physical, repo_option
from orchestrator.cli.options import command
from orchestrator.cli.output import say

if TYPE_CHECKING:
    from orchestrator.core.model import Key

OPTIONS = (
    click.option(
        "--worktree", metavar="DIR", required=True, help="The ticket's worktree, with the branch checked out."
    ),
    click.option("--base", metavar="BRANCH", required=True, help="The branch that it is to be merged into."),
    repo_option,
)


def about_branch(run: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(OPTIONS):
        run = option(run)
    return run


@command("look")
@click.argument("branch", metavar="BRANCH")
@about_branch
@answering
def look(branch: str, worktree: str, base: str, repo: str) -> int:
    """Say whether a branch has its pull request.

    Prints open, merged (with all that the branch has) or none. What an earlier branch of the same name had does not
    count.

    Exit codes: 0 the word is printed; 1 the forge cannot be asked now; 2 it was closed without a merge, so there must
    not be another.
    """
    from orchestrator.control.forge import creating
    from orchestrator.control.forge.wording import Told

    told = Told(branch=branch, worktree=physical(worktree), base=base, ticket="")
    say(creating.look(config(), physical(repo), told).word)
    return 0


@command("create")
@click.argument("branch", metavar="BRANCH")
@about_branch
@click.option("--ticket", metavar="ID", required=True)
@click.option("--title", metavar="TEXT", help="Of the ticket, as the following. [default: from its file]")
@click.option("--description", metavar="TEXT")
@click.option("--criteria", metavar="TEXT", help="Acceptance criteria, a line each.")
@click.option("--link", metavar="URL", help="Where the ticket is tracked.")
@answering
def create(branch: str, worktree: str, base: str, repo: str, **ticket: str | None) -> int:
    """Open the pull request of a pushed branch, unless it has one.

    Prints its address. Title and text come from the templates pr-title.md and pr-body.md; draft, labels and reviewers
    from pullRequest of the plan or the configuration. Its number is noted beside the worktree's index.

    Exit codes: 0 the forge shows it; 1 the forge cannot be asked now, or does not show it yet; 2 it cannot be opened.
    """
    from orchestrator.control.forge import creating
    from orchestrator.control.forge.wording import Told

    told = Told(branch=branch, worktree=physical(worktree), base=base, ticket=ticket.pop("ticket") or "", **ticket)
    made = creating.create(config(), physical(repo), _key(), told, _tell)
    if made.is_merged:
        _tell(f"pull request {made.pull.number} is merged, and {branch} has nothing new since")
    say(made.pull.url)
    return 0


def _key() -> Key | None:
    """Of the ticket that the runner works on; by hand there is none."""
    from orchestrator.cli.opened import key_of

    plan, ticket = os.environ.get("ORCHESTRATOR_PLAN"), os.environ.get("ORCHESTRATOR_TICKET")
    return key_of(plan, ticket) if plan and ticket else None


def _tell(words: str) -> None:
    print(f"orchestrator: {words}", file=sys.stderr)
