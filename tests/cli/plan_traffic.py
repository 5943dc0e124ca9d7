"""Makes plans and removes them at once: `<config> <name> <how many>`. Every second one is active, so that it may be
under way when it is removed; the first of those is."""

from __future__ import annotations

import sys
from pathlib import Path

from orchestrator.control.planning import archiving, drafting
from orchestrator.core.planning.draft import Draft, DraftTicket
from orchestrator.wiring import Options, load, open_home
from tests.waiting import wait_for

TICKETS = tuple(DraftTicket(title=f"Ticket {n}", acceptance_criteria=("it answers 200",)) for n in range(4))


def main(config: str, name: str, count: int) -> None:
    loaded = load(Options(config)).config
    home = open_home(loaded)
    for n in range(count):
        repo = f"{loaded.home}/repo"
        draft = Draft(id=f"{name}-{n}", repo=repo, workflow="whole", paused=n % 2 == 0, tickets=TICKETS)
        made = drafting.create(home, draft)
        if n == 1:
            wait_for((Path(loaded.home) / "looks").exists, what="a ticket under way")
        archiving.remove(home, made.plan_id, force=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
