"""kill -9 of the runner, or of everything, in any phase: what runs is adopted or swept, and nothing is forgotten."""

from __future__ import annotations

import os
import signal
import time

import msgspec
import pytest

from orchestrator.core.events import SkipRequested
from orchestrator.core.times import iso
from orchestrator.engine.daemon import walk
from orchestrator.engine.home import Home
from orchestrator.engine.loop import Mode
from tests.engine.sites import POLLING, Make, Run, Site, make, one_phase
from tests.processes import living
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

__all__ = ["make"]

PHASES = ["one", "two", "three"]
HISTORY = [("one", "success"), ("two", "success"), ("three", "success"), ("done", "success")]


def in_phase(site: Site, phase: str) -> None:
    """A daemon that was killed -9 while the program of this phase ran."""
    site.hold(phase)
    daemon = site.daemon()
    wait_for(lambda: any(run.phase == phase for run in site.ran()), what=f"a run of {phase}")
    daemon.kill()


def completes_under_a_daemon(site: Site) -> None:
    daemon = site.daemon()
    wait_for(lambda: site.ticket().status == "complete", what="a complete ticket")
    daemon.kill()
    assert site.history() == HISTORY
    assert not any(site.ticket().retries.values())
    site.assert_sound()


@pytest.mark.parametrize("phase", PHASES)
def test_a_program_that_runs_on_is_adopted_and_its_result_is_used(make: Make, phase: str) -> None:
    site = make()
    in_phase(site, phase)
    second = site.daemon()
    wait_for(lambda: site.events("adopted"), what="an adoption")
    second.kill()
    site.free(phase)
    completes_under_a_daemon(site)
    assert site.ran() == [Run("T1", name, n, ended=True) for n, name in enumerate(PHASES, 1)]


@pytest.mark.parametrize("phase", PHASES)
def test_killed_with_its_program_and_launcher_the_phase_begins_again(make: Make, phase: str) -> None:
    site = make()
    in_phase(site, phase)
    site.kill_all()
    site.free(phase)
    completes_under_a_daemon(site)
    assert [run.phase for run in site.ran()] == sorted([*PHASES, phase], key=PHASES.index)
    assert [line["phase"] for line in site.events("ended") if line["outcome"] == "lost"] == [phase]


def test_a_check_that_was_cut_off_is_swept_and_repeated(make: Make) -> None:
    site = make(POLLING)
    in_phase(site, "ask")
    check = site.pid()
    site.free("ask")
    (site.root / "code-ask").write_text("1")
    daemon = site.daemon()
    wait_for(lambda: len(site.ran()) > 2, what="more checks")
    assert not living(check)
    (site.root / "code-ask").write_text("0")
    wait_for(lambda: site.ticket().status == "complete", what="a complete ticket")
    daemon.kill()
    assert site.history() == [("ask", "success"), ("after", "success"), ("done", "success")]
    assert not [line for line in site.lines("ran") if line.endswith("overlap")]


@pytest.mark.parametrize("steered", ["paused", "skipped", "deleted"])
@pytest.mark.parametrize("phase", ["ask", "after"])
def test_what_nobody_asks_for_any_more_is_ended_by_the_next_runner(make: Make, steered: str, phase: str) -> None:
    site = make(POLLING)
    in_phase(site, phase)
    launcher = site.pid("001-" if phase == "ask" else "002-")
    if steered == "paused":
        site.pause()
    elif steered == "skipped":
        site.apply(SkipRequested(at=0, phase="done"))
    else:
        site.file().unlink()
    assert living(launcher)
    site.settle(lambda: not living(launcher), "the end of the leftover")
    wait_for(lambda: not site.left())
    if steered == "paused":
        assert (site.ticket().status, site.ticket().current_phase) == ("paused", phase)
    elif steered == "skipped":
        assert site.ticket().status == "complete"
    assert site.ran()[-1].phase == phase


LEAVES = """#!/bin/sh
[ "$ORCHESTRATOR_PHASE" = one ] || exit 0
setsid sh -c 'touch @/left; exec sleep 60' >/dev/null 2>&1 &
until [ -e @/left ]; do sleep 0.01; done
"""


def test_what_a_script_left_running_on_purpose_is_left_alone(make: Make) -> None:
    site = make()
    site.program("scripts/work.sh", LEAVES)
    site.hold("two")
    site.settle(lambda: site.ticket().status == "complete")
    site.tick()
    assert len(site.left()) == 1


def test_the_time_that_nobody_watched_counts(make: Make) -> None:
    site = make(one_phase("agent", "timeoutSeconds: 0.5"))
    in_phase(site, "work")
    site.settle(lambda: site.ticket().status == "needs_attention")
    assert [line["outcome"] for line in site.events("ended")] == ["timeout"]
    site.assert_sound()


def test_a_recorded_end_beats_the_time_out(make: Make) -> None:
    site = make(one_phase("agent", "timeoutSeconds: 0.5"))
    in_phase(site, "work")
    site.free("work")
    wait_for(lambda: not site.left())
    site.edit(attempt={**site.raw()["attempt"]})
    site.settle(lambda: site.ticket().status == "complete")
    site.assert_sound()


def test_runners_that_die_at_once_do_not_end_what_they_started(make: Make) -> None:
    site = make(tickets={name: [] for name in ("T1", "T2", "T3")})
    site.hold("one")
    for _ in range(3):
        daemon = site.daemon()
        wait_for(lambda: len(site.ran()) == 3, what="three runs")
        daemon.kill()
    assert len(site.ran()) == 3
    site.free("one")
    site.settle(lambda: all(site.ticket(key).status == "complete" for key in site.every()))
    assert len(site.ran()) == 9
    site.assert_sound()


def test_a_signal_to_the_terminal_s_group_does_not_reach_programs(make: Make) -> None:
    site = make()
    in_phase(site, "two")
    launcher = site.pid("002-")
    assert os.getsid(launcher) == launcher != os.getsid(0)
    daemon = site.daemon()
    wait_for(lambda: site.events("adopted"))
    daemon.signal(signal.SIGHUP)
    site.free("two")
    wait_for(lambda: site.ticket().status == "complete")
    assert daemon.running()


def test_an_account_at_its_limit_is_not_tried_again_by_the_next_runner(make: Make) -> None:
    site = make(one_phase("agent"), {"T1": [], "T2": []})
    later = iso(time.time() + 3600)
    site.edit(status="ready", currentPhase="work", wakeAt=later, waitReason="usage limit of worker")
    site.tick()
    assert site.ran() == []
    site.edit(wakeAt=iso(time.time() - 1))
    site.settle(lambda: all(site.ticket(key).status == "complete" for key in site.every()))


def test_what_another_home_runs_is_left_alone_even_if_it_writes_its_logs_here(make: Make) -> None:
    site, other = make(), make(tickets={"T2": []})
    site.hold("one")
    daemon = site.daemon()
    wait_for(site.ran)
    walk(Home(msgspec.structs.replace(other.config, log_dir=site.config.log_dir)), Mode.TICK, lambda: other.config)
    assert site.left()
    site.free("one")
    wait_for(lambda: site.ticket().status == "complete")
    daemon.kill()
    assert len(site.ran()) == 3
