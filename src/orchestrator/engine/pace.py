"""How often a person is interrupted: at most MOST messages in WINDOW_SECONDS; what gathers meanwhile is one digest."""

from __future__ import annotations

from collections import deque

MOST = 10
WINDOW_SECONDS = 10.0


class Pace:
    def __init__(self) -> None:
        self._sent: deque[float] = deque()
        self._hurried = False

    def hurry(self) -> None:
        self._hurried = True

    def rest(self, now: float) -> float:
        """Seconds until the next message may go; 0: now."""
        while self._sent and self._sent[0] <= now - WINDOW_SECONDS:
            self._sent.popleft()
        if self._hurried or len(self._sent) < MOST:
            return 0
        return self._sent[0] + WINDOW_SECONDS - now

    def batch(self, waiting: int, now: float) -> int:
        """How many go with the next message: one, or all when they are too many."""
        self._sent.append(now)
        return waiting if waiting > MOST or (self._hurried and waiting > 1) else 1
