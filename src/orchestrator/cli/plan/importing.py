"""`plan import`: plans of what trackers and files say, again and again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import output
from orchestrator.cli.objects import problem_objects
from orchestrator.cli.opened import opened_home
from orchestrator.cli.options import command, group, json_option
from orchestrator.cli.output import clean, complain, problem_lines, say
from orchestrator.cli.plan.grouped import grouped
from orchestrator.cli.plan.make import dry_run_option, options
from orchestrator.cli.verdict import counted
from orchestrator.core.forge.wording import one_line
from orchestrator.errors import PlanRejectedError, UsageError

if TYPE_CHECKING:
    from orchestrator.control.planning.importing import Brought, Request
    from orchestrator.engine.home import Home

WIDTH = 100
"""Of a title."""
SHARED = (
    click.option(
        "--plan", "plan_id", metavar="ID", help="The plan. [default: that of the last import, else a new one]"
    ),
    click.option("-r", "--repo", metavar="DIR", help="The local repository. [default: that of the current directory]"),
    click.option("-w", "--workflow", metavar="NAME", help="The workflow. [default: standard; bugfix for bugs]"),
    click.option("-a", "--agent", metavar="NAME", help="The agent, where neither ticket nor workflow names one."),
    click.option("--worktree-root", metavar="DIR", help="Where the worktrees of a new plan go."),
    click.option("--base", metavar="BRANCH", help="The branch that the tickets start from and return to."),
    click.option("--paused", is_flag=True, help="What is new is paused."),
    dry_run_option,
    json_option,
)


@group("import")
def import_() -> None:
    """Make a plan of issues of a tracker, or of a file, and bring it up to date later.

    No model is asked: titles, texts, criteria (task lists, headed sections), who waits for whom. A second import of the
    same adds what is new and changes what the tracker has changed; what people edited, what is complete, and everything
    of the runner's stays.
    """


@command("github")
@click.argument("repository", metavar="OWNER/REPO")
@click.option("--milestone", metavar="TITLE", help="Only issues of this milestone.")
@click.option("--label", metavar="NAME", help="Only issues with this label.")
@click.option("--issue", "issues", metavar="N", multiple=True, help="This issue; several times.")
@options(*SHARED)
def github(repository: str, milestone: str | None, label: str | None, issues: tuple[str, ...], **given: Any) -> int:
    """Import issues of GitHub, asked through ghCommand.

    Those that are open, as tickets GH-<number>. Who waits for whom is told by GitHub's own relations and by words in
    the text: "blocked by #42", "depends on #42". Issues labelled bug go by the workflow bugfix.

    \b
    --json: {"plan", "created": ["GH-7"], "updated": […], "unchanged": […], "skipped": […], "notes": […],
     "problems": […], "written": true, "paused": false}
    """
    from orchestrator.adapters.trackers import github as tracker
    from orchestrator.control.planning import tracked

    place = tracker.repository(repository)
    if place is None:
        raise UsageError(f'"{repository}" is no repository; write OWNER/REPO')
    numbers = [tracker.number(one) for one in issues]
    if None in numbers:
        raise UsageError("--issue wants a number, such as 42")
    query = tracker.Query(repository=place, milestone=milestone, label=label, issues=tuple(n for n in numbers if n))
    return _import(
        given, query.source, lambda home, request: tracked.from_github(home, query, request, _wait, Path.cwd())
    )


@command("linear")
@click.option("--team", metavar="T", help="Only issues of this team, by key or name.")
@click.option("--project", metavar="P", help="Only issues of this project, by name or id.")
@click.option("--cycle", metavar="C", help="Only issues of this cycle, by number or name.")
@click.option("--label", metavar="NAME", help="Only issues with this label.")
@click.option("--issue", "issues", metavar="ID", multiple=True, help="This issue, as PROJ-101; several times.")
@options(*SHARED)
def linear(issues: tuple[str, ...], **given: Any) -> int:
    """Import issues of Linear, through its API with LINEAR_API_KEY.

    Who waits for whom is told by Linear's relations; a part waits for the issue that it is part of. LINEAR_API_URL is
    another address of the API.

    \b
    --json: as `plan import github --json`
    """
    from orchestrator.adapters.trackers import linear as tracker
    from orchestrator.control.planning import tracked

    asked = {key: given.pop(key) for key in ("team", "project", "cycle", "label")}
    ids = [tracker.identifier(one) for one in issues]
    if None in ids:
        raise UsageError("--issue wants an id, such as PROJ-101")
    if not issues and not any(asked.values()):
        raise UsageError("say what to import: --project, --cycle, --team, --label or --issue")
    query = tracker.Query(**asked, issues=tuple(one for one in ids if one))
    return _import(
        given, query.source, lambda home, request: tracked.from_linear(home, query, request, _wait, Path.cwd())
    )


@command("file")
@click.argument("file", metavar="FILE")
@options(*SHARED)
def file_(file: str, **given: Any) -> int:
    """Import tickets from a file: Markdown (.md), a table (.csv), or a draft (.yaml, .json).

    Markdown: a heading each, with everything below it; task lists and "Acceptance criteria" are criteria, "Depends on:"
    says whom it waits for. Tables: by the names of their columns, as Linear and Jira export them; title is enough.

    \b
    --json: as `plan import github --json`
    """
    from orchestrator.control.planning import filed

    path = Path(file)
    source = f"file {os.path.realpath(path)}"
    return _import(given, source, lambda home, request: filed.from_file(home, path, request, Path.cwd()))


def _wait(text: str) -> None:
    complain(clean(text))


def _import(given: dict[str, Any], source: str, bring: Callable[[Home, Request], Brought]) -> int:
    from orchestrator.control.planning import drafting
    from orchestrator.control.planning.importing import Request

    as_json, plan_id = given.pop("as_json"), given.pop("plan_id")
    for key in ("repo", "worktree_root"):
        given[key] = given[key] and drafting.absolute(given[key])
    home = opened_home()
    request = Request(source=source, plan=plan_id, created_by="import", **given)
    try:
        brought = bring(home, request)
    except PlanRejectedError as error:
        found: Any = error.problems
        if as_json:
            output.show_json({**_object(None, False), "problems": problem_objects(found)})
        else:
            errors = sum(one.severity == "error" for one in found)
            complain(*problem_lines(found), f"orchestrator: nothing was written: {counted(errors, 'error')}")
        return 1
    if as_json:
        output.show_json(_object(brought, not request.dry_run))
    else:
        _tell(home, brought, request.dry_run)
    return 0


def _object(brought: Brought | None, written: bool) -> dict[str, object]:
    lists = ("created", "updated", "unchanged", "skipped", "notes")
    return {
        "plan": (brought.plan_id or None) if brought else None,
        **{name: list(getattr(brought, name)) if brought else [] for name in lists},
        "problems": problem_objects(brought.problems) if brought else [],
        "written": written,
        "paused": brought.paused if brought else False,
    }


def _tell(home: Home, brought: Brought, dry_run: bool) -> None:
    say(*problem_lines(grouped(brought.problems)), *(f"  note: {clean(note)}" for note in brought.notes))
    if not brought.plan_id:
        say("nothing to import")
        return
    titles = {one.ticket_id: one.title for one in brought.draft.tickets}
    for word, ids in (("new", brought.created), ("changed", brought.updated)):
        say(*(f"  {word}  {clean(id_)}  {one_line(clean(titles.get(id_, '')), WIDTH)}" for id_ in ids))
    would = "would be " if dry_run else ""
    kinds = (
        (brought.created, "new"), (brought.updated, "changed"), (brought.unchanged, "as they were"),
        (brought.skipped, "left out"),
    )  # fmt: skip
    found = ", ".join(f"{len(ids)} {word}" for ids, word in kinds if ids) or "nothing new"
    what = f"plan {brought.plan_id}{f' ({would}new)' if brought.is_new else ''}: {found}"
    say(f"{what} (nothing was written)" if dry_run else what)
    if not dry_run:
        say(_next(home, brought))


def _next(home: Home, brought: Brought) -> str:
    from orchestrator.control.planning import choices

    shows = f"`orchestrator plan show {brought.plan_id}` shows it"
    if brought.paused:
        return f"{shows}; it is paused: `orchestrator resume-plan {brought.plan_id}` lets it start"
    runner = choices.runner(home.config)
    return f"{shows}; {runner} and begins at once" if runner else f"{shows}; `orchestrator daemon` starts it"


import_.add_command(github)
import_.add_command(linear)
import_.add_command(file_)
