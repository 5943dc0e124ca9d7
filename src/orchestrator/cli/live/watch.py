"""`watch`: the live view of a home that somebody else walks, or nobody."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING

import click

from orchestrator.cli.columns import cut
from orchestrator.cli.lines import QUIET, Events, Line, colour_of
from orchestrator.cli.live import scene as live_page
from orchestrator.cli.live import text as live_text
from orchestrator.cli.live.page import is_closed
from orchestrator.cli.live.scene import NOBODY
from orchestrator.cli.live.screen import Size
from orchestrator.cli.live.stage import is_live, style
from orchestrator.cli.live.text import Room
from orchestrator.cli.opened import opened
from orchestrator.cli.options import command
from orchestrator.cli.output import say

if TYPE_CHECKING:
    from orchestrator.control.live.elsewhere import Elsewhere
    from orchestrator.core.show.live import View

WIDE = 1_000
"""Columns, where there is no terminal that needs less."""
LOOK_SECONDS = 0.2
RUNNER_SECONDS = 1.0
"""Between questions who runs."""


@command("watch")
@click.option("-p", "--plan", "plan_id", metavar="PLAN", help="Only this plan.")
def watch(plan_id: str | None) -> int:
    """Follow live what a daemon does.

    Who is in flight, with phase, attempt, time, agent, cost and what its program printed last; what waits and why; what
    happened lately; a summary. It changes nothing, and may be left and started at any time; when no daemon runs it says
    so, shows what the files say, and follows them. q or Ctrl-C leaves it.

    In a pipe, or with TERM=dumb: how things stand, then a line per event, until it is interrupted.

    Exit codes: 0 left with q; 130 with Ctrl-C.
    """
    from orchestrator.control.live.elsewhere import Elsewhere

    elsewhere = Elsewhere(opened().config, plan_id)
    try:
        return _on_screen(elsewhere, plan_id) if is_live() else _in_lines(elsewhere, plan_id)
    finally:
        elsewhere.close()


class _Watching:
    """What is shown now."""

    def __init__(self, elsewhere: Elsewhere, plan_id: str | None) -> None:
        from orchestrator.control.live.looker import Focus, Looker
        from orchestrator.control.live.words import Told

        self.elsewhere, self._plan = elsewhere, plan_id
        self.told = Told(elsewhere.home)
        self.style = style()
        self.lines = WIDE
        self._events = Events(names_plans=plan_id is None, colour=False)
        self._looker = Looker(self._take, lambda: self.lines, Focus(plan_id), _raise)
        self._runner: str | None = None
        self._since: float | None = None
        self._asked = 0.0

    def _take(self, view: View) -> None:
        self._view = view

    def view(self) -> View:
        self._looker(self.elsewhere.seen())
        return self._view

    def runner(self) -> tuple[str | None, float | None]:
        """Who runs, and since when."""
        if time.monotonic() >= self._asked + RUNNER_SECONDS:
            self._asked = time.monotonic()
            self._runner = self.elsewhere.runner()
            self._since = self.elsewhere.since() if self._runner else None
        return self._runner, self._since

    def lately(self, most: int, columns: int) -> list[str]:
        """The newest last."""
        fitting = (event for event in self.elsewhere.diary.lately() if self.is_meant(event))
        return [self._line(event, columns) for event in islice(fitting, max(most, 0))][::-1]

    def is_meant(self, event: Line) -> bool:
        return event.get("event") not in QUIET and self._plan in (None, event.get("plan"))

    def _line(self, event: Line, columns: int) -> str:
        text = self._events.text(event)
        text = cut(text if self.style.utf8 else live_text.plain(text), columns, self.style.cut_mark)
        return self.style.paint(text, colour_of(event) or "dim")


def _raise(error: Exception) -> None:
    raise error


def _on_screen(elsewhere: Elsewhere, plan_id: str | None) -> int:
    from orchestrator.cli.live.page import follow

    watching = _Watching(elsewhere, plan_id)

    def look(size: Size, _: str) -> list[str]:
        watching.lines = size.lines
        view, now, columns = watching.view(), time.time(), size.columns - 1
        runner, since = watching.runner()
        view = watching.told.filled(view, size.lines)
        middle = live_page.body(view, size, watching.style, now)
        lately = watching.lately(size.lines - 2 - len(middle), columns)
        head = live_page.header(runner, watching.style, columns)
        foot = live_text.summary(view, columns, watching.style, since, now)
        return live_page.page(head, middle, lately, foot, size, watching.style)

    return follow(look)


def _in_lines(elsewhere: Elsewhere, plan_id: str | None) -> int:
    """How things stand, then what happens."""
    from orchestrator.control.following import LogTail

    tail, events = LogTail(elsewhere.home.places.log_file), Events(names_plans=plan_id is None)
    watching = _Watching(elsewhere, plan_id)
    view, now = watching.told.filled(watching.view(), WIDE), time.time()
    runner, since = watching.runner()
    room = Room(WIDE, WIDE)
    say(
        runner or NOBODY,
        *live_text.lines(view, room, watching.style, now),
        live_text.summary(view, WIDE, watching.style, since, now),
    )
    while not is_closed():
        for event in tail.lines():
            if watching.is_meant(event):
                events.tell(event)
        time.sleep(LOOK_SECONDS)
    return 0
