"""`import`: every source of the configuration, once or on its schedule."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.opened import opened_home
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, say

if TYPE_CHECKING:
    from orchestrator.control.planning.sources import Look
    from orchestrator.engine.home import Home


@command("import")
@click.option("--watch", is_flag=True, help="Go on looking, each source at its own time, until Ctrl-C.")
@click.option("--source", "names", metavar="NAME", multiple=True, help="Only this source; may be said several times.")
@json_option
def import_(watch: bool, names: tuple[str, ...], as_json: bool) -> int:
    """Look at trackers for new tickets, as sources says.

    The trackers that `sources` of the configuration names are asked, and what matches becomes tickets.

    A running daemon does this by itself, each source at its own time. Without `autoStart: true` new tickets are paused
    until somebody resumes them. To import by hand, once and whatever the configuration says: `orchestrator plan
    import`. Exit code 1 when a source could not be asked.

    \b
    --json: [{"source", "plan", "created": ["GH-7"], "updated": […], "notes": […], "error"}];
     with --watch a line for each look
    """
    from orchestrator.control.planning import sources, tracked

    home = opened_home(warns=True)
    found = sources.chosen(home, names)
    if watch:
        return _watch(home, names, as_json)
    looks = []
    for source in found:
        one = sources.look(home, source, lambda home, source: tracked.bring(home, source, _wait))
        looks.append(one)
        if not as_json:
            _tell(one)
    if as_json:
        output.show_json([_object(one) for one in looks])
    return 1 if any(one.error is not None for one in looks) else 0


def _wait(text: str) -> None:
    output.complain(clean(text))


def _watch(home: Home, names: tuple[str, ...], as_json: bool) -> int:
    """Until it is interrupted, which is no failure of a program that has no other end."""
    from orchestrator.control.planning import sources
    from orchestrator.core.times import iso

    def told(one: Look) -> None:
        if as_json:
            output.show_json_line(_object(one))
        elif one.error is not None or (one.brought and (one.brought.created or one.brought.updated)):
            say(iso(time.time()))
            _tell(one)

    found = sources.chosen(home, names)
    if not as_json:
        say(*(f"looking at {clean(one.name)} every {one.every:g} s" for one in found))
    while True:
        time.sleep(sources.look_at_due(home, found, told) or 60)


def _tell(one: Look) -> None:
    name = clean(one.source)
    if one.error is not None:
        output.complain(f"{name}: {one.error}")
        return
    if one.busy or one.brought is None:
        say(f"{name}: somebody else looks at it just now")
        return
    brought = one.brought
    say(f"{name}: {len(brought.created)} new, {len(brought.updated)} changed, in plan {brought.plan_id}")
    say(*(f"  {clean(ticket)} is new" for ticket in brought.created))
    say(*(f"  {clean(ticket)} has changed" for ticket in brought.updated))
    say(*(f"  {clean(note)}" for note in brought.notes))


def _object(one: Look) -> dict[str, object]:
    brought = one.brought
    return {
        "source": one.source,
        "plan": brought and brought.plan_id,
        "created": list(brought.created) if brought else [],
        "updated": list(brought.updated) if brought else [],
        "notes": list(brought.notes) if brought else [],
        "error": one.error,
    }
