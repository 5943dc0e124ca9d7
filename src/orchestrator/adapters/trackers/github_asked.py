"""`gh`, asked again when it is worth it, and not before GitHub wants it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

from orchestrator.adapters.forge.gh import TIMEOUT, ForgeLimitedError, ForgeNotSetUpError, ForgeUnreachableError, Gh
from orchestrator.adapters.trackers.patience import AskedTooOftenError, Say, rest, told

DELAYS = (1.0, 2.0, 4.0)
"""Seconds before it is asked again, where it may be otherwise in a moment."""
_PASSES = re.compile(
    r"abuse|too quickly|\b50\d\b|connection|dial |EOF|end of JSON|reset by|temporar|no such host|refused", re.I
)
_LASTS = re.compile(r"did not answer in")

Answer = TypeVar("Answer")


class Asked:
    def __init__(self, gh: Gh, say: Say = lambda _: None, sleep: Callable[[float], None] = time.sleep) -> None:
        """`say`: told when it takes longer."""
        self._gh, self._say, self._sleep = gh, say, sleep
        self._rests: list[float] = []

    def json(self, *words: str) -> Any:
        """Raises ForgeUnreachableError, ForgeRefusedError; AskedTooOftenError, when it would have to wait too long."""
        return self._again(lambda: self._gh.json(*words))

    def _again(self, ask: Callable[[], Answer]) -> Answer:
        failed = 0
        while True:
            try:
                with told("GitHub", self._say, TIMEOUT):
                    return ask()
            except ForgeLimitedError as error:
                too_long = rest("GitHub", error.wait, self._rests, self._say, self._sleep)
                if too_long is not None:
                    raise AskedTooOftenError(f"{error.said}\n{too_long}; nothing was imported", error.wait) from None
            except ForgeUnreachableError as error:
                if failed >= len(DELAYS) or not _is_passing(error):
                    raise
                self._sleep(DELAYS[failed])
                failed += 1


def _is_passing(error: ForgeUnreachableError) -> bool:
    text = str(error)
    return not isinstance(error, ForgeNotSetUpError) and not _LASTS.search(text) and bool(_PASSES.search(text))
