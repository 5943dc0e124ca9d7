"""Looking on at a runner of this process, which lends what it knows.

The law: nothing is changed and nobody is kept waiting. What is lent becomes a view at once, and is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from typing import NamedTuple

from orchestrator.control.live.pace import Pace
from orchestrator.core.model import Key
from orchestrator.core.show.live import Scope, Seen, View, in_scope, view


class Focus(NamedTuple):
    """What somebody looks at; without either at everything that is to be walked."""

    plan: str | None = None
    ticket: Key | None = None


class Looker:
    """Takes what a runner lends, and shows it as a view when something has changed."""

    def __init__(
        self,
        show: Callable[[View], None],
        most: Callable[[], int],
        focus: Focus,
        lost: Callable[[Exception], None],
    ) -> None:
        """`most`: how many tickets can be shown now. `lost`: there will be no more views, for one went wrong."""
        self._show, self._most, self._focus, self._lost = show, most, focus, lost
        self._is_lost = False
        self._plans: Set[str] = frozenset()
        self._shown: object = None
        self._pace = Pace()

    def __call__(self, seen: Seen) -> None:
        """Never raises: who walks does not end because of somebody who looks on."""
        try:
            if not self._is_lost:
                self._look(seen)
        except Exception as error:
            self._is_lost = True
            self._lost(error)

    def _look(self, seen: Seen) -> None:
        urgent = (seen.stopping, seen.is_over)
        mark = (*urgent, seen.board.changes, seen.problems, seen.slots, tuple(seen.held), self._most())
        if mark == self._shown or not (self._pace.is_due() or self._is_news(urgent)):
            return
        self._shown = mark
        with self._pace:
            self._show(view(seen, self._scope(seen), self._most(), time.time()))

    def _is_news(self, urgent: tuple[str | None, bool]) -> bool:
        return isinstance(self._shown, tuple) and self._shown[:2] != urgent

    def _scope(self, seen: Seen) -> Scope:
        if self._focus.ticket is not None:
            return Scope({self._focus.ticket.plan}, self._focus.ticket)
        if self._focus.plan is not None:
            return Scope({self._focus.plan})
        self._plans = in_scope(seen.board, self._plans)
        return Scope(self._plans)
