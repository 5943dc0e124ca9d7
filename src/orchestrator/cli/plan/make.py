"""`plan create`, `plan add` and `add`: plans and tickets of drafts and of what was typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import output
from orchestrator.cli.objects import problem_objects
from orchestrator.cli.opened import opened_home
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, complain, problem_lines, say
from orchestrator.cli.verdict import counted
from orchestrator.errors import PlanRejectedError, UsageError

if TYPE_CHECKING:
    from orchestrator.control.planning.drafting import Made
    from orchestrator.control.planning.locating import Source
    from orchestrator.core.planning.draft import Draft, DraftTicket
    from orchestrator.core.problems import Problem
    from orchestrator.engine.home import Home

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

OF_TICKET: tuple[Decorator, ...] = (
    click.option("--description", metavar="TEXT", help="What shall be done, in full."),
    click.option("--criterion", "criteria", metavar="TEXT", multiple=True, help="When it is done; several times."),
    click.option("-w", "--workflow", metavar="NAME", help="The workflow. [default: standard, or the plan's]"),
    click.option("-a", "--agent", metavar="NAME", help="The agent, where the workflow names none."),
    click.option("--base", metavar="BRANCH", help="The branch that it starts from and returns to."),
)


def options(*chosen: Decorator) -> Decorator:
    def decorate(run: Callable[..., Any]) -> Callable[..., Any]:
        for one in reversed(chosen):
            run = one(run)
        return run

    return decorate


dry_run_option = click.option("--dry-run", is_flag=True, help="Check it, say what would be, and write nothing.")


@command("create")
@click.argument("file", metavar="[FILE]", required=False)
@click.option("-t", "--ticket", "titles", metavar="TITLE", multiple=True, help="A ticket with this title.")
@click.option("--name", metavar="TEXT", help="What the plan is called.")
@click.option("--id", "plan_id", metavar="ID", help="Its id. [default: made of the name]")
@click.option("-r", "--repo", metavar="DIR", help="The repository. [default: that of the current directory]")
@click.option("-w", "--workflow", metavar="NAME", help="The workflow. [default: standard]")
@click.option("-a", "--agent", metavar="NAME", help="The agent, where neither ticket nor workflow names one.")
@click.option("--worktree-root", metavar="DIR", help="Where its worktrees go. [default: in the home]")
@click.option("--base", metavar="BRANCH", help="The branch that its tickets start from and return to.")
@click.option("--paused", is_flag=True, help="Write it paused: nothing starts until `resume-plan`.")
@dry_run_option
@json_option
def create(file: str | None, titles: tuple[str, ...], dry_run: bool, as_json: bool, **given: Any) -> int:
    """Make a plan of a draft, or of titles.

    A draft is YAML or JSON (- reads it from standard input): a name, and tickets with title, description, criteria and
    blockedBy. Everything else can be left out and is filled in: ids, branches, worktrees, the first phase. Options
    count before what the draft says. Everything that is wrong is told at once, as `plan check` tells it, and with an
    error nothing is written. A running daemon begins with the plan at once, unless it is --paused.

    \b
    --json: {"plan": "login", "tickets": ["T-1"], "written": true, "paused": false,
     "problems": [{"where", "what", "severity", "hint", "file", "line", "column"}]}
    """
    if file is None and not titles:
        raise UsageError("name a draft file, or titles with --ticket; `orchestrator schema draft` describes drafts")
    from orchestrator.control.planning import drafting

    home = opened_home()
    made = _guarded(lambda: _create(home, file, titles, given, dry_run), as_json)
    if not isinstance(made, drafting.Made):
        return made
    return _told(home, made, f"plan {made.plan_id} with {counted(len(made.tickets), 'ticket')}", dry_run, as_json)


def _create(home: Home, file: str | None, titles: tuple[str, ...], given: dict[str, Any], dry_run: bool) -> Made:
    from orchestrator.control.planning import drafting

    read, faults, written = _read(file)
    draft = _with_repo(_with(read, titles, given))
    _refuse(faults, lambda: drafting.judge(home, draft, written))
    made = drafting.create(home, draft, dry_run=dry_run, source=written)
    return made._replace(problems=(*faults, *made.problems))


@command("add")
@click.argument("plan_id", metavar="PLAN")
@click.argument("file", metavar="[FILE]", required=False)
@click.option("-t", "--ticket", "titles", metavar="TITLE", multiple=True, help="A ticket with this title.")
@click.option("--id", "ticket_id", metavar="ID", help="Its id. [default: the next number]")
@options(*OF_TICKET)
@click.option("--blocked-by", "blockers", metavar="ID", multiple=True, help="It waits for this ticket; several times.")
@click.option("--paused", is_flag=True, help="They are paused until `resume`.")
@dry_run_option
@json_option
def add(
    plan_id: str, file: str | None, titles: tuple[str, ...], paused: bool, dry_run: bool, as_json: bool, **given: Any
) -> int:
    """Add tickets to a plan.

    Of a draft (YAML or JSON, - is standard input), of titles, or of both. What is said with --description, --criterion,
    --blocked-by and the like counts for each title. What a draft says for all its tickets (repo, workflow, agent, base)
    counts for them, and nothing else of it. A complete plan is reopened; a running daemon begins at once.

    \b
    --json: as `plan create --json`
    """
    if file is None and not titles:
        raise UsageError("name a draft file, or titles with --ticket")
    if given["ticket_id"] and len(titles) != 1:
        raise UsageError("--id is for exactly one --ticket")
    from orchestrator.control.planning import drafting

    home = opened_home()

    def work() -> Made:
        draft, faults, written = _read(file)
        drafted, others = drafting.carried(home, plan_id, draft)
        tickets = (*drafted, *(_ticket(title, given) for title in titles))
        _refuse(faults, lambda: drafting.judge_more(home, plan_id, tickets, written))
        made = drafting.add(home, plan_id, tickets, dry_run=dry_run, paused=paused or draft.paused, source=written)
        return made._replace(problems=(*faults, *others, *made.problems))

    made = _guarded(work, as_json)
    if not isinstance(made, drafting.Made):
        return made
    return _told(home, made, f"{counted(len(made.tickets), 'ticket')} in plan {plan_id}", dry_run, as_json)


@command("add")
@click.argument("title", metavar="TITLE")
@click.option("-r", "--repo", metavar="DIR", help="The repository. [default: that of the current directory]")
@options(*OF_TICKET)
@click.option("-p", "--plan", "plan_id", metavar="ID", help="The plan that gets it. [default: the repository's inbox]")
@click.option("--run", "walks", is_flag=True, help="Walk it at once, to its end.")
@click.option("--paused", is_flag=True, help="It is paused until `resume`.")
@json_option
def add_one(
    title: str, repo: str | None, plan_id: str | None, walks: bool, paused: bool, as_json: bool, **given: Any
) -> int:
    """Make one ticket of a sentence, and run it if you like.

    It goes into the plan `inbox-<repository>`, which is made with its first ticket. A running daemon begins at once;
    with --run this command walks it (beside a daemon: follows it) until it ends, and its exit code is that of `run`.

    \b
    --json: as `plan create --json`
    """
    if walks and paused:
        raise UsageError("--run and --paused contradict each other")
    if walks and as_json:
        raise UsageError("--run prints what happens, --json what was written: say one of them")
    from orchestrator.cli.plan.drafts import repository
    from orchestrator.control.planning import drafting, inbox

    home = opened_home()
    ticket = _ticket(title, given)
    place = repository(repo) if plan_id is None or repo is not None else None
    made = _guarded(lambda: inbox.put(home, ticket, place, plan_id, paused), as_json)
    if not isinstance(made, drafting.Made):
        return made
    _told(home, made, f"ticket {made.tickets[0]} in plan {made.plan_id}", False, as_json, has_next=not walks)
    if not walks:
        return 0
    from orchestrator.cli.walk import run

    walked: int = run.callback(made.plan_id, made.tickets[0])  # type: ignore[misc]
    return walked


# -- what was typed ---------------------------------------------------------------------------------------------------


def _read(file: str | None) -> tuple[Draft, tuple[Problem, ...], Source | None]:
    """An empty draft where there is no file. Raises OrchestratorError."""
    from orchestrator.cli.plan.drafts import folder_of, source
    from orchestrator.control.planning import drafting
    from orchestrator.core.planning.draft import Draft
    from orchestrator.formats.drafts.draft import read_draft

    if file is None:
        return Draft(), (), None
    written = source(file)
    read = read_draft(written.text, written.file)
    if read.draft is None:
        raise PlanRejectedError(read.problems)
    return drafting.located(read.draft, folder_of(file)), read.problems, written


def _with(draft: Draft, titles: tuple[str, ...], given: dict[str, Any]) -> Draft:
    from msgspec.structs import replace

    from orchestrator.control.planning import drafting
    from orchestrator.core.planning.draft import DraftTicket

    said: dict[str, Any] = {key: value for key, value in given.items() if value not in (None, False)}
    for key in [key for key, value in said.items() if value == ""]:
        raise UsageError(f"--{key.removeprefix('plan_').replace('_', '-')} is empty: leave it out, or say something")
    if "plan_id" in said:
        said["id"] = said.pop("plan_id")
    for key in ("repo", "worktree_root"):
        if key in said:
            said[key] = drafting.absolute(said[key])
    said["tickets"] = (*draft.tickets, *(DraftTicket(title=title) for title in titles))
    return replace(draft, **said)


def _with_repo(draft: Draft) -> Draft:
    from msgspec.structs import replace

    if draft.repo or (draft.tickets and all(ticket.repo for ticket in draft.tickets)):
        return draft
    from orchestrator.control.planning import drafting

    return replace(draft, repo=drafting.repository_of(Path.cwd()))


def _ticket(title: str, given: dict[str, Any]) -> DraftTicket:
    from orchestrator.core.planning.draft import DraftTicket

    return DraftTicket(
        title=title,
        ticket_id=given.get("ticket_id"),
        description=given["description"] or "",
        acceptance_criteria=given["criteria"],
        workflow=given["workflow"],
        agent=given["agent"],
        base=given["base"],
        blocked_by=given.get("blockers", ()),
    )


# -- what comes of it -------------------------------------------------------------------------------------------------


def _refuse(faults: tuple[Problem, ...], others: Callable[[], tuple[Problem, ...]]) -> None:
    """What could not be read of a draft, with everything else that is wrong with it."""
    if any(one.severity == "error" for one in faults):
        raise PlanRejectedError((*faults, *others()))


def _guarded(work: Callable[[], Made], as_json: bool) -> Made | int:
    try:
        return work()
    except PlanRejectedError as error:
        found: Any = error.problems
        if as_json:
            told: dict[str, object] = {"plan": None, "tickets": [], "written": False, "paused": False}
            output.show_json({**told, "problems": problem_objects(found)})
            return 1
        errors = sum(one.severity == "error" for one in found)
        complain(*problem_lines(found), f"orchestrator: nothing was written: {counted(errors, 'error')}")
        return 1


def _told(home: Home, made: Made, what: str, dry_run: bool, as_json: bool, has_next: bool = True) -> int:
    if as_json:
        told: dict[str, object] = {
            "plan": made.plan_id,
            "tickets": list(made.tickets),
            "written": not dry_run,
            "paused": made.paused,
        }
        output.show_json({**told, "problems": problem_objects(made.problems)})
        return 0
    say(*problem_lines(made.problems))
    if dry_run:
        say(f"{clean(what)} would be written")
        return 0
    say(f"wrote {clean(what)}{', which was complete and goes on' if made.reopened else ''}")
    if has_next:
        say(*_next(home, made))
    return 0


def _next(home: Home, made: Made) -> list[str]:
    """What starts it."""
    from orchestrator.control.planning import choices

    shows = f"`orchestrator plan show {made.plan_id}` shows it"
    runner = choices.runner(home.config)
    if made.paused:
        whole = made.plan_id if len(made.tickets) != 1 else f"{made.plan_id} {made.tickets[0]}"
        is_plan = home.store.read_plan(made.plan_id).record.status == "paused"
        resume = f"resume-plan {made.plan_id}" if is_plan else f"resume {whole}"
        return [f"{shows}; it is paused: `orchestrator {resume}` lets it start"]
    if runner is not None:
        return [f"{shows}; {runner} and begins at once"]
    return [f"{shows}; `orchestrator daemon` starts it"]
