"""What an attempt's processes do is seen, whoever of them does it; waiting is not taken for work."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from orchestrator.adapters.attempts import activity, sweep
from orchestrator.adapters.attempts.activity import BUSY_BYTES, BUSY_CORES, Done, worked
from orchestrator.adapters.attempts.process import Running
from tests.processes import Place, place, sh
from tests.waiting import let_pass, wait_for

__all__ = ["place"]

SPIN = "while :; do :; done"
RESTART = "while :; do :; done & p=$!; sleep 0.2; kill $p; wait $p; exec sleep 60"
DETACHED = f"import os,subprocess; os.setsid(); subprocess.Popen(['sh','-c','{SPIN}'],start_new_session=True)"
WRITE = "import time\nf=open('big','wb')\nwhile 1: f.write(b'x'*200000); f.seek(0); time.sleep(.05)"


@pytest.fixture(params=["proc", "ps"])
def any_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "ps":
        monkeypatch.setattr(sweep, "HAS_PROC", False)


Begin = Callable[..., Running]


@pytest.fixture
def begin(place: Place) -> Iterator[Begin]:
    """Starts what nobody waits for."""
    begun: list[Running] = []

    def start(*argv: str, at: Place = place) -> Running:
        begun.append(at.start(*argv))
        return begun[-1]

    yield start
    for running in begun:
        running.signal(signal.SIGKILL)
        running.close()


def changes(running: Running) -> Callable[[], bool]:
    """Whether there was work since the first look."""
    before, began = activity.work_of(running.pid, running.id), time.monotonic()
    return lambda: worked(before, activity.work_of(running.pid, running.id), time.monotonic() - began)


@pytest.mark.parametrize(
    "argv",
    [
        sh(SPIN),
        sh(f"({SPIN}) & wait"),
        sh(f"echo > '$0'; setsid sh -c '{SPIN}' & exec sleep 60"),
        (sys.executable, "-c", DETACHED + "\nimport time; time.sleep(60)"),
        sh("while :; do sh -c 'i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done'; done"),
        (sys.executable, "-c", WRITE),
    ],
    ids=["itself", "child", "own session", "detached", "one child after the other", "bytes"],
)
def test_work_is_seen_whoever_of_them_does_it(begin: Begin, argv: tuple[str, ...]) -> None:
    wait_for(changes(begin(*argv)), what="work")


def test_work_is_seen_by_ps_where_there_is_no_proc(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "HAS_PROC", False)
    wait_for(changes(begin(*sh("sleep 0.5; while :; do :; done & sleep 60"))), what="work")


@pytest.mark.usefixtures("any_system")
@pytest.mark.parametrize("program", ["sleep 60", "sleep 61 & sleep 60"])
def test_waiting_is_no_work(begin: Begin, program: str) -> None:
    running = begin(*sh(program))
    wait_for(lambda: len(activity.work_of(running.pid, running.id)) >= 2)
    let_pass(0.1)
    changed = changes(running)
    let_pass(0.3)
    assert not changed()


def test_what_wakes_up_often_and_does_nothing_waits(place: Place, begin: Begin) -> None:
    poll = "import time\nopen('begun','w')\nwhile True: time.sleep(0.02)"
    running = begin(sys.executable, "-c", poll)
    wait_for((place.cwd / "begun").exists)
    changed = changes(running)
    let_pass(0.5)
    assert not changed()


def test_the_processes_of_others_are_not_taken_for_its_own(place: Place, begin: Begin) -> None:
    other = Place(place.cwd.parent / "other")
    begin(*sh(SPIN), at=other)
    running = begin("sleep", "60")
    wait_for(lambda: len(activity.work_of(running.pid, running.id)) >= 2)
    let_pass(0.1)
    changed = changes(running)
    let_pass(0.3)
    assert not changed()


def of(cpu: float, moved: int = 0) -> dict[tuple[int, float], Done]:
    return {(7, 1.0): Done(cpu, moved)}


@pytest.mark.parametrize(
    ("done", "seconds", "is_work"),
    [
        (of(10 + BUSY_CORES * 60), 60, True),
        (of(10 + BUSY_CORES * 60 - 0.01), 60, False),
        (of(10.04), 0.1, False),
        (of(10.06), 0.1, True),
        (of(10, BUSY_BYTES * 60), 60, True),
        (of(10, BUSY_BYTES * 60 - 1), 60, False),
        (of(10, 1000), 0.001, False),
    ],
)
def test_work_is_more_than_a_share_of_the_time_and_than_what_cannot_be_measured(
    done: activity.Work, seconds: float, is_work: bool
) -> None:
    assert worked(of(10), done, seconds) is is_work


def test_a_new_process_counts_whole_also_with_the_number_of_an_old_one() -> None:
    assert worked({(7, 1.0): Done(100)}, {(7, 2.0): Done(3)}, 10)
    assert not worked({(7, 1.0): Done(100)}, {}, 10)


@pytest.mark.parametrize(("text", "seconds"), [("0:01.25", 1.25), ("01:02:03", 3723), ("2-00:00:01", 172_801)])
def test_the_times_of_ps_are_read(text: str, seconds: float) -> None:
    assert activity._seconds(text) == seconds
