"""`accounts`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.opened import opened_home
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import Cell, clean, say
from orchestrator.cli.times import moment
from orchestrator.core.accounts import LOGINS
from orchestrator.core.times import epoch_or

if TYPE_CHECKING:
    from orchestrator.control.accounts import AccountView

TOLD = {
    "structured": "told by the agent",
    "file": "from a file of the agent",
    "text": "from the agent's words",
    "guess": "a guess: tried again then",
}


@command("accounts")
@click.option("--release", "released", metavar="ACCOUNT", help="Let it go on now, whatever was said of its limit.")
@json_option
def accounts(released: str | None, as_json: bool) -> int:
    """Show which accounts are held, and release one.

    An agent that meets a usage limit holds its account: nothing of it starts until the limit is reset, and then its
    sessions go on. By default there is one account for each kind of agent; `account` in the configuration says it
    otherwise.

    \b
    --json: [{"account", "agents", "held", "since", "until", "limit", "reason", "told", "guesses", "logins", "tickets"}]
    """
    from orchestrator.control import accounts as control

    home = opened_home()
    was_held = control.release(home, released) if released is not None else None
    found = control.accounts(home)
    if as_json:
        output.show_json(found)
    elif released is not None:
        say(f"Released account {clean(released)}" if was_held else f"Account {clean(released)} is not held")
    else:
        say(*_lines(found))
    return 0


def _lines(found: list[AccountView]) -> Iterator[str]:
    now = time.time()
    rows: list[tuple[Cell, ...]] = [("ACCOUNT", "AGENTS", "STATE")]
    for one in found:
        state: Cell = (f"held {_held(one, now)}", "yellow") if one.held else (_free(one), "green")
        rows.append((clean(one.account), clean(", ".join(one.agents) or "-"), state))
    yield from output.table(rows, indent="")


def _free(one: AccountView) -> str:
    if not one.logins:
        return "free"
    often = "once" if one.logins == 1 else f"{one.logins} times"
    rest = ": one attempt at a time shows whether it works again" if one.logins >= LOGINS else ""
    return f"free; refused {often} for want of a login{rest}"


def _held(one: AccountView, now: float) -> str:
    waits = f"; {one.tickets} ticket{'s wait' if one.tickets != 1 else ' waits'}" if one.tickets else ""
    how = f", {TOLD[one.told]}" if one.told in TOLD else ""
    why = f": {clean(one.reason)}" if one.reason else ""
    return f"until {moment(epoch_or(one.until, now), now)} ({clean(one.limit)}){how}{waits}{why}"
