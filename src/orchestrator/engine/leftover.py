"""What is done for a ticket outside the loop: a person's command, and stopping what is left of an attempt.

The law: what ended before it was to be stopped is concluded as a runner would have done it; nothing is started. While
a runner is alive, it finds in the file what a command has decided, and does the rest.
"""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.adapters.files import Lock, is_locked, try_lock
from orchestrator.adapters.state.store import Applied, Decide
from orchestrator.core.decisions import Notify
from orchestrator.core.events import AttemptEnded, Event, Grant
from orchestrator.core.model import Attempt, Key, Ticket
from orchestrator.core.outcome import Outcome
from orchestrator.engine import locks
from orchestrator.engine.home import Home
from orchestrator.engine.limits.governor import Governor
from orchestrator.engine.telling import notices
from orchestrator.engine.telling.reports import report
from orchestrator.engine.turns import belongings


def command(home: Home, key: Key, decide: Decide) -> Applied:
    """`Store.apply`, logged and notified."""
    named: list[Event] = []

    def deciding(ticket: Ticket) -> Event | None:
        event = decide(ticket)
        named.extend([event] if event is not None else [])
        return event

    applied = home.store.apply(key, deciding)
    for text in applied.reports:
        home.logs.event("stale_write", key, "warning", reason=text)
    if applied.changed and named:
        workflow = home.rules(applied.ticket).workflow
        report(home.logs, workflow, applied.before, applied.ticket, named[-1], applied.decisions)
        if isinstance(named[-1], AttemptEnded):
            Governor(home).ended(applied.before, named[-1], applied.decisions)
        for decision in applied.decisions:
            if isinstance(decision, Notify):
                notices.ticket_ended(home, applied.ticket, decision)
                _deliver(home)
        belongings.let_go(home, applied.before, applied.ticket)
    return applied


def _deliver(home: Home) -> None:
    if home.settings.notify:
        from orchestrator.engine.leaving import deliver  # not at the top: few commands have anything to tell

        deliver(home)


def stop_leftover(home: Home, key: Key) -> bool:
    """End the open attempt of a ticket whose stop is recorded, unless a runner is there to do it. True: ended here."""
    if locks.running(home.places) is not None:
        return False
    lock = try_lock(home.places.walk_lock(key))
    if lock is None:
        return False
    with lock:
        attempt = home.store.read_ticket(key).record.attempt
        if attempt is None or attempt.stop is None:
            return False
        settle_open(home, key, lock, attempt)
        return True


def settle_open(home: Home, key: Key, lock: Lock, attempt: Attempt) -> None:
    """`lock`: the ticket's walk lock."""
    import asyncio  # not at the top: a command that stops nothing shall not pay for it

    from orchestrator.engine.walk import Walk

    async def settle() -> None:
        walk = Walk(_Outside(home), key, lock, owned=False)
        walk.ask_stop(attempt.stop or "pause")
        await walk.attempts(attempt, adopt=True)

    asyncio.run(settle())


class _Outside:
    """The host of a walk that only ends something."""

    closing = False

    def __init__(self, home: Home) -> None:
        self.home, self.governor = home, Governor(home)
        self.apply: Callable[[Key, Decide], Applied] = lambda key, decide: command(home, key, decide)

    def grant(self, ticket: Ticket, outcome: Outcome) -> Grant | None:
        return None

    def held_up(self, ticket: Ticket, outcome: Outcome) -> str:
        return ""

    def slot(self, ticket: Ticket) -> int | None:
        return ticket.slot


def is_walked(home: Home, key: Key) -> bool:
    """Whether a runner looks after this ticket."""
    return locks.running(home.places) is not None or is_locked(home.places.walk_lock(key))
