"""Calls from other threads, made in the loop's.

The law: whatever waits is one wake-up. Each wake-up is a byte in a small pipe that the loop shares with signals, and a
signal that finds the pipe full is lost.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress


class Calls:
    def __init__(self, running: asyncio.AbstractEventLoop) -> None:
        self._running = running
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_woken = False
        self._guard = threading.Lock()

    def __call__(self, call: Callable[[], None]) -> None:
        with self._guard:
            self._waiting.append(call)
            if self._is_woken:
                return
            self._is_woken = True
        with suppress(RuntimeError):  # the loop has ended
            self._running.call_soon_threadsafe(self._make)

    def _make(self) -> None:
        with self._guard:
            self._is_woken = False
            calls = [*self._waiting]
            self._waiting.clear()
        for call in calls:
            call()


def into_this_loop() -> Calls:
    """For threads that tell the loop that runs here something."""
    return Calls(asyncio.get_running_loop())
