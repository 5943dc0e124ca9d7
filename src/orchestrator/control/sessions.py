"""The agent sessions of a ticket, and how a person goes on with one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from orchestrator.control.reading import existing_ticket
from orchestrator.core.model import Key, Ticket
from orchestrator.core.rules import agent_of, derive
from orchestrator.core.show.views import SessionView
from orchestrator.core.show.views import sessions as sessions_of
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError, OrchestratorError, UsageError

_SESSION = re.compile(r"[A-Za-z0-9_-]+\Z")


class Interactive(NamedTuple):
    """A program for a person's own terminal."""

    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    session: str


def sessions(home: Home, key: Key, phase: str | None = None) -> list[SessionView]:
    """Oldest first. Raises NotFoundError, UnreadableError."""
    return sessions_of(existing_ticket(home.places, key), phase)


def resume(home: Home, key: Key, session: str | None = None, phase: str | None = None) -> Interactive:
    """What continues a session: the given one, else the latest (of the phase)."""
    if session is not None and not _SESSION.match(session):
        raise UsageError(f'"{session}" cannot be a session id: it has only letters, digits, dashes and underscores')
    ticket = existing_ticket(home.places, key)
    if ticket.attempt is not None:
        raise OrchestratorError(
            f"ticket {key}: attempt {ticket.attempt.n} in {ticket.attempt.phase} is under way; "
            f"`orchestrator pause {key.plan} {key.ticket}` first"
        )
    chosen = _choose(ticket, session, phase)
    name = chosen.agent or _agent_of_phase(home, ticket, chosen.phase)
    settings, agent = home.agent(name)
    argv = agent.resume_command(settings, chosen.session_id)
    if argv is None:
        raise OrchestratorError(f"agent {name} has no way to continue a session interactively")
    return Interactive(argv, _worktree(home, ticket), _environment(home, settings.env), chosen.session_id)


def _choose(ticket: Ticket, session: str | None, phase: str | None) -> SessionView:
    found = sessions_of(ticket, phase)
    where = f"ticket {ticket.key}{f', phase {phase}' if phase else ''}"
    if not found:
        raise NotFoundError(f"{where}: there is no session that could be continued")
    if session is None:
        return found[-1]
    chosen = next((one for one in reversed(found) if one.session_id == session), None)
    if chosen is None:
        steer = f"orchestrator sessions {ticket.plan_id} {ticket.ticket_id}"
        raise NotFoundError(f'{where} has no session "{session}"; `{steer}` lists them')
    return chosen


def _agent_of_phase(home: Home, ticket: Ticket, phase_id: str) -> str:
    """Files of the original do not say whose session it was."""
    rules = home.rules(ticket)
    return agent_of(rules, rules.workflow.phase(phase_id), ticket)


def _worktree(home: Home, ticket: Ticket) -> str:
    worktree = derive(home.rules(ticket), ticket).worktree
    path = Path(worktree).expanduser() if worktree else None
    if path is None or not path.is_dir():
        raise NotFoundError(f"ticket {ticket.key}: its worktree {path or ''} does not exist (any more)")
    return str(path)


def _environment(home: Home, written: dict[str, str]) -> dict[str, str]:
    """A person's own, with what the configuration sets for this agent."""
    from orchestrator.adapters.environment import filled

    return {**home.environ, **{name: filled(name, value, home.environ) for name, value in written.items()}}
