"""What `--set key=value` says, as the text that somebody would have written in an editor.

The law: who sets a key of a plan sees none of its tickets: those that have not begun and say what their plan said
follow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.control.planning.editing import Opened
from orchestrator.core.model import RUNNER_FIELDS, Status
from orchestrator.core.planning.wished import OF_PLAN, OF_TICKET, key_of
from orchestrator.errors import OrchestratorError
from orchestrator.formats.drafts.draft_text import yaml_text


def with_values(was: Opened, values: Sequence[tuple[str, str]]) -> str:
    """The text with keys set, as `--set key=value` says. Raises OrchestratorError."""
    from orchestrator.formats.drafts.draft import PLAN_NAMES, TICKET_NAMES
    from orchestrator.formats.yaml_tree import read_yaml

    document: dict[str, Any] = read_yaml(was.text).value
    of_ticket = was.ticket_id is not None
    names = TICKET_NAMES if of_ticket else PLAN_NAMES
    known = {key_of(name) for name in (OF_TICKET if of_ticket else OF_PLAN)}
    lists: set[str] = set()
    for said, value in values:
        key = names.get(said, said)
        if key not in known:
            raise OrchestratorError(_unknown(said, known, was.plan.id, of_ticket))
        if key in ("acceptanceCriteria", "blockedBy", "touches"):
            more = _listed(key, value)
            document[key] = [*(document[key] if key in lists else []), *more]
            lists.add(key)
        else:
            document[key] = _typed(key, value)
    if not of_ticket:
        _follow(was, document)
    return yaml_text(document)


def _follow(was: Opened, document: dict[str, Any]) -> None:
    """Tickets carry what was filled in from their plan."""
    plan, begun = was.plan, {one.ticket_id for one in was.tickets if one.attempts or one.status is Status.COMPLETE}
    for ticket in document.get("tickets", ()):
        name = ticket["ticketId"]
        if name in begun:
            continue
        for key, before in (("repo", plan.repo), ("workflow", plan.workflow)):
            if before and document.get(key) and ticket.get(key) == before:
                ticket[key] = document[key]
        root = plan.worktree_root
        if root and document.get("worktreeRoot") and ticket.get("worktree") == f"{root.rstrip('/')}/{name}":
            ticket["worktree"] = f"{document['worktreeRoot'].rstrip('/')}/{name}"


_AMOUNTS = frozenset({"order", "stack", "allowOverlap", "autoMerge", "pullRequest", "budgets"})
"""Keys whose values are not text."""


def _typed(key: str, value: str) -> Any:
    from orchestrator.formats.yaml_tree import read_yaml

    if value.strip() in ("", "null") and key not in ("title", "description", "name"):
        return None
    return read_yaml(value).value if key in _AMOUNTS else value


def _listed(key: str, value: str) -> list[Any]:
    from orchestrator.formats.yaml_tree import read_yaml

    if value.lstrip().startswith("["):
        found = read_yaml(value).value
        return found if isinstance(found, list) else [value]
    if key == "acceptanceCriteria":
        return [value] if value.strip() else []
    return [one.strip() for one in value.split(",") if one.strip()]


def _unknown(key: str, known: set[str], plan_id: str, of_ticket: bool) -> str:
    from orchestrator.core.problems import did_you_mean

    if key in ("id", "ticketId", "planId"):
        return f"--set {key}: an id cannot be changed"
    if key == "status":
        verbs = "pause, resume, skip, retry" if of_ticket else f"pause-plan {plan_id}, resume-plan {plan_id}"
        return f"--set {key}: it is the runner's; the commands are {verbs}"
    if key in RUNNER_FIELDS:
        return f"--set {key}: it is the runner's; skip and retry move a ticket"
    near = did_you_mean(key, known) or f"there are {', '.join(sorted(known))}"
    return f'--set: there is no key "{key}" ({near})'
