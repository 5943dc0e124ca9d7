"""What a transition needs to know besides the ticket: its workflow, its plan, and a few settings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import msgspec

from orchestrator.core.budgets import Budgets
from orchestrator.core.model import Plan, Ticket
from orchestrator.core.workflow import AgentPhase, Phase, Workflow


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    workflow: Workflow
    plan: Plan
    default_agent: str = "claude"
    review_agent: str | None = None
    chooses_session: frozenset[str] = frozenset()
    """Agents whose CLI takes a session id of our choice."""
    base: str | None = None
    """Of the configuration."""
    poll_interval: float = 10
    budgets: Budgets = Budgets()
    """Of the configuration."""
    user: str = "orchestrator"
    worktree_root: str = ""
    """Where worktrees go when the plan does not say."""
    accounts: Mapping[str, str] = {}
    """Agent → account, where it is not called like the agent."""
    stand_ins: Mapping[str, tuple[str, ...]] = {}
    """Agent → who does its work while its account is held, in this order."""

    def account_of(self, agent: str) -> str:
        return self.accounts.get(agent, agent)

    def has_stand_ins(self, agent: str) -> bool:
        """Whether its work may be done on another account."""
        return any(self.account_of(one) != self.account_of(agent) for one in self.stand_ins.get(agent, ()))


REVIEW = "self_review"
"""A phase of this id is a review, also in a workflow of the original."""


def agent_of(rules: Rules, phase: Phase | None, ticket: Ticket) -> str:
    """Phase → of a review the reviewer of the plan, then of the configuration → ticket → plan → default."""
    named = getattr(phase, "agent", None)
    if not named and isinstance(phase, AgentPhase) and (phase.reviewer or phase.id == REVIEW):
        named = rules.plan.review_agent or rules.review_agent
    return named or ticket.agent or rules.plan.agent or rules.default_agent


def asked_base(rules: Rules, ticket: Ticket) -> str | None:
    """The branch that somebody wants it to start from and return to; None: the repository's own."""
    return ticket.base or rules.plan.base or rules.base


def agents_of(rules: Rules, ticket: Ticket) -> dict[str, str]:
    """Who does each phase that is an agent's."""
    return {one.id: agent_of(rules, one, ticket) for one in rules.workflow.phases if isinstance(one, AgentPhase)}


def slug(text: str, limit: int = 48) -> str:
    """Letters and digits with single dashes, fit for a branch name; cut at a word where possible."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) <= limit:
        return words
    whole, dash, _ = words[: limit + 1].rpartition("-")
    return whole if dash else words[:limit]


def derive(rules: Rules, ticket: Ticket) -> Ticket:
    """Fill in what the planner left out. Written at the first dispatch."""
    branch = ticket.branch
    if not branch:
        tail = "-".join(part for part in (_in_branch(ticket.ticket_id), slug(ticket.title)) if part)
        branch = f"{slug(rules.user) or 'orchestrator'}/{tail}"
    root = rules.plan.worktree_root or rules.worktree_root
    worktree = f"{root.rstrip('/')}/{ticket.ticket_id}" if root else None
    return msgspec.structs.replace(
        ticket,
        workflow=ticket.workflow or rules.workflow.name,
        branch=branch,
        worktree=ticket.worktree or worktree,
        current_phase=ticket.current_phase or rules.workflow.first,
    )


def _in_branch(ticket_id: str) -> str:
    """The id as it is, so that two tickets have two branches; but for dots where git refuses them."""
    return re.sub(r"\.(?=\.|$|lock$)", "-", ticket_id.lower())


POLL_CLOCKS = ("_pollStart_", "_pollNextCheck_")
"""Where the original keeps the clock of a poll phase: keys of the context, each followed by the phase id."""


def renamed(workflow: Workflow, ticket: Ticket) -> Ticket:
    """The ticket with the phase ids of today wherever it counts by phase; the history stays as it was written."""
    if ticket.current_phase:
        ticket = msgspec.structs.replace(ticket, current_phase=workflow.resolve(ticket.current_phase))
    if not workflow.aliases:
        return ticket
    visit = ticket.visit and msgspec.structs.replace(ticket.visit, phase=workflow.resolve(ticket.visit.phase))
    return msgspec.structs.replace(
        ticket,
        visit=visit,
        retries=_counts(workflow, ticket.retries),
        visits=_counts(workflow, ticket.visits),
        context={_clock(workflow, key): value for key, value in ticket.context.items()},
    )


def _counts(workflow: Workflow, counts: dict[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for phase, n in counts.items():
        found[workflow.resolve(phase)] = max(n, found.get(workflow.resolve(phase), 0))
    return found


def _clock(workflow: Workflow, key: str) -> str:
    prefix = next((prefix for prefix in POLL_CLOCKS if key.startswith(prefix)), None)
    return key if prefix is None else prefix + workflow.resolve(key.removeprefix(prefix))
