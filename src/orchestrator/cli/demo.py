"""`demo`: the whole way of a plan, on a small real project, in under a minute."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.opened import chosen, opened_home, options
from orchestrator.cli.options import command
from orchestrator.cli.output import STATE_COLOURS, complain, paint, say
from orchestrator.core.times import duration

if TYPE_CHECKING:
    from orchestrator.control.showcase import DemoHome, Row

INTERRUPTED = 130


@command("demo")
@click.option("--agent", metavar="NAME", help="A real agent instead of the scripted one, for example claude.")
@click.option("--keep", metavar="DIR", help="Make it in this new or empty folder. [default: a fresh temporary one]")
def demo(agent: str | None, keep: str | None) -> int:
    """Watch it work on a small real project.

    Makes a Python project as a git repository with a bare origin and a plan of six tickets, and walks them through the
    workflow `local`: worktree, implementation, review, tests, merge. The scripted agent makes one mistake that the
    tests catch and one that the review rejects. The folder is named and kept.
    """
    from orchestrator import wiring
    from orchestrator.cli.live.stage import stage
    from orchestrator.control import showcase
    from orchestrator.control.live.looker import Focus

    folder = Path(keep).expanduser() if keep else Path(tempfile.mkdtemp(prefix="orchestrator-demo-"))
    made = showcase.make_demo(folder, agent)
    chosen.config_file = str(made.config_file)
    say(f"The demo lies in {made.config_file.parent}", "")
    with stage(names_plans=False) as show:
        home = opened_home(show.tell)
        looker = show.looker(home, Focus(made.plan_id))
        signal = showcase.walk_to_end(home, made.plan_id, wiring.loader(options(), home), looker)
    if signal is not None:
        complain(f"interrupted; go on with: orchestrator daemon -C {made.config_file}")
        return INTERRUPTED
    rows = showcase.rows(home, made.plan_id)
    say("", *_merged(showcase.graph(made.repo)), "", *_table(rows), "", *_where(made))
    return 0 if all(row.status == "complete" for row in rows) else 1


def _merged(graph: str) -> list[str]:
    return [
        paint("What was merged (git log --graph --oneline main):", "bold", output.has_colour()),
        "",
        *graph.splitlines(),
    ]


def _table(rows: list[Row]) -> list[str]:
    head = ("TICKET", "STATE", "PHASES", "ATTEMPTS", "FAILURES", "TIME", "TITLE")
    body = [
        (
            row.key.ticket,
            (row.status, STATE_COLOURS.get(row.status)),
            str(row.phases),
            str(row.attempts),
            str(row.failures),
            duration(row.seconds),
            output.clean(row.error or row.title),
        )
        for row in rows
    ]
    return output.table([head, *body])


def _where(made: DemoHome) -> list[str]:
    program, config = shlex.quote(_program()), shlex.quote(str(made.config_file))
    return [
        paint("Where to look:", "bold", output.has_colour()),
        f"  cd {shlex.quote(str(made.repo))}",
        f"  {program} status -C {config}",
        f"  {program} logs {made.plan_id} SHOP-2 -C {config}",
        f"  {made.config_file.parent / 'logs'}: one folder per attempt",
    ]


def _program() -> str:
    """What can be typed: after `make demo` the command lies in .venv only, and is not in PATH."""
    beside = Path(sys.executable).with_name("orchestrator")
    return "orchestrator" if shutil.which("orchestrator") or not beside.exists() else str(beside)
