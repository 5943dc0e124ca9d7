"""`workflow simulate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import output
from orchestrator.cli.opened import opened
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import STATE_COLOURS, clean, paint, paragraph, say
from orchestrator.cli.verdict import counted

if TYPE_CHECKING:
    from orchestrator.cli.glyphs import Glyphs
    from orchestrator.control.graphing import Simulated
    from orchestrator.core.trial.steps import Bound, Step

NARROW = 72
"""Columns that a table of steps needs."""
OUTCOME_COLOURS = {"success": "green", "not_yet": "dim", "rate_limited": "yellow", "lost": "yellow"}


@command("simulate")
@click.argument("name", metavar="NAME|FILE")
@click.option("--outcome", "outcomes", metavar="PHASE=OUTCOME,…", multiple=True, help="How a phase ends; see above.")
@json_option
def simulate(name: str, outcomes: tuple[str, ...], as_json: bool) -> int:
    """Walk a workflow without starting anything.

    The code that decides for real tickets decides here too; only the outcomes are made up. Prints each step with its
    attempt, visit and outcome, and why it led where it did; then the bounds that were reached, and how it ended.

    Without --outcome each phase succeeds. Several outcomes of one phase are taken in turn, and the last one stays:

    \b
      --outcome verify=failure                   verify always fails
      --outcome verify=failure,verify=success    fails once, then succeeds
      --outcome verify=failure*3,success         fails three times, then succeeds
      --outcome await_review=not_yet*2,2         a poll: twice not yet, then exit code 2
      --outcome setup=timeout --outcome …        may be given more than once

    \b
    script: success, failure, timeout, error, lost, or an exit code
    agent:  success, failure, timeout, stalled, error, lost, rate_limited
    poll:   success, failure, not_yet, timeout, error, or an exit code

    The walk ends after 1000 steps at the latest, and says so. Exit code 0 if it was walked, however it ended;
    1 if the workflow has errors; 2 if an outcome cannot be understood.

    \b
    --json: {"workflow", "file", "status", "phase", "error", "attempts", "checks", "visits": {phase: n},
     "bounds": [{"bound", "phase", "limit", "step"}],
     "steps": [{"step", "phase", "type", "attempt", "visit", "outcome", "exitCode", "retries", "maxRetries",
                "why", "to", "status"}]}
    bound: maxRetries, maxVisits, losses, timeoutSeconds (of a poll), steps.
    """
    from orchestrator.control import graphing

    found = graphing.simulate_workflow(opened(needs_file=False).config, name, outcomes)
    if as_json:
        output.show_json(_object(found))
        return 0
    _show(found, outcomes)
    return 0


# -- for people -------------------------------------------------------------------------------------------------------


def _show(found: Simulated, outcomes: tuple[str, ...]) -> None:
    from orchestrator.cli.columns import has_utf8, screen
    from orchestrator.cli.glyphs import DRAWN, PLAIN

    signs = DRAWN if has_utf8() else PLAIN
    said = ", ".join(clean(one) for one in outcomes)
    how = f"with {said}; the others succeed" if said else "every phase succeeds"
    say(*paragraph(f"{clean(found.workflow.name)}, simulated: {how}", indent=""), "")
    if (screen() or NARROW) < NARROW:
        say(*(line for step in found.walked.steps for line in _narrow(step, signs)), "")
    else:
        head = ("#", "PHASE", "ATTEMPT", "VISIT", "OUTCOME", "THEN")
        say(*output.table([head, *(_row(step, signs) for step in found.walked.steps)], indent=""), "")
    say(*_summary(found))


def _narrow(step: Step, signs: Glyphs) -> Iterator[str]:
    """A step where there is no room for a table."""
    number, phase, attempt, visit, outcome, then = _row(step, signs)
    word, colour = outcome
    made = "" if attempt == "-" else f", attempt {attempt}"
    yield f"{number}. {phase}{made}: {paint(word, colour, output.has_colour())}"
    yield from paragraph(f"{then} (visit {visit})" if visit != "-" else str(then), indent="   ")


def _row(step: Step, signs: Glyphs) -> tuple[str, str, str, str, tuple[str, str | None], str]:
    to = f" {signs.to} {clean(step.to)}" if step.to else ""
    return (
        f"{step.n}",
        clean(step.phase),
        "-" if step.attempt is None else f"{step.attempt}",
        "-" if step.outcome is None else f"{step.visit}",
        _outcome(step),
        f"{clean(step.why)}{to}",
    )


def _outcome(step: Step) -> tuple[str, str | None]:
    if step.outcome is None:
        return (step.status, STATE_COLOURS.get(step.status))
    is_route = step.exit_code not in (None, 0) and step.outcome != "not_yet"
    words = f"exit {step.exit_code}" if is_route else step.outcome
    return (words, OUTCOME_COLOURS.get(step.outcome, "yellow" if is_route else "red"))


def _summary(found: Simulated) -> Iterator[str]:
    walked, colour = found.walked, output.has_colour()
    status, ticket = str(walked.ticket.status), walked.ticket
    ended = "ends" if status in ("complete", "failed", "needs_attention") else "is still"
    first, *more = paragraph(
        f"{ended} {status} in {clean(ticket.current_phase)}{f': {clean(ticket.error)}' if ticket.error else ''}", ""
    )
    yield first.replace(status, paint(status, STATE_COLOURS.get(status), colour), 1)
    yield from more
    checks = f", {counted(walked.checks, 'poll check')}" if walked.checks else ""
    yield f"{counted(walked.attempts, 'attempt')}{checks}"
    yield from paragraph(f"visits: {', '.join(_visits(found)) or 'none'}", "")
    bounds = [_bound_words(bound, times) for bound, times in _distinct(found)]
    yield from paragraph(f"bounds reached: {'; '.join(bounds) or 'none'}", "")


def _visits(found: Simulated) -> Iterator[str]:
    for phase in found.workflow.phases:
        n = found.walked.visits.get(phase.id)
        if n is not None:
            most = phase.max_visits or found.workflow.max_visits
            yield f"{clean(phase.id)} {n} of {most}" if n > 1 else f"{clean(phase.id)} 1"


def _distinct(found: Simulated) -> Iterator[tuple[Bound, int]]:
    """Each bound once, with how often it was reached."""
    times = Counter((one.kind, one.phase) for one in found.walked.bounds)
    firsts = {(one.kind, one.phase): one for one in reversed(found.walked.bounds)}
    for key in times:
        yield firsts[key], times[key]


def _bound_words(bound: Bound, times: int) -> str:
    often = f", {times} times" if times > 1 else ""
    phase, limit = clean(bound.phase), f"{bound.limit:g}"
    words = {
        "maxRetries": f"maxRetries of {phase} ({limit})",
        "maxVisits": f"maxVisits of {phase} ({limit})",
        "losses": f"lost attempts of {phase} (more than {limit} in one visit)",
        "timeoutSeconds": f"timeoutSeconds of {phase} ({limit} s)",
        "steps": f"steps of a simulation ({limit}); it would go on",
    }
    return words[bound.kind] + often


# -- for programs -----------------------------------------------------------------------------------------------------


def _object(found: Simulated) -> dict[str, Any]:
    walked, ticket = found.walked, found.walked.ticket
    return {
        "workflow": found.workflow.name,
        "file": found.checked.file,
        "status": ticket.status,
        "phase": ticket.current_phase,
        "error": ticket.error,
        "attempts": walked.attempts,
        "checks": walked.checks,
        "visits": walked.visits,
        "bounds": [
            {"bound": one.kind, "phase": one.phase, "limit": one.limit, "step": one.step} for one in walked.bounds
        ],
        "steps": [_step_object(step) for step in walked.steps],
    }


def _step_object(step: Step) -> dict[str, Any]:
    return {
        "step": step.n,
        "phase": step.phase,
        "type": step.type,
        "attempt": step.attempt,
        "visit": step.visit,
        "outcome": step.outcome,
        "exitCode": step.exit_code,
        "retries": step.retries,
        "maxRetries": step.max_retries,
        "why": step.why,
        "to": step.to,
        "status": step.status,
    }
