"""The tools that check and make plans, through the one door that everything uses that makes any.

The law: nothing is written while there is an error, and all errors are told at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.control.desk import Desk
from orchestrator.control.planning.drafting import Made
from orchestrator.core.problems import Problem
from orchestrator.errors import PlanRejectedError, UsageError
from orchestrator.mcp.answers import (
    Answer,
    counted,
    has_errors,
    names,
    problem_lines,
    problem_rows,
    refused,
)
from orchestrator.mcp.fields import Values
from orchestrator.mcp.looking import Open

NOTHING = "nothing was written"


def check_plan(open_: Open, values: Values) -> Answer:
    """Of a draft, of a plan that is there, or of all plans."""
    if values["draft"] is not None and values["plan"] is not None:
        raise UsageError("check_plan: name either a plan that is there, or a draft")
    if values["draft"] is not None:
        return _check_draft(open_(True), values["draft"])
    return _check_files(open_(True), values["plan"])


def _check_draft(desk: Desk, given: Any) -> Answer:
    from orchestrator.control.planning import drafting, proposals

    read = proposals.read(given)
    judged = drafting.judge(desk.home, proposals.of_here(read.draft)) if read.draft is not None else ()
    return _verdict("the draft", (*read.problems, *judged))


def _check_files(desk: Desk, plan_id: str | None) -> Answer:
    from orchestrator.control import checking

    found = checking.check_plans(desk.config, plan_id)
    what = f"plan {plan_id}" if plan_id is not None else counted(len(found), "plan")
    return _verdict(what, tuple(problem for one in found for problem in one.problems))


def _verdict(what: str, problems: tuple[Problem, ...]) -> Answer:
    """A check that finds something has done what it was asked for."""
    errors = sum(one.severity == "error" for one in dict.fromkeys(problems))
    if not problems:
        said = f"{what}: no problems"
    elif errors:
        said = f"{what}: {counted(errors, 'error')}"
    else:
        said = f"{what}: no errors, {counted(len(dict.fromkeys(problems)), 'warning')}"
    content = {"ok": not errors, "said": said, **problem_rows(problems)}
    return Answer("\n".join(filter(None, [said, problem_lines(problems)])), content)


def create_plan(open_: Open, values: Values) -> Answer:
    from orchestrator.control.planning import drafting, proposals

    desk, dry = open_(True), bool(values["dryRun"])
    read = proposals.read(values["draft"])
    if read.draft is None:
        return _rejected(read.problems)
    draft = proposals.of_here(proposals.paused(read.draft) if values["paused"] else read.draft)
    if has_errors(read.problems):
        return _rejected((*read.problems, *drafting.judge(desk.home, draft)))
    made = _tried(lambda: drafting.create(desk.home, draft, dry_run=dry))
    if not isinstance(made, Made):
        return _rejected((*read.problems, *made))
    what = f"plan {made.plan_id} with {counted(len(made.tickets), 'ticket')}"
    return _made(desk, made, f"{what} would be written" if dry else f"wrote {what}", read.problems, dry)


def add_tickets(open_: Open, values: Values) -> Answer:
    from orchestrator.control import reading
    from orchestrator.control.planning import drafting, proposals

    plan_id, dry = reading.checked_id("plan", values["plan"]), bool(values["dryRun"])
    desk = open_(True)
    read = proposals.read({"tickets": values["tickets"]})
    tickets = read.draft.tickets if read.draft is not None else ()
    broken = has_errors(read.problems)
    made = _tried(lambda: drafting.add(desk.home, plan_id, tickets, dry_run=dry or broken))
    if broken or not isinstance(made, Made):
        return _rejected((*read.problems, *(made.problems if isinstance(made, Made) else made)))
    what = f"{counted(len(made.tickets), 'ticket')} to plan {plan_id}"
    said = f"would add {what}" if dry else f"added {what}"
    return _made(desk, made, f"{said}, which was complete" if made.reopened else said, read.problems, dry)


def _tried(make: Callable[[], Made]) -> Made | tuple[Problem, ...]:
    """What was made, or why not."""
    try:
        return make()
    except PlanRejectedError as error:
        return tuple(one for one in error.problems if isinstance(one, Problem))


def _rejected(problems: tuple[Problem, ...]) -> Answer:
    errors = sum(one.severity == "error" for one in dict.fromkeys(problems))
    return refused(f"{NOTHING}: {counted(errors, 'error')}", problems, written=False)


def _made(desk: Desk, made: Made, said: str, problems: tuple[Problem, ...], dry: bool) -> Answer:
    found = (*problems, *made.problems)
    following = "" if dry else _next(desk, made)
    content = {
        "plan": made.plan_id,
        "tickets": names(made.tickets, 100),
        "written": not dry,
        "paused": made.paused,
        "said": said,
        **({"next": following} if following else {}),
        **problem_rows(found),
    }
    ids = f"{said}: {', '.join(names(made.tickets, 20))}"
    return Answer("\n".join(filter(None, [ids, following, problem_lines(found)])), content)


def _next(desk: Desk, made: Made) -> str:
    from orchestrator.control.planning import choices

    if made.paused:
        return f"it is paused: resume_plan (`orchestrator resume-plan {made.plan_id}`) lets it begin"
    walking = choices.runner(desk.config)
    if walking is not None:
        return f"{walking} and begins with it at once: status shows how it goes"
    return "nothing runs yet: `orchestrator daemon` begins with it"
