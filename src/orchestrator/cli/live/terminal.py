"""The state of a terminal that is changed while something live is shown on it: echo, keys, and what signals then do.

The law: however it ends (in order, by an error, by a signal), and while it is stopped by Ctrl-Z, the terminal is as it
was. In the background nothing of it is touched: it is somebody else's then.
"""

from __future__ import annotations

import contextlib
import os
import signal
import termios
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

DEADLY = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def is_foreground(fd: int) -> bool:
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return True  # it is nobody's terminal, so nobody else uses it


class Modes:
    """What is typed is not shown; with `keys` it can be read at once, and not by the line."""

    def __init__(self, fd: int, keys: bool = False) -> None:
        self._fd, self._keys = fd, keys
        self._before: list[Any] | None = None

    def apply(self) -> None:
        if self._before is not None or not is_foreground(self._fd):
            return
        with _undisturbed(), contextlib.suppress(termios.error, OSError):
            before = termios.tcgetattr(self._fd)
            off = termios.ECHO | (termios.ICANON if self._keys else 0)
            changed = [*before[:3], before[3] & ~off, *before[4:]]
            termios.tcsetattr(self._fd, termios.TCSANOW, changed)
            self._before = before

    def restore(self) -> None:
        before, self._before = self._before, None
        if before is not None and is_foreground(self._fd):
            with _undisturbed(), contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self._fd, termios.TCSANOW, before)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Who changes a terminal in the background is stopped otherwise."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Signals:
    """`leave` is called before the process stops (Ctrl-Z) or dies of a signal, `back` when it goes on."""

    def __init__(self, leave: Callable[[], None], back: Callable[[], None]) -> None:
        self._leave, self._back = leave, back
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        chosen: dict[signal.Signals, Any] = {signal.SIGTSTP: self._stop, signal.SIGCONT: self._go_on}
        chosen |= dict.fromkeys(DEADLY, self._die)
        with contextlib.suppress(ValueError):  # not the main thread: signals are somebody else's
            for sig, act in chosen.items():
                if signal.getsignal(sig) == signal.SIG_DFL:
                    self._before[sig] = signal.signal(sig, act)
        return self

    def __exit__(self, *_: object) -> None:
        for sig, before in self._before.items():
            signal.signal(sig, before)

    def _stop(self, sig: int, _: FrameType | None) -> None:
        self._leave()
        signal.signal(sig, signal.SIG_DFL)
        os.kill(os.getpid(), sig)
        signal.signal(sig, self._stop)
        self._back()

    def _go_on(self, _: int, __: FrameType | None) -> None:
        self._back()

    def _die(self, sig: int, _: FrameType | None) -> None:
        self._leave()
        signal.signal(sig, signal.SIG_DFL)
        os.kill(os.getpid(), sig)
