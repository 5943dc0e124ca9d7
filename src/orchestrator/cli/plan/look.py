"""`plan check` and `plan show`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.objects import plan_object, problem_objects
from orchestrator.cli.opened import opened_home
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, paint, paragraph, problem_lines, say
from orchestrator.cli.plan import compact, single
from orchestrator.cli.verdict import counted, verdict

if TYPE_CHECKING:
    from orchestrator.control.describing import PlanText, TicketText
    from orchestrator.control.outlining import Described, Outline
    from orchestrator.core.model import Key
    from orchestrator.engine.home import Home

MANY = 30
"""Tickets of a plan that are shown in full without being asked for."""
MOST_PROBLEMS = 50
"""Without --full; `plan check` tells all."""


@command("check")
@click.argument("wanted", metavar="[PLAN|FILE]", required=False)
@json_option
def check(wanted: str | None, as_json: bool) -> int:
    """Check a plan and its tickets, all plans, or a draft in a file.

    Everything that is wrong at once, each problem with its place, the reason, and what to write instead: ids and files,
    blockers and cycles, workflows, phases, agents, repositories, branches and worktrees (also those of unfinished
    tickets of other plans), criteria that are missing or that nobody can test, files that several tickets touch. A
    draft (YAML or JSON, - is standard input) is checked as `plan create` would, and nothing is written. Exit code 1
    when there are errors.

    \b
    --json: [{"plan", "problems": [{"where", "what", "severity", "hint", "file", "line", "column"}]}]
    """
    from orchestrator.cli.plan.drafts import plan_of, report_of

    home = opened_home()
    plan_id = plan_of(home, wanted) if wanted is not None else None
    if wanted is not None and plan_id is None:
        report = report_of(home, wanted)
        found = [(report.plan_id, report.problems)]
    else:
        from orchestrator.control import checking

        found = [(one.plan, one.problems) for one in checking.check_plans(home.config, plan_id)]
    problems = [problem for _, those in found for problem in those]
    if as_json:
        output.show_json([{"plan": name, "problems": problem_objects(those)} for name, those in found])
        return verdict(problems, False)
    drafts = wanted is not None and plan_id is None
    return verdict(problems, False, counted(len(found), "draft" if drafts else "plan"))


@command("show")
@click.argument("wanted", metavar="PLAN|FILE")
@click.argument("ticket_id", metavar="[TICKET]", required=False)
@click.option("--full", is_flag=True, help=f"The tickets in full also where there are more than {MANY}.")
@json_option
def show(wanted: str, ticket_id: str | None, full: bool, as_json: bool) -> int:
    """Show what a plan or a draft wants, and in which order it can be walked.

    Draws the tickets in tiers: those of one tier can run side by side, each waits for tickets of tiers above it. The
    critical path is the longest chain of tickets that wait for each other, counted in tickets, as nobody knows how long
    those will take that have not run; finished ones say how long they took.

    Then each ticket, with what the planner left out filled in: repository, branch, worktree, workflow, agent. Of a
    large plan only what it is made of, and a line per tier; with TICKET only that one.

    \b
    --json: {"plan": …, "tickets": […], "problems": […]}, as status --plan PLAN --json, and
     "tiers": [["T-1", "T-2"], ["T-3"]], "criticalPath": ["T-1", "T-3"],
     "cyclic": tickets in a cycle or behind one, "unlisted": tickets that plan.json does not list
    with TICKET: {"ticket": as in its file, "tier": 1, "blockedBy": [], "blocks": ["T-3"], "problems": […]}
    """
    from orchestrator.cli.plan.drafts import plan_of

    home = opened_home()
    plan_id = plan_of(home, wanted)
    if plan_id is None:
        return _show_draft(home, wanted, ticket_id, full, as_json)
    from orchestrator.control import outlining, written

    config = home.config
    if ticket_id is not None:
        described = outlining.describe(config, plan_id)
        only = single.found(described, ticket_id, f"plan {plan_id}")
        single.show(described, only, written.document(config, only.key) if as_json else None)
        return 0
    if as_json:
        documents = plan_object(written.documents(config, plan_id)[0])
        outline = outlining.outline(config, plan_id) if documents["plan"] is not None else None
        output.show_json({**documents, **_outline_object(outline)})
        return 0
    _print(outlining.describe(config, plan_id), full, plan_id)
    return 0


def _show_draft(home: Home, file: str, ticket_id: str | None, full: bool, as_json: bool) -> int:
    """As it would be written."""
    from orchestrator.cli.plan.drafts import report_of
    from orchestrator.control import outlining

    report = report_of(home, file)
    if report.drawn is None:
        return verdict(report.problems, False, "1 draft")
    (plan, tickets), scene, _ = report.drawn
    described = outlining.drawn(scene, plan, report.problems)
    if ticket_id is not None:
        only = single.found(described, ticket_id, file)
        single.show(described, only, outlining.document(only.ticket) if as_json else None)
        return 0
    if as_json:
        documents = {"plan": outlining.document(plan), "tickets": [outlining.document(one) for one in tickets]}
        problems = problem_objects(report.problems)
        output.show_json({**documents, "problems": problems, **_outline_object(described.outline)})
        return 0
    _print(described, full, file)
    return 0


def _print(described: Described, full: bool, wanted: str) -> None:
    text, whole = described
    number = len(whole.blockers) + len(whole.unlisted)
    say(*_head(text, number))
    if number > compact.LARGE and not full:
        say("", *compact.lines(text, whole))
        hint = f"`orchestrator plan show {wanted} TICKET` shows one of them, --full shows all"
        say("", *paragraph(hint, indent=""))
    else:
        is_short = len(text.tickets) > MANY and not full
        say("", *_tiers(text, whole, is_short, wanted))
        if not is_short:
            for place, ticket in enumerate(text.tickets, 1):
                say("", *single.lines(place, ticket))
    if text.problems:
        most = len(text.problems) if full else MOST_PROBLEMS
        say("", paint("problems", "bold", output.has_colour()), *problem_lines(text.problems[:most]))
        if len(text.problems) > most:
            say(f"  … and {len(text.problems) - most:,} more (orchestrator plan check {wanted})")


def _outline_object(outline: Outline | None) -> dict[str, object]:
    if outline is None:
        return {"tiers": [], "criticalPath": [], "cyclic": [], "unlisted": []}
    names = partial(_names, outline)
    found = outline.tiers
    return {
        "tiers": [names(tier) for tier in found.tiers],
        "criticalPath": names(found.critical),
        "cyclic": names(found.cyclic),
        "unlisted": names(outline.unlisted),
    }


def _names(outline: Outline, keys: Iterable[Key]) -> list[str]:
    return [key.ticket if key.plan == outline.plan.id else str(key) for key in keys]


def _tiers(text: PlanText, outline: Outline, is_short: bool, wanted: str) -> list[str]:
    from orchestrator.cli.columns import has_utf8, screen
    from orchestrator.cli.draw.plan_tiers import tier_lines
    from orchestrator.cli.glyphs import DRAWN, PLAIN

    differs = {one.key: words for one in text.tickets if (words := _differs(text, one))} if is_short else {}
    lines = tier_lines(outline, DRAWN if has_utf8() else PLAIN, screen(), differs)
    if is_short:
        hint = f"`orchestrator plan show {wanted} --full` shows the tickets in full"
        lines += ["", *output.paragraph(hint, indent="")]
    return lines


def _differs(whole: PlanText, text: TicketText) -> str:
    """What is another than the plan's. (The branch always is: it would double the lines of a large plan.)"""
    plan = whole.plan
    values = {
        "workflow": text.ticket.workflow if text.workflow != plan.workflow else None,
        "agent": text.agent if text.ticket.agent and text.agent != plan.agent else None,
        "repo": text.repo if text.repo != plan.repo else None,
    }
    return ", ".join(f"{name} {value}" for name, value in values.items() if value)


def _head(text: PlanText, number: int) -> list[str]:
    p, colour = text.plan, output.has_colour()
    author = [f"by {p.created_by}"] if p.created_by else []
    about = [counted(number, "ticket"), p.status, *author]
    return [
        paint(clean(f"{p.id} — {p.name}" if p.name else p.id), "bold", colour),
        f"  {clean(', '.join(about))}{f', {p.created_at}' if p.created_at else ''}",
        *single.fields(
            {
                "repo": p.repo,
                "workflow": p.workflow,
                "agent": p.agent,
                "reviewer": p.review_agent,
                "worktrees": p.worktree_root,
            }
        ),
    ]
