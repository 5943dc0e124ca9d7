"""A draft → a plan and its tickets, everything filled in that can be derived.

The law: what the draft says counts; ids never clash with those that are taken, in whatever case they are written, since
some file systems do not tell those apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from orchestrator.core.model import Plan, PlanEntry, PlanStatus, Ticket
from orchestrator.core.planning.draft import Draft, DraftTicket
from orchestrator.core.planning.naming import titled
from orchestrator.core.rules import Rules, derive, slug
from orchestrator.core.times import iso

PREFIX = "T-"
LONGEST = 60

RulesOf = Callable[[Plan, Ticket], Rules]


class Filled(NamedTuple):
    plan: Plan
    tickets: tuple[Ticket, ...]


class Given(NamedTuple):
    """What is there already."""

    now: float
    plans: Collection[str] = ()
    """Ids of plans."""
    entries: Sequence[PlanEntry] = ()
    """Of the plan that gets more tickets."""
    tickets: Mapping[str, str] = {}
    """Id → title, of the tickets of that plan."""
    branches: Collection[str] = ()
    """Of tickets of other plans."""


def filled(draft: Draft, rules_of: RulesOf, given: Given) -> Filled:
    """A new plan."""
    plan = _plan(draft, given)
    entries, tickets = _tickets(plan, draft.tickets, rules_of, given)
    return Filled(msgspec.structs.replace(plan, tickets=tuple(entries)), tuple(tickets))


def more(plan: Plan, drafts: Sequence[DraftTicket], rules_of: RulesOf, given: Given) -> Filled:
    """More tickets for a plan that is there; the plan as it will be, and the new tickets."""
    entries, tickets = _tickets(plan, drafts, rules_of, given)
    return Filled(msgspec.structs.replace(plan, tickets=(*plan.tickets, *entries)), tuple(tickets))


CARRIED = ("repo", "workflow", "agent", "base")
OF_PLAN = ("worktree_root", "review_agent", "auto_merge", "merge_method", "pull_request", "budgets", "allow_overlap")


def carried(draft: Draft, plan: Plan) -> tuple[tuple[DraftTicket, ...], tuple[str, ...]]:
    """Tickets of a draft for a plan that is there, with what the draft says for all of them; and what it says that is
    the plan's alone, and says otherwise."""
    said = {
        name: getattr(draft, name) for name in CARRIED if getattr(draft, name) not in (None, "", getattr(plan, name))
    }
    if draft.stack and not plan.stack:
        said["stack"] = True

    def whole(one: DraftTicket) -> DraftTicket:
        own = {name: value for name, value in said.items() if getattr(one, name) is None}
        return msgspec.structs.replace(one, **own) if own else one

    kept = {name: getattr(draft, name) for name in OF_PLAN if getattr(draft, name) not in (None, False)}
    others = tuple(name for name, value in kept.items() if value != getattr(plan, name))
    return tuple(map(whole, draft.tickets)), others


# -- the plan ---------------------------------------------------------------------------------------------------------


def _plan(draft: Draft, given: Given) -> Plan:
    id_ = draft.id or _plan_id(draft, given.plans)
    return Plan(
        id=id_,
        name=draft.name or _first_title(draft) or id_,
        created_at=iso(given.now),
        created_by=draft.created_by or "orchestrator",
        repo=draft.repo,
        workflow=draft.workflow,
        agent=draft.agent,
        worktree_root=draft.worktree_root,
        status=PlanStatus.PAUSED if draft.paused else PlanStatus.ACTIVE,
        budgets=draft.budgets,
        review_agent=draft.review_agent,
        base=draft.base,
        pull_request=draft.pull_request,
        auto_merge=draft.auto_merge,
        merge_method=draft.merge_method,
        stack=draft.stack,
        allow_overlap=draft.allow_overlap,
    )


def _first_title(draft: Draft) -> str:
    return " ".join(draft.tickets[0].title.split())[:LONGEST] if len(draft.tickets) == 1 else ""


def _plan_id(draft: Draft, taken: Collection[str]) -> str:
    first = draft.tickets[0].title if draft.tickets else ""
    return free(slug(draft.name or first, LONGEST) or "plan", taken)


def free(wanted: str, taken: Collection[str]) -> str:
    """That id, or with the first number that makes it a free one."""
    used = {one.lower() for one in taken}
    if wanted.lower() not in used:
        return wanted
    number = 2
    while f"{wanted}-{number}".lower() in used:
        number += 1
    return f"{wanted}-{number}"


# -- tickets ----------------------------------------------------------------------------------------------------------


def _tickets(
    plan: Plan, drafts: Sequence[DraftTicket], rules_of: RulesOf, given: Given
) -> tuple[list[PlanEntry], list[Ticket]]:
    ids = list(_ids(drafts, given))
    called = _called(drafts, ids, given)
    last = max((entry.order for entry in given.entries), default=0)
    entries, tickets = [], []
    for place, (draft, id_) in enumerate(zip(drafts, ids, strict=True), 1):
        order = draft.order if draft.order is not None else last + place
        blockers = tuple(dict.fromkeys(called.get(" ".join(one.split()), one.strip()) for one in draft.blocked_by))
        entries.append(PlanEntry(ticket_id=id_, order=order, blocked_by=blockers))
        ticket = _ticket(plan, draft, id_)
        tickets.append(_derived(rules_of(plan, ticket), ticket, given.branches))
    return entries, tickets


def _derived(rules: Rules, ticket: Ticket, branches: Collection[str]) -> Ticket:
    """A branch of its own also where another plan has a ticket of the same id and title."""
    full = derive(rules, ticket)
    if ticket.branch or full.branch is None or full.branch not in branches:
        return full
    return msgspec.structs.replace(full, branch=free(full.branch, branches))


def _ids(drafts: Sequence[DraftTicket], given: Given) -> Iterator[str]:
    named = {one.ticket_id.lower() for one in drafts if one.ticket_id}
    used = {*named, *(one.lower() for one in given.tickets), *(one.ticket_id.lower() for one in given.entries)}
    number = 0
    for one in drafts:
        if one.ticket_id:
            yield one.ticket_id
            continue
        number += 1
        while f"{PREFIX}{number}".lower() in used:
            number += 1
        yield f"{PREFIX}{number}"


def _called(drafts: Sequence[DraftTicket], ids: Sequence[str], given: Given) -> dict[str, str]:
    """Title → id, of titles that only one has. An id counts before a title."""
    known = [*((title, id_) for id_, title in given.tickets.items()), *zip((d.title for d in drafts), ids, strict=True)]
    taken = {*ids, *given.tickets}
    return {title: id_ for title, id_ in titled(known).items() if title not in taken}


def _ticket(plan: Plan, draft: DraftTicket, id_: str) -> Ticket:
    return Ticket(
        plan_id=plan.id,
        ticket_id=id_,
        title=" ".join(draft.title.split()),
        description=draft.description,
        acceptance_criteria=draft.acceptance_criteria,
        linear_url=draft.linear_url,
        repo=draft.repo or plan.repo,
        workflow=draft.workflow,
        branch=draft.branch,
        worktree=draft.worktree,
        agent=draft.agent,
        budgets=draft.budgets,
        base=draft.base,
        touches=draft.touches,
        stack=draft.stack,
    )
