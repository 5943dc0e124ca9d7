"""`run`, `tick` and `daemon`: who walks, and what a `run` does while somebody else walks the same ticket.

The law: a ticket is walked by whoever holds its lock; everybody else follows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from orchestrator.adapters.files import Lock, try_lock
from orchestrator.adapters.logs import Tell
from orchestrator.adapters.state import persons
from orchestrator.control import accounts
from orchestrator.control.following import LogTail
from orchestrator.control.planning.sources import Watcher
from orchestrator.control.reading import waits_for
from orchestrator.core.board import Board
from orchestrator.core.events import Unblocked
from orchestrator.core.model import ENDED, Key, Plan, PlanStatus, Status, Ticket, should_be
from orchestrator.core.settings import Config
from orchestrator.core.show.held import Held
from orchestrator.core.show.live import Seen
from orchestrator.engine import leftover, locks
from orchestrator.engine.home import Home
from orchestrator.errors import IllegalTransitionError, NotFoundError, UnreadableError

LOOK_SECONDS = 0.1

Load = Callable[[], Config]
Onlook = Callable[[Seen], None]


class Show(NamedTuple):
    """Where a `run` tells what happens."""

    say: Callable[[str], None]
    tell: Tell
    onlook: Onlook | None = None
    """Looks on meanwhile."""
    waits: Callable[[Held], None] = lambda _: None
    """The ticket waits for an account that is held."""


class Ran(NamedTuple):
    ticket: Ticket
    plan: Plan
    signal: int | None = None
    """What interrupted it."""


def run(home: Home, key: Key, load: Load, show: Show) -> Ran:
    """Walk one ticket to its end, or follow whoever does. Raises what refuses it."""
    ticket = _admitted(home, key)
    if ticket.status is Status.COMPLETE:
        return _ran(home, key)
    held = accounts.waits_for(home, ticket)
    if held is not None:
        show.waits(held)
    who = persons.in_session(home.places, key)
    if who is not None:
        show.say(f"{who} is in a session of ticket {key.ticket}; it goes on when that is over")
    runner = locks.running(home.places)
    if runner is not None:
        _make_ready(home, key)
        show.say(f"{runner}; following ticket {key.ticket}")
        return _follow(home, key, load, show)
    lock = try_lock(home.places.walk_lock(key))
    if lock is None:
        if who is None:
            show.say(f"another run walks ticket {key.ticket}; following it")
        return _follow(home, key, load, show)
    return _alone(home, key, load, lock, show.onlook)


def _ran(home: Home, key: Key, signal: int | None = None) -> Ran:
    return Ran(home.store.read_ticket(key).record, home.store.read_plan(key.plan).record, signal)


# -- who may run ------------------------------------------------------------------------------------------------------


def _admitted(home: Home, key: Key) -> Ticket:
    plan, ticket = home.store.read_plan(key.plan).record, leftover.command(home, key, lambda _: None).ticket
    name, steer = f"ticket {key.ticket} of plan {key.plan}", f"{key.plan} {key.ticket}"
    if ticket.status is Status.COMPLETE:
        return ticket
    if not any(entry.ticket_id == key.ticket for entry in plan.tickets):
        raise NotFoundError(f"{name} is not listed in {home.places.plan_file(key.plan)}; add it to its tickets first")
    if plan.status is not PlanStatus.ACTIVE:
        hint = f"resume-plan {key.plan}" if plan.status is PlanStatus.PAUSED else f"retry {steer}` or `skip"
        raise IllegalTransitionError(f"plan {key.plan} is {plan.status}; `orchestrator {hint}` first")
    if ticket.status is Status.PAUSED:
        raise IllegalTransitionError(f"{name} is paused; `orchestrator resume {steer}` first")
    if ticket.status in ENDED:
        why = f": {ticket.error}" if ticket.error else ""
        raise IllegalTransitionError(f"{name} is {ticket.status}{why}; `orchestrator retry {steer}` first")
    if ticket.status is Status.QUEUED and (blockers := waits_for(home.places, key)):
        listed = ", ".join(f"{one.ticket if one.plan == key.plan else one} ({state})" for one, state in blockers)
        raise IllegalTransitionError(f"{name} is blocked: it waits for {listed}")
    return ticket


def _make_ready(home: Home, key: Key) -> None:
    leftover.command(home, key, lambda t: Unblocked(at=time.time()) if t.status is Status.QUEUED else None)


# -- alone, or behind somebody ----------------------------------------------------------------------------------------


def _alone(home: Home, key: Key, load: Load, lock: Lock, onlook: Onlook | None) -> Ran:
    from orchestrator.engine.daemon import walk
    from orchestrator.engine.loop import Mode

    with lock:
        signal = walk(home, Mode.RUN, load, only=(key, lock), onlook=onlook)
    return _ran(home, key, signal)


def _follow(home: Home, key: Key, load: Load, show: Show) -> Ran:
    """Show what happens to the ticket until it ends. When nobody walks any more, walk it."""
    log, board = LogTail(home.places.log_file), Board()
    while True:
        ran = _look(home, key)
        _tell_news(log, key, show)
        _lend(home, board, ran, show)
        if ran is not None and _is_over(ran):
            time.sleep(LOOK_SECONDS)  # its last line is written after its last save
            _tell_news(log, key, show)
            return ran
        if locks.running(home.places) is None and (lock := try_lock(home.places.walk_lock(key))) is not None:
            show.say(f"nobody walks ticket {key.ticket} any more; going on with it here")
            return _alone(home, key, load, lock, show.onlook)
        time.sleep(LOOK_SECONDS)


def _look(home: Home, key: Key) -> Ran | None:
    """None: a file cannot be read now; its ticket is held, not ended."""
    try:
        return _ran(home, key)
    except UnreadableError:
        return None


def _tell_news(log: LogTail, key: Key, show: Show) -> None:
    for line in log.lines():
        is_over_budget = line.get("event") == "budget_reached" and line.get("plan") in (None, key.plan)
        if is_over_budget or (line.get("plan"), line.get("ticket")) == key:
            show.tell(line)


def _lend(home: Home, board: Board, ran: Ran | None, show: Show) -> None:
    if show.onlook is None or ran is None:
        return
    if board.tickets.get(ran.ticket.key) != ran.ticket or board.plans.get(ran.plan.id) != ran.plan:
        board.put_plan(ran.plan)
        board.put_ticket(ran.ticket)
    show.onlook(Seen(board, lambda ticket: home.rules(ticket).workflow, lambda _: False))


def _is_over(ran: Ran) -> bool:
    if ran.ticket.attempt is not None:
        return False
    return ran.plan.status is PlanStatus.PAUSED or should_be(ran.ticket) in (*ENDED, Status.PAUSED)


# -- all tickets ------------------------------------------------------------------------------------------------------


class Walked(NamedTuple):
    runner: str | None = None
    """Who walks instead, in words."""
    signal: int | None = None


def tick(home: Home, load: Load) -> Walked:
    """One round: every dispatched ticket walks until it ends or waits."""
    runner = locks.running(home.places)
    if runner is not None:
        return Walked(runner)
    from orchestrator.engine.daemon import walk
    from orchestrator.engine.loop import Mode

    return Walked(signal=walk(home, Mode.TICK, load))


def daemon(home: Home, load: Load, ready: Callable[[], None], onlook: Onlook | None = None) -> Walked:
    """Until it is stopped. `ready`: it holds its locks and hears signals. `onlook`: looks on meanwhile."""
    from orchestrator.control.planning.sources import Watcher
    from orchestrator.engine.calls import into_this_loop
    from orchestrator.engine.daemon import walk
    from orchestrator.engine.loop import Mode

    taken = locks.take(home.places)
    if isinstance(taken, str):
        return Walked(taken)
    watchers: list[Watcher] = []

    def begun() -> None:
        ready()
        watchers.append(Watcher(home, into_this_loop()).start())

    try:
        return Walked(signal=walk(home, Mode.DAEMON, load, ready=begun, onlook=onlook))
    finally:
        for watcher in watchers:
            watcher.stop()
        taken.release()
