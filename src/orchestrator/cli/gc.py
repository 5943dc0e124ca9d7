"""`gc`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.columns import screen, wrapped
from orchestrator.cli.opened import opened_home
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, has_colour, paint, say
from orchestrator.formats import amounts

if TYPE_CHECKING:
    from orchestrator.control.tidy.wishes import Item, Report
    from orchestrator.core.model import Status

NAMES = {
    "worktree": ("worktree", "worktrees"),
    "orphan": ("worktree without a ticket", "worktrees without a ticket"),
    "half-made": ("half-made worktree", "half-made worktrees"),
    "temporary": ("temporary folder", "temporary folders"),
    "cache": ("cache", "caches"),
    "branch": ("branch", "branches"),
}
SHOWN_FILES = 5


@command("gc")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and change nothing.")
@click.option("--older-than", metavar="TIME", help="Only what was not changed for so long: 14d, 36h.")
@click.option("--larger-than", metavar="SIZE", help="Only what takes at least so much room: 1gb, 500mb.")
@click.option(
    "--state", "states", metavar="STATES", default="complete", show_default=True,
    help="Of tickets in these states: complete, failed, needs_attention; several with commas.",
)  # fmt: skip
@click.option("-p", "--plan", metavar="ID", help="Only of this plan.")
@click.option("--branches", is_flag=True, help="Also branches of complete tickets that are merged.")
@json_option
def gc(
    dry_run: bool,
    older_than: str | None,
    larger_than: str | None,
    states: str,
    plan: str | None,
    branches: bool,
    as_json: bool,
) -> int:
    """Remove worktrees and temporary files that nobody needs any more.

    Looks at the worktrees of complete tickets, at those whose ticket is gone or that were never finished, at temporary
    folders, and at caches of worktree.setup that no worktree has used for two weeks. What has work in it is kept, and
    said why: changes that are not committed, commits that are nowhere else. Nothing of a ticket that is under way is
    touched, nor any worktree that is not a ticket's.

    \b
    --json: {"dryRun", "removed": [{"kind", "path", "plan", "ticket", "branch", "bytes",
    "changed", "reason"}], "kept": [the same], "freedBytes"}
    """
    from orchestrator.control.tidy.gc import gc as control
    from orchestrator.control.tidy.wishes import Wishes

    wishes = Wishes(
        states=_states(states),
        plan=plan,
        older_than=_amount("--older-than", older_than, amounts.seconds),
        larger_than=int(_amount("--larger-than", larger_than, amounts.size) or 0),
        dry_run=dry_run,
        branches=branches,
    )
    report = control(opened_home(), wishes)
    if as_json:
        output.show_json(report)
    else:
        say(*_lines(report))
    return 0


def _amount(option: str, text: str | None, read: Callable[[str], float]) -> float | None:
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None


def _states(text: str) -> frozenset[Status]:
    from orchestrator.control.tidy.view import ENDINGS
    from orchestrator.core.problems import did_you_mean

    known = {str(status): status for status in ENDINGS}
    asked = [word.strip() for word in text.split(",") if word.strip()]
    for word in asked:
        if word not in known:
            near = did_you_mean(word, known) or f"one of {', '.join(known)}"
            raise click.UsageError(f'--state: "{word}" is no state that a ticket ends in ({near})')
    return frozenset(known[word] for word in asked)


def _lines(report: Report) -> Iterator[str]:
    columns = screen()
    for verb, colour, items in (("remove", "green", report.removed), ("keep", "yellow", report.kept)):
        for item in items:
            size = f"  {amounts.shown(item.bytes)}" if item.bytes else ""
            head, *rest = wrapped(f"{verb.ljust(6)}  {_named(item)}{size}", columns)
            yield head.replace(verb, paint(verb, colour, has_colour()), 1)
            yield from rest
            yield from wrapped(f"        {clean(item.path)}", columns)
            yield from wrapped(f"        {_why(item.reason)}", columns) if item.reason else ()
    yield from wrapped(_sum(report), columns)


def _named(item: Item) -> str:
    kind = NAMES[item.kind][0]
    if item.branch is not None:
        return f"{kind} {clean(item.branch)}"
    if item.ticket is not None:
        return f"{kind} of {clean(item.plan)}/{clean(item.ticket)}"
    return f"{kind} of plan {clean(item.plan)}" if item.plan is not None and item.kind != "orphan" else kind


def _why(reason: str) -> str:
    first, *files = [clean(line) for line in reason.splitlines() if line.strip()]
    more = f" and {len(files) - SHOWN_FILES} more" if len(files) > SHOWN_FILES else ""
    return f"{first} {', '.join(files[:SHOWN_FILES])}{more}" if files else first


def _sum(report: Report) -> str:
    counts = Counter(item.kind for item in report.removed)
    parts = [f"{count} {NAMES[kind][count != 1]}" for kind, count in counts.items()]
    kept = f"; {len(report.kept)} kept" if report.kept else ""
    if not parts:
        return f"nothing to remove{kept}"
    listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    room = f", {amounts.shown(report.freed_bytes)}" if report.freed_bytes else ""
    if report.dry_run:
        return f"would remove {listed}{room}{kept}; nothing was changed (--dry-run)"
    return f"removed {listed}{room}{kept}"
