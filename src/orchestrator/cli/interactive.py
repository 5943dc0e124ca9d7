"""`interactive`: the planning session."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from orchestrator.cli.opened import opened_home, options
from orchestrator.cli.options import command
from orchestrator.cli.output import clean, complain, has_colour, is_terminal, paint, say
from orchestrator.errors import OrchestratorError, UsageError

if TYPE_CHECKING:
    from orchestrator.engine.home import Home
    from orchestrator.planner.session import Session


@command("interactive")
@click.option("-r", "--repo", metavar="DIR", help="Where the session starts. [default: the current directory]")
@click.option("-w", "--workflow", metavar="NAME", help="The workflow that new plans get.")
@click.option("--worktree-root", metavar="DIR", help="Where the worktrees of new plans go.")
@click.option("--agent", metavar="NAME", help="pi, claude or codex. [default: the first of them that is installed]")
def interactive(repo: str | None, workflow: str | None, worktree_root: str | None, agent: str | None) -> int:
    """Plan work with an interactive agent session.

    Starts the agent's own program in this terminal, with what a planner must know: instructions, skills, the MCP
    servers of the configuration. You describe the work; it asks, shows the plan in words, and writes it when you agree.
    Any agent of the configuration whose type is pi, claude or codex can be named. Without a configuration the default
    one is made first, as `orchestrator init` does.

    Exit code: that of the agent's program.
    """
    from orchestrator.cli import foreground
    from orchestrator.control.planning import interactive as control

    for name, value in (("--repo", repo), ("--workflow", workflow), ("--worktree-root", worktree_root)):
        if value == "":
            raise UsageError(f"{name} is empty")
    home = _home()
    found = control.looked_up(home, control.Wanted(repo, workflow, worktree_root, agent))
    _check_terminal()
    before = control.plans(home)
    with control.started(home, found) as session:
        _greet(session)
        code = foreground.run(session.argv, session.cwd, session.env)
    complain(*map(clean, control.afterwards(home, before)))
    return code


def _home() -> Home:
    """This may be the first thing that somebody types: without a configuration there is one afterwards."""
    from pathlib import Path

    from orchestrator import wiring
    from orchestrator.control import setting_up
    from orchestrator.errors import ConfigError

    try:
        home = opened_home()
        if home.config.file is not None:
            return home
        folder = home.config.home
    except ConfigError:
        missing = wiring.patient(options())
        if not missing.is_missing:
            raise
        folder = missing.config.home
    made = setting_up.init(Path(folder), self_contained=False)
    complain(f"this is the first time here: created {made.config}")
    return opened_home()


def _check_terminal() -> None:
    if not (is_terminal(sys.stdin) and is_terminal()):
        raise OrchestratorError(
            "interactive needs a terminal for its input and output: start it in one; without, "
            "`orchestrator plan create` and `orchestrator plan import` make plans"
        )


def _greet(session: Session) -> None:
    if session.has_banner:
        return
    for note in session.notes:
        complain(clean(note))
    title, *rest = map(clean, session.banner)
    say(paint(title, "bold", has_colour()), *(paint(line, "dim", has_colour()) for line in rest), "")
