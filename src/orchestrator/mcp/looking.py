"""The tools that only look: workflows, agents, repositories, plans, status.

The law: a tool here changes nothing, and what cannot be read is told, never left out.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestrator.control.desk import Desk
from orchestrator.mcp.answers import Answer, Row, cut, page, problem_rows, shown, without_nothing
from orchestrator.mcp.fields import Values

if TYPE_CHECKING:
    from orchestrator.control.checking import Checked
    from orchestrator.core.show.views import PlanView, TicketView

Open = Callable[[bool], Desk]
"""The home as it is now; whether it needs a config file."""
MOST_PLANS = 50


def list_workflows(open_: Open, values: Values) -> Answer:
    from orchestrator.control import checking

    found = checking.list_workflows(open_(False).config)
    return shown(page("workflows", [_workflow(one) for one in found], values["offset"], values["limit"]))


def _workflow(one: Checked) -> Row:
    workflow = one.workflow
    row = {"name": one.name, "from": "bundled" if one.bundled else one.file}
    if workflow is None:
        why = [str(problem) for problem in one.errors[:3]]
        return {**row, "usable": False, "problems": why}
    phases = [{"id": phase.id, "type": phase.__struct_config__.tag} for phase in workflow.phases]
    return without_nothing({**row, "description": workflow.description, "tags": list(workflow.tags), "phases": phases})


def list_agents(open_: Open, values: Values) -> Answer:
    from orchestrator.control.planning import choices

    rows = [
        without_nothing(
            {
                "name": one.name,
                "command": one.command,
                "installed": one.place is not None,
                "model": one.model,
                "default": one.is_default or None,
                "reviews": one.reviews or None,
            }
        )
        for one in choices.agents(open_(False).config)
    ]
    return shown(page("agents", rows, values["offset"], values["limit"]))


def list_repositories(open_: Open, values: Values) -> Answer:
    from orchestrator.control.planning import choices

    found = choices.repositories(open_(False).config, values["directory"] or os.curdir)
    rows = [
        without_nothing(
            {
                "path": one.path,
                "branch": one.branch,
                "plans": list(one.plans[-5:]),
                "missing": None if one.exists else True,
            }
        )
        for one in found.repositories
    ]
    whole = {} if found.is_whole else {"note": "there was too much below it to look at everything; name a directory"}
    listed = page("repositories", rows, values["offset"], values["limit"])
    return shown({"directory": found.folder, **listed, **whole})


def list_plans(open_: Open, values: Values) -> Answer:
    from orchestrator.control import showing

    desk = open_(True)
    found = showing.status(desk.config, desk.warnings, showing.Asked(every=True))
    rows = [{**_plan(view), **without_nothing({"workflow": view.workflow})} for view in reversed(found.plans)]
    errors = tuple(one for one in found.problems if one.severity == "error")
    return shown({**page("plans", rows, values["offset"], values["limit"]), **problem_rows(errors)})


def status(open_: Open, values: Values) -> Answer:
    from orchestrator.control import showing
    from orchestrator.control.planning import choices
    from orchestrator.core.show.overview import ORDER

    desk = open_(True)
    asked = showing.Asked(values["plan"], frozenset(values["states"] or ()), every=True)
    found = showing.status(desk.config, desk.warnings, asked)
    tickets = [ticket for view in found.plans for ticket in view.tickets]
    tickets.sort(key=lambda one: ORDER.index(one.state))
    counts = Counter(state for view in found.plans for state, number in view.counts.items() for _ in range(number))
    content = {
        "runner": choices.runner(desk.config) or "no daemon runs here: nothing starts until `orchestrator daemon` does",
        "counts": {state: counts[state] for state in ORDER if counts[state]},
        **_plans(found.plans),
        **page("tickets", [_ticket(one) for one in tickets], values["offset"], values["limit"], room=12_000),
        **without_nothing({"held": [_held(one) for one in found.accounts], "budgets": list(found.over)}),
        **problem_rows(found.problems),
    }
    return shown(content)


def _held(account: Any) -> Row:
    return without_nothing({"account": account.account, "until": account.until, "limit": account.limit})


def _plans(views: tuple[PlanView, ...]) -> Row:
    """Those that are not complete first."""
    ordered = sorted(views, key=lambda view: view.status == "complete")
    more = len(ordered) - MOST_PLANS
    rest = {"morePlans": f"{more}; list_plans lists them"} if more > 0 else {}
    return {"plans": [_plan(view) for view in ordered[:MOST_PLANS]], **rest}


def _plan(view: PlanView) -> Row:
    return without_nothing(
        {
            "id": view.id,
            "name": cut(view.name, 80),
            "status": str(view.status),
            "tickets": view.total,
            "counts": {str(state): number for state, number in view.counts.items()},
            "costUsd": view.cost_usd,
        }
    )


def _ticket(view: TicketView) -> Row:
    running = view.running
    place = f"{view.phase} ({view.position}/{view.phases})" if view.phase and view.position else view.phase
    return without_nothing(
        {
            "plan": view.key.plan,
            "id": view.key.ticket,
            "title": cut(view.title, 100),
            "state": str(view.state),
            "phase": place,
            "waitsFor": [f"{_near(view, one.key)} ({one.state})" for one in view.blockers[:8]],
            "why": cut(view.wait_reason),
            "until": view.wake_at,
            "held": (view.held.words or view.held.account) if view.held else None,
            "error": cut(view.error),
            "pullRequest": view.pr,
            "review": cut(view.review),
            "attempt": running.n if running else None,
            "agent": running.agent if running else None,
            "since": running.since if running else None,
            "stopping": running.stopping if running else None,
            "costUsd": view.cost_usd,
            "unlisted": None if view.is_listed else "plan.json does not list it, so it never starts",
        }
    )


def _near(view: TicketView, key: Any) -> str:
    return str(key.ticket) if key.plan == view.key.plan else str(key)
