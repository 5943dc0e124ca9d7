"""`worktree`."""

from __future__ import annotations

import click

from orchestrator.cli.opened import opened
from orchestrator.cli.options import command, group
from orchestrator.cli.output import clean, clean_lines, complain, say


@group("worktree")
def worktree() -> None:
    """Set up a worktree, as setup-worktree.sh has it done."""


@command("setup")
@click.argument("repo")
@click.argument("path", metavar="WORKTREE")
def setup(repo: str, path: str) -> int:
    """Run `worktree.setup` of the configuration in WORKTREE, without one its .orchestrator/setup.

    It is not run again where it succeeded with the same command and the same files (worktree.cacheKey). What it prints
    goes to worktree-setup.log in the ticket's log folder; by hand to a file beside the worktree's index. It sees no
    token of a forge.
    """
    from orchestrator.control import furnishing

    said = furnishing.setup(opened(needs_file=False).config, repo, path)
    if said:
        say(clean_lines(said))
    return 0


@command("include")
@click.argument("source")
@click.argument("path", metavar="WORKTREE")
def include(source: str, path: str) -> int:
    """Copy what .worktreeinclude names from the working tree SOURCE to WORKTREE.

    That file has patterns as .gitignore has them. Files that match one and that git ignores are copied with their
    modes; what is there is never overwritten.
    """
    from orchestrator.control import including

    done = including.include(source, path)
    if done.files:
        say(f"copied {done.files} of the files that .worktreeinclude names")
    complain(*(clean(f"not copied: {words}") for words in done.left_out))
    return 0


worktree.add_command(setup)
worktree.add_command(include)
