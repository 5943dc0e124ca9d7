"""Accounts: which are held and why; and a person who says go on.

The law: releasing an account releases the tickets that wait for it, too. Who retries, resumes or skips a ticket says go
on: that ends a hold which was only guessed. A reset that somebody told stands until `release` is asked for by name.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec

from orchestrator.control.reading import everything
from orchestrator.core.accounts import GUESS, Account, agent_in
from orchestrator.core.events import AccountReleased
from orchestrator.core.model import Key, Status, Ticket
from orchestrator.core.problems import did_you_mean
from orchestrator.core.rules import agent_of
from orchestrator.core.show.held import Held
from orchestrator.core.show.holds import as_held, held_of
from orchestrator.core.workflow import AgentPhase
from orchestrator.engine import leftover
from orchestrator.engine.home import Home
from orchestrator.engine.limits.governor import Governor, standing
from orchestrator.errors import IllegalTransitionError, NotFoundError


class AccountView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One line of `accounts`."""

    account: str
    agents: tuple[str, ...]
    held: bool
    since: str | None = None
    until: str | None = None
    limit: str | None = None
    reason: str | None = None
    told: str | None = None
    """How `until` is known: structured, file, text or guess."""
    guesses: int = 0
    logins: int = 0
    tickets: int = 0
    """How many wait for it."""


def accounts(home: Home) -> list[AccountView]:
    """Those of the agents, and others of which something is known."""
    now, index = time.time(), everything(home.places)
    home.plans, home.patience = index.board.plans, 0
    known = standing(home, index.board.tickets.values(), now).accounts
    waiting = held_of(known, home.rules, now)
    board = index.board
    live = [board.tickets[key] for key in board.by_status[Status.READY] | board.unblocked]
    waits = [held.account for ticket in live if (held := waiting(ticket)) is not None]
    names = dict.fromkeys([*home.accounts.values(), *known])
    return [_view(home, name, known.get(name), waits.count(name), now) for name in names]


def _view(home: Home, name: str, one: Account | None, tickets: int, now: float) -> AccountView:
    agents = tuple(agent for agent, account in home.accounts.items() if account == name)
    if one is None:
        return AccountView(account=name, agents=agents, held=False)
    if not one.is_held(now):
        return AccountView(account=name, agents=agents, held=False, guesses=one.guesses, logins=one.logins)
    return AccountView(
        account=name, agents=agents, held=True, since=one.since, until=one.until, limit=as_held(one).limit,
        reason=one.reason, told=one.told or None, guesses=one.guesses, logins=one.logins, tickets=tickets,
    )  # fmt: skip


def release(home: Home, account: str) -> bool:
    """Whether it was held. Raises NotFoundError, StoreError."""
    index = everything(home.places)
    known = standing(home, index.board.tickets.values(), time.time()).accounts
    names = {*known, *home.accounts.values()}
    if account not in names:
        near = did_you_mean(account, names) or f"there are {', '.join(sorted(names))}"
        raise NotFoundError(f'there is no account "{account}" ({near}); `orchestrator accounts` lists them')
    governor = Governor(home)
    governor.look()
    governor.release(account)
    for ticket in list(index.board.tickets.values()):
        if agent_in(ticket.wait_reason) is not None:
            _wake(home, ticket.key, account)
    return account in known and known[account].is_held(time.time())


def _wake(home: Home, key: Key, account: str) -> None:
    def decide(ticket: Ticket) -> AccountReleased | None:
        waits = ticket.status in (Status.READY, Status.QUEUED) and ticket.attempt is None
        return AccountReleased(at=time.time(), account=account) if waits else None

    try:
        leftover.command(home, key, decide)
    except (NotFoundError, IllegalTransitionError):
        return  # it went on meanwhile


def go_on(home: Home, ticket: Ticket) -> Iterator[str]:
    """A person lets this ticket go on: what that means for its account, in words. A guess is over."""
    if ticket.status not in (Status.READY, Status.RUNNING) or not home.places.accounts.is_dir():
        return
    one = _account_of(home, ticket)
    now = time.time()
    if one is None or not (one.is_held(now) or one.must_prove):
        return
    if one.told == GUESS or not one.is_held(now):
        release(home, one.account)
        yield f"account {one.account} is tried again at once"


def waits_for(home: Home, ticket: Ticket) -> Held | None:
    """The account that its next step waits for."""
    if not home.places.accounts.is_dir():
        return None
    now = time.time()
    return held_of(standing(home, [ticket], now).accounts, home.rules, now)(ticket)


def _account_of(home: Home, ticket: Ticket) -> Account | None:
    rules = home.rules(ticket)
    phase = rules.workflow.phase(ticket.current_phase or rules.workflow.first or "")
    if not isinstance(phase, AgentPhase):
        return None
    return standing(home, [], 0).accounts.get(rules.account_of(agent_of(rules, phase, ticket)))
