"""A program under test: a command line that knows `daemon`, `status`, `pause`, and takes its config by `-C`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.errors import Unable
from benchmarks.home import Home
from benchmarks.procfs import Cpu, cpu

STOP_SECONDS = 15.0
LOOK_SECONDS = 0.005


class Program(NamedTuple):
    name: str
    argv: tuple[str, ...]
    """The words before `-C CONFIG command …`. The process that they start must itself be the program, no wrapper."""

    def words(self, home: Home, *command: str) -> list[str]:
        return [*self.argv, "-C", str(home.config), *command]


def environment(home: Home) -> dict[str, str]:
    return {**plain_environment(), "ORCHESTRATOR_HOME": str(home.root)}


def plain_environment() -> dict[str, str]:
    """Without what would make a Python program compile itself at each start, or write each word by itself."""
    unusual = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "ORCHESTRATOR_HOME")
    return {name: value for name, value in os.environ.items() if name not in unusual} | {"LC_ALL": "C.UTF-8"}


class Daemon:
    """A daemon of a program on a home, measured from outside."""

    def __init__(self, program: Program, home: Home) -> None:
        self.home = home
        self.started = time.time()
        with (home.root / "daemon.out").open("ab") as out:
            self._process = subprocess.Popen(
                program.words(home, "daemon"), stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=home.root,
                env=environment(home), start_new_session=True,
            )  # fmt: skip
        self.pid = self._process.pid

    def cpu(self) -> Cpu | None:
        return cpu(self.pid)

    def wait_for(self, condition: Callable[[], bool], seconds: float, what: str, look: float = LOOK_SECONDS) -> None:
        """Until it is true. What cannot become true any more, or takes too long, is the program's inability."""
        if not self.reaches(condition, seconds, look):
            raise Unable(f"{what}: not within {seconds:g} s{self._failed()}")

    def reaches(self, condition: Callable[[], bool], seconds: float, look: float = LOOK_SECONDS) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            if self._process.poll() is not None:
                raise Unable(f"the daemon ended with code {self._process.returncode}: {self._last_words()}")
            if time.monotonic() > end:
                return False
            time.sleep(look)
        return True

    def _last_words(self) -> str:
        lines = (self.home.root / "daemon.out").read_text(errors="replace").strip().splitlines()
        telling = [line for line in lines if "rror" in line] or lines or ["it said nothing"]
        return telling[-1].strip()[:160]

    def _failed(self) -> str:
        errors = (
            f"{ticket.get('ticketId')}: {ticket['error']}" for ticket in self.home.tickets() if ticket.get("error")
        )
        return f" ({error[:160]})" if (error := next(errors, "")) else ""

    def kill(self) -> None:
        """-9, it alone."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Kindly, then not."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()


@contextmanager
def daemon(program: Program, home: Home) -> Iterator[Daemon]:
    """It is gone afterwards, and so is what its scripts left."""
    try:
        running = Daemon(program, home)
    except OSError as error:
        raise Unable(f"cannot be started: {error}") from error
    try:
        yield running
    finally:
        running.stop()
        end_leftovers(home)


def end_leftovers(home: Home) -> None:
    """Scripts that outlive their daemon by design; told by their command line, which names this home."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (
                int(folder.name) != os.getpid()
                and os.fsencode(f"{home.root}/scripts/") in (folder / "cmdline").read_bytes()
            ):
                os.kill(int(folder.name), signal.SIGKILL)
