"""The tools that read one plan, and one ticket's logs.

The law: a tool here changes nothing, and reads from the end what is too long: the end says how it went.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from orchestrator.mcp.answers import Answer, Row, compact, cut, names, page, problem_rows, shown, without_nothing
from orchestrator.mcp.fields import Values
from orchestrator.mcp.looking import Open

if TYPE_CHECKING:
    from orchestrator.control.describing import PlanText, TicketText
    from orchestrator.control.outlining import Outline

LINE = 1000
"""Characters of one line of a log."""
ROOM = 20_000
MOST_TIERS = 50
MOST_ATTEMPTS = 20


def show_plan(open_: Open, values: Values) -> Answer:
    from orchestrator.control import outlining, reading

    found = outlining.describe(open_(True).config, reading.checked_id("plan", values["plan"]))
    text, outline = found.text, found.outline
    if values["ticket"] is not None:
        return _one(text, values["ticket"])
    rows = [_ticket(text, one, whole=False) for one in text.tickets]
    content = {
        "plan": _head(text),
        **_order(outline),
        **page("tickets", rows, values["offset"], values["limit"], room=12_000),
        **problem_rows(text.problems),
    }
    return shown(content)


def _one(text: PlanText, wanted: str) -> Answer:
    from orchestrator.core.problems import did_you_mean

    by_id = {one.key.ticket: one for one in text.tickets}
    if wanted in by_id:
        return shown(_ticket(text, by_id[wanted], whole=True))
    near = did_you_mean(wanted, by_id)
    said = f'plan {text.plan.id} has no ticket "{wanted}"{f" ({near})" if near else ""}'
    return Answer(said, {"error": said}, failed=True)


def _head(text: PlanText) -> Row:
    plan = text.plan
    return without_nothing(
        {
            "id": plan.id,
            "name": plan.name,
            "status": str(plan.status),
            "createdBy": plan.created_by,
            "createdAt": plan.created_at,
            "repo": plan.repo,
            "workflow": plan.workflow,
            "agent": plan.agent,
            "reviewAgent": plan.review_agent,
            "worktreeRoot": plan.worktree_root,
        }
    )


def _order(outline: Outline) -> Row:
    """What can run side by side, and the longest chain."""
    found = outline.tiers
    tiers = [
        {"count": len(tier), "tickets": names([key.ticket for key in tier], 12)} for tier in found.tiers[:MOST_TIERS]
    ]
    more = len(found.tiers) - MOST_TIERS
    return without_nothing(
        {
            "tiers": tiers,
            "moreTiers": more if more > 0 else None,
            "criticalPath": names([key.ticket for key in found.critical], 40),
            "cyclic": names([key.ticket for key in found.cyclic]),
            "unlisted": names([key.ticket for key in outline.unlisted]),
        }
    )


def _ticket(text: PlanText, one: TicketText, whole: bool) -> Row:
    """`whole`: with everything that it says."""
    ticket, plan = one.ticket, text.plan
    criteria = list(ticket.acceptance_criteria)
    return without_nothing(
        {
            "id": one.key.ticket,
            "title": ticket.title if whole else cut(ticket.title, 100),
            "status": str(ticket.status),
            "phase": ticket.current_phase,
            "blockedBy": list(one.blockers) if whole else names(one.blockers, 8),
            "branch": ticket.branch,
            "worktree": ticket.worktree if whole else None,
            "repo": one.repo if whole or one.repo != plan.repo else None,
            "workflow": one.workflow if whole or one.workflow != plan.workflow else None,
            "agent": one.agent if whole or one.agent != plan.agent else None,
            "touches": list(ticket.touches) if whole else None,
            "url": ticket.linear_url,
            "error": ticket.error if whole else cut(ticket.error),
            "description": cut(ticket.description, 12_000 if whole else 160),
            "acceptanceCriteria": criteria if whole else [cut(line, 160) for line in names(criteria, 6)],
        }
    )


def read_logs(open_: Open, values: Values) -> Answer:
    from orchestrator.control import logbooks, reading
    from orchestrator.control.transcripts import Filter

    config, key = open_(True).config, reading.ticket_key(values["plan"], values["ticket"])
    chosen = Filter(values["phase"], values["attempt"])
    logbooks.check(config, key)
    attempts = logbooks.attempts(config, key, chosen)
    spoken = (row for piece in logbooks.pieces(config, key, chosen) for row in logbooks.spoken(piece))
    last = deque(enumerate((_line(row) for row in spoken), 1), values["lines"])
    total = last[-1][0] if last else 0
    lines = _fitting([line for _, line in last])
    content = {
        "plan": key.plan,
        "ticket": key.ticket,
        "attempts": [{"attempt": one.n, "phase": one.phase, "ended": one.is_over} for one in attempts[-MOST_ATTEMPTS:]],
        "lines": lines,
        **({"earlierLines": total - len(lines)} if total > len(lines) else {}),
    }
    return Answer(_text(content), content)


def _line(row: Row) -> str:
    """One line, whoever said it."""
    whose = f"[{row['attempt']} {row['phase']}] " if row["attempt"] is not None else ""
    kind = "" if row["kind"] in ("line", "event", "text") else f"{row['kind']}: "
    mark = "stderr: " if row["stream"] == "stderr" else ""
    detail = f" {row['detail']}" if row["detail"] else ""
    return cut(f"{whose}{mark}{kind}{row['text']}{detail}", LINE) or ""


def _fitting(lines: list[str]) -> list[str]:
    """The last of them that there is room for; one in any case."""
    room, first = ROOM, len(lines)
    while first and (room := room - len(compact(lines[first - 1])) - 2) >= 0:
        first -= 1
    return lines[first:] or lines[-1:]


def _text(content: Row) -> str:
    attempts = ", ".join(f"{one['attempt']} ({one['phase']})" for one in content["attempts"])
    earlier = content.get("earlierLines")
    head = [f"ticket {content['plan']}/{content['ticket']}; attempts: {attempts or 'none'}"]
    head += [f"… {earlier} earlier lines"] if earlier else []
    return "\n".join([*head, *(content["lines"] or ["nothing has been written"])])
