"""Where everything of a ticket lies: worktree, branch, pull request, logs, file; and what the ticket changed.

The law: it is asked and told, never made: what is not there is said to be not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from orchestrator.adapters.paths import expanded
from orchestrator.adapters.repository import comparing, git
from orchestrator.adapters.repository.comparing import Comparison, command, prepared
from orchestrator.control.reading import existing_ticket
from orchestrator.control.reviews import known_of
from orchestrator.core.model import Key, Ticket
from orchestrator.core.rules import derive
from orchestrator.core.show.reviews import document, number_of, words
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError

if TYPE_CHECKING:
    from orchestrator.core.forge.pull_request import Remembered


__all__ = ["Whereabouts", "changed", "command", "comparison", "described", "find", "prepared", "printed"]


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    ticket: Ticket
    """With what the planner left out."""
    repo: str | None
    worktree: str | None
    branch: str
    has_worktree: bool
    has_branch: bool
    url: str | None
    """Of the pull request."""
    known: Remembered | None
    logs: str
    has_logs: bool
    file: str

    @property
    def review(self) -> str:
        return words(self.known) if self.known is not None else ""


def find(home: Home, key: Key) -> Whereabouts:
    """Raises NotFoundError, UnreadableError."""
    ticket = existing_ticket(home.places, key)
    rules = home.rules(ticket)
    derived, known = derive(rules, ticket), known_of(home.places, ticket)
    repo, worktree = _expanded(ticket.repo or rules.plan.repo), _expanded(derived.worktree)
    logs, branch = home.places.ticket_logs(key), derived.branch or ""
    return Whereabouts(
        ticket=derived,
        repo=repo,
        worktree=worktree,
        branch=branch,
        has_worktree=worktree is not None and Path(worktree).is_dir(),
        has_branch=bool(repo and branch and Path(repo).is_dir() and _has(repo, branch)),
        url=ticket.context.get("pr_url") or (known.url if known is not None else None) or None,
        known=known,
        logs=str(logs),
        has_logs=logs.is_dir(),
        file=str(home.places.ticket_file(key)),
    )


def _expanded(path: str | None) -> str | None:
    return str(expanded(path)) if path else None


def _has(repo: str, branch: str) -> bool:
    return bool(git.lines_of(repo, "rev-parse", "--quiet", "--verify", f"refs/heads/{branch}"))


def described(found: Whereabouts) -> dict[str, Any]:
    """For programs: the same keys always."""
    number = number_of(found.ticket)
    told = document(found.known) if found.known is not None else {"number": number, "url": found.url}
    return {
        "plan": found.ticket.plan_id,
        "ticket": found.ticket.ticket_id,
        "repo": found.repo,
        "worktree": {"path": found.worktree, "exists": found.has_worktree},
        "branch": {"name": found.branch or None, "exists": found.has_branch},
        "pullRequest": told if found.url or number is not None else None,
        "logs": {"path": found.logs, "exists": found.has_logs},
        "file": {"path": found.file, "exists": True},
    }


# -- what it changed --------------------------------------------------------------------------------------------------


def comparison(found: Whereabouts) -> Comparison:
    """Of its worktree; of its branch, when that is gone. Raises NotFoundError: there is neither."""
    began, base = (found.ticket.context.get(key) for key in ("base_commit", "base_branch"))
    key = found.ticket.key
    if found.has_worktree and found.worktree:
        compared = comparing.of_worktree(found.worktree, began)
        if compared is None:
            raise NotFoundError(f"ticket {key}: git cannot read {found.worktree}; is it a worktree?")
        return compared
    if found.repo and found.branch:
        compared = comparing.of_branch(found.repo, found.branch, began, base)
        if compared is not None:
            return compared
    raise NotFoundError(
        f"ticket {key} has neither a worktree ({found.worktree or 'none is named'}) nor a branch "
        f"{found.branch or '(none is named)'} in {found.repo or '(no repo)'}: nothing to compare"
    )


def changed(found: Whereabouts, one: Comparison, environ: Mapping[str, str]) -> dict[str, Any]:
    """For programs."""
    files = comparing.files(one, environ)
    return {
        "plan": found.ticket.plan_id,
        "ticket": found.ticket.ticket_id,
        "in": "worktree" if one.end is None else "branch",
        "path": one.cwd,
        "branch": found.branch or None,
        "base": one.base,
        "from": one.start,
        "to": one.tip,
        "commits": comparing.commits(one),
        "files": [file._asdict() for file in files],
    }


def printed(one: Comparison, environ: Mapping[str, str], options: Sequence[str]) -> Iterator[bytes]:
    """What git prints of it where nobody looks."""
    with prepared(one, environ) as env:
        yield from comparing.streamed(one, env, options)
