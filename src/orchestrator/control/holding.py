"""The accounts that are held, for somebody who looks at all tickets. Mostly there is nothing to be asked.

The law: where no account is held, and no ticket says that it waits for one, nothing is loaded for that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from orchestrator.adapters.places import Places
from orchestrator.core.board import Board
from orchestrator.core.outcome import USAGE_LIMIT
from orchestrator.core.show.held import HeldOf, nobody

if TYPE_CHECKING:
    from orchestrator.core.accounts import Account
    from orchestrator.engine.home import Home

MANY = 300
"""So many waiting tickets are asked which account they wait for."""


def holds(board: Board, places: Places, home_of: Callable[[], Home]) -> tuple[tuple[Account, ...], HeldOf]:
    """Those that are held, and which of them a ticket waits for."""
    waiting = [board.tickets[key] for key in islice(board.ready.waiting(), MANY)]
    says_so = any((ticket.wait_reason or "").startswith(USAGE_LIMIT) for ticket in waiting)
    if not says_so and not _has_files(places):
        return (), nobody
    from orchestrator.core.show.holds import held_now, held_of
    from orchestrator.engine.limits.governor import standing

    home, now = home_of(), time.time()
    accounts = standing(home, waiting, now).accounts
    return tuple(held_now(accounts, now)), held_of(accounts, home.rules, now)


def _has_files(places: Places) -> bool:
    try:
        return bool(os.listdir(places.accounts))
    except OSError:
        return False
