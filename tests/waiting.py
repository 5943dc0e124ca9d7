"""Waiting for a state, with a deadline; never for a length of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 20.0
"""Seconds. Generous, because a loaded machine is no failure; a test that passes does not wait for it."""


def wait_for(predicate: Callable[[], T], deadline: float = DEADLINE, what: str = "") -> T:
    """The first true value of `predicate`; fails when there is none before the deadline."""
    end = time.monotonic() + deadline
    pause = 0.002
    while not (value := predicate()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline:g} s in vain for {what or predicate}; last value: {value!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return value


def let_pass(seconds: float) -> None:
    """Let time pass: for rules that say that something does *not* happen, and for a moment picked at random.

    Never to wait for a state: that is `wait_for`.
    """
    time.sleep(seconds)
