"""What a person is told of, and what follows from what. Pure.

The law: one happening has one `id`, whoever finds it and however often, so that what a crash makes us say twice can be
recognised.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec

from orchestrator.core.decisions import Notify
from orchestrator.core.model import Plan, Ticket
from orchestrator.core.settings import NoticeKind
from orchestrator.core.times import iso

TEXT_LIMIT = 2_000
"""Characters of a reason that are passed on: it may be a whole test log."""


class Notice(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a channel gets; a command gets it as JSON, with every key. None: it does not apply, or nobody knows."""

    event: NoticeKind
    id: str
    at: str
    message: str
    """One line for a person."""
    plan: str | None = None
    plan_name: str | None = None
    ticket: str | None = None
    title: str | None = None
    status: str | None = None
    phase: str | None = None
    reason: str | None = None
    repo: str | None = None
    branch: str | None = None
    worktree: str | None = None
    workflow: str | None = None
    agent: str | None = None
    account: str | None = None
    until: str | None = None
    """When the account is free again."""
    attempts: int | None = None
    tickets: int | None = None
    """How many the plan has."""
    cost_usd: float | None = None
    logs: str | None = None
    """The folder of the ticket's logs."""
    test: bool = False
    """Only to try the channels."""


# -- which notice follows from what -----------------------------------------------------------------------------------


class Setting(NamedTuple):
    """Where and when it happened."""

    state: str
    """Two homes may have a plan of the same name."""
    logs: str
    at: float


def of_ticket(setting: Setting, ticket: Ticket, plan: Plan, told: Notify) -> Notice:
    """A ticket failed or needs attention. The save that said so made its `rev`; the end of its last phase tells it from
    a ticket of the same name in files that were made anew."""
    last = ticket.phase_history[-1].completed_at if ticket.phase_history else None
    kind: NoticeKind = "failed" if told.what == "failed" else "needs_attention"
    reason = _short(told.text)
    return Notice(
        event=kind,
        id=_id(setting, kind, str(ticket.key), str(ticket.rev), last or ""),
        at=iso(setting.at),
        message=f"ticket {ticket.key} {'failed' if kind == 'failed' else 'needs attention'}: {_line(reason)}",
        plan=ticket.plan_id,
        plan_name=plan.name or None,
        ticket=ticket.ticket_id,
        title=ticket.title or None,
        status=str(ticket.status),
        phase=ticket.current_phase,
        reason=reason,
        repo=ticket.repo or plan.repo,
        branch=ticket.branch,
        worktree=ticket.worktree,
        workflow=ticket.workflow or plan.workflow,
        agent=next((e.agent for e in reversed(ticket.phase_history) if e.agent), ticket.agent or plan.agent),
        attempts=ticket.attempts,
        cost_usd=ticket.usage.cost_usd if ticket.usage else None,
        logs=f"{setting.logs}/{ticket.plan_id}/{ticket.ticket_id}",
    )


def of_plan(setting: Setting, plan: Plan, cost_usd: float | None = None) -> Notice:
    """A plan is complete; completed again, it is another notice."""
    count = len(plan.tickets)
    return Notice(
        event="plan_complete",
        id=_id(setting, "plan_complete", plan.id, iso(setting.at)),
        at=iso(setting.at),
        message=f"plan {plan.id} is complete ({count} ticket{'' if count == 1 else 's'})",
        plan=plan.id,
        plan_name=plan.name or None,
        status="complete",
        repo=plan.repo,
        workflow=plan.workflow,
        agent=plan.agent,
        tickets=count,
        cost_usd=cost_usd,
        logs=f"{setting.logs}/{plan.id}",
    )


def of_account(setting: Setting, account: str, until: float, reason: str, agent: str | None = None) -> Notice:
    """An account waits for its limit. `until` tells one period from the next."""
    reason = _short(reason)
    return Notice(
        event="account_held",
        id=_id(setting, "account_held", account, iso(until)),
        at=iso(setting.at),
        message=f"account {account} is held until {_moment(until)}: {_line(reason)}",
        reason=reason,
        agent=agent or account,
        account=account,
        until=iso(until),
    )


def of_budget(
    setting: Setting,
    budget: str,
    reason: str,
    cost_usd: float,
    ticket: Ticket | None = None,
    plan: Plan | None = None,
) -> Notice:
    """A budget is used up: `budget` says which one, once for each (`day 2026-11-22`, `plan first`)."""
    reason = _short(reason)
    return Notice(
        event="budget_reached",
        id=_id(setting, "budget_reached", budget),
        at=iso(setting.at),
        message=f"budget reached: {_line(reason)}",
        plan=ticket.plan_id if ticket else plan.id if plan else None,
        plan_name=plan.name or None if plan else None,
        ticket=ticket.ticket_id if ticket else None,
        title=ticket.title or None if ticket else None,
        status=str(ticket.status) if ticket else None,
        reason=reason,
        cost_usd=cost_usd,
    )


def sample(kind: NoticeKind, setting: Setting) -> Notice:
    """To try a channel with; nothing has happened."""
    plan = Plan(id="example", name="An example", repo="/home/me/src/shop", workflow="local", tickets=())
    texts = {"failed": "verify: exit code 1", "needs_attention": "reached escalate"}
    ticket = Ticket(
        plan_id="example", ticket_id="EXAMPLE-1", title="Only a test of the notifications", current_phase="verify"
    )
    made: dict[NoticeKind, Notice] = {
        "failed": of_ticket(setting, ticket, plan, Notify("failed", texts["failed"])),
        "needs_attention": of_ticket(setting, ticket, plan, Notify("needs_attention", texts["needs_attention"])),
        "plan_complete": of_plan(setting, plan),
        "account_held": of_account(setting, "claude", setting.at + 3600, "usage limit of claude"),
        "budget_reached": of_budget(setting, "day", "10.00 USD a day", 10.0),
    }
    status = kind if kind in texts else made[kind].status
    found = made[kind]
    return msgspec.structs.replace(
        found,
        id=_id(setting, "test", kind, iso(setting.at)),
        status=status,
        message=f"test: {found.message}",
        test=True,
    )


def _id(setting: Setting, *parts: str) -> str:
    return hashlib.blake2b("\0".join((setting.state, *parts)).encode(errors="replace"), digest_size=16).hexdigest()


def _short(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 1]}…"


def _line(text: str) -> str:
    return " ".join(text.split()) or "no reason is known"


def _moment(at: float) -> str:
    return f"{iso(at)[:16].replace('T', ' ')} UTC"
