"""A runner that dies at any moment loses nothing and runs nothing twice: every row of the crash table.

Each test kills a runner (-9) exactly there, and lets another one go on.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from orchestrator.adapters.files import is_locked
from orchestrator.adapters.state import journal
from orchestrator.core.events import RetryRequested
from tests.engine.sites import Make, Run, Runner, Site, make, one_phase
from tests.processes import living
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

__all__ = ["make"]

STORE, FILES, PROCESS = (
    "orchestrator.adapters.state.store",
    "orchestrator.adapters.files",
    "orchestrator.adapters.attempts.process",
)
TICKETS = "orchestrator.adapters.state.ticket_files"
WALK, CAPTURES = "orchestrator.engine.walk", "orchestrator.engine.attempt.captures"
ENDED_WELL = [("work", "success"), ("done", "success")]


@pytest.fixture(params=["script", "agent"])
def site(request: pytest.FixtureRequest, make: Make) -> Site:
    return make(one_phase(request.param))


def completes(site: Site) -> None:
    site.settle(lambda: site.ticket().status == "complete", "a complete ticket")
    assert site.history() == ENDED_WELL
    assert site.ticket().context["said"] == "work of T1"
    assert site.ticket().retries.get("work", 0) == 0
    assert site.raw()["theirs"] == {"kept": "T1"}
    site.assert_sound()


def started_once(site: Site) -> None:
    assert site.ran() == [Run("T1", "work", 1, ended=True)]
    assert site.ticket().attempts == 1


# -- before anything runs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "point",
    [
        f"{TICKETS}:write_atomically before 1",
        "os:fsync before 1",
        "os:fsync after 1",
        f"{STORE}:Store._write before 1 Dispatched(",
    ],
)
def test_what_was_decided_and_not_saved_did_not_happen(site: Site, point: str) -> None:
    site.crash(point)
    assert site.ticket().attempt is None
    assert site.ran() == []
    completes(site)
    started_once(site)


@pytest.mark.parametrize(
    "point",
    [
        f"{TICKETS}:write_atomically after 1",
        "orchestrator.adapters.state.journal:Journal.append before 1 Dispatched(",
        "orchestrator.adapters.state.journal:Journal.append after 1 Dispatched(",
        f"{WALK}:start before 1",
        f"{PROCESS}:_claim after 1",
        f"{PROCESS}:_put after 1",
        f"{PROCESS}:_launch before 1",
    ],
)
@pytest.mark.thorough(every=3)
def test_an_attempt_that_was_saved_and_never_began_is_started_as_the_same_one(site: Site, point: str) -> None:
    site.crash(point)
    opened = site.ticket().attempt
    assert opened is not None
    assert site.ran() == []
    completes(site)
    started_once(site)
    assert opened.id in (site.directory("001-") / "attempt.json").read_text()


def test_a_record_that_was_cut_off_is_no_obstacle(site: Site) -> None:
    site.crash(f"{PROCESS}:_launch before 1")
    record = site.directory("001-") / "attempt.json"
    record.write_bytes(record.read_bytes()[:20])
    completes(site)
    started_once(site)


# -- while it runs ----------------------------------------------------------------------------------------------------


def test_a_launcher_without_a_pid_is_waited_for(site: Site) -> None:
    site.crash(f"{PROCESS}:_launch after 1", "daemon", "--slow")
    assert not list(site.root.glob("logs/p1/T1/001-work/pid"))
    daemon = site.daemon()
    assert site.ran() == []
    (site.root / "go").touch()
    wait_for(lambda: site.ticket().status == "complete", what="a complete ticket")
    daemon.kill()
    completes(site)
    started_once(site)


def test_a_launcher_that_died_before_its_program_never_began(site: Site) -> None:
    site.crash(f"{PROCESS}:_launch after 1", "daemon", "--slow")
    wait_for(site.left)
    site.kill_all()
    completes(site)
    started_once(site)


def test_a_running_program_is_adopted(site: Site) -> None:
    site.hold("work")
    site.crash(f"{PROCESS}:_launch after 1")
    wait_for(site.ran)
    daemon = site.daemon()
    wait_for(lambda: site.events("adopted"), what="the adoption")
    site.free("work")
    wait_for(lambda: site.ticket().status == "complete", what="a complete ticket")
    daemon.kill()
    completes(site)
    started_once(site)


def test_what_a_dead_launcher_left_is_swept_before_the_next_attempt_which_costs_no_retry(site: Site) -> None:
    hold = site.hold("work")
    site.crash(f"{PROCESS}:_launch after 1")
    wait_for(site.ran)
    launcher = site.pid()
    os.kill(launcher, signal.SIGKILL)
    orphans = wait_for(lambda: [pid for pid in site.left() if pid != launcher])
    hold.with_name("pace").write_text("0.2")
    daemon = site.daemon()
    wait_for(lambda: len(site.ran()) == 2)
    assert not [pid for pid in orphans if living(pid)]
    site.free("work")
    wait_for(lambda: [line["outcome"] for line in site.events("ended")] == ["lost", "success"], what="both endings")
    daemon.kill()
    assert [run[2:] for run in site.ran()] == [(1, False), (2, True)]
    completes(site)


@pytest.mark.thorough(every=2)
def test_six_losses_in_a_visit_need_a_person_and_a_retry_begins_anew(site: Site) -> None:
    site.hold("work")
    for n in range(1, 7):
        site.crash(f"{PROCESS}:_launch after 1")
        wait_for(lambda: len(site.ran()) == n)  # noqa: B023 - called at once
        site.kill_all()
        assert site.ticket().status == "running"
    site.tick()
    ticket = site.ticket()
    assert (ticket.status, ticket.attempt, ticket.retries.get("work", 0)) == ("needs_attention", None, 0)
    assert ticket.error is not None and "lost 6 attempts" in ticket.error
    assert site.history() == []
    site.assert_told_once()
    site.free("work")
    site.apply(RetryRequested(at=0))
    completes(site)
    assert [run.n for run in site.ran()] == [1, 2, 3, 4, 5, 6, 7]


# -- after it has ended -----------------------------------------------------------------------------------------------


def test_a_program_that_ended_while_nobody_looked_counts(site: Site) -> None:
    site.hold("work")
    site.crash(f"{PROCESS}:_launch after 1")
    wait_for(site.ran)
    site.free("work")
    wait_for(lambda: not site.left())
    completes(site)
    started_once(site)
    assert site.lines("captures") == ["counted"]


def test_a_capture_that_was_cut_off_is_swept_and_repeated(site: Site) -> None:
    site.hold("capture")
    daemon = site.daemon()
    wait_for(lambda: site.lines("captures"))
    daemon.kill()
    before = wait_for(site.left)
    daemon = site.daemon()
    wait_for(lambda: len(site.lines("captures")) == 2)
    assert not [pid for pid in before if living(pid)]
    site.free("capture")
    wait_for(lambda: site.ticket().status == "complete", what="a complete ticket")
    daemon.kill()
    completes(site)
    started_once(site)
    assert site.ticket().context["counted"] == "2"


@pytest.mark.parametrize(
    ("point", "captures"),
    [
        (f"{CAPTURES}:start before 1", "1"),
        (f"{CAPTURES}:_captured_text after 2", "2"),
        (f"{WALK}:write_outcome before 1", "2"),
        (f"{WALK}:write_outcome after 1", "1"),
        (f"{STORE}:Store._write before 1 AttemptEnded(", "1"),
        (f"{TICKETS}:write_atomically before 2", "1"),
    ],
)
@pytest.mark.thorough(every=3)
def test_captures_are_repeated_until_the_outcome_is_written_and_never_after(
    site: Site, point: str, captures: str
) -> None:
    if "_captured_text" in point and "promptTemplate" in (site.root / "workflows/w.yaml").read_text():
        point = point.replace("after 2", "after 1")  # an agent's answer is not read from its stdout
    site.crash(point)
    assert site.ticket().attempt is not None
    completes(site)
    started_once(site)
    assert site.ticket().context["counted"] == captures


@pytest.mark.parametrize(
    "point",
    [
        f"{TICKETS}:write_atomically after 2",
        "orchestrator.adapters.state.journal:Journal.append before 1 AttemptEnded(",
        "orchestrator.adapters.state.journal:Journal.append after 1 AttemptEnded(",
    ],
)
def test_a_saved_outcome_is_not_applied_again_and_its_line_is_made_up_for(site: Site, point: str) -> None:
    site.crash(point)
    assert site.ticket().status == "complete"
    completes(site)
    started_once(site)
    assert site.lines("captures") == ["counted"]


@pytest.mark.parametrize(
    "point",
    [
        "orchestrator.adapters.state.journal:Journal.append before 1 AttemptEnded(",
        "orchestrator.adapters.state.journal:Journal.append after 1 AttemptEnded(",
        "orchestrator.engine.desk:report before 1 AttemptEnded(",
        f"{STORE}:Store.note after 1 notified",
        None,
    ],
)
@pytest.mark.thorough(every=3)
def test_a_notification_goes_out_once(site: Site, point: str | None) -> None:
    (site.root / "code-work").write_text("1")
    if point is not None:
        site.crash(point)
    site.settle(lambda: site.ticket().status == "needs_attention")
    site.tick()
    assert site.history() == [("work", "failure"), ("bad", "success")]
    site.assert_told_once()
    site.assert_sound()


def test_a_notification_is_made_up_for_even_if_others_have_written_logs_since(site: Site) -> None:
    (site.root / "code-work").write_text("1")
    site.crash("orchestrator.adapters.state.journal:Journal.append before 1 AttemptEnded(")
    long_ago = site.file().stat().st_mtime - 7200
    for path in (site.file(), site.store.places.caught_up):
        os.utime(path, (long_ago, long_ago))
    with (site.root / "logs/orchestrator.log").open("a") as log:
        log.write('{"at": "2026-01-01T00:00:00.000Z", "level": "info", "event": "something"}\n')
    site.tick()
    site.assert_told_once()


def test_a_ticket_that_fails_in_its_very_first_save_is_told_of_too(make: Make) -> None:
    site = make(one_phase("agent", "agent: nobody"))
    site.edit(status="ready")
    site.crash("orchestrator.adapters.state.journal:Journal.append before 1 CannotRun(")
    site.tick()
    assert site.ticket().status == "failed"
    site.assert_told_once()


def test_a_torn_line_of_the_journal_hides_no_other(site: Site) -> None:
    site.crash("orchestrator.adapters.state.journal:Journal.append before 1 AttemptEnded(")
    path = site.store.places.journal(site.key)
    with path.open("ab") as stream:
        stream.write(b'{"at": "2026-')
    completes(site)
    kinds = [entry.kind for entry in journal.entries(path)]
    assert kinds == ["seen", "event", "recovered"]


# -- while it is being stopped ----------------------------------------------------------------------------------------

STUBBORN = """#!/bin/sh
trap '' INT TERM
echo "T1 work $ORCHESTRATOR_ATTEMPT start" >>'@/ran'
while [ -e '@/hold-work' ]; do sleep 0.05; done
"""


def paused_in_work(site: Site) -> None:
    site.settle(lambda: site.ticket().attempt is None, "the end of the attempt")
    ticket = site.ticket()
    assert (ticket.status, ticket.current_phase) == ("paused", "work")
    assert site.history() == []
    assert [line["outcome"] for line in site.events("ended")] == ["stopped"]
    assert ticket.visit is not None and ticket.visit.losses == 0
    site.assert_sound()


def suspend_outside_of_a_save(site: Site, daemon: Runner) -> None:
    """It can do nothing more, and keeps nobody from saving."""
    while True:
        daemon.signal(signal.SIGSTOP)
        wait_for(lambda: "\nState:\tT" in Path(f"/proc/{daemon.pid}/status").read_text())
        if not is_locked(site.store.places.store_lock(site.key)):
            return
        daemon.signal(signal.SIGCONT)


@pytest.mark.parametrize("asked", ["before the runner died", "after the runner died"])
def test_a_pause_reaches_an_attempt_whose_runner_died(site: Site, asked: str) -> None:
    site.hold("work")
    daemon = site.daemon()
    wait_for(site.ran)
    if asked.startswith("before"):
        suspend_outside_of_a_save(site, daemon)
        site.pause()
    daemon.kill()
    if asked.startswith("after"):
        site.pause()
    paused_in_work(site)


@pytest.mark.parametrize(
    "point",
    [f"{PROCESS}:write_stop before 1", f"{PROCESS}:write_stop after 1", f"{PROCESS}:Running.signal after 1"],
)
@pytest.mark.thorough(every=3)
def test_a_stop_that_was_begun_is_gone_on_with(site: Site, point: str) -> None:
    site.program("scripts/work.sh", STUBBORN)
    site.hold("work")
    died = site.runner("daemon", "--crash", point)
    wait_for(site.ran)
    site.pause()
    assert died.wait() == -signal.SIGKILL
    assert site.left()
    paused_in_work(site)


def test_a_program_that_obeyed_while_its_runner_was_dead_was_stopped_and_not_lost(site: Site) -> None:
    site.hold("work")
    died = site.runner("daemon", "--crash", f"{PROCESS}:Running.signal after 1")
    wait_for(site.ran)
    site.pause()
    assert died.wait() == -signal.SIGKILL
    wait_for(lambda: not site.left())
    paused_in_work(site)


def test_a_killed_launcher_that_was_being_stopped_is_stopped_and_not_lost(site: Site) -> None:
    site.program("scripts/work.sh", STUBBORN)
    site.hold("work")
    died = site.runner("daemon", "--crash", f"{PROCESS}:Running.signal after 1")
    wait_for(site.ran)
    site.pause()
    assert died.wait() == -signal.SIGKILL
    site.kill_all()
    paused_in_work(site)


# -- what is not ours -------------------------------------------------------------------------------------------------


def test_a_pid_that_now_belongs_to_somebody_else_is_never_signalled(site: Site) -> None:
    """As after a reboot: the lock is free, the pid file names a living process in a session of its own."""
    hold = site.hold("work")
    site.crash(f"{PROCESS}:_launch after 1")
    wait_for(site.ran)
    site.kill_all()
    stranger = stranger_process(site.root / "signalled")
    try:
        (site.directory("001-") / "pid").write_text(f"{stranger}\n")
        hold.unlink()
        completes(site)
        assert living(stranger)
        assert not (site.root / "signalled").exists()
    finally:
        os.kill(stranger, signal.SIGKILL)
        os.waitpid(stranger, 0)
    assert [run.n for run in site.ran()] == [1, 2]


def stranger_process(told: Path) -> int:
    script = f"trap 'touch {told}' INT TERM HUP; echo ready; while :; do sleep 0.05; done"
    reader, writer = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_CLOSE, reader)]
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", script], os.environ, file_actions=actions, setsid=True)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    return pid
