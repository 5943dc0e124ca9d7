"""`plan check` and `plan show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.objects import plan_object, problem_objects
from orchestrator.cli.opened import opened
from orchestrator.cli.options import command, group, json_option
from orchestrator.cli.output import STATE_COLOURS, clean, paint, paragraph, problem_lines, say
from orchestrator.cli.verdict import counted, verdict

if TYPE_CHECKING:
    from orchestrator.control.describing import PlanText, TicketText


@group("plan")
def plan() -> None:
    """Check and show plans.

    A plan is a folder below state/plans: plan.json, and one file per ticket in tickets/.
    """


@command("check")
@click.argument("plan_id", metavar="[PLAN]", required=False)
@json_option
def check(plan_id: str | None, as_json: bool) -> int:
    """Check a plan and its tickets, or all plans.

    Ids, files, blockers and cycles, workflows, phases, agents, repositories, branches. Exit code 1 when there are
    errors.

    \b
    --json: [{"plan", "problems": [{"where", "what", "severity", "hint", "file", "line", "column"}]}]
    """
    from orchestrator.control import checking

    found = checking.check_plans(opened().config, plan_id)
    problems = [problem for one in found for problem in one.problems]
    if as_json:
        output.show_json([{"plan": one.plan, "problems": problem_objects(one.problems)} for one in found])
        return verdict(problems, False)
    return verdict(problems, False, counted(len(found), "plan"))


@command("show")
@click.argument("plan_id", metavar="PLAN")
@json_option
def show(plan_id: str, as_json: bool) -> int:
    """Show what a plan wants, in the order of walking.

    With what the planner left out filled in: repository, branch, worktree, workflow, agent.

    \b
    --json: {"plan": …, "tickets": […], "problems": […]}, as status --plan PLAN --json
    """
    from orchestrator.control import describing, showing

    config = opened().config
    if as_json:
        output.show_json(plan_object(showing.documents(config, plan_id)[0]))
        return 0
    text = describing.plan_text(config, plan_id)
    say(*_head(text))
    for number, ticket in enumerate(text.tickets, 1):
        say("", *_ticket(number, ticket))
    if text.problems:
        say("", paint("problems", "bold", output.has_colour()), *problem_lines(text.problems))
    return 0


def _head(text: PlanText) -> list[str]:
    p, colour = text.plan, output.has_colour()
    author = [f"by {p.created_by}"] if p.created_by else []
    about = [counted(len(text.tickets), "ticket"), p.status, *author]
    return [
        paint(clean(f"{p.id} — {p.name}" if p.name else p.id), "bold", colour),
        f"  {clean(', '.join(about))}{f', {p.created_at}' if p.created_at else ''}",
        *_fields({"repo": p.repo, "workflow": p.workflow, "agent": p.agent, "worktrees": p.worktree_root}),
    ]


def _ticket(number: int, text: TicketText) -> list[str]:
    t, colour = text.ticket, output.has_colour()
    lines = [
        f"{number}. {paint(t.ticket_id, 'bold', colour)}  {clean(t.title)}  "
        f"{paint(str(t.status), STATE_COLOURS.get(str(t.status)), colour)}",
        *_fields(
            {
                "blocked by": ", ".join(text.blockers) or None,
                "workflow": f"{text.workflow}{f', in {t.current_phase}' if t.current_phase else ''}",
                "agent": text.agent,
                "repo": text.repo,
                "branch": t.branch,
                "worktree": t.worktree,
                "link": t.linear_url,
            }
        ),
    ]
    if t.description:
        lines += ["", *(line for row in t.description.splitlines() for line in paragraph(row, "     "))]
    if t.acceptance_criteria:
        lines += ["", *(line for criterion in t.acceptance_criteria for line in paragraph(f"- {criterion}", "     "))]
    return lines


def _fields(values: dict[str, str | None]) -> list[str]:
    return output.table([(name, clean(value)) for name, value in values.items() if value], indent="     ")


plan.add_command(check)
plan.add_command(show)
