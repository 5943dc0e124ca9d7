"""A disk that is full is waited for: nothing is given up, nothing begins that is not saved, nothing runs twice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.attempts import process
from orchestrator.engine.attempt import captures
from orchestrator.errors import StoreError
from tests.engine.sites import Make, Runner, Site, make, one_phase
from tests.waiting import let_pass, wait_for

pytestmark = pytest.mark.thorough(every=2)

__all__ = ["make"]

ROUNDS = 1.2
"""Seconds in which a runner that does something wrong would have done it."""


@pytest.fixture(params=["script", "agent"])
def site(request: pytest.FixtureRequest, make: Make) -> Site:
    return make(one_phase(request.param))


def fill(site: Site) -> Path:
    flag = site.root / "full"
    flag.touch()
    return flag


def daemon(site: Site) -> Runner:
    return site.daemon("--full", str(site.root / "full"))


def completes(site: Site) -> None:
    wait_for(lambda: site.ticket().status == "complete", what="a complete ticket")
    assert site.history() == [("work", "success"), ("done", "success")]
    assert [run.n for run in site.ran()] == [1]
    assert site.lines("captures") == ["counted"]
    site.assert_sound()


@pytest.mark.thorough(every=2)
def test_what_cannot_be_saved_does_not_begin(site: Site) -> None:
    flag = fill(site)
    daemon(site)
    let_pass(ROUNDS)
    assert site.ran() == []
    assert site.ticket().attempt is None
    flag.unlink()
    completes(site)


@pytest.mark.thorough(every=2)
def test_an_attempt_that_cannot_be_written_down_begins_when_there_is_room(site: Site) -> None:
    site.crash("orchestrator.engine.walk:start before 1")
    flag = fill(site)
    daemon(site)
    let_pass(ROUNDS)
    assert site.ran() == []
    flag.unlink()
    completes(site)


@pytest.mark.parametrize("phase", ["work", "capture"])
@pytest.mark.thorough(every=2)
def test_what_cannot_be_concluded_or_saved_waits_and_is_not_done_again(site: Site, phase: str) -> None:
    site.hold(phase)
    daemon(site)
    wait_for(lambda: site.ran() if phase == "work" else site.lines("captures"))
    flag = fill(site)
    site.free(phase)
    wait_for(lambda: not site.left(), what="the end of the program")
    let_pass(ROUNDS)
    assert site.ticket().attempt is not None
    flag.unlink()
    completes(site)


def test_a_shutdown_does_not_wait_for_room(site: Site) -> None:
    site.hold("work")
    runner = daemon(site)
    wait_for(site.ran)
    flag = fill(site)
    began = time.monotonic()
    runner.signal(15)
    runner.wait()
    assert time.monotonic() - began < 6
    assert not site.left()
    flag.unlink()
    assert site.ticket().attempt is not None  # the next runner finds how it ended


def test_a_machine_without_processes_to_spare_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    popen, refused = process.subprocess.Popen, []

    def refuse_twice(*args: Any, **kwargs: Any) -> Any:
        if len(refused) < 2:
            refused.append(args)
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return popen(*args, **kwargs)

    monkeypatch.setattr(process.subprocess, "Popen", refuse_twice)
    site.tick()
    assert len(refused) == 2
    completes(site)


def test_a_capture_that_cannot_begin_now_does_not_fail_its_phase(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    start, refused = captures.start, []

    def refuse_once(*args: Any) -> Any:
        if not refused:
            refused.append(args)
            raise StoreError("no room")
        return start(*args)

    monkeypatch.setattr(captures, "start", refuse_once)
    site.tick()
    completes(site)
