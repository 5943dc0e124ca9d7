"""A call of the scripted GitHub, and what may go wrong with it on cue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

How = Literal["gone", "401", "429", "502", "limited", "secondary", "slow", "half", "cut", "call"]


@dataclass
class Call:
    kind: str
    """`query repository`, `mutation createPullRequest`, `GET /repos/acme/demo/pulls/1`, …"""
    variables: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    status: int = 0
    """Of the answer; 0: none was sent."""
    token: str = ""


@dataclass
class Fault:
    """What happens to the calls whose kind contains `kind`, from the one after `skip` on, `times` times."""

    how: How
    kind: str = ""
    times: int = 1_000_000
    skip: int = 0
    seconds: float = 0.0
    """Of `slow`."""
    wait: int = 60
    """What a limit tells its caller to wait."""
    then: Callable[[], None] | None = None
    """Done in the middle: before the answer is lost (`cut`), or before the call is looked at (`call`)."""
    met: int = 0

    def take(self, call: Call) -> bool:
        if self.kind not in call.kind or self.times <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        self.met += 1
        return True


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: list[Fault] = []

    def add(self, how: How, kind: str = "", **more: Any) -> Fault:
        fault = Fault(how, kind, **more)
        with self._lock:
            self._set.append(fault)
        return fault

    def end(self, fault: Fault) -> None:
        with self._lock:
            self._set.remove(fault)

    def over(self) -> None:
        with self._lock:
            self._set.clear()

    def of(self, call: Call) -> Fault | None:
        with self._lock:
            return next((fault for fault in self._set if fault.take(call)), None)
