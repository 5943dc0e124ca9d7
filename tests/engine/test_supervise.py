"""Whatever an attempt does and whoever dies: it ends in time, nothing of it survives, and how it ended is known."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from orchestrator.adapters.attempts import process, sweep
from orchestrator.adapters.attempts.process import Alive, Exited, Gone, NeverBegan, Running
from orchestrator.engine.attempt import supervise as supervising
from orchestrator.engine.attempt.supervise import Ending, Limits, settle, stop_leftover, supervise, sweep_gone
from tests.processes import PROGRAMS, Place, living, place, sh
from tests.waiting import wait_for

pytestmark = pytest.mark.thorough(every=2)

__all__ = ["place"]
T = TypeVar("T")
GRACE = 0.05
NO_LIMITS = Limits()


def watch(
    running: Running,
    limits: Limits = NO_LIMITS,
    *,
    grace: float = GRACE,
    started_at: float | None = None,
    is_agent: bool = False,
    stop_when: Callable[[], object] | None = None,
) -> Ending:
    """Supervises to the end; asks for a stop as soon as `stop_when` is true."""

    async def main() -> Ending:
        stop: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        began = time.time() if started_at is None else started_at
        ending = asyncio.ensure_future(
            supervise(running, limits=limits, started_at=began, grace=grace, stop=stop, sweep_always=is_agent)
        )
        if stop_when is not None:
            await until(stop_when)
            stop.set_result("pause")
        return await asyncio.wait_for(ending, 30)

    return asyncio.run(main())


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.002)


def run(awaited: Awaitable[T]) -> T:
    async def main() -> T:
        return await awaited

    return asyncio.run(main())


def adopted(place: Place) -> Running:
    found = run(settle(place.directory, place.id))
    assert isinstance(found, Alive), found
    return found.running


@pytest.fixture(params=["pidfd", "polling"])
def any_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "polling":
        monkeypatch.setattr(sweep, "HAS_PIDFD", False)


# --- it ends by itself


@pytest.mark.usefixtures("any_system")
@pytest.mark.parametrize("code", [0, 1, 3, 200])
def test_the_exit_code_is_reported(place: Place, code: int) -> None:
    assert watch(place.start(*sh(f"exit {code}"))) == Ending(code)


@pytest.mark.usefixtures("any_system")
def test_an_adopted_attempt_is_watched_like_a_fresh_one(place: Place) -> None:
    with place.runner(*sh("until [ -e go ]; do sleep 0.01; done; exit 6")):
        pass
    running = adopted(place)
    (place.cwd / "go").touch()
    assert watch(running) == Ending(6)


@pytest.mark.parametrize("deaf", ["", "deaf"])
def test_what_a_script_leaves_in_its_group_is_ended(place: Place, deaf: str) -> None:
    ending = watch(place.start(str(PROGRAMS / "leaves_child.sh"), deaf))
    assert (ending.exit_code, ending.stopped) == (0, None)
    assert ending.survivors >= 1
    assert not living(place.pid_in("child.pid"))


def test_an_agents_tool_in_a_session_of_its_own_is_ended_and_a_scripts_is_left(place: Place) -> None:
    script = watch(place.start(str(PROGRAMS / "own_session.sh"), "leave"))
    assert script == Ending(0)
    assert living(place.pid_in("tool.pid"))
    assert run(sweep_gone(place.id, GRACE)) >= 1
    agent = Place(place.cwd.parent / "agent")
    ending = watch(agent.start(str(PROGRAMS / "own_session.sh"), "leave"), is_agent=True)
    assert (ending.exit_code, ending.stopped) == (0, None)
    assert not living(agent.pid_in("tool.pid"))
    assert agent.left() == []


# --- it is stopped


@pytest.mark.usefixtures("any_system")
@pytest.mark.parametrize("program", ["deaf.sh", "family.sh", "own_session.sh"])
@pytest.mark.parametrize("adopt", [False, True])
def test_nothing_survives_a_stop(place: Place, program: str, adopt: bool) -> None:
    sign = {"deaf.sh": "deaf.pid", "family.sh": "child.pid", "own_session.sh": "waiting"}[program]
    argv = str(PROGRAMS / program)
    if adopt:
        with place.runner(argv):
            pass
    running = adopted(place) if adopt else place.start(argv)
    ending = watch(running, stop_when=lambda: place.read(sign))
    assert ending.stopped == "pause"
    assert ending.stuck == ()
    assert place.left() == []
    stop = process.read_stop(place.directory)
    assert stop is not None
    assert stop.reason == "pause"


def test_a_program_that_listens_is_asked_politely_and_may_finish(place: Place) -> None:
    running = place.start(*sh("trap 'echo bye; exit 4' INT; echo >ready; while :; do sleep 0.01; done"))
    ending = watch(running, grace=20, stop_when=(place.cwd / "ready").exists)
    assert (ending.exit_code, ending.stopped) == (4, "pause")
    assert place.read("stdout.log") == "bye\n"


def test_the_stop_is_on_disk_before_the_first_signal(place: Place) -> None:
    seen = "trap 'cat \"$ORCHESTRATOR_ATTEMPT_DIR/stop.json\"; exit 1' INT"
    running = place.start(*sh(f"{seen}; echo >ready; while :; do sleep 0.01; done"))
    watch(running, grace=20, stop_when=(place.cwd / "ready").exists)
    assert '"reason":"pause"' in place.read("stdout.log")


def test_an_end_that_is_already_recorded_beats_a_stop(place: Place) -> None:
    running = place.start(*sh("exit 3"))
    place.ended()
    assert watch(running, stop_when=lambda: True) == Ending(3)
    assert process.read_stop(place.directory) is None


def test_an_end_that_comes_while_the_stop_is_recorded_counts(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    write = process.write_stop

    def slowly(directory: Path, reason: str, at: float) -> None:
        write(directory, reason, at)
        (place.cwd / "go").touch()
        place.ended()

    monkeypatch.setattr(process, "write_stop", slowly)
    running = place.start(*sh("until [ -e go ]; do sleep 0.01; done; exit 3"))
    assert watch(running, stop_when=lambda: True) == Ending(3)
    assert process.read_stop(place.directory) is None


def test_a_disk_that_is_full_does_not_keep_it_running(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(process, "write_stop", full)
    assert watch(place.start("sleep", "60"), stop_when=lambda: True).stopped == "pause"
    assert place.left() == []


def test_a_stop_that_nobody_finished_is_gone_on_with_at_once(place: Place) -> None:
    with place.runner(str(PROGRAMS / "deaf.sh")):
        place.pid_in("deaf.pid")
    process.write_stop(place.directory, "skip", time.time())
    ending = watch(adopted(place))
    assert ending.stopped == "skip"
    assert place.left() == []


def test_two_hundred_stops_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)

    async def one(number: int) -> tuple[Ending, Place]:
        place = Place(tmp_path / str(number))
        stop: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        running = place.start(*sh(f"sleep {chance.choice(('0', '0.01', '0.02', '60'))}; exit 5"))
        asyncio.get_running_loop().call_later(chance.random() * 0.03, stop.set_result, "pause")
        ending = await supervise(
            running, limits=NO_LIMITS, started_at=time.time(), grace=GRACE, stop=stop, sweep_always=False
        )
        await stop
        return ending, place

    async def some(numbers: range) -> list[tuple[Ending, Place]]:
        return [await one(number) for number in numbers]

    async def main() -> list[tuple[Ending, Place]]:
        lanes = await asyncio.gather(*(some(range(lane, 200, 4)) for lane in range(4)))
        return [result for lane in lanes for result in lane]

    results = asyncio.run(main())
    assert len(results) == 200
    for ending, stopped in results:
        recorded = process.read_stop(stopped.directory)
        assert (ending.stopped is None) == (recorded is None)
        assert ending.stopped == "pause" or ending.exit_code == 5
        assert ending.stuck == ()
        assert not process.Running(stopped.directory, stopped.id).alive()
        assert stopped.left() == []
    assert "pause" in {ending.stopped for ending, _ in results}


# --- limits


@pytest.mark.usefixtures("any_system")
@pytest.mark.parametrize("program", ["deaf.sh", "own_session.sh"])
def test_a_timed_out_attempt_is_gone_in_time(place: Place, program: str) -> None:
    began = time.monotonic()
    ending = watch(place.start(str(PROGRAMS / program)), Limits(timeout=0.3), grace=0.1)
    assert ending.stopped == "timeout"
    assert time.monotonic() - began < 0.3 + 3 + 0.1
    assert place.left() == []


def test_the_time_of_an_adopted_attempt_counts_from_its_start(place: Place) -> None:
    with place.runner("sleep", "60"):
        pass
    ending = watch(adopted(place), Limits(timeout=3600), started_at=time.time() - 3601)
    assert ending.stopped == "timeout"


def test_watching_an_attempt_that_writes_nothing_costs_nothing(place: Place) -> None:
    running = place.start("sleep", "1")
    before = time.process_time()
    watch(running, Limits(timeout=60, idle_timeout=60))
    assert time.process_time() - before < 0.25


def test_memory_does_not_grow_with_output(place: Place) -> None:
    script = "import sys\nfor _ in range(200): sys.stdout.write('x' * 1_000_000)"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ending = watch(place.start(sys.executable, "-c", script), Limits(timeout=60, idle_timeout=30))
    assert ending == Ending(0)
    assert (place.directory / "stdout.log").stat().st_size == 200_000_000
    assert [len(line) for line in process.lines(place.directory / "stdout.log", 1000)] == [1000]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
    (place.directory / "stdout.log").unlink()


# --- somebody dies


def test_a_runner_that_leaves_does_not_touch_the_attempt(place: Place) -> None:
    async def main() -> None:
        stop: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        running = place.start(*sh("until [ -e go ]; do sleep 0.01; done; exit 5"))
        watching = asyncio.ensure_future(
            supervise(running, limits=NO_LIMITS, started_at=time.time(), grace=GRACE, stop=stop, sweep_always=True)
        )
        await until(lambda: place.read("pid"))
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        assert not stop.cancelled()
        running.close()

    asyncio.run(main())
    running = adopted(place)
    assert process.read_stop(place.directory) is None
    (place.cwd / "go").touch()
    assert watch(running) == Ending(5)


@pytest.mark.parametrize("adopt", [False, True])
def test_an_attempt_whose_launcher_is_killed_is_swept_and_lost(place: Place, adopt: bool) -> None:
    if adopt:
        with place.runner(str(PROGRAMS / "own_session.sh")):
            pass
    running = adopted(place) if adopt else place.start(str(PROGRAMS / "own_session.sh"))
    wait_for(lambda: place.read("waiting"))

    async def main() -> Ending:
        stop: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        watching = asyncio.ensure_future(
            supervise(running, limits=NO_LIMITS, started_at=time.time(), grace=GRACE, stop=stop, sweep_always=False)
        )
        await asyncio.sleep(0)
        os.kill(place.pid_in("pid"), signal.SIGKILL)
        return await asyncio.wait_for(watching, 30)

    ending = asyncio.run(main())
    assert (ending.exit_code, ending.stopped) == (None, None)
    assert ending.survivors >= 2
    assert place.left() == []


def test_runner_and_launcher_killed_the_rest_is_swept_and_it_is_lost(place: Place) -> None:
    with place.runner(str(PROGRAMS / "own_session.sh")):
        wait_for(lambda: place.read("waiting"))
    os.kill(place.pid_in("pid"), signal.SIGKILL)
    found = wait_for(lambda: found if isinstance(found := place.find(), Gone) else None)
    assert isinstance(found, Gone)
    assert run(sweep_gone(place.id, GRACE)) >= 2
    assert place.left() == []


def test_a_runner_killed_while_stopping_leaves_a_stop_and_no_loss(place: Place) -> None:
    with place.runner(str(PROGRAMS / "deaf.sh")):
        place.pid_in("deaf.pid")
    process.write_stop(place.directory, "pause", time.time())
    os.killpg(place.pid_in("pid"), signal.SIGKILL)
    wait_for(lambda: isinstance(place.find(), Gone))
    ending = run(stop_leftover(place.directory, place.id, "resume", GRACE))
    assert ending is not None
    assert (ending.exit_code, ending.stopped) == (None, "pause")


def test_killed_between_spawn_and_pid_the_launcher_is_waited_for_and_adopted(place: Place) -> None:
    with place.runner(*sh("exit 5"), slow=True):
        pass

    async def main() -> process.Found:
        looking = asyncio.ensure_future(settle(place.directory, place.id))
        await asyncio.sleep(0.02)
        assert not looking.done()
        (place.directory / "go").touch()
        return await looking

    found = asyncio.run(main())
    if isinstance(found, Alive):
        assert watch(found.running) == Ending(5)
    else:
        assert found == Exited(5)


def test_a_launcher_that_never_writes_its_pid_can_be_stopped(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "PID_PATIENCE", 0.05)
    with place.runner("sleep", "60", slow=True):
        pass
    ending = run(stop_leftover(place.directory, place.id, "pause", GRACE))
    assert ending is not None
    assert ending.stopped == "pause"
    assert place.left() == []


def test_a_pid_that_now_belongs_to_somebody_else_is_never_signalled(place: Place) -> None:
    watch(place.start("true"))
    (place.directory / "exit").unlink()
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as foreign:
        (place.directory / "pid").write_text(f"{foreign.pid}\n")
        ending = run(stop_leftover(place.directory, place.id, "pause", GRACE))
        assert ending == Ending(None)
        late = Running(place.directory, place.id)
        assert watch(late, stop_when=lambda: True).survivors == 0
        assert living(foreign.pid)
        foreign.kill()


# --- what no runner looks after


def test_leftovers_are_stopped(place: Place) -> None:
    with place.runner(str(PROGRAMS / "family.sh")):
        place.pid_in("child.pid")
    ending = run(stop_leftover(place.directory, place.id, "pause", GRACE))
    assert ending is not None
    assert ending.stopped == "pause"
    assert place.left() == []


def test_a_leftover_that_had_ended_keeps_its_outcome(place: Place) -> None:
    with place.runner(*sh("exit 5")):
        place.ended()
    wait_for(lambda: place.find() == Exited(5))
    assert run(stop_leftover(place.directory, place.id, "pause", GRACE)) == Ending(5)


def test_there_is_no_leftover_of_what_never_began(place: Place) -> None:
    assert run(stop_leftover(place.directory, place.id, "pause", GRACE)) is None
    assert run(settle(place.directory, place.id)) == NeverBegan()
