"""How a draft looks to a client: what a planner mostly writes. Whatever else a draft can say is accepted as well, and
its whole schema is a resource.
"""

from __future__ import annotations

from typing import Any

from orchestrator.mcp.fields import Field

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": {"type": "string"}}


def _text(about: str) -> dict[str, Any]:
    return {**_TEXT, "description": about}


def _texts(about: str) -> dict[str, Any]:
    return {**_TEXTS, "description": about}


TICKET_KEYS: dict[str, Any] = {
    "title": _text("what is to be done, in a few words"),
    "description": _text("everything that an agent must know who sees nothing but this ticket and the repository"),
    "criteria": _texts("acceptance criteria: each something that can be tested"),
    "blockedBy": _texts("ids or exact titles of tickets that must be complete before; plan/ticket for other plans"),
    "id": _text("given by itself (T-1, T-2, …) where it is left out"),
    "workflow": _text("only where it is not the plan's"),
    "repo": _text("only where it is not the plan's"),
    "agent": _text("only where it is not the plan's"),
    "branch": _text("made by itself where it is left out"),
    "touches": _texts("globs of the files that it will change, so that tickets that meet are not worked on at once"),
    "url": _text("where it came from"),
}
_TICKETS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "object", "properties": TICKET_KEYS, "required": ["title"]},
}
PLAN_KEYS: dict[str, Any] = {
    "name": _text("what the plan is about, in a few words; its id is made of it"),
    "repo": _text("the absolute path of the git repository"),
    "workflow": _text("one of list_workflows"),
    "agent": _text("one of list_agents; the default one where it is left out"),
    "worktreeRoot": _text("where the worktrees go"),
    "base": _text("the branch that the work starts from and returns to"),
    "tickets": _TICKETS,
}

DRAFT = Field(
    "draft",
    "object",
    "a plan in its small form; ids, branches, worktrees and first phases are filled in. All keys: the resource "
    "orchestrator://schema/draft",
    required=True,
    schema={"type": "object", "properties": PLAN_KEYS, "required": ["name", "tickets"]},
    or_text=True,
)
TICKETS = Field("tickets", "objects", "the tickets, as in a draft", required=True, schema=_TICKETS)
