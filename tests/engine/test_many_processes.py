"""Many processes on the same tickets: no update is lost, no file is ever half a file, no ticket is walked twice."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from orchestrator.adapters.files import locked
from orchestrator.adapters.state import journal
from orchestrator.core.model import Key
from tests.engine.sites import CHAOS, FORKS, Make, Site, make, overlaps
from tests.engine.steerer import steer
from tests.waiting import wait_for

__all__ = ["make"]

STEERERS = 8
pytestmark = pytest.mark.thorough(every=1, more=True)

TIMES = max(25, CHAOS)
STEERED = ("PauseRequested", "ResumeRequested", "RetryRequested", "SkipRequested")


def test_eight_processes_steer_the_same_tickets_while_a_daemon_walks_them(make: Make) -> None:
    names = ["T1", "T2", "T3"]
    site = make(tickets={name: [] for name in names})
    daemon = site.daemon()
    told = [site.root / f"told-{seed}.json" for seed in range(STEERERS)]
    with reading(site) as broken:
        steerers = [
            FORKS.Process(target=steer, args=(site.root, names, seed, TIMES, path)) for seed, path in enumerate(told)
        ]
        for one in steerers:
            one.start()
        for one in steerers:
            one.join(60)
        assert [one.exitcode for one in steerers] == [0] * STEERERS
        daemon.signal(15)
        daemon.wait()
    assert broken == []
    changed = sum((Counter(json.loads(path.read_text())) for path in told), Counter())
    assert changed.total() > 0
    assert steered(site) == +changed
    site.assert_sound()


def steered(site: Site) -> Counter[str]:
    """What the journals say of commands."""
    return Counter(
        f"{key.ticket} {entry.event['event']}"
        for key in site.every()
        for entry in journal.entries(site.store.places.journal(key))
        if entry.event and entry.event["event"] in STEERED
    )


@contextmanager
def reading(site: Site) -> Iterator[list[str]]:
    """Somebody who reads every file as fast as he can; what he could not read."""
    broken: list[str] = []
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.002):
            for path in [*site.root.glob("state/plans/*/tickets/*.json"), *site.root.glob("state/plans/*/plan.json")]:
                try:
                    json.loads(path.read_bytes())
                except ValueError as error:
                    broken.append(f"{path}: {error}")

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield broken
    finally:
        over.set()
        thread.join()


# -- who walks --------------------------------------------------------------------------------------------------------


def tickets(count: int) -> dict[str, list[str]]:
    return {f"T{i}": [] for i in range(1, count + 1)}


def all_complete(site: Site) -> bool:
    return all(site.ticket(key).status == "complete" for key in site.every())


def test_loops_beside_each_other_never_walk_a_ticket_twice(make: Make) -> None:
    site = make(tickets=tickets(8), max_concurrency=4)
    loops = [site.daemon() for _ in range(3)]
    wait_for(lambda: all_complete(site), what="complete tickets")
    for loop in loops:
        loop.kill()
    assert sorted(run[:2] for run in site.ran()) == sorted(
        (f"T{i}", phase) for i in range(1, 9) for phase in ("one", "two", "three")
    )
    site.assert_sound()


def test_ticks_beside_each_other_never_walk_a_ticket_twice(make: Make) -> None:
    site = make(tickets=tickets(4))
    while not all_complete(site):
        ticks = [site.runner("tick") for _ in range(4)]
        assert [tick.wait() for tick in ticks] == [0] * 4
    assert len(site.ran()) == 12
    site.assert_sound()


def test_of_many_daemons_one_runs(make: Make) -> None:
    site = make()
    site.hold("one")
    daemons = [site.runner("daemon", "--lock") for _ in range(8)]
    refused = 9
    wait_for(lambda: sum(daemon.running() for daemon in daemons) == 1, what="one daemon")
    assert sorted(daemon.wait() for daemon in daemons if not daemon.running()) == [refused] * 7
    wait_for(site.ran)
    (survivor,) = (daemon for daemon in daemons if daemon.running())
    survivor.kill()
    next_one = site.runner("daemon", "--lock")
    site.free("one")
    wait_for(lambda: all_complete(site), what="complete tickets")
    assert next_one.running()
    assert len(site.ran()) == 3
    site.assert_sound()


def test_a_daemon_leaves_alone_what_a_run_walks_and_takes_over_when_that_dies(make: Make) -> None:
    site = make(tickets=tickets(2))
    site.hold("two")
    run = site.runner("run", "--key", "p1/T1")
    wait_for(lambda: ("T1", "two") in [run[:2] for run in site.ran()])
    daemon = site.daemon()
    wait_for(lambda: ("T2", "two") in [run[:2] for run in site.ran()])
    assert site.events("adopted") == []
    run.kill()
    wait_for(lambda: site.events("adopted"), what="the adoption")
    site.free("two")
    wait_for(lambda: all_complete(site), what="complete tickets")
    daemon.kill()
    assert len(site.ran()) == 6
    site.assert_sound()


def test_a_run_walks_its_ticket_alone_beside_a_daemon(make: Make) -> None:
    site = make(tickets=tickets(2))
    site.hold("one")
    site.daemon()
    wait_for(lambda: len(site.ran()) == 2)
    assert site.runner("run", "--key", "p1/T1").wait() == 8  # the daemon walks it
    site.free("one")
    wait_for(lambda: all_complete(site), what="complete tickets")
    site.assert_sound()


def test_no_slot_stays_free_and_none_is_used_twice(make: Make) -> None:
    for slots in (2, 4):
        site = make(PHASE, tickets(12), max_concurrency=slots)
        site.hold("one")
        daemon = site.daemon()
        wait_for(lambda: len(site.ran()) == slots, what="all slots in use")  # noqa: B023 - called at once
        (site.root / "pace").write_text("0.05")
        site.free("one")
        wait_for(lambda: all_complete(site), what="complete tickets")  # noqa: B023
        daemon.kill()
        assert overlaps(site.lines("ran")) == slots
        assert most_open(site) == slots
        site.assert_sound()


PHASE = """
name: w
phases:
  - {id: one, type: script, command: work.sh, onSuccess: done}
  - {id: done, type: terminal}
"""


def most_open(site: Site) -> int:
    """How many attempts were open at once, as the log tells it."""
    now = most = 0
    for line in site.events():
        now += (line["event"] == "started") - (line["event"] == "ended")
        most = max(most, now)
    return most


def test_somebody_who_is_suspended_in_the_middle_of_a_save_holds_up_his_ticket_only(make: Make) -> None:
    """As by Ctrl-Z: the runner goes on with the others, and a command says what it waits for."""
    site = make(tickets=tickets(2))
    with locked(site.store.places.store_lock(site.key)):
        site.daemon()
        wait_for(lambda: site.ticket(Key("p1", "T2")).status == "complete", 40, "the other ticket")
        assert "Ctrl-Z" in str(wait_for(lambda: site.events("cannot_save"))[0]["reason"])
        assert site.ticket().status == "queued"
    wait_for(lambda: all_complete(site), what="complete tickets")
    site.assert_sound()
