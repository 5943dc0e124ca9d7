"""How long a tracker that asks to be asked less often is waited for. The law: as long as it says, or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orchestrator.errors import OrchestratorError

PATIENCE = 90.0
"""Seconds at most, over all questions of an import."""
SHORTEST = 1.0
"""Seconds: "at once" is no rest."""
UNTOLD = (5.0, 10.0, 20.0)
"""Where it does not say how long."""
QUIET = 5.0
"""Seconds without an answer, after which it is told that one is waited for."""


class AskedTooOftenError(OrchestratorError):
    """`wait`: seconds; None: it does not say how long."""

    def __init__(self, text: str, wait: float | None) -> None:
        super().__init__(text)
        self.wait = wait


Say = Callable[[str], None]


def rest(
    who: str,
    wanted: float | None,
    rests: list[float],
    say: Say,
    sleep: Callable[[float], None],
    patience: float = PATIENCE,
) -> str | None:
    """`rests`: those so far. What to tell, when it would be too long; then it was not waited for."""
    if wanted is None and len(rests) >= len(UNTOLD):
        return f"{who} asks to be asked less often; run it again in a while"
    seconds = max(wanted, SHORTEST) if wanted is not None else UNTOLD[len(rests)]
    if sum(rests) + seconds > patience:
        return _too_often(who, seconds)
    say(f"{who} asks to be asked less often; waiting {seconds:.0f} s")
    sleep(seconds)
    rests.append(seconds)
    return None


def _too_often(who: str, seconds: float) -> str:
    at = time.strftime("%H:%M", time.localtime(time.time() + seconds))
    return f"{who} asks to be asked less often, and again in {seconds:.0f} s (at {at}); run it again then"


@contextmanager
def told(who: str, say: Say, most: float) -> Iterator[None]:
    """While an answer is waited for, `most` seconds."""
    timer = threading.Timer(QUIET, say, (f"waiting for {who} to answer, at most {most:.0f} s",))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
