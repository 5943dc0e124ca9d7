"""Who may walk: one daemon per home and per stateDir, and none beside a living daemon of the original."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.files import is_locked
from orchestrator.adapters.places import Places
from orchestrator.core.model import Key
from orchestrator.engine import locks
from orchestrator.engine.locks import DaemonLock, running, take
from tests.adapters.shelf import config_of
from tests.engine.sites import Make, make, one_phase
from tests.waiting import let_pass, wait_for

__all__ = ["make"]

FORKS = multiprocessing.get_context("forkserver")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(config_of(tmp_path))


@pytest.fixture
def foreign() -> Iterator[subprocess.Popen[bytes]]:
    """Somebody else's living process."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def taken(places: Places) -> DaemonLock:
    lock = take(places)
    assert isinstance(lock, DaemonLock), lock
    return lock


def compete(root: str, won: str, go: str) -> None:
    while not Path(go).exists():
        let_pass(0.002)
    lock = take(Places(config_of(Path(root))))
    name = f"{won}/{os.getpid()}"
    Path(name).write_text("won" if isinstance(lock, DaemonLock) else lock)
    while isinstance(lock, DaemonLock) and Path(go).exists():
        let_pass(0.01)


def test_of_eight_that_start_at_once_one_walks_and_the_others_say_who(tmp_path: Path) -> None:
    (tmp_path / "won").mkdir()
    words = (str(tmp_path), str(tmp_path / "won"), str(tmp_path / "go"))
    starters = [FORKS.Process(target=compete, args=words, daemon=True) for _ in range(8)]
    for one in starters:
        one.start()
    (tmp_path / "go").touch()
    wait_for(lambda: len([f for f in (tmp_path / "won").iterdir() if f.read_text()]) == 8)
    said = {path.name: path.read_text() for path in (tmp_path / "won").iterdir()}
    (tmp_path / "go").unlink()
    (winner,) = [pid for pid, text in said.items() if text == "won"]
    assert all(f"(pid {winner};" in text for pid, text in said.items() if pid != winner), said
    for one in starters:
        one.join()


def test_a_daemon_of_the_same_home_or_the_same_state_keeps_another_out(places: Places, tmp_path: Path) -> None:
    assert running(places) is None
    lock = taken(places)
    for home, state in ((places.home, tmp_path / "elsewhere"), (tmp_path / "elsewhere", places.state)):
        other = Places(config_of(tmp_path))
        other.home, other.state, other.locks = home, state, state / ".locks"
        said = take(other)
        assert isinstance(said, str)
        assert str(os.getpid()) in said
        assert running(other) is not None
    lock.release()
    assert running(places) is None
    taken(places).release()


def test_its_pid_stands_in_plain_digits_where_the_original_looks(places: Places) -> None:
    lock = taken(places)
    assert places.daemon_pid.read_text() == str(os.getpid())
    lock.release()
    assert not places.daemon_pid.exists()
    assert not any(is_locked(path) for path in places.daemon_locks)


def test_a_living_daemon_of_the_original_is_respected(places: Places, foreign: subprocess.Popen[bytes]) -> None:
    places.daemon_pid.write_text(f"{foreign.pid}\n")
    said = take(places)
    assert isinstance(said, str)
    assert f"pid {foreign.pid}" in said
    assert str(places.daemon_pid) in said
    assert running(places) == said
    assert not any(is_locked(path) for path in places.daemon_locks), "nothing is kept of a refused start"
    assert places.daemon_pid.read_text() == f"{foreign.pid}\n"


@pytest.mark.parametrize("text", ["", "nonsense", "-1", "0", "99999999999999999999", "dead"])
def test_a_pid_file_that_names_nobody_is_no_sign_of_life(places: Places, text: str) -> None:
    if text == "dead":
        with subprocess.Popen(["true"]) as gone:
            pass
        text = str(gone.pid)
    places.daemon_pid.write_text(text)
    assert running(places) is None
    taken(places).release()


def test_what_our_own_daemon_left_is_no_sign_of_life_whoever_has_its_pid_now(
    places: Places, foreign: subprocess.Popen[bytes]
) -> None:
    """It was killed, and its pid belongs to somebody else."""
    for path in places.daemon_locks:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{foreign.pid}\n")
    places.daemon_pid.write_text(str(foreign.pid))
    assert running(places) is None
    taken(places).release()


def test_a_pid_file_that_another_wrote_meanwhile_is_left(places: Places) -> None:
    lock = taken(places)
    places.daemon_pid.write_text("12345")
    lock.release()
    assert places.daemon_pid.read_text() == "12345"


def test_who_only_asks_keeps_nobody_out(places: Places) -> None:
    """To ask is to hold the lock for an instant."""
    taken(places).release()
    asking, stop = threading.Event(), threading.Event()

    def ask() -> None:
        while not stop.is_set():
            running(places)
            asking.set()

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for one in askers:
        one.start()
    asking.wait()
    try:
        for _ in range(50):
            taken(places).release()
    finally:
        stop.set()
        for one in askers:
            one.join()


def test_who_has_just_taken_it_is_waited_for_to_say_who_it_is(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = taken(places)
    notes = iter(["", "", str(os.getpid())])
    monkeypatch.setattr(locks, "read_note", lambda _: next(notes))
    said = take(places)
    assert isinstance(said, str)
    assert f"pid {os.getpid()}" in said
    lock.release()


@pytest.mark.parametrize("plan", ["daemon", "caught-up", "p1.plan"])
def test_no_name_of_a_plan_is_that_of_a_lock(make: Make, plan: str) -> None:
    site = make(one_phase())
    site.plan({"X": []}, plan)
    site.daemon()
    wait_for(lambda: site.ticket(Key(plan, "X")).status == "complete")
    wait_for(lambda: site.ticket().status == "complete")
