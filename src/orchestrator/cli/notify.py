"""`notify`: try the channels."""

from __future__ import annotations

import click

from orchestrator.cli import output
from orchestrator.cli.opened import opened
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, complain, has_colour, paint, say
from orchestrator.core.settings import NOTICE_KINDS, NoticeKind

COLOURS = {"sent": "green", "failed": "red", "skipped": "dim"}


@command("notify")
@click.option(
    "--event",
    metavar="EVENT",
    type=click.Choice(NOTICE_KINDS),
    help=f"Of this event, where it is wanted: {', '.join(NOTICE_KINDS)}.",
)
@json_option
def notify(event: NoticeKind | None, as_json: bool) -> int:
    """Send a test through every channel of notify.

    It is marked as a test: `"test": true` for a command, "test:" before the text for people. Without --event each
    channel gets the first event that it wants.

    \b
    --json: [{"channel", "event", "result": "sent" | "failed" | "skipped", "reason", "seconds"}]
    Exit codes: 0 every channel took it; 1 one failed, or there is none.
    """
    from orchestrator.control import notifying

    config, tried, colour = opened().config, [], has_colour()
    for one in notifying.try_out(config, event):
        tried.append(one)
        if not as_json:
            event_of = f" (event {one.event})" if one.event else ""
            reason = f": {clean(one.reason)}" if one.reason else ""
            say(f"{paint(one.result.ljust(7), COLOURS[one.result], colour)}  {clean(one.channel)}{event_of}{reason}")
    if as_json:
        output.show_json([one._asdict() for one in tried])
    if event is not None and all(one.result == "skipped" for one in tried):
        complain(f"orchestrator: no channel wants {event}; see `on` in the configuration")
        return 1
    return 1 if any(one.result == "failed" for one in tried) else 0
