"""An attempt has stalled when it is silent *and* its processes do nothing; neither alone is a stall."""

from __future__ import annotations

import os
import time

import pytest

from orchestrator.adapters.attempts import activity
from orchestrator.engine.attempt.supervise import Ending, Limits
from tests.engine.test_supervise import adopted, watch
from tests.processes import Place, place, sh
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

__all__ = ["place"]


def test_an_attempt_that_writes_nothing_has_stalled(place: Place) -> None:
    running = place.start(*sh("echo once; sleep 60"))
    assert watch(running, Limits(timeout=60, idle_timeout=0.2)).stopped == "stalled"


@pytest.mark.parametrize("stream", ["", ">&2"])
def test_an_attempt_that_writes_has_not_stalled(place: Place, stream: str) -> None:
    running = place.start(*sh(f"for i in 1 2 3 4 5 6 7 8; do echo $i {stream}; sleep 0.15; done"))
    assert watch(running, Limits(idle_timeout=1)) == Ending(0)


def test_an_adopted_attempt_that_was_silent_for_long_has_stalled(place: Place) -> None:
    with place.runner("sleep", "60"):
        place.pid_in("pid")
        wait_for((place.directory / "stderr.log").exists)
    long_ago = time.time() - 1000
    for name in ("stdout.log", "stderr.log"):
        os.utime(place.directory / name, (long_ago, long_ago))
    assert watch(adopted(place), Limits(idle_timeout=900), started_at=long_ago).stopped == "stalled"


@pytest.mark.parametrize("adopt", [False, True])
def test_an_attempt_that_is_silent_and_works_has_not_stalled(place: Place, adopt: bool) -> None:
    busy = sh("until [ -e go ]; do :; done; exit 3")
    if adopt:
        with place.runner(*busy):
            place.pid_in("pid")
    running = adopted(place) if adopt else place.start(*busy)
    began = time.monotonic()

    def long_silent() -> bool:
        if time.monotonic() < began + 1.2:
            return False
        (place.cwd / "go").touch()
        return True

    ending = watch(running, Limits(idle_timeout=0.4), stop_when=lambda: long_silent() and place.read("exit"))
    assert ending.exit_code == 3


def test_an_attempt_that_stops_to_work_stalls_then(place: Place) -> None:
    running = place.start(*sh("sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; echo >idle; exec sleep 60"))
    ending = watch(running, Limits(timeout=60, idle_timeout=0.4))
    assert (ending.stopped, (place.cwd / "idle").exists()) == ("stalled", True)


def test_an_agent_that_waits_for_a_sleeping_child_has_stalled_and_the_child_is_ended(place: Place) -> None:
    running = place.start(*sh("setsid sleep 600 & wait"))
    assert watch(running, Limits(timeout=60, idle_timeout=0.4), is_agent=True).stopped == "stalled"
    assert place.left() == []


def test_chatter_is_no_silence_and_the_timeout_bounds_it(place: Place) -> None:
    running = place.start(*sh("while :; do echo .; sleep 0.05; done"))
    assert watch(running, Limits(timeout=1.2, idle_timeout=0.5)).stopped == "timeout"


def test_processes_are_not_looked_at_while_there_is_output(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    monkeypatch.setattr(activity, "work_of", lambda *_: looks.append("look") or {})
    running = place.start(*sh("for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.05; done"))
    assert watch(running, Limits(timeout=60, idle_timeout=8)) == Ending(0)
    assert looks == []
