"""Sends what is in the outbox, beside the loop: threads that live as long as there is something to send.

The law: the loop never waits for it. At most ROOM sendings run at once, each notice is tried a few times at most, ever,
and what a runner leaves unsent the next one sends. Of all runners of a stateDir one is the courier at a time: who holds
the outbox's lock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from orchestrator.adapters.costs import of_plan, of_ticket
from orchestrator.adapters.files import Lock, try_lock
from orchestrator.adapters.notices import notify
from orchestrator.adapters.notices.outbox import Letter, Outbox
from orchestrator.core.channels import Channel, channels
from orchestrator.core.model import Key
from orchestrator.core.notices import Notice
from orchestrator.core.times import epoch_or
from orchestrator.engine.home import Home
from orchestrator.engine.telling.sending import Sending, in_thread
from orchestrator.errors import StoreError

ROOM = 4
"""Sendings at once, over all channels."""
TRIES = 3
"""Of one notice in one channel, over all runners."""
KNOWN = 1_000
"""Notices that are in memory; more stay on disk until there is room."""
OLD_SECONDS = 7 * 86_400.0
"""Older ones are no news any more."""
TICK_NS = 20_000_000
"""Within one tick of a file system's clock a folder may change again without a trace."""
END_SECONDS = 0.3
"""How long to wait for what was killed."""


def _with_cost(home: Home, notice: Notice) -> Notice:
    """What it has cost by the logs, where its ticket's file does not say it: that of an earlier version does not. Read
    here, because the loop has no time for it."""
    if notice.plan is None or notice.cost_usd is not None:
        return notice
    whole = notice.ticket is None
    found = (
        of_plan(home.places, notice.plan) if whole else of_ticket(home.places, Key(notice.plan, notice.ticket or ""))
    )
    return replace(notice, cost_usd=found)


class Courier:
    """`tell` runs what it is given in the thread that may write to the logs."""

    def __init__(self, home: Home, tell: Callable[[Callable[[], None]], None] = lambda call: call()) -> None:
        self.home, self._tell = home, tell
        self.outbox = Outbox(home.places)
        self.room = threading.Semaphore(ROOM)
        self.stopping = threading.Event()
        self.interrupted_at: float | None = None
        self.changed = threading.Condition()
        """Guards all that follows."""
        self._sendings: dict[str, Sending] = {}
        self._left: dict[str, set[str]] = {}
        """By name of a notice: the channels that are not done with it."""
        self._is_sorting = self._is_asked = self._is_full = self._is_elsewhere = False
        self._lock: Lock | None = None
        self._seen: tuple[object, int] = ((), 0)
        self._said: set[tuple[str, str]] = set()

    # -- the loop's side: returns at once -----------------------------------------------------------------------------

    def wake(self) -> None:
        """There is something in the outbox."""
        with self.changed:
            self._is_asked = True
            self._sort_soon()

    def look(self) -> None:
        """Has somebody else put something there, or have the channels changed? Asked now and then; costs one stat."""
        if not self.home.settings.notify and not self._sendings:
            return
        seen = (self.home.settings.notify, self.outbox.changed_ns())
        if seen != self._seen or self._is_elsewhere:
            may_change = abs(time.time_ns() - seen[1]) < TICK_NS
            self._seen = ((), 0) if may_change else seen
            self.wake()

    def beside(self, housekeeping: Callable[[bool], bool]) -> Callable[[bool], bool]:
        """`housekeeping`, and a look."""

        def both(told: bool) -> bool:
            changed = housekeeping(told)
            self.look()
            return changed

        return both

    @property
    def is_busy(self) -> bool:
        with self.changed:
            left = self._is_sorting or self._is_asked or self._left or self._is_elsewhere
            return bool(left) and not self.stopping.is_set()

    @property
    def count(self) -> int:
        """Notices that are known and not sent."""
        return len(self._left)

    def hurry(self, interrupted: bool = False) -> None:
        """The runner is about to end: nobody waits for a better moment any more."""
        if interrupted and self.interrupted_at is None:
            self.interrupted_at = time.monotonic()
        with self.changed:
            for sending in self._sendings.values():
                sending.pace.hurry()
            self.changed.notify_all()

    def stop(self) -> int:
        """End what is being sent and leave it, and the rest, to the next runner: how many notices that is."""
        self.stopping.set()
        with self.changed:
            self.changed.notify_all()
            self.changed.wait_for(lambda: not any(s.threads for s in self._sendings.values()), END_SECONDS)
            self._release()
            return len(self._left)

    # -- sorting: what is in the outbox goes to those who want it ------------------------------------------------------

    def _sort_soon(self) -> None:
        if not self._is_sorting and not self.stopping.is_set():
            self._is_sorting = True
            in_thread(self._sort)

    def _sort(self) -> None:
        while self._is_to_sort():
            try:
                self._sort_once()
            except Exception as error:  # the next look tries again
                reason = f"{type(error).__name__}: {error}"
                self._tell(lambda: self.home.logs.event("notices_not_read", None, "warning", reason=reason))  # noqa: B023

    def _is_to_sort(self) -> bool:
        with self.changed:
            self._is_sorting = self._is_asked and not self.stopping.is_set()
            self._is_asked = False
            if not self._is_sorting and not self._left:
                self._release()
            return self._is_sorting

    def _sort_once(self) -> None:
        self._take_over(channels(self.home.settings.notify))
        names = self.outbox.names()
        if not self._is_courier(names):
            return
        for name in names:
            with self.changed:
                if name in self._left:
                    continue
                self._is_full = len(self._left) >= KNOWN
                if self._is_full or self.stopping.is_set():
                    return
            letter = self.outbox.read(name)
            if letter is not None:
                self._distribute(letter._replace(notice=_with_cost(self.home, letter.notice)))

    def _is_courier(self, names: list[str]) -> bool:
        with self.changed:
            if names and self._lock is None:
                with suppress(StoreError):
                    self._lock = try_lock(self.home.places.notices_lock)
            self._is_elsewhere = bool(names) and self._lock is None
            return bool(names) and not self._is_elsewhere

    def _take_over(self, wanted: Sequence[Channel]) -> None:
        """The channels as they are configured now."""
        with self.changed:
            for key in self._sendings.keys() - {channel.key for channel in wanted}:
                gone = self._sendings.pop(key)
                self._done([*gone.waiting], key)
                gone.waiting.clear()
            new = [channel for channel in wanted if channel.key not in self._sendings]
            for channel in wanted:
                self._sendings.setdefault(channel.key, Sending(self, channel)).channel = channel
        for channel in new:
            reason = notify.missing(channel, self.home.environ)
            if reason is not None:
                self.say_once(channel, reason)

    def _distribute(self, letter: Letter) -> None:
        is_old = time.time() - epoch_or(letter.notice.at, 0) > OLD_SECONDS
        with self.changed:
            wanted = [s for s in self._sendings.values() if s.channel.wants(letter.notice)]
            left = [s for s in wanted if s.channel.key not in letter.over and not is_old]
            worn = [s for s in left if letter.tries.get(s.channel.key, 0) >= TRIES]
            left = [s for s in left if s not in worn]
            if left:
                self._left[letter.name] = {sending.channel.key for sending in left}
            else:
                self.outbox.remove(letter.name)
            for sending in left:
                sending.add(letter)
        for sending in worn:
            self.outbox.mark(letter.name, sending.channel.key, over=True)
            reason = f"given up: a runner ended {TRIES} times while it was being sent"
            self.say(letter, "notify_failed", "warning", channel=sending.channel.label, reason=reason)
        if is_old:
            self.say(letter, "notify_failed", "warning", reason="it is older than a week")

    # -- for the channels ---------------------------------------------------------------------------------------------

    def share(self) -> int:
        """So many threads that there is room for every other channel."""
        return max(1, ROOM + 1 - len(self._sendings))

    def done(self, letters: list[Letter], channel: Channel) -> None:
        with self.changed:
            self._done(letters, channel.key)
            if self._is_full and len(self._left) < KNOWN // 2:
                self._is_asked = True
                self._sort_soon()
            if not self._left and not self._is_sorting:
                self._release()
            self.changed.notify_all()

    def _done(self, letters: list[Letter], key: str) -> None:
        for letter in letters:
            left = self._left.get(letter.name)
            if left is not None:
                left.discard(key)
                if not left:
                    del self._left[letter.name]
                    self.outbox.remove(letter.name)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    # -- the log ------------------------------------------------------------------------------------------------------

    def say(self, letter: Letter, verb: str, level: str, **fields: object) -> None:
        notice = letter.notice
        key = Key(notice.plan, notice.ticket) if notice.plan and notice.ticket else None
        more = {"plan": None if key else notice.plan, "what": notice.event, "id": notice.id, **fields}
        self._tell(lambda: self.home.logs.event(verb, key, level, **{k: v for k, v in more.items() if v is not None}))

    def say_once(self, channel: Channel, reason: str) -> None:
        """What would be so for every notice."""
        with self.changed:
            is_new = (channel.label, reason) not in self._said
            self._said.add((channel.label, reason))
        if is_new:
            label = channel.label
            self._tell(
                lambda: self.home.logs.event("notify_unavailable", None, "warning", channel=label, reason=reason)
            )
