"""Stopping: at any moment, by a pause, a signal, or two. Never lost, no retry spent, and nothing is left."""

from __future__ import annotations

import random
import signal
import time

import pytest

from orchestrator.core.model import Key
from orchestrator.errors import IllegalTransitionError
from tests.engine.sites import CHAOS, POLLING, THREE_PHASES, Make, Runner, Site, make, one_phase
from tests.waiting import let_pass, wait_for

__all__ = ["make"]

PHASES = ["one", "two", "three"]
pytestmark = pytest.mark.thorough(every=1, more=True)

MOMENTS = max(40, CHAOS)
AT_ONCE = 4


def test_a_pause_at_a_random_moment_keeps_the_phase_or_counts_what_had_ended(make: Make) -> None:
    site = make(tickets={f"T{i}": [] for i in range(AT_ONCE)}, max_concurrency=AT_ONCE)
    (site.root / "pace").write_text("0.02")
    site.daemon()
    keys = [Key("p1", f"T{i}") for i in range(AT_ONCE)]
    for first in range(0, MOMENTS, AT_ONCE):
        let_pass(random.random() * 0.4)  # a moment, not a wait
        asked = [key for key in keys if was_paused(site, key)]
        for key in asked:
            assert_paused(site, key)
        keys = [go_on(site, key, f"T{first + AT_ONCE + i}") for i, key in enumerate(keys)]
    assert_all_complete(site)


def was_paused(site: Site, key: Key) -> bool:
    try:
        site.pause(key)
    except IllegalTransitionError:
        return False
    return True


def assert_paused(site: Site, key: Key) -> None:
    wait_for(lambda: site.ticket(key).attempt is None, what=f"the end of the attempt of {key}")
    ticket, left = site.ticket(key), site.left()
    ended = len(site.history(key)) == len(PHASES) + 1  # the last phase had ended when the pause came
    assert ticket.status == ("complete" if ended else "paused")
    mine = [pid for pid in left if f"/{key.ticket}/".encode() in environ(pid)]
    assert not mine, f"{key} is paused, but {mine} run"
    done = [phase for phase, _ in site.history(key)]
    assert done == [*PHASES, "done"][: len(done)]
    assert {status for _, status in site.history(key)} <= {"success"}
    assert ended or (ticket.current_phase or "one") == PHASES[len(done)]
    assert not any(ticket.retries.values())
    assert ticket.visit is None or ticket.visit.losses == 0


def environ(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:  # noqa: PTH123
            return stream.read()
    except OSError:
        return b""


def go_on(site: Site, key: Key, fresh: str) -> Key:
    """Resume it, and take a new ticket when it is complete."""
    if site.ticket(key).status != "complete":
        site.resume(key)
        return key
    names = [Key("p1", fresh), *site.every()]
    site.plan({name.ticket: [] for name in dict.fromkeys(names)})
    return names[0]


def assert_all_complete(site: Site) -> None:
    for key in site.every():
        wait_for(lambda: site.ticket(key).status == "complete", what=f"{key}")  # noqa: B023 - called at once
        assert site.history(key) == [*((phase, "success") for phase in PHASES), ("done", "success")]
    assert "lost" not in {line["outcome"] for line in site.events("ended")}
    site.assert_sound()


def stopped_by(site: Site, daemon: Runner, *signals: signal.Signals) -> None:
    began = time.monotonic()
    for sig in signals:
        daemon.signal(sig)
    daemon.wait()
    assert time.monotonic() - began < 6
    assert not site.left()


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("phase", ["ask", "after"])
def test_a_shutdown_leaves_tickets_ready_in_the_same_phase(make: Make, sig: signal.Signals, phase: str) -> None:
    site = make(POLLING, poll_interval=60)
    site.hold(phase)
    daemon = site.daemon()
    wait_for(lambda: any(run.phase == phase for run in site.ran()))
    stopped_by(site, daemon, sig)
    ticket = site.ticket()
    assert (ticket.status, ticket.attempt, ticket.current_phase) == ("ready", None, phase)
    assert not any(ticket.retries.values())
    site.free(phase)
    site.settle(lambda: site.ticket().status == "complete")
    site.assert_sound()


def test_a_shutdown_stops_a_capture(make: Make) -> None:
    site = make(one_phase(), poll_interval=60)
    site.hold("capture")
    daemon = site.daemon()
    wait_for(lambda: site.lines("captures"))
    stopped_by(site, daemon, signal.SIGTERM)
    assert (site.ticket().status, site.ticket().current_phase) == ("ready", "work")
    assert site.history() == []
    site.assert_sound()


@pytest.mark.parametrize("how", ["pause", "shutdown"])
def test_what_had_ended_counts_if_its_captures_need_but_a_moment(make: Make, how: str) -> None:
    capture = "touch @/capturing; while [ -e @/hold-capture ]; do sleep 0.01; done"
    site = make(THREE_PHASES.replace("echo said", capture), grace=10)
    site.hold("capture")
    site.hold("two")
    daemon = site.daemon()
    wait_for((site.root / "capturing").exists)
    if how == "pause":
        site.pause()
    else:
        daemon.signal(signal.SIGTERM)
    site.free("capture")
    wait_for(lambda: site.ticket().attempt is None, what="the end of the attempt")
    assert site.history() == [("one", "success")]
    assert (site.ticket().status, site.ticket().current_phase) == ("paused" if how == "pause" else "ready", "two")
    assert [run.phase for run in site.ran()].count("one") == 1


DEAF = "#!/bin/sh\ntrap '' INT TERM\necho \"T1 x 1 start\" >>'@/ran'\nwhile :; do sleep 0.05; done\n"


@pytest.mark.parametrize("where", ["program", "check", "capture"])
def test_a_second_signal_does_not_wait_for_what_is_deaf(make: Make, where: str) -> None:
    """At once, even if both signals come together; and what was killed so was stopped, not lost."""
    site = make(POLLING if where == "check" else one_phase(), grace=20, poll_interval=60)
    if where == "capture":
        deaf = "trap '' INT TERM; echo T1 x 1 start >>@/ran; while :; do sleep 0.05; done"
        text = THREE_PHASES.replace("echo said", deaf.replace("@", str(site.root)))
        (site.root / "workflows/w.yaml").write_text(text)
        site.program("scripts/work.sh", "#!/bin/sh\n")
    else:
        site.program("scripts/work.sh", DEAF)
    daemon = site.daemon()
    wait_for(lambda: site.lines("ran"))
    stopped_by(site, daemon, signal.SIGINT, signal.SIGTERM)  # two of a kind at once are one
    ticket = site.ticket()
    assert (ticket.status, ticket.attempt) == ("ready", None)
    assert ticket.visit is not None and ticket.visit.losses == 0
    assert not any(ticket.retries.values())


@pytest.mark.parametrize("trouble", ["unreadable", "deleted"])
def test_a_shutdown_waits_for_no_file(make: Make, trouble: str) -> None:
    site = make(poll_interval=60)
    site.hold("two")
    daemon = site.daemon()
    wait_for(lambda: len(site.ran()) == 2)
    before = site.file().read_bytes()
    if trouble == "unreadable":
        site.file().write_bytes(before[:100])
        wait_for(lambda: site.events("held"), what="the file being held")
    else:
        site.file().unlink()
    stopped_by(site, daemon, signal.SIGINT)
    if trouble == "unreadable":
        site.file().write_bytes(before)
        site.free("two")
        site.settle(lambda: site.ticket().status == "complete")
        assert [line["outcome"] for line in site.events("ended")].count("lost") == 0
        site.assert_sound()


DIFFICULT = """#!/bin/sh
trap '' INT TERM
echo "$ORCHESTRATOR_TICKET x 1 start" >>'@/ran'
( trap '' INT TERM; ( trap '' INT TERM; while :; do sleep 0.05; done ) & while :; do sleep 0.05; done ) &
setsid sh -c 'trap "" INT TERM HUP; while :; do sleep 0.05; done' &
while :; do sleep 0.05; done
"""


@pytest.mark.parametrize("how", ["pause", "shutdown", "plan paused", "deleted"])
def test_nothing_survives_of_a_program_that_is_deaf_forks_and_leaves_its_session(make: Make, how: str) -> None:
    site = make(one_phase("agent"), grace=0.2, poll_interval=60)
    site.program("scripts/work.sh", DIFFICULT)
    daemon = site.daemon()
    wait_for(lambda: len(site.left()) >= 5, what="the whole family")
    began = time.monotonic()
    if how == "pause":
        site.pause()
    elif how == "shutdown":
        daemon.signal(signal.SIGTERM)
    elif how == "plan paused":
        site.plan({"T1": []}, status="paused")
    else:
        site.file().unlink()
    wait_for(lambda: not site.left(), what="the end of the whole family")
    assert time.monotonic() - began < 5
    if how == "deleted":
        return
    wait_for(lambda: site.ticket().attempt is None)
    assert site.ticket().status == ("paused" if how == "pause" else "ready")
    wait_for(lambda: [line["outcome"] for line in site.events("ended")] == ["stopped"])
