"""`daemon`, `run`, `tick`: one readable line per event while they walk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from orchestrator.cli.opened import key_of, opened_home, options
from orchestrator.cli.options import command
from orchestrator.cli.output import clean, complain, say
from orchestrator.cli.times import held_text

if TYPE_CHECKING:
    from orchestrator.core.show.held import Held

INTERRUPTED = 130


@command("run")
@click.argument("plan", metavar="PLAN")
@click.argument("ticket", metavar="TICKET")
def run(plan: str, ticket: str) -> int:
    """Walk one ticket to its end.

    Polls included, until it is complete, failed, needs_attention or paused. On a terminal a live region shows how it
    stands; else there is a line per event. Beside a daemon the ticket is made ready and followed. A blocked or paused
    ticket or plan is refused. Ctrl-C stops the attempt (beside a daemon: stops following); the ticket stays ready.

    Exit codes: 0 complete; 1 failed, needs_attention, paused or refused; 130 interrupted.
    """
    from orchestrator import wiring
    from orchestrator.cli.live.stage import stage
    from orchestrator.control import walking
    from orchestrator.control.live.looker import Focus

    key = key_of(plan, ticket)
    with stage(names_plans=False) as show:
        home = opened_home(show.tell)
        onlook = show.looker(home, Focus(ticket=key))
        tells = walking.Show(show.say, show.tell, onlook, lambda held: show.say(f"ticket {ticket} is {waits(held)}"))
        ran = walking.run(home, key, wiring.loader(options(), home), tells)
    if ran.signal is not None:
        phase = f" in phase {ran.ticket.current_phase}" if ran.ticket.current_phase else ""
        complain(f"interrupted; ticket {ticket} stays {ran.ticket.status}{phase}")
        return INTERRUPTED
    status, error = ran.ticket.status, ran.ticket.error
    if status == "complete":
        say(f"ticket {ticket} is complete")
        return 0
    if ran.plan.status == "paused":
        complain(f"orchestrator: plan {plan} is paused; ticket {ticket} stays {status}")
        return 1
    if error is None and status == "ready":
        error = f"a budget is used up; `orchestrator status --plan {plan}` says which, and where to raise it"
    complain(f"orchestrator: ticket {ticket} is {status}{f': {clean(error)}' if error else ''}")
    return 1


def waits(held: Held) -> str:
    return clean(held_text(held, time.time()))


@command("tick")
def tick() -> int:
    """Dispatch once, and walk until all ends or waits.

    Every ticket that can start now is dispatched, within maxConcurrency, and walks until it ends or waits for a time, a
    check or a blocker. Beside a daemon it says so and does nothing.
    """
    from orchestrator import wiring
    from orchestrator.cli.lines import Events
    from orchestrator.control import walking

    events = Events(names_plans=True)
    home = opened_home(events.tell)
    walked = walking.tick(home, wiring.loader(options(), home))
    if walked.runner is not None:
        say(f"{walked.runner}; nothing to do")
        return 0
    return INTERRUPTED if walked.signal is not None else 0


@command("daemon")
@click.option("-c", "--concurrency", type=click.IntRange(min=1), metavar="N", help="At most N attempts at a time.")
@click.option("-a", "--agent", metavar="NAME", help="Default agent, where neither phase, ticket nor plan names one.")
def daemon(concurrency: int | None, agent: str | None) -> int:
    """Walk all tickets until stopped.

    On a terminal a live region shows who is in flight, what waits and why, and a summary; else there is a line per
    event. Reacts to changed plans, tickets, workflows and config at once. Ctrl-C or TERM: attempts are stopped, their
    tickets stay ready in the same phase without spending a retry; a second one kills. Attempts outlive a crash; the
    next runner adopts them. Only one daemon walks a home: a second one says who runs, and exits 0.
    """
    from orchestrator import wiring
    from orchestrator.cli.live.stage import stage
    from orchestrator.control import walking
    from orchestrator.control.live.looker import Focus

    with stage(names_plans=True, is_open=False) as show:
        home = opened_home(show.tell, warns=True, concurrency=concurrency, agent=agent)

        def ready() -> None:
            show.say("daemon started")
            show.open()

        load = wiring.loader(options(concurrency=concurrency, agent=agent), home)
        walked = walking.daemon(home, load, ready, show.looker(home, Focus()))
    say(walked.runner if walked.runner is not None else "daemon stopped")
    return 0
