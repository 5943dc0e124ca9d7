"""How often to look: seldom when looking is dear, so that it never takes more than a small part of a core."""

from __future__ import annotations

import time
from collections.abc import Callable

STEP_SECONDS = 0.5
"""Between two looks, however much happens."""
SHARE = 0.008
"""Of a core, at most, for one of the things that looking consists of."""
LONGEST_SECONDS = 4.0
"""However dear one look was, the next one comes."""


class Pace:
    """Says when the next look may be: never sooner than the step, and later after one that cost much."""

    def __init__(
        self, clock: Callable[[], float] = time.thread_time, step: float = STEP_SECONDS, share: float = SHARE
    ) -> None:
        """`clock`: what it costs."""
        self._clock, self._step, self._share = clock, step, share
        self._due = 0.0

    def is_due(self) -> bool:
        return time.monotonic() >= self._due

    def rest(self) -> float:
        """Seconds until then."""
        return max(self._due - time.monotonic(), 0.0)

    def __enter__(self) -> Pace:
        self._began = self._clock()
        return self

    def __exit__(self, *_: object) -> None:
        cost = self._clock() - self._began
        self._due = time.monotonic() + max(self._step, min(cost / self._share, LONGEST_SECONDS))
