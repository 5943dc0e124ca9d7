"""The planner's part of a plan that is written, as a draft, and what somebody changed in it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from orchestrator.core.model import Plan, PlanEntry, PlanStatus, Ticket
from orchestrator.core.planning.draft import Draft, DraftTicket

IN_ENTRY = frozenset({"order", "blocked_by"})
"""What plan.json says of a ticket."""
IDS = frozenset({"id", "ticket_id"})
OF_TICKET = tuple(name for name in DraftTicket.__struct_fields__ if name not in IDS)
OF_PLAN = tuple(name for name in Draft.__struct_fields__ if name not in IDS | {"tickets", "paused"})
SHOWN = {"title": "", "description": "", "acceptanceCriteria": [], "blockedBy": []}
"""What a person sees to fill in, also where it is empty."""


def ticket_as_draft(ticket: Ticket, entry: PlanEntry | None) -> DraftTicket:
    said = {name: getattr(ticket, name) for name in OF_TICKET if name not in IN_ENTRY}
    order, blockers = (entry.order, entry.blocked_by) if entry is not None else (None, ())
    return DraftTicket(ticket_id=ticket.ticket_id, order=order, blocked_by=blockers, **said)


def plan_as_draft(plan: Plan, tickets: Sequence[Ticket]) -> Draft:
    entries = {entry.ticket_id: entry for entry in reversed(plan.tickets)}
    said = {name: getattr(plan, name) for name in OF_PLAN}
    whole = tuple(ticket_as_draft(ticket, entries.get(ticket.ticket_id)) for ticket in tickets)
    return Draft(id=plan.id, paused=plan.status is PlanStatus.PAUSED, tickets=whole, **said)


def document(draft: Draft | DraftTicket) -> dict[str, Any]:
    """By its keys; what says nothing is left out, but for what people are to fill in."""
    said: dict[str, Any] = msgspec.to_builtins(draft)
    if isinstance(said.get("order"), float) and said["order"].is_integer():
        said["order"] = int(said["order"])
    if isinstance(draft, DraftTicket):
        head = {"ticketId": draft.ticket_id, **SHOWN}
        whole = {**head, **said}
        return {**whole, "acceptanceCriteria": list(whole["acceptanceCriteria"]), "blockedBy": list(whole["blockedBy"])}
    said.pop("paused", None)
    return {**said, "tickets": [document(one) for one in draft.tickets]} if draft.tickets else said


def changes(before: msgspec.Struct, after: msgspec.Struct, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}


def clashes(now: msgspec.Struct, before: msgspec.Struct, changed: Mapping[str, Any]) -> list[str]:
    """What somebody else has changed meanwhile, to something else."""
    return [
        name
        for name, value in changed.items()
        if hasattr(now, name) and getattr(now, name) not in (getattr(before, name), value)
    ]


def key_of(name: str) -> str:
    """As it is called in files."""
    fields = {one.name: one.encode_name for one in msgspec.structs.fields(DraftTicket)}
    fields |= {one.name: one.encode_name for one in msgspec.structs.fields(Draft)}
    return fields.get(name, name)
