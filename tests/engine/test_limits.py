"""Twenty tickets on one account that hits its limit while six run, and the same with a runner that dies meanwhile."""

from __future__ import annotations

import signal
import time

import pytest

from orchestrator.core.times import epoch
from tests.engine.limits import account, calls, home, is_complete, limit
from tests.engine.sites import Make, Site, make
from tests.waiting import wait_for

__all__ = ["make"]

TICKETS = [f"T{n:02}" for n in range(20)]
SLOTS = 6


def six_meet_it(site: Site, seconds: float) -> float:
    """They run, then the account is at its limit; returns the reset."""
    wait_for(lambda: len(calls(site)) == SLOTS, what="six that run")
    reset = limit(site, seconds)
    (site.root / "gate").unlink()
    wait_for(lambda: account(site), what="a hold")
    return reset


def assert_went_well(site: Site, reset: float) -> None:
    wait_for(lambda: is_complete(site), deadline=40, what="all tickets")
    limited, starts = calls(site, "limited"), calls(site)
    assert 0 < len(limited) <= SLOTS
    assert len(starts) == len(TICKETS) + len(limited), "who met it was started twice, everybody else once"
    assert [call for call in starts if limited[-1].at < call.at < reset] == [], "nothing started while it was held"
    assert len(calls(site, "worked")) == len(TICKETS)
    assert {call.session for call in starts if call.how == "resumed"} == {call.session for call in limited}
    for key in site.every():
        ticket = site.ticket(key)
        assert not any(ticket.retries.values()) and ticket.visits == {"work": 1}
        assert [(e.phase, e.status) for e in ticket.phase_history] == [("work", "success"), ("done", "success")]
    held = site.events("held")
    assert [(e["account"], e["limit"], e["told"]) for e in held] == [("claude", "five-hour limit", "structured")]
    assert epoch(held[0]["until"]) == reset
    assert [e["account"] for e in site.events("released")] == ["claude"]
    assert account(site) is None
    site.assert_sound()


def begun(make: Make) -> Site:
    site = home(make, {"claude": {}}, TICKETS, defaultAgent="claude", maxConcurrency=SLOTS)
    (site.root / "gate").touch()
    return site


def test_twenty_tickets_on_one_account_that_hits_its_limit_while_six_run(make: Make) -> None:
    site = begun(make)
    site.daemon()
    reset = six_meet_it(site, 3)
    assert_went_well(site, reset)


@pytest.mark.thorough
def test_the_same_when_the_daemon_is_killed_in_the_middle_of_the_hold_and_the_next_one_restarted(make: Make) -> None:
    site = begun(make)
    daemon = site.daemon()
    reset = six_meet_it(site, 5)
    wait_for(lambda: len(site.events("ended")) == SLOTS, what="the ends of the six")
    daemon.kill()
    second = site.daemon()
    second.signal(signal.SIGTERM)
    assert second.wait() == signal.SIGTERM
    assert time.time() < reset and len(calls(site)) == SLOTS, "all that was in the middle of the hold"
    site.daemon()
    assert_went_well(site, reset)
