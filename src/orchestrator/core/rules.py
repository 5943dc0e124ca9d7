"""What a transition needs to know besides the ticket: its workflow, its plan, and a few settings."""

from __future__ import annotations

import re
import unicodedata

import msgspec

from orchestrator.core.model import Plan, Ticket
from orchestrator.core.workflow import Phase, Workflow


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    workflow: Workflow
    plan: Plan
    default_agent: str = "claude"
    chooses_session: frozenset[str] = frozenset()
    """Agents whose CLI takes a session id of our choice."""
    poll_interval: float = 10
    user: str = "orchestrator"
    worktree_root: str = ""
    """Where worktrees go when the plan does not say."""


def agent_of(phase: Phase, ticket: Ticket, plan: Plan, default: str) -> str:
    """Phase → ticket → plan → default."""
    return getattr(phase, "agent", None) or ticket.agent or plan.agent or default


def slug(text: str, limit: int = 48) -> str:
    """Letters and digits with single dashes, fit for a branch name; cut at a word where possible."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) <= limit:
        return words
    return words[: limit + 1].rsplit("-", 1)[0].strip("-") or words[:limit]


def derive(rules: Rules, ticket: Ticket) -> Ticket:
    """Fill in what the planner left out. Written at the first dispatch."""
    branch = ticket.branch
    if not branch:
        tail = "-".join(part for part in (slug(ticket.ticket_id, 128), slug(ticket.title)) if part)
        branch = f"{slug(rules.user) or 'orchestrator'}/{tail}"
    root = (rules.plan.worktree_root or rules.worktree_root).rstrip("/")
    return msgspec.structs.replace(
        ticket,
        workflow=ticket.workflow or rules.workflow.name,
        branch=branch,
        worktree=ticket.worktree or f"{root}/{ticket.ticket_id}",
        current_phase=ticket.current_phase or rules.workflow.phases[0].id,
    )
