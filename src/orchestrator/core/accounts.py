"""Accounts: what one has met, until when it is held, and when that is over. Pure.

The law: a limit holds the account and costs no ticket anything. There is one hold at a time, however many attempts meet
it: what an attempt meets that began before the hold was placed neither lengthens a guess nor counts as another one. A
reset that somebody told counts; a guess doubles each time until something of the account has succeeded.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from orchestrator.core.decisions import HoldAccount
from orchestrator.core.outcome import USAGE_LIMIT, Outcome, OutcomeKind
from orchestrator.core.times import epoch_or, iso

GUESS = "guess"
"""Nobody told until when."""
GUESS_SECONDS, LONGEST_GUESS = 30.0, 1800.0
"""How long an account is held whose reset nobody tells: at first, and at most."""
JUST_RESET_SECONDS = 3.0
"""So long at least an account is held that was at its limit."""
CLOCKS_DIFFER_SECONDS = 60.0
FAR_SECONDS = 8 * 86_400.0
"""A reset that is farther away is not believed: the longest limits are weekly."""
LOGINS = 3
"""So often in a row an account must be refused until it is held."""
LOGIN_SECONDS, LONGEST_LOGIN = 300.0, 3600.0
NEEDS_LOGIN = "needs login"
MINUTE, SECOND = 60.0, 1.0
JITTER_SHARE, LONGEST_JITTER = 0.05, 30.0
"""How much later than its reset an account may be tried again, so that not everybody comes at the same moment."""


class Account(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What is known of one, as its file says it. Nothing is known of most."""

    account: str
    agent: str | None = None
    """Whose attempt has met the limit."""
    since: str | None = None
    """When it was held the last time."""
    until: str | None = None
    """None: it is not held."""
    jitter: float = 0
    """Seconds after `until` at which it is tried again."""
    reason: str = ""
    limit: str = ""
    """Which one, for a person: `five-hour limit`."""
    told: str = ""
    """How `until` is known: structured, file, text or guess."""
    guesses: int = 0
    """Guessed holds since something of it has succeeded."""
    logins: int = 0
    """How often it was refused for want of a login since something of it has succeeded."""

    @property
    def frees_at(self) -> float | None:
        """When it is tried again; None: it is not held."""
        return None if self.until is None else epoch_or(self.until, 0) + self.jitter

    @property
    def must_prove(self) -> bool:
        """Whether one attempt at a time shall show that it works again."""
        return self.logins >= LOGINS

    @property
    def is_plain(self) -> bool:
        """There is nothing to be known."""
        return self.until is None and not self.guesses and not self.logins

    def is_held(self, now: float) -> bool:
        return (self.frees_at or 0) > now


class Met(msgspec.Struct, frozen=True):
    """What an attempt has met."""

    agent: str
    began: float
    at: float
    """When it ended."""
    outcome: Outcome


def hold_of(known: Account, met: Met) -> HoldAccount | None:
    """The hold that an attempt's end calls for; of an account that is held already the one that goes on."""
    if met.outcome.kind is OutcomeKind.RATE_LIMITED:
        return _limited(known, met)
    if met.outcome.ended == "needs_login":
        return _refused(known, met)
    return None


def _limited(known: Account, met: Met) -> HoldAccount:
    outcome, until, told = met.outcome, _believed(met), met.outcome.told or "structured"
    guesses, slack = known.guesses, 0.0
    if until is None and known.is_held(met.at):
        until, told = epoch_or(known.until, met.at), known.told
    elif until is None:
        counts = met.began >= epoch_or(known.since, 0)
        guesses = max(guesses + counts, 1)
        until, told = met.at + min(GUESS_SECONDS * 2 ** min(guesses - 1, 32), LONGEST_GUESS), GUESS
    else:
        until, slack = _named(until, told, met.at)
        if known.is_held(met.at) and known.told != GUESS:
            until = max(until, epoch_or(known.until, 0))
    reason = outcome.reason or f"{USAGE_LIMIT}{met.agent}"
    return HoldAccount(
        known.account, met.agent, until, reason, outcome.limit, told=told, guesses=guesses, logins=known.logins,
        slack=slack,
    )  # fmt: skip


def _named(until: float, told: str, at: float) -> tuple[float, float]:
    """The moment as it was named, for a person, and how much later it may be meant. Of words, which name a minute, we
    get its end."""
    is_minute = told == "text" and until % MINUTE == 0 and until - MINUTE > at
    return (until - MINUTE, MINUTE) if is_minute else (until, SECOND)


def _believed(met: Met) -> float | None:
    """The reset that was told. None: nobody told one, or it was over long before the attempt began: asking again at
    once would go in circles. One that came about when the attempt ran is over."""
    until = met.outcome.until or 0
    if until < met.began - CLOCKS_DIFFER_SECONDS:
        return None
    return min(max(until, met.at + JUST_RESET_SECONDS), met.at + FAR_SECONDS)


def _refused(known: Account, met: Met) -> HoldAccount | None:
    logins = _logins(known, met)
    if logins < LOGINS or known.is_held(met.at):
        return None
    until = met.at + min(LOGIN_SECONDS * 2 ** min(logins - LOGINS, 32), LONGEST_LOGIN)
    reason = f"{NEEDS_LOGIN}: {met.outcome.reason}".removesuffix(": ")
    return HoldAccount(
        known.account, met.agent, until, reason, NEEDS_LOGIN, told=GUESS, guesses=known.guesses, logins=logins
    )


def _logins(known: Account, met: Met) -> int:
    """In a row, this one included. Those that began before the hold was placed say nothing new."""
    is_news = known.logins < LOGINS or met.began >= epoch_or(known.since, 0)
    return known.logins + is_news


def held(known: Account, hold: HoldAccount, at: float, share: float) -> tuple[Account, bool]:
    """The account as a hold leaves it, and whether it is a new one. `share` of the longest jitter, from 0 to 1."""
    counted = replace(known, guesses=hold.guesses, logins=hold.logins)
    if known.is_held(at):
        now_until = epoch_or(known.until, 0)
        surer = known.told == GUESS and not hold.guessed
        if hold.guessed or not (surer or hold.until > now_until):
            return counted, False
        return replace(
            counted, until=iso(hold.until), told=hold.told, reason=hold.reason, limit=hold.limit,
            jitter=max(known.jitter, hold.slack),
        ), False  # fmt: skip
    jitter = hold.slack + min(JITTER_SHARE * (hold.until - at), LONGEST_JITTER) * share
    new = replace(
        counted, agent=hold.agent, since=iso(at), until=iso(hold.until), jitter=round(max(jitter, 0), 3),
        reason=hold.reason, limit=hold.limit, told=hold.told,
    )  # fmt: skip
    return new, True


def as_hold(one: Account) -> HoldAccount:
    """The hold that it is under."""
    agent = one.agent or one.account
    return HoldAccount(one.account, agent, epoch_or(one.until, 0), one.reason, one.limit, one.told)


def passed(known: Account, met: Met) -> Account:
    """The account after an attempt that calls for no hold."""
    if met.outcome.ended == "success":
        return replace(known, guesses=0, logins=0)
    if met.outcome.ended == "needs_login":
        return replace(known, logins=_logins(known, met))
    return known


def released(known: Account, by_person: bool) -> Account:
    """No longer held. A person who lets it go on begins anew; what is refused once more for want of a login is held at
    once."""
    free = replace(known, until=None, jitter=0, reason="", limit="", told="")
    return replace(free, guesses=0, logins=min(free.logins, LOGINS - 1)) if by_person else free


def wait_reason(agent: str, limit: str) -> str:
    """What a ticket's file says of the limit that it has met."""
    return f"{USAGE_LIMIT}{agent}{f' ({limit})' if limit else ''}"


def agent_in(reason: str | None) -> str | None:
    """The agent that `wait_reason` names; None: it is another reason."""
    if not reason or not reason.startswith(USAGE_LIMIT):
        return None
    return reason.removeprefix(USAGE_LIMIT).partition(" (")[0]
