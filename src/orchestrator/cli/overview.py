"""What `status` prints: readable with ten tickets and with ten thousand."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from orchestrator.cli import output
from orchestrator.cli.objects import plan_object
from orchestrator.cli.opened import opened
from orchestrator.cli.output import STATE_COLOURS, Cell, clean, paint, say
from orchestrator.cli.times import passed, wait_text
from orchestrator.core.model import Status
from orchestrator.core.views import MATTERS, MISSING, UNREADABLE

if TYPE_CHECKING:
    from orchestrator.core.problems import Problem
    from orchestrator.core.views import PlanView, TicketView

TITLE = 36
"""Characters of a title that stands before remarks."""
PROBLEMS = 24
"""Problems that are shown when nobody asked for one plan."""


def show(plan_id: str | None, as_json: bool) -> int:
    """All plans, or one."""
    import gc

    from orchestrator.control import showing

    gc.disable()  # everything that is read is shown; looking for garbage among it takes a third of the time
    loaded = opened()
    if as_json:
        documents = [plan_object(one) for one in showing.documents(loaded.config, plan_id)]
        output.show_json(documents if plan_id is None else documents[0])
        return 0
    shown = showing.status(loaded.config, loaded.problems, plan_id)
    if not shown.plans and plan_id is None:
        say("No plans found.")
    lines: list[str] = []
    for plan in shown.plans:
        lines += [*_plan(plan), ""]
    say(*lines[:-1], *_problems(shown.problems, every=plan_id is not None))
    return 0


# -- plans ------------------------------------------------------------------------------------------------------------


def _plan(plan: PlanView) -> list[str]:
    colour = output.has_colour()
    name = f" — {clean(plan.name)}" if plan.name and plan.name != plan.id else ""
    workflow = f", workflow {plan.workflow}" if plan.workflow else ""
    first, *more = output.paragraph(f"{plan.status}{workflow}: {_counts(plan)}")
    state = paint(plan.status, STATE_COLOURS.get(plan.status), colour)
    lines = [f"{paint(plan.id, 'bold', colour)}{name}", first.replace(plan.status, state, 1), *more]
    if not plan.tickets:
        return lines
    now = time.time()
    rows = output.table([_row(ticket, plan, now) for ticket in plan.tickets])
    return [*lines, *([""] if rows else []), *rows, *_hidden(plan)]


def _counts(plan: PlanView) -> str:
    parts = [f"{plan.counts.get(Status.COMPLETE, 0)} of {plan.total} complete"]
    parts += [f"{plan.counts[state]} {state}" for state in (*MATTERS, Status.QUEUED) if plan.counts.get(state)]
    return ", ".join(parts)


def _hidden(plan: PlanView) -> list[str]:
    if len(plan.tickets) == plan.total:
        return []
    more = [f"{number} more {state}" for state, number in plan.hidden.items()]
    listed = f"{', '.join(more)}; " if more else ""
    return output.paragraph(f"{listed}all tickets: orchestrator status --plan {plan.id}")


# -- tickets ----------------------------------------------------------------------------------------------------------


def _row(ticket: TicketView, plan: PlanView, now: float) -> tuple[Cell, ...]:
    phase = clean(ticket.phase or "-")
    if ticket.position is not None:
        phase += f" ({ticket.position}/{ticket.phases})"
    return (
        ticket.key.ticket,
        (ticket.state, STATE_COLOURS.get(ticket.state)),
        phase,
        clean(_words(ticket.title, "; ".join(_remarks(ticket, plan, now)))),
    )


def _words(title: str, remarks: str) -> str:
    if not remarks:
        return title
    short = title if len(title) <= TITLE else title[: TITLE - 1].rstrip() + "…"
    return f"{short} · {remarks}" if short else remarks


def _remarks(ticket: TicketView, plan: PlanView, now: float) -> Iterable[str]:
    """Everything that explains where it stands."""
    if ticket.running is not None:
        running = ticket.running
        who = f" ({running.agent})" if running.agent else ""
        at = f" in {running.phase}" if running.phase != ticket.phase else ""
        yield f"attempt {running.n}{who}{at} for {passed(running.since, now)}"
        if running.stopping:
            yield f"stopping: {running.stopping}"
    if ticket.blockers:
        named = (
            f"{one.key.ticket if one.key.plan == ticket.key.plan else one.key} ({one.state})" for one in ticket.blockers
        )
        yield f"waits for {', '.join(named)}"
    if ticket.wake_at or ticket.wait_reason:
        yield wait_text(ticket.wait_reason, ticket.wake_at, now)
    if ticket.state == Status.READY and plan.status == "paused":
        yield "its plan is paused"
    if ticket.state == MISSING:
        yield "plan.json lists it, but it has no file"
    if ticket.state == UNREADABLE:
        yield "its file cannot be used, see the problems"
    if not ticket.is_listed:
        yield "not listed in plan.json, so it never starts"
    if ticket.error:
        yield ticket.error
    if ticket.pr:
        yield f"PR {ticket.pr}"
    if ticket.session and ticket.state != Status.COMPLETE:
        yield f"session {ticket.session}"


# -- problems ---------------------------------------------------------------------------------------------------------


def _problems(problems: Sequence[Problem], every: bool) -> list[str]:
    if not problems:
        return []
    ordered = sorted(problems, key=lambda one: one.severity != "error")
    shown = ordered if every else ordered[:PROBLEMS]
    hidden = len(ordered) - len(shown)
    title = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    more = [f"  … and {hidden} more: orchestrator plan check"] if hidden else []
    return ["", paint(title, "bold", output.has_colour()), *output.problem_lines(shown), *more]
