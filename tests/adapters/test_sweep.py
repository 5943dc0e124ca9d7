"""What a group kill does not reach is found by the id that it carries, and nobody else is touched."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from orchestrator.adapters.attempts import sweep
from tests.processes import PROGRAMS, Place, living, place, sh
from tests.waiting import wait_for

__all__ = ["place"]


def test_a_tool_in_a_session_of_its_own_is_found_and_ended(place: Place) -> None:
    running = place.start(str(PROGRAMS / "own_session.sh"))
    wait_for(lambda: place.read("waiting"))
    tool = place.pid_in("tool.pid")
    running.signal(signal.SIGKILL)
    wait_for(lambda: not running.alive())
    assert living(tool), "it survived the kill of its group"
    assert tool in sweep.carrying(place.id)
    assert tool in sweep.sweep(place.id, signal.SIGKILL)
    wait_for(lambda: not sweep.carrying(place.id))
    assert not living(tool)
    running.close()


def test_only_the_whole_id_counts(place: Place) -> None:
    with subprocess.Popen(["sleep", "60"], env={sweep.ID_VARIABLE: place.id + "0", "OTHER": place.id}) as other:
        assert other.pid not in sweep.carrying(place.id)
        assert other.pid in sweep.carrying(place.id + "0")
        other.kill()


def test_the_one_who_sweeps_is_never_swept() -> None:
    own = os.environ.get("PATH", "")
    assert own
    with subprocess.Popen(["sleep", "60"], env={sweep.ID_VARIABLE: "x"}) as other:
        assert os.getpid() not in sweep.carrying("x")
        other.kill()


def test_the_dead_do_not_count(place: Place) -> None:
    with subprocess.Popen(["true"], env={sweep.ID_VARIABLE: place.id}) as child:
        wait_for(lambda: not living(child.pid))  # dead, and not yet collected
        assert sweep.carrying(place.id) == []
        assert not sweep.carries(child.pid, place.id)


def test_members_of_a_group_whose_leader_is_gone_are_found(place: Place) -> None:
    running = place.start(str(PROGRAMS / "leaves_child.sh"))
    child = place.pid_in("child.pid")
    wait_for(lambda: not running.alive())
    assert running.pid is not None
    assert child in sweep.members(running.pid)
    assert child in sweep.sweep_group(running.pid, signal.SIGKILL)
    wait_for(lambda: not sweep.members(running.pid or 0))
    running.close()


def test_a_group_number_that_was_given_out_anew_has_no_members_of_ours() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as foreign:
        assert sweep.members(foreign.pid) == []
        assert sweep.sweep_group(foreign.pid, signal.SIGKILL) == []
        assert living(foreign.pid)
        foreign.kill()


def test_a_process_that_is_no_longer_the_one_that_was_meant_is_not_signalled() -> None:
    with subprocess.Popen(["sleep", "60"]) as foreign:
        sweep.send([foreign.pid], signal.SIGKILL, lambda pid: False)
        assert living(foreign.pid)
        foreign.kill()


def test_without_proc_the_same_is_found_by_ps(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "HAS_PROC", False)
    monkeypatch.setattr(sweep, "HAS_PIDFD", False)
    running = place.start(*sh("sleep 60"))
    wait_for(lambda: len(sweep.carrying(place.id)) >= 2)
    assert sweep.carrying("nobody") == []
    sweep.sweep(place.id, signal.SIGKILL)
    wait_for(lambda: not running.alive())
    wait_for(lambda: sweep.carrying(place.id) == [])
    running.close()
