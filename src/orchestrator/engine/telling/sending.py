"""One channel: what waits for it, and the threads that send it.

The law: a channel takes its own time and nobody else's. Each notice is sent once more at most when it failed, and
whatever happened costs one line in the log.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from orchestrator.adapters.notices import notify
from orchestrator.adapters.notices.by_command import Ended
from orchestrator.adapters.notices.outbox import Letter, Outbox
from orchestrator.core.channels import Channel
from orchestrator.engine.home import Home
from orchestrator.engine.pace import Pace

REST_SECONDS = 2.0
"""Before the second try."""


class Host(Protocol):
    """What a channel needs of the courier."""

    home: Home
    outbox: Outbox
    changed: threading.Condition
    room: threading.Semaphore
    stopping: threading.Event

    def share(self) -> int:
        """Threads that a channel may have (with the condition held)."""
        ...

    def done(self, letters: list[Letter], channel: Channel) -> None: ...

    def say(self, letter: Letter, verb: str, level: str, **fields: object) -> None:
        """A line in the log."""
        ...

    def say_once(self, channel: Channel, reason: str) -> None: ...


class Sending:
    """Its state is guarded by the host's condition."""

    def __init__(self, host: Host, channel: Channel) -> None:
        self._host = host
        self.channel = channel
        self.waiting: deque[Letter] = deque()
        self.threads = 0
        self.pace = Pace()
        self._failed = False
        """Its last sending did: then the next is not tried twice."""

    @property
    def _digests(self) -> bool:
        return self.channel.way in notify.DIGESTS

    def add(self, letter: Letter) -> None:
        """With the condition held."""
        self.waiting.append(letter)
        if self.threads < (1 if self._digests else min(self._host.share(), len(self.waiting))):
            self.threads += 1
            in_thread(self._work)

    def _work(self) -> None:
        """Until nothing waits."""
        while letters := self._next():
            try:
                self._deliver(letters)
            except Exception as error:  # a fault of ours: it costs this notice, and no other
                self._end(letters, Ended(f"{type(error).__name__}: {error}"))

    def _next(self) -> list[Letter]:
        with self._host.changed:
            while self._digests and self.waiting and not self._is_over:
                rest = self.pace.rest(time.monotonic())
                if not rest:
                    break
                self._host.changed.wait(rest)
            if not self.waiting or self._is_over:
                self.threads -= 1
                self._host.changed.notify_all()
                return []
            count = self.pace.batch(len(self.waiting), time.monotonic()) if self._digests else 1
            return [self.waiting.popleft() for _ in range(count)]

    @property
    def _is_over(self) -> bool:
        return self._host.stopping.is_set()

    def _deliver(self, letters: list[Letter]) -> None:
        ended = self._send(letters)
        if ended.reason is not None and ended.again and not self._failed and not self._is_over:
            with self._host.changed:
                self._host.changed.wait_for(lambda: self._is_over, timeout=REST_SECONDS)
            ended = self._send(letters)
        self._failed = ended.reason is not None
        if not (self._failed and self._is_over):  # else the next runner tries again
            self._end(letters, ended)

    def _send(self, letters: list[Letter]) -> Ended:
        home = self._host.home
        for letter in letters:
            self._host.outbox.mark(letter.name, self.channel.key, over=False)
        folder = str(Path(home.config.file).parent) if home.config.file else home.config.home
        setting = notify.Setting(folder, home.environ, home.settings.gh_command)
        with self._host.room:
            return notify.send(self.channel, [letter.notice for letter in letters], setting, self._host.stopping)

    def _end(self, letters: list[Letter], ended: Ended) -> None:
        for letter in letters:
            self._host.outbox.mark(letter.name, self.channel.key, over=True)
            if ended.reason is None:
                self._host.say(letter, "notified", "info", channel=self.channel.label)
            elif self._lacks_something(ended.reason):
                self._host.say_once(self.channel, ended.reason)
            else:
                self._host.say(letter, "notify_failed", "warning", channel=self.channel.label, reason=ended.reason)
        self._host.done(letters, self.channel)

    def _lacks_something(self, reason: str) -> bool:
        """It will fail each time for the same reason: a machine without a desktop, a package that is not installed."""
        return self.channel.way == "desktop" or reason == notify.missing(self.channel, self._host.home.environ)


def in_thread(call: Callable[[], None]) -> None:
    """A thread that does not keep the program from leaving."""
    threading.Thread(target=call, name="courier", daemon=True).start()
