"""One ticket of a plan or a draft, with what was filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.cli import output
from orchestrator.cli.objects import problem_objects
from orchestrator.cli.output import STATE_COLOURS, clean, paint, paragraph, problem_lines, say
from orchestrator.core.problems import Problem, did_you_mean
from orchestrator.errors import NotFoundError

if TYPE_CHECKING:
    from orchestrator.control.describing import TicketText
    from orchestrator.control.outlining import Described


def found(described: Described, ticket_id: str, wanted: str) -> TicketText:
    """Raises NotFoundError."""
    names = [one.ticket.ticket_id for one in described.text.tickets]
    if ticket_id in names:
        return described.text.tickets[names.index(ticket_id)]
    lost = [f": {one}" for one in described.text.problems if _is_of(one, f"{described.text.plan.id}/{ticket_id}")]
    if lost:
        raise NotFoundError(f"{wanted}: nothing can be shown of {ticket_id}{lost[0]}")
    near = did_you_mean(ticket_id, names)
    raise NotFoundError(f'{wanted} has no ticket "{ticket_id}"{f" ({near})" if near else ""}')


def _is_of(problem: Problem, key: str) -> bool:
    """(Of a draft's the title follows.)"""
    return problem.where.split()[:2] == ["ticket", key]


def show(described: Described, only: TicketText, document: Any) -> None:
    """`document`: it, as in its file, to be shown as JSON; None: in words."""
    whole = described.outline
    after = [one.ticket for one, blockers in whole.blockers.items() if only.key in blockers]
    tiers = whole.tiers.tiers
    tier = next((i for i, one in enumerate(tiers, 1) if only.key in one), None)
    own = [one for one in described.text.problems if _is_of(one, str(only.key))]
    if document is not None:
        known = {"ticket": document, "tier": tier, "blockedBy": list(only.blockers), "blocks": after}
        output.show_json({**known, "problems": problem_objects(own)})
        return
    say(*lines(described.text.tickets.index(only) + 1, only))
    say(*fields({"tier": f"{tier} of {len(tiers)}" if tier else None, "blocks": ", ".join(after) or None}))
    if own:
        say("", paint("problems", "bold", output.has_colour()), *problem_lines(own))


def lines(number: int, text: TicketText) -> list[str]:
    t, colour = text.ticket, output.has_colour()
    said = [
        f"{number}. {paint(t.ticket_id, 'bold', colour)}  {clean(t.title)}  "
        f"{paint(str(t.status), STATE_COLOURS.get(str(t.status)), colour)}",
        *fields(
            {
                "blocked by": ", ".join(text.blockers) or None,
                "workflow": f"{text.workflow}{f', in {t.current_phase}' if t.current_phase else ''}",
                "agent": _agents(text),
                "repo": text.repo,
                "branch": t.branch,
                "worktree": t.worktree,
                "link": t.linear_url,
            }
        ),
    ]
    if t.description:
        said += ["", *(line for row in t.description.splitlines() for line in paragraph(row, "     "))]
    if t.acceptance_criteria:
        said += ["", *(line for criterion in t.acceptance_criteria for line in paragraph(f"- {criterion}", "     "))]
    return said


def _agents(text: TicketText) -> str:
    by_agent: dict[str, list[str]] = {}
    for phase, name in text.others.items():
        by_agent.setdefault(name, []).append(phase)
    return "; ".join([text.agent, *(f"{name} does {', '.join(phases)}" for name, phases in by_agent.items())])


def fields(values: dict[str, str | None]) -> list[str]:
    return output.table([(name, clean(value)) for name, value in values.items() if value], indent="     ")
