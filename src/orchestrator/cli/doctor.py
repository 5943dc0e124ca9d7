"""`doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.cli import output
from orchestrator.cli.opened import options, remember
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, paint, say

if TYPE_CHECKING:
    from orchestrator.cli.output import Cell
    from orchestrator.core.findings import Finding, State

NAME = 20
"""Columns for the name of what was looked at; a longer one moves its group to the right."""
COLOURS: dict[State, str] = {"ok": "green", "warning": "yellow", "broken": "red"}


@command("doctor")
@json_option
def doctor(as_json: bool) -> int:
    """Find out whether everything is there that the work needs.

    The agents: installed, of a version this was made for, still taking the options they are given, logged in where that
    can be known. Then git, the forge's command line, disk, locks, configuration, plans and tickets, notifications. No
    model is called and nothing is changed; every program that is asked has 10 seconds. Also without a configuration, or
    with a broken one.

    Exit code 1 when something that is needed is broken: an agent that a phase, plan, ticket or the default asks for,
    git, room on the disk, configuration, plans or tickets.

    \b
    --json: [{"group", "name", "status", "text", "hint"}]; "group" is config, agents, git, forge, disk,
    locks, state or notify; "status" ok, warning or broken; "hint" null where there is nothing to do.
    """
    from orchestrator import wiring
    from orchestrator.control.checkup import doctor as control
    from orchestrator.core.findings import is_broken

    patient = wiring.patient(options())
    remember(patient.config)
    found = control.examine(patient)
    if as_json:
        output.show_json(found)
    else:
        say(*_lines(found))
    return 1 if is_broken(found) else 0


def _lines(found: list[Finding]) -> list[str]:
    from itertools import groupby

    colour, lines = output.has_colour(), []
    widest = min(max(len(one.name) for one in found), NAME)
    for group, findings in groupby(found, key=lambda one: one.group):
        rows = [row for one in findings for row in _rows(one, widest)]
        lines += [paint(group, "bold", colour), *output.table(rows), ""]
    return [*lines, _summary(found, colour)]


def _rows(one: Finding, widest: int) -> Iterator[tuple[Cell, ...]]:
    """What to do has a line of its own on a terminal, and the end of the line in a pipe."""
    from orchestrator.cli.columns import has_utf8
    from orchestrator.cli.glyphs import DRAWN, PLAIN

    hint = f"{(DRAWN if has_utf8() else PLAIN).to} {clean(one.hint)}" if one.hint else ""
    is_split = output.is_terminal() and bool(hint)
    text = clean(one.text)
    name = clean(one.name).ljust(widest)
    yield (
        (one.status.ljust(len("warning")), COLOURS[one.status]),
        name,
        text if is_split or not hint else f"{text} {hint}",
    )
    if is_split:
        yield "", "", (hint, None if one.status != "ok" else "dim")


def _summary(found: list[Finding], colour: bool) -> str:
    from orchestrator.core.findings import counts

    number = counts(found)
    broken, warning = number["broken"], number["warning"]
    if not broken and not warning:
        return paint(f"all {number['ok']} are ok", "green", colour)
    warnings = f"{warning} warning{'' if warning == 1 else 's'}"
    return ", ".join((paint(f"{broken} broken", "red" if broken else None, colour), warnings, f"{number['ok']} ok"))
