"""An attempt's program is started safely, and found again whatever has died since."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchestrator.adapters.attempts import process
from orchestrator.adapters.attempts.attempt_files import read_pid
from orchestrator.adapters.attempts.process import Alive, Exited, Gone, NeverBegan, StartError
from orchestrator.errors import CannotRunError, StoreError
from tests.processes import PROGRAMS, Place, living, place, sh
from tests.waiting import wait_for

__all__ = ["place"]
NASTY = ["a b", 'quo"te', "it's", "line\nbreak", "$(touch x)", "`touch x`", "; touch x", "*", "", "-n", "\\", "é\t✓"]


def finished(place: Place, *argv: str, **fields: object) -> int:
    running = place.start(*argv, **fields)
    code = place.ended()
    wait_for(lambda: not running.alive())
    running.close()
    return code


# --- starting


def test_arguments_arrive_verbatim_and_nothing_in_them_is_executed(place: Place) -> None:
    code = finished(place, sys.executable, "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", *NASTY)
    assert code == 0
    assert json.loads(place.read("stdout.log")) == NASTY
    assert list(place.cwd.iterdir()) == []


def test_the_attempt_directory_may_have_any_name(tmp_path: Path) -> None:
    place = Place(tmp_path / 'o\'dd $(touch x) "name"')
    assert finished(place, *sh("pwd")) == 0
    assert place.read("stdout.log").strip() == str(place.cwd)


def test_standard_input_is_the_prompt_and_output_goes_to_files(place: Place) -> None:
    assert finished(place, *sh("cat; echo oops >&2; exit 7"), stdin="prompt é\r\n\n") == 7
    assert (place.directory / "prompt.md").read_bytes() == "prompt é\r\n\n".encode()
    assert (place.directory / "stdout.log").read_bytes() == "prompt é\r\n\n".encode()
    assert place.read("stderr.log") == "oops\n"


def test_the_environment_is_the_given_one_alone(place: Place) -> None:
    request = place.request("/usr/bin/env")
    only = {"PATH": "/usr/bin:/bin", "c": "5", "d": "multi\nline"}
    running = process.start(place.directory, process.Request(**{**_fields(request), "env": only}))
    place.ended()
    running.close()
    seen = place.read("stdout.log")
    expected = {
        "c=5",
        "d=multi",
        "line",
        "PATH=/usr/bin:/bin",
        f"PWD={place.cwd}",
        f"ORCHESTRATOR_ATTEMPT_ID={place.id}",
    }
    assert expected <= set(seen.splitlines())
    assert not any(line.startswith(("HOME=", "USER=", "ORCHESTRATOR_ATTEMPT_DIR=")) for line in seen.splitlines())


def _fields(request: process.Request) -> dict[str, object]:
    return {name: getattr(request, name) for name in request.__struct_fields__}


def test_the_program_is_looked_for_in_the_path_that_it_gets(place: Place, tmp_path: Path) -> None:
    program = tmp_path / "bin/hello"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    assert finished(place, "hello", env={"PATH": f"/nowhere:{program.parent}:/usr/bin:/bin"}) == 0
    assert place.read("stdout.log") == "hello\n"


def test_attempt_json_tells_everything_but_the_values_of_the_environment(place: Place) -> None:
    finished(place, "true", env={"KEY": "hunter2"}, timeout_seconds=5, head="abc", session="s", started_at="then")
    text = place.read("attempt.json")
    assert "hunter2" not in text
    record = process.recorded(place.directory)
    assert record is not None
    assert (record.id, record.argv, record.cwd, record.phase) == (place.id, ("true",), str(place.cwd), "work")
    assert (record.timeout_seconds, record.head, record.session, record.started_at) == (5, "abc", "s", "then")
    assert "KEY" in record.env_names
    assert {"startedAt", "timeoutSeconds", "idleTimeoutSeconds", "envNames"} <= set(json.loads(text))


def test_a_program_may_open_its_standard_streams_again_without_losing_text(place: Place) -> None:
    assert finished(place, *sh("echo one; echo two >>/dev/stdout; echo three")) == 0
    assert place.read("stdout.log") == "one\ntwo\nthree\n"


def test_the_program_hears_signals_that_the_runner_ignores(place: Place) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        running = place.start(*sh("trap 'exit 9' INT; echo >ready; while :; do sleep 0.01; done"))
        wait_for((place.cwd / "ready").exists)
        running.signal(signal.SIGINT)
        assert place.ended() == 9
        running.close()
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("no-such-program",), "no-such-program: program not found in PATH"),
        (("/no/such/program",), "/no/such/program: program not found"),
        (("./plain",), "is not executable"),
        (("/tmp",), "program not found"),
        (("true", "a\0b"), "NUL"),
        (("true", "x" * 3_000_000), "argument list too long"),
        ((), "no program is named"),
    ],
)
def test_what_cannot_be_started_is_said_in_words_and_leaves_nothing_running(
    place: Place, argv: tuple[str, ...], words: str
) -> None:
    (place.cwd / "plain").write_text("echo hello")
    with pytest.raises(StartError, match=words):
        place.start(*argv)
    assert place.left() == []
    assert place.find() == NeverBegan()


def test_a_missing_directory_fails_and_nothing_is_run_elsewhere(place: Place) -> None:
    with pytest.raises(CannotRunError, match=r"/no/such/worktree does not exist"):
        place.start(*sh("touch ran"), cwd="/no/such/worktree")
    assert place.find() == NeverBegan()
    assert not Path("ran").exists()


def test_a_log_directory_that_cannot_be_written_is_said_in_words(place: Place) -> None:
    place.directory.parent.parent.mkdir(parents=True)
    place.directory.parent.write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="cannot be written"):
        place.start("true")


def test_nothing_is_started_twice(place: Place) -> None:
    running = place.start("sleep", "60")
    with pytest.raises(StartError, match="already started"):
        place.start("true")
    running.signal(signal.SIGKILL)
    wait_for(lambda: not running.alive())
    running.close()
    with pytest.raises(StartError, match="already started"):
        place.start("true")


def test_what_another_attempt_left_under_the_same_name_is_moved_aside(place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path)
    finished(other, *sh("echo old"))
    finished(place, *sh("echo new"))
    assert place.read("stdout.log") == "new\n"
    aside = place.directory.with_name(f"{place.directory.name}.{other.id}")
    assert process.find(aside, other.id) == Exited(0)


def test_a_directory_in_which_another_attempt_still_runs_is_not_taken(place: Place, tmp_path: Path) -> None:
    other = Place(tmp_path)
    running = other.start("sleep", "60")
    try:
        with pytest.raises(StartError, match="still runs"):
            place.start("true")
    finally:
        running.signal(signal.SIGKILL)
        wait_for(lambda: not running.alive())
        running.close()


# --- finding


def test_without_a_directory_it_never_began(place: Place) -> None:
    assert place.find() == NeverBegan()
    assert not place.directory.exists()


def test_a_directory_with_another_id_is_not_ours(place: Place) -> None:
    finished(place, "true")
    assert process.find(place.directory, "another") == NeverBegan()
    assert place.find() == Exited(0)


@pytest.mark.parametrize("content", ["", '{"id": "', "[]", "\0\0\0"])
def test_a_truncated_attempt_json_hides_neither_an_end_nor_a_loss(place: Place, content: str) -> None:
    finished(place, *sh("exit 3"))
    (place.directory / "attempt.json").write_text(content)
    assert place.find() == Exited(3)
    (place.directory / "exit").write_text("")
    assert isinstance(place.find(), Gone)
    (place.directory / "pid").write_text("")
    assert place.find() == NeverBegan()


@pytest.mark.parametrize("content", ["", "12", "x\n", "-5\n", "\0\0\0\n"])
def test_a_half_written_exit_or_pid_counts_as_absent(place: Place, content: str) -> None:
    finished(place, "true")
    (place.directory / "exit").write_text(content)
    assert isinstance(place.find(), Gone)
    (place.directory / "pid").write_text(content)
    assert place.find() == NeverBegan()


@pytest.mark.parametrize("pid", [0, 1])
def test_a_pid_that_means_everybody_is_never_read(place: Place, pid: int) -> None:
    finished(place, "true")
    (place.directory / "exit").unlink()
    (place.directory / "pid").write_text(f"{pid}\n")
    assert place.find() == NeverBegan()


def test_the_end_is_recorded_although_the_runner_died(place: Place) -> None:
    with place.runner(*sh("until [ -e go ]; do sleep 0.01; done; cat; exit 5")):
        found = wait_for(lambda: alive if isinstance(alive := place.find(), Alive) and alive.running.pid else None)
    assert isinstance(place.find(), Alive)
    (place.cwd / "go").touch()
    assert place.ended() == 5
    assert place.read("stdout.log") == "hello"
    wait_for(lambda: not found.running.alive())
    assert place.find() == Exited(5)


def test_killed_before_the_spawn_it_never_began(place: Place) -> None:
    process._write(_made(place), place.request("true"))
    (place.directory / "alive").touch()
    assert place.find() == NeverBegan()
    assert finished(place, "true") == 0, "the same attempt can be started"


def _made(place: Place) -> Path:
    place.directory.mkdir(parents=True)
    return place.directory


def test_killed_between_spawn_and_pid_it_is_alive_and_its_pid_comes(place: Place) -> None:
    with place.runner("sleep", "60", slow=True):
        pass
    found = place.find()
    assert isinstance(found, Alive)
    assert found.running.pid is None
    (place.directory / "go").touch()
    assert wait_for(lambda: found.running.pid) == wait_for(lambda: read_pid(place.directory))
    assert found.running.alive()


def test_a_launcher_that_dies_before_its_pid_never_began(place: Place) -> None:
    with place.runner("sleep", "60", slow=True) as runner:
        runner.kill()
        found = place.find()
        assert isinstance(found, Alive)
        wait_for(place.left)
        found.running.signal(signal.SIGKILL)  # no pid yet: found by the id that it carries
    wait_for(lambda: place.find() == NeverBegan())


def test_a_launcher_that_was_killed_leaves_no_lock_although_its_program_lives(place: Place) -> None:
    running = place.start("sleep", "60")
    launcher = place.pid_in("pid")
    program = wait_for(lambda: [pid for pid in place.left() if pid != launcher])[0]
    os.kill(launcher, signal.SIGKILL)
    wait_for(lambda: not running.alive())
    assert living(program)
    assert wait_for(lambda: found if (found := place.find()) == Gone(launcher) else None)
    running.close()


def test_a_recycled_pid_is_neither_alive_nor_signalled(place: Place) -> None:
    finished(place, "true")
    (place.directory / "exit").unlink()
    foreign = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        (place.directory / "pid").write_text(f"{foreign.pid}\n")
        assert place.find() == Gone(foreign.pid)
        running = process.Running(place.directory, place.id)
        assert (running.alive(), running.fileno()) == (False, None)
        running.signal(signal.SIGKILL)
        assert foreign.poll() is None
        assert living(foreign.pid)
    finally:
        foreign.kill()
        foreign.wait()


def test_two_who_look_at_the_same_time_do_not_disturb_each_other(place: Place) -> None:
    finished(place, "true")
    with (place.directory / "alive").open() as tested:
        fcntl.flock(tested, fcntl.LOCK_SH)
        assert place.find() == Exited(0)
    wrong: list[process.Found] = []
    threads = [threading.Thread(target=lambda: wrong.extend(_looks(place))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def _looks(place: Place) -> list[process.Found]:
    return [found for found in (place.find() for _ in range(300)) if found != Exited(0)]


def test_looking_creates_nothing(place: Place) -> None:
    place.directory.mkdir(parents=True)
    assert place.find() == NeverBegan()
    assert list(place.directory.iterdir()) == []


def test_a_signal_to_the_group_does_not_keep_the_launcher_from_recording_the_end(place: Place) -> None:
    running = place.start(*sh("trap 'exit 4' INT; echo >ready; while :; do sleep 0.01; done"))
    wait_for((place.cwd / "ready").exists)
    running.signal(signal.SIGINT)
    assert place.ended() == 4
    running.close()


def test_a_launcher_whose_directory_is_gone_does_not_stay(place: Place, tmp_path: Path) -> None:
    running = place.start(*sh("until [ -e go ]; do sleep 0.01; done"))
    place.pid_in("pid")
    assert running.fileno() is not None
    place.directory.rename(tmp_path / "elsewhere")
    assert running.alive()
    (place.cwd / "go").touch()
    wait_for(lambda: not running.alive())
    running.close()


# --- stopping is recorded


def test_the_first_reason_of_a_stop_stays(place: Place) -> None:
    place.directory.mkdir(parents=True)
    assert process.read_stop(place.directory) is None
    process.write_stop(place.directory, "pause", 1.5)
    process.write_stop(place.directory, "shutdown", 2.5)
    assert process.read_stop(place.directory) == process.Stop("pause", 1.5)
    process.remove_stop(place.directory)
    assert process.read_stop(place.directory) is None


def test_a_stop_that_came_after_the_end_does_not_count(place: Place) -> None:
    finished(place, "true")
    process.write_stop(place.directory, "pause", 1.5)
    ended = (place.directory / "exit").stat().st_mtime_ns
    os.utime(place.directory / "stop.json", ns=(ended + 10**9, ended + 10**9))
    assert process.stop_that_counts(place.directory) is None
    os.utime(place.directory / "stop.json", ns=(ended - 10**9, ended - 10**9))
    assert process.stop_that_counts(place.directory) == process.Stop("pause", 1.5)


# --- reading


def test_heads_and_tails_are_text_whatever_the_bytes_are(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes("é".encode() * 1000 + b"\xff" + "end✓".encode())
    assert process.tail(file, 5) == "\ufffdend✓"
    assert process.tail(file, 3) == "nd✓"
    assert process.head(file, 3) == "ééé"
    assert len(process.tail(file, 10_000)) == 1005
    assert process.tail(file, 0) == process.head(file, 0) == ""
    assert process.tail(tmp_path / "absent", 5) == process.head(tmp_path / "absent", 5) == ""


def test_a_tail_never_begins_in_the_middle_of_a_character(tmp_path: Path) -> None:
    file = tmp_path / "log"
    for padding in range(4):
        file.write_bytes("✓".encode() * 50 + b"x" * padding)
        assert "\ufffd" not in process.tail(file, 10)


def test_lines_that_are_too_long_are_cut_and_their_rest_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"one\r\n\n" + b"y" * 200_000 + b"\nthree\nlast without end")
    assert list(process.lines(file, 10)) == [b"one", b"", b"y" * 10, b"three", b"last witho"]
    assert list(process.lines(file))[2:] == [b"y" * 200_000, b"three", b"last without end"]
    assert list(process.lines(tmp_path / "absent")) == []


def test_reading_lines_takes_no_memory_for_a_line_of_any_length(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("wb") as stream:
        stream.truncate(100_000_000)  # zeros: one line
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert [len(line) for line in process.lines(file, 1000)] == [1000]
    assert len(process.tail(file, 4096)) == 4096
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_the_stubborn_programs_can_be_run() -> None:
    assert all(os.access(program, os.X_OK) for program in PROGRAMS.glob("*.sh"))
