"""A person goes on with an agent's session, in their own terminal.

The law: nobody else works on the ticket meanwhile. Its walk lock is held until the session is over, so no runner begins
an attempt in that worktree, whatever the ticket's status says.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from orchestrator.adapters.attempts.program import StartError, program
from orchestrator.adapters.environment import person_env
from orchestrator.adapters.files import Lock, try_lock
from orchestrator.adapters.paths import expanded
from orchestrator.adapters.state import persons
from orchestrator.control import steering
from orchestrator.control.reading import existing_ticket
from orchestrator.core.model import ENDED, Key, Status, Ticket, should_be
from orchestrator.core.rules import agent_of, derive
from orchestrator.core.show.views import SessionView
from orchestrator.core.show.views import sessions as sessions_of
from orchestrator.engine import locks
from orchestrator.engine.home import Home
from orchestrator.errors import NotFoundError, OrchestratorError, UsageError

SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}\Z")
"""Some agents take a path or an option where an id is meant, and ids come from files and from what agents print."""
BEYOND_SECONDS = 10.0
"""How long after the graces of its stop an attempt may still be there."""
LOCK_SECONDS = 1.0
LOOK_SECONDS = 0.05

Say = Callable[[str], None]


class Interactive(NamedTuple):
    """A program for a person's own terminal."""

    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    session: str
    agent: str


class Wanted(NamedTuple):
    """Which session: this one, else the latest (of the phase)."""

    key: Key
    session: str | None = None
    phase: str | None = None


def check(home: Home, wanted: Wanted, pause: bool) -> None:
    """Raises what refuses it, before anything is changed."""
    ticket = existing_ticket(home.places, wanted.key)
    if ticket.attempt is not None and not (pause or ticket.attempt.stop):
        raise OrchestratorError(_under_way(ticket))
    interactive(home, wanted)


def interactive(home: Home, wanted: Wanted) -> Interactive:
    """What continues a session. Raises NotFoundError, UsageError, OrchestratorError: nothing does."""
    if wanted.session is not None and not SESSION.match(wanted.session):
        raise UsageError(f'"{wanted.session}" cannot be a session id: it has only letters, digits, dashes, underscores')
    ticket = existing_ticket(home.places, wanted.key)
    chosen = _choose(ticket, wanted)
    name = chosen.agent or _agent_of_phase(home, ticket, chosen.phase)
    settings, agent = home.agent(name)
    argv = agent.resume_command(settings, chosen.session_id)
    if argv is None:
        raise OrchestratorError(f"agent {name} has no way to continue a session interactively")
    cwd, env = _worktree(home, ticket), person_env(home.environ, settings)
    return Interactive((_found(argv[0], cwd, env), *argv[1:]), cwd, env, chosen.session_id, name)


def _choose(ticket: Ticket, wanted: Wanted) -> SessionView:
    found = sessions_of(ticket, wanted.phase)
    where = f"ticket {ticket.key}{f', phase {wanted.phase}' if wanted.phase else ''}"
    if not found:
        raise NotFoundError(f"{where}: there is no session that could be continued")
    if wanted.session is None:
        chosen: SessionView | None = found[-1]
    else:
        chosen = next((one for one in reversed(found) if one.session_id == wanted.session), None)
    if chosen is None:
        steer = f"orchestrator sessions {ticket.plan_id} {ticket.ticket_id}"
        raise NotFoundError(f'{where} has no session "{wanted.session}"; `{steer}` lists them')
    if not SESSION.match(chosen.session_id):
        raise OrchestratorError(f'{where}: "{chosen.session_id}" is no session id, so no program is started with it')
    return chosen


def _agent_of_phase(home: Home, ticket: Ticket, phase_id: str) -> str:
    """Files of the original do not say whose session it was."""
    rules = home.rules(ticket)
    return agent_of(rules, rules.workflow.phase(phase_id), ticket)


def _worktree(home: Home, ticket: Ticket) -> str:
    worktree = derive(home.rules(ticket), ticket).worktree
    path = expanded(worktree) if worktree else None
    if path is None or not path.is_dir():
        raise NotFoundError(f"ticket {ticket.key}: its worktree {path or ''} does not exist (any more)")
    return str(path)


def _found(command: str, cwd: str, env: dict[str, str]) -> str:
    try:
        return program(command, cwd, env.get("PATH", os.defpath))
    except StartError as error:
        raise OrchestratorError(f"cannot start {error}; is it installed? `orchestrator doctor` looks") from error


# -- nobody else works on it ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def held(home: Home, key: Key, pause: bool, say: Say) -> Iterator[None]:
    """Meanwhile nobody else works on the ticket, and everybody sees who does. Raises OrchestratorError."""
    with hold(home, key, pause, say), persons.tell(home.places, key, home.user) or contextlib.nullcontext():
        yield


def hold(home: Home, key: Key, pause: bool, say: Say) -> Lock:
    """The walk lock of a ticket that has no open attempt; `pause`: see to that. Raises OrchestratorError."""
    ticket = existing_ticket(home.places, key)
    if pause and should_be(ticket) not in (*ENDED, Status.PAUSED):
        say(steering.pause(home, key).text)
        ticket = existing_ticket(home.places, key)
    if ticket.attempt is not None and (pause or ticket.attempt.stop):
        _wait(home, ticket, say)
    lock = _lock(home, key)
    ticket = existing_ticket(home.places, key)
    if ticket.attempt is not None:
        lock.release()
        raise OrchestratorError(_under_way(ticket))
    return lock


def _under_way(ticket: Ticket) -> str:
    attempt, steer = ticket.attempt, f"{ticket.plan_id} {ticket.ticket_id}"
    assert attempt is not None
    return (
        f"ticket {ticket.key}: attempt {attempt.n} in {attempt.phase} is under way; "
        f"`orchestrator pause {steer}` first, or say --pause"
    )


def _wait(home: Home, ticket: Ticket, say: Say) -> None:
    """Until the attempt that is being stopped is over: what a runner does, or what is done here where none is."""
    attempt = ticket.attempt
    assert attempt is not None
    seconds = 2 * home.settings.grace + BEYOND_SECONDS
    say(f"waiting until attempt {attempt.n} in {attempt.phase} has ended, at most {seconds:g} s")
    due = time.monotonic() + seconds
    while ticket.attempt is not None and ticket.attempt.id == attempt.id:
        if time.monotonic() > due:
            runner = locks.running(home.places) or "no daemon runs here"
            raise OrchestratorError(
                f"ticket {ticket.key}: attempt {attempt.n} has not ended within {seconds:g} s ({runner}); "
                f"`orchestrator logs {ticket.plan_id} {ticket.ticket_id}` tells what is going on"
            )
        time.sleep(LOOK_SECONDS)
        ticket = existing_ticket(home.places, ticket.key)


def _lock(home: Home, key: Key) -> Lock:
    """Whoever has just ended the attempt is about to let go of it."""
    due = time.monotonic() + LOCK_SECONDS
    while (lock := try_lock(home.places.walk_lock(key))) is None:
        if time.monotonic() > due:
            who = persons.in_session(home.places, key)
            if who is not None:
                raise OrchestratorError(f"ticket {key}: {who} is in its session; wait until that is over")
            raise OrchestratorError(
                f"ticket {key}: somebody else works on it just now (a run or a check); "
                f"`orchestrator pause {key.plan} {key.ticket}` first, or say --pause"
            )
        time.sleep(LOOK_SECONDS)
    return lock


def afterwards(home: Home, key: Key, session: str) -> str | None:
    """How the ticket goes on, in a sentence. None: it is over."""
    ticket = existing_ticket(home.places, key)
    steer, status = f"{key.plan} {key.ticket}", should_be(ticket)
    same = " in this session" if ticket.visit is not None and ticket.visit.session == session else ""
    if status is Status.PAUSED:
        return f"ticket {key.ticket} is paused; `orchestrator resume {steer}` lets it go on{same}"
    if status is Status.COMPLETE:
        return None
    if status in ENDED:
        return f"ticket {key.ticket} is {status}; `orchestrator retry {steer}` lets it go on"
    return f"ticket {key.ticket} is {status}: a runner goes on with it{same}"
