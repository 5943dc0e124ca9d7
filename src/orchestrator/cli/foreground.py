"""A program that gets the terminal for itself, as if the shell had started it.

The law: keys are its business. Ctrl-C, Ctrl-\\ and Ctrl-Z reach it and not us; when it is stopped we stop with it, so
that the shell sees one job; what ends us ends it. Its exit code is ours, and the terminal is as it was.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

from orchestrator.cli.live.terminal import is_foreground
from orchestrator.errors import OrchestratorError

KEYS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
"""What keys send to everybody in the foreground. A handler, unlike ignoring, is not inherited."""
PASSED_ON = (signal.SIGTERM, signal.SIGHUP)
WHEN_PARENT_DIES = 1
"""PR_SET_PDEATHSIG of <linux/prctl.h>."""


def run(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> int:
    """Its exit code; 128 + n after signal n. Raises OrchestratorError."""
    with _modes_kept(), _signals() as began:
        try:
            child = subprocess.Popen(argv, cwd=cwd, env=env, preexec_fn=_tied())
        except OSError as error:
            raise OrchestratorError(f"cannot start {argv[0]}: {error.strerror}; is it installed?") from error
        began(child)
        return _wait(child)


def _tied() -> Callable[[], None] | None:
    """Called in the program before it begins: a `kill -9` of us is a terminal that is closed for it, too. It would stay
    for ever, with nobody to talk to and the secrets of its servers. Only Linux has that."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None
    return lambda: prctl(WHEN_PARENT_DIES, int(signal.SIGHUP)) and None


def _wait(child: subprocess.Popen[bytes]) -> int:
    while True:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.kill(os.getpid(), signal.SIGSTOP)  # until the shell lets the job go on
            os.kill(child.pid, signal.SIGCONT)
            continue
        child.returncode = os.waitstatus_to_exitcode(status)
        return child.returncode if child.returncode >= 0 else 128 - child.returncode


@contextlib.contextmanager
def _signals() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Yields who is to be told of the program. What comes before that, while it is being started, is for it, too."""
    children: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, _: FrameType | None = None) -> None:
        if not children:
            early.append(number)
        for child in children:
            if child.returncode is None:  # not collected, so the pid is its own
                os.kill(child.pid, number)

    def began(child: subprocess.Popen[bytes]) -> None:
        children.append(child)
        for number in early:
            pass_on(number)

    def leave_it(number: int, _: FrameType | None) -> None:
        """It is for the program."""

    before: dict[signal.Signals, Any] = {}
    for number in (one for one in (*KEYS, *PASSED_ON) if signal.getsignal(one) != signal.SIG_IGN):
        before[number] = signal.signal(number, leave_it if number in KEYS else pass_on)
    try:
        yield began
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _modes_kept() -> Iterator[None]:
    """A program that crashes leaves the terminal as it wanted it."""
    try:
        fd = sys.stdin.fileno()
        before = termios.tcgetattr(fd)
    except (OSError, ValueError, termios.error):
        yield  # no terminal
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError, termios.error):
            if is_foreground(fd):
                termios.tcsetattr(fd, termios.TCSADRAIN, before)
