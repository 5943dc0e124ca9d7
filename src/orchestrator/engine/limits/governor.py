"""The governor: which accounts are held, until when, and who may work meanwhile.

The law: what is held is in the files, for all runners of a stateDir; what nobody wrote there is known from the tickets
that met it. Looking costs one `stat`, and only where an agent is concerned.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import NamedTuple

from orchestrator.adapters.state import accounts as files
from orchestrator.core import accounts
from orchestrator.core.accounts import Account, Met
from orchestrator.core.board import Board
from orchestrator.core.decisions import Decision, HoldAccount
from orchestrator.core.events import AttemptEnded
from orchestrator.core.model import Attempt, Key, Ticket
from orchestrator.core.outcome import Outcome
from orchestrator.core.settings import Settings
from orchestrator.core.times import epoch_or
from orchestrator.core.turns.schedule import Needs, Step
from orchestrator.engine.home import Home
from orchestrator.engine.telling import notices
from orchestrator.errors import StoreError


class Governor:
    def __init__(self, home: Home) -> None:
        self._home = home
        self.accounts: dict[str, Account] = {}
        """Those of which something is known."""
        self.held: dict[str, float] = {}
        """Account → when it is free again. One object for good, and lent as it is."""
        self.alone: set[str] = set()
        """(As `Limits.alone`; lent too.)"""
        self._mark: int | None = None
        self._broken: files.Broken = {}
        self._derived: dict[str, Account] = {}
        self._steps: tuple[Settings | None, dict[str | None, Step]] = (None, {})

    # -- what is known ------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Bring it up to date with the files."""
        mark = files.changed_ns(self._home.places)
        if mark is None or mark != self._mark:
            self._mark = mark
            found, broken = files.read_accounts(self._home.places)
            for path in broken.keys() - self._broken.keys():
                self._home.logs.event("account_unreadable", None, "error", file=path, reason=broken[path])
            self._broken = broken
            self._take(found)

    def _take(self, found: dict[str, Account]) -> None:
        self.accounts = {**self._derived, **found}
        self.held.clear()
        self.held.update({name: at for name, one in self.accounts.items() if (at := one.frees_at) is not None})
        self.alone.clear()
        self.alone.update(name for name, one in self.accounts.items() if one.must_prove)

    def derive(self, tickets: Iterable[Ticket], now: float) -> None:
        """Accounts whose limit was met by a runner of an earlier version, or by one that died before it wrote it down:
        what their tickets tell, for as long as this runner lives."""
        self.look()
        for name, one in derived(self._home, tickets, now).items():
            if name not in self.accounts:
                self._derived[name] = one
        self._take(self.accounts)

    def known(self, attempt: Attempt | None) -> Account | None:
        """Of the account of an attempt; None: nothing, or it has none."""
        account = attempt_account(self._home, attempt)
        if account is None:
            return None
        self.look()
        return self.accounts.get(account)

    def step(self, agent: str | None) -> Step:
        """What the next attempt takes when this agent shall do it; None: a script."""
        if self._steps[0] is not self._home.settings:
            self._steps = (self._home.settings, {})
        steps = self._steps[1]
        if agent not in steps:
            stand_ins = tuple(self._one(name) for name in self._home.stand_ins.get(agent or "", ()))
            steps[agent] = Step(Needs.SLOT) if agent is None else self._one(agent, stand_ins)
        return steps[agent]

    def _one(self, agent: str, stand_ins: tuple[Step, ...] = ()) -> Step:
        return Step(Needs.SLOT, agent, (self._home.accounts.get(agent, agent),), stand_ins)

    # -- what attempts meet -------------------------------------------------------------------------------------------

    def foresee(self, ticket: Ticket, outcome: Outcome, at: float) -> HoldAccount | None:
        """The hold that this outcome of the open attempt will lead to."""
        account, attempt = attempt_account(self._home, ticket.attempt), ticket.attempt
        if attempt is None or attempt.agent is None or account is None:
            return None
        known = self.accounts.get(account) or Account(account=account)
        return accounts.hold_of(known, _met(attempt, outcome, at))

    def ended(
        self, before: Ticket, event: AttemptEnded, decisions: Iterable[Decision], board: Board | None = None
    ) -> None:
        """What the end of an attempt means for its account. It was saved."""
        hold = next((one for one in decisions if isinstance(one, HoldAccount)), None)
        if hold is not None:
            self.hold(hold, before.key, event.at, board)
        elif before.attempt is not None and before.attempt.agent is not None:
            self.look()
            self.passed(before.attempt, event.outcome, event.at)

    def hold(self, hold: HoldAccount, key: Key | None, at: float, board: Board | None = None) -> None:
        """Once, however many attempts meet it."""
        found: list[tuple[Account, bool]] = []
        share = random.random()

        def decide(known: Account) -> Account:
            after, is_new = accounts.held(known, hold, at, share)
            found.append((known, is_new))
            return after

        after = self._change(hold.account, decide)
        if after is None:
            return
        before, is_new = found[-1]
        if is_new:
            self._tell_held(after, hold, key, board)
        elif after.until != before.until:
            about = {"account": after.account, "until": after.until, "limit": after.limit or None, "told": after.told}
            self._home.logs.event("hold_changed", key, "warning", **about)

    def passed(self, attempt: Attempt, outcome: Outcome, at: float) -> None:
        """An attempt has ended that calls for no hold. Mostly there is nothing to write."""
        account = attempt_account(self._home, attempt)
        if account is None:
            return
        met, known = _met(attempt, outcome, at), self.accounts.get(account) or Account(account=account)
        if accounts.passed(known, met) != known:
            self._change(account, lambda found: accounts.passed(found, met))

    def let_go(self, now: float, board: Board) -> None:
        """What is over is written down, by whoever comes first."""
        if self._derived:
            told = derived(self._home, (board.tickets[key] for key in board.ready.waiting()), now)
            gone = self._derived.keys() - told.keys()
            self._derived = {name: one for name, one in self._derived.items() if name not in gone}
            self._take({name: one for name, one in self.accounts.items() if name not in gone})
        if not any(at <= now for at in self.held.values()):
            return
        for name in [name for name, at in self.held.items() if at <= now]:
            was: list[Account] = []

            def decide(known: Account, was: list[Account] = was) -> Account:
                if known.until is None or known.is_held(now):
                    return known
                was.append(known)
                return accounts.released(known, by_person=False)

            one = self._derived.pop(name, None)
            if self._change(name, decide) is not None and (was or one):
                self._tell_released(was[0] if was else one)

    def release(self, account: str) -> None:
        """A person says go on. Raises StoreError."""
        held = self.accounts.get(account)
        self._change(account, lambda known: accounts.released(known, by_person=True), tells=True)
        if held is not None and held.until is not None:
            self._tell_released(held, by="a person")

    def _change(self, account: str, decide: Callable[[Account], Account], tells: bool = False) -> Account | None:
        try:
            after = files.change(self._home.places, account, decide)
        except (StoreError, OSError) as error:
            if tells:
                raise StoreError(str(error)) from error
            self._home.logs.event("cannot_save", None, "error", account=account, reason=str(error))
            after = decide(self.accounts.get(account) or Account(account=account))
        known = {name: one for name, one in self.accounts.items() if name != account}
        self._take(known if after.is_plain else {**known, account: after})
        return after

    # -- what is told of it -------------------------------------------------------------------------------------------

    def _tell_held(self, one: Account, hold: HoldAccount, key: Key | None, board: Board | None) -> None:
        self._home.logs.event(
            "held", key, "warning", account=one.account, agent=hold.agent, until=one.until, limit=one.limit or None,
            told=one.told, tickets=self._waiting(one.account, board), reason=hold.reason,
        )  # fmt: skip
        notices.account_held(self._home, hold)

    def _waiting(self, account: str, board: Board | None) -> int | None:
        """How many attempts work with it, which will meet the same limit, or have met it."""
        if board is None:
            return None
        attempts = (board.tickets[key].attempt for key in board.open)
        return sum(attempt_account(self._home, attempt) == account for attempt in attempts)

    def _tell_released(self, one: Account | None, by: str | None = None) -> None:
        if one is not None:
            self._home.logs.event("released", None, account=one.account, limit=one.limit or None, by=by)


class Standing(NamedTuple):
    """What is known of accounts, for somebody who only looks."""

    accounts: dict[str, Account]
    broken: files.Broken


def standing(home: Home, tickets: Iterable[Ticket], now: float) -> Standing:
    """As the files and the tickets tell."""
    found, broken = files.read_accounts(home.places)
    return Standing({**derived(home, tickets, now), **found}, broken)


def derived(home: Home, tickets: Iterable[Ticket], now: float) -> dict[str, Account]:
    """Accounts that tickets wait for, by what those say."""
    found: dict[str, Account] = {}
    for ticket in tickets:
        agent, until = accounts.agent_in(ticket.wait_reason), epoch_or(ticket.wake_at, 0)
        if agent is None or until <= now:
            continue
        name = home.accounts.get(agent, agent)
        if name not in found or until > (found[name].frees_at or 0):
            limit = (ticket.wait_reason or "").partition(" (")[2].removesuffix(")")
            reason = ticket.wait_reason or ""
            found[name] = Account(account=name, agent=agent, until=ticket.wake_at, limit=limit, reason=reason)
    return found


def attempt_account(home: Home, attempt: Attempt | None) -> str | None:
    """None: no agent is concerned."""
    if attempt is None or attempt.agent is None:
        return None
    return attempt.account or home.accounts.get(attempt.agent, attempt.agent)


def _met(attempt: Attempt, outcome: Outcome, at: float) -> Met:
    return Met(attempt.agent or "", epoch_or(attempt.started_at, at), at, outcome)
