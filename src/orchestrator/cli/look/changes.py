"""`open` and `diff`: where everything of a ticket lies, and what it changed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.opened import key_of, opened_home
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, complain, say
from orchestrator.errors import NotFoundError, OrchestratorError

if TYPE_CHECKING:
    from orchestrator.control.whereabouts import Whereabouts

_PAGER_CLOSED = 141
"""What git ends with when its pager is left early."""


@command("open")
@click.argument("plan", metavar="PLAN")
@click.argument("ticket", metavar="TICKET")
@click.option("--worktree", "what", flag_value="worktree", help="Open its worktree, in $VISUAL or $EDITOR.")
@click.option("--pr", "what", flag_value="pr", help="Open its pull request, in the browser.")
@click.option("--logs", "what", flag_value="logs", help="Open the folder of its logs, in $VISUAL or $EDITOR.")
@json_option
def open_(plan: str, ticket: str, what: str | None, as_json: bool) -> int:
    """Print where everything of a ticket is, or open it.

    Its worktree, branch, pull request, logs and file, each with whether it is there. That is all, unless one of them is
    named: then it is opened. Where there is no terminal, only the path or address of the one that is named is printed:
    cd "$(orchestrator open PLAN TICKET --worktree)".

    \b
    --json: {"plan", "ticket", "repo", "worktree": {"path", "exists"}, "branch": {"name", "exists"},
    "pullRequest": null, {"number", "url"}, or where more is known as in status --json,
    "logs": {"path", "exists"}, "file": {"path", "exists"}}

    Exit codes: 1 what was named is not there.
    """
    from orchestrator.control import whereabouts

    if what is not None and as_json:
        raise click.UsageError("--json shows where all of it is; it opens nothing")
    found = whereabouts.find(opened_home(), key_of(plan, ticket))
    if as_json:
        output.show_json(whereabouts.described(found))
    elif what is None:
        say(*output.table(_rows(found), indent=""))
    else:
        _open(what, _place(found, what))
    return 0


def _rows(found: Whereabouts) -> list[tuple[output.Cell, output.Cell]]:
    def row(name: str, value: str | None, exists: bool) -> tuple[output.Cell, output.Cell]:
        text = clean(value) if value else "none"
        return name, text if exists else (f"{text} (not there)" if value else text, "dim")

    return [
        row("worktree", found.worktree, found.has_worktree),
        row("branch", found.branch, found.has_branch),
        row("pull request", " · ".join(filter(None, (found.url, found.review))), bool(found.url)),
        row("logs", found.logs, found.has_logs),
        row("ticket", found.file, True),
    ]


def _place(found: Whereabouts, what: str) -> str:
    """The path or address. Raises NotFoundError."""
    places = {
        "worktree": (found.worktree, found.has_worktree, "worktree"),
        "pr": (found.url, bool(found.url), "pull request"),
        "logs": (found.logs, found.has_logs, "log"),
    }
    place, exists, name = places[what]
    if place is None or not exists:
        where = f" ({place} is not there)" if place else ""
        at = f"; it stands in {found.ticket.current_phase}" if found.ticket.current_phase else ""
        raise NotFoundError(f"ticket {found.ticket.key} has no {name}{where}{at}")
    return place


def _open(what: str, place: str) -> None:
    if not output.is_terminal():
        say(place)
        return
    opened = _browse(place) if what == "pr" else _edit(place)
    say(clean(place))
    if not opened:
        with_what = "a browser: set BROWSER" if what == "pr" else "an editor: set VISUAL or EDITOR"
        complain(f"there is no program here to open it with (looked for {with_what})")


def _browse(address: str) -> bool:
    if not address.startswith(("https://", "http://")):
        raise OrchestratorError(f"{clean(address)} is no address for a browser")
    import webbrowser

    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False


def _edit(path: str) -> bool:
    import shlex

    from orchestrator.cli import foreground

    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")
    if editor:
        foreground.run([*editor, path], path, os.environ)
    return bool(editor)


@command("diff")
@click.argument("plan", metavar="PLAN")
@click.argument("ticket", metavar="TICKET")
@click.option("--stat", "how", flag_value="--stat", help="Only how many lines of each file.")
@click.option("--name-only", "how", flag_value="--name-only", help="Only the names of the files.")
@json_option
def diff(plan: str, ticket: str, how: str | None, as_json: bool) -> int:
    """Show what a ticket has changed.

    Compared with the commit that it started from, or the newer base that it was put onto: what is committed, what is
    not, and files that git does not know yet. When the worktree is gone, what its branch has. On a terminal through
    git's pager, with git's colours; it may be called at any time, and changes nothing.

    \b
    --json: {"plan", "ticket", "in": "worktree" | "branch", "path", "branch", "base", "from", "to", "commits",
    "files": [{"path", "status": "A" | "M" | "D" | "T" | "U", "added", "deleted"}]}; null lines: no text

    Exit codes: 1 there is neither a worktree nor a branch.
    """
    from orchestrator.control import whereabouts

    if how is not None and as_json:
        raise click.UsageError(f"--json has every file with its lines; {how} goes without it")
    found = whereabouts.find(opened_home(), key_of(plan, ticket))
    one, options = whereabouts.comparison(found), [how] if how else []
    if as_json:
        output.show_json(whereabouts.changed(found, one, os.environ))
        return 0
    if output.is_terminal():
        from orchestrator.cli import foreground

        colour = [] if output.has_colour() else ["--no-color"]
        with whereabouts.prepared(one, os.environ) as env:
            code = foreground.run(whereabouts.command(one, *colour, *options), one.cwd, env)
        return 0 if code in (0, _PAGER_CLOSED) else 1
    for chunk in whereabouts.printed(one, os.environ, options):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return 0
