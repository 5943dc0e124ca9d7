"""What `status` prints: readable with ten tickets and with ten thousand, at forty columns and at two hundred.

The law: a home of some tickets is shown whole, in the order of its plans; a large one by what matters, unless somebody
says what they want to see. On a terminal every line fits.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from orchestrator.cli import output
from orchestrator.cli.columns import cells, cut, has_utf8, pad, screen, wrapped
from orchestrator.cli.look.tickets import STAY, Row, row_of, rows
from orchestrator.cli.objects import plan_object
from orchestrator.cli.opened import opened
from orchestrator.cli.output import STATE_COLOURS, clean, paint, say
from orchestrator.cli.times import account_text, held_text
from orchestrator.core.model import Status
from orchestrator.core.outcome import dollars
from orchestrator.core.show.overview import ORDER, Group, Overview, PlanLine, Reason

if TYPE_CHECKING:
    from orchestrator.control.showing import Asked, Shown
    from orchestrator.core.accounts import Account
    from orchestrator.core.problems import Problem
    from orchestrator.core.show.views import PlanView

PROBLEMS = 24
"""Problems that are shown when nobody asked for one plan."""
BAR = 10
"""Columns of a bar of progress."""
NARROW = 60
"""Columns below which a plan takes two lines."""


def show(plan_id: str | None, as_json: bool, states: Sequence[str] = (), every: bool = False) -> int:
    """All plans, or what is asked for."""
    import gc

    from orchestrator.control import showing

    gc.disable()  # everything that is read is shown; looking for garbage among it takes a third of the time
    named = showing.named_states(states)
    loaded = opened()
    if as_json:
        from orchestrator.control import written

        documents = [plan_object(one) for one in written.documents(loaded.config, plan_id, named)]
        output.show_json(documents if plan_id is None else documents[0])
        return 0
    asked = showing.Asked(plan_id, named, every)
    say(*lines_of(showing.status(loaded.config, loaded.problems, asked), asked))
    return 0


def lines_of(shown: Shown, asked: Asked) -> list[str]:
    lines = _large(shown.overview) if shown.overview is not None else _small(shown, asked)
    held = [line for one in shown.accounts for line in _account(one)]
    held += [paint(line, "yellow", output.has_colour()) for one in shown.over for line in _fitted(clean(one), "  ")]
    return [
        *held,
        *([""] if held else []),
        *lines,
        *_problems(shown.problems, every=asked.plan is not None or asked.every),
    ]


def _account(one: Account) -> Iterator[str]:
    """An account that is held, and what to do where it does not come right by itself."""
    from orchestrator.core.accounts import NEEDS_LOGIN
    from orchestrator.core.show.holds import as_held

    text = f"account {account_text(as_held(one), time.time())}"
    if one.limit == NEEDS_LOGIN:
        text += (
            f": {one.reason.removeprefix(NEEDS_LOGIN).lstrip(': ')}; then orchestrator accounts --release {one.account}"
        )
    elif one.told == "guess":
        text += "; nobody told when it ends, so it is tried again then"
    lines = _fitted(clean(text), "  ")
    mark = f"account {one.account} held"
    return (line.replace(mark, paint(mark, "yellow", output.has_colour()), 1) for line in lines)


# -- a home of some tickets, or what was asked for --------------------------------------------------------------------


def _small(shown: Shown, asked: Asked) -> list[str]:
    plans = [plan for plan in shown.plans if plan.tickets or not asked.states]
    if not plans:
        return [f"No ticket is {' or '.join(sorted(asked.states))}."] if shown.plans else ["No plans found."]
    lines: list[str] = []
    if len(shown.plans) > 1:
        counts = {state: sum(plan.counts.get(state, 0) for plan in shown.plans) for state in ORDER}
        lines = [*_total(counts, len(shown.plans)), ""]
    for plan in plans:
        lines += [*_plan(plan), ""]
    return lines[:-1]


def _plan(plan: PlanView) -> list[str]:
    colour = output.has_colour()
    name = f" — {clean(plan.name)}" if plan.name and plan.name != plan.id else ""
    workflow = f", workflow {clean(plan.workflow)}" if plan.workflow else ""
    cost = "" if plan.cost_usd is None else f", {dollars(plan.cost_usd)}"
    first, *more = _fitted(f"  {plan.status}{workflow}: {_counts(plan.counts)}{cost}", "    ")
    state = paint(plan.status, STATE_COLOURS.get(plan.status), colour)
    head = _cut(f"{plan.id}{name}").replace(plan.id, paint(plan.id, "bold", colour), 1)
    lines = [head, first.replace(plan.status, state, 1), *more]
    if not plan.tickets:
        return lines
    now = time.time()
    return [*lines, "", *rows([row_of(one, now, plan.status == "paused") for one in plan.tickets], whole=True)]


def _counts(counts: dict[str, int]) -> str:
    parts = [f"{counts.get(Status.COMPLETE, 0)} of {sum(counts.values())} complete".replace(" ", STAY)]
    parts += [f"{counts[state]}{STAY}{state}" for state in ORDER if counts.get(state) and state != Status.COMPLETE]
    return ", ".join(parts)


def _total(counts: dict[str, int], plans: int) -> list[str]:
    colour, number = output.has_colour(), sum(counts.values())
    parts = [f"{counts[state]:,}{STAY}{state}" for state in ORDER if counts.get(state)]
    text = f"{_many(number, 'ticket')} in {_many(plans, 'plan')}{': ' if parts else ''}{', '.join(parts)}"
    lines = _fitted(text, "  ")
    for state in ORDER if colour else ():
        mark = f"{counts.get(state, 0):,} {state}"
        lines = [line.replace(mark, paint(mark, STATE_COLOURS[state], True), 1) for line in lines]
    return lines


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


# -- a large home -----------------------------------------------------------------------------------------------------


def _large(seen: Overview) -> list[str]:
    lines = [*_total(seen.counts, len(seen.plans) + seen.hidden_plans), "", *_plans(seen)]
    now = time.time()
    several = len(seen.plans) > 1
    for group in seen.groups:
        lines += ["", *_title(group), *_group(group, now, several, seen.paused)]
    return [*lines, "", *_fitted("all tickets: orchestrator status --all; of a plan: --plan PLAN", "  ")]


def _plans(seen: Overview) -> list[str]:
    lines = _in_columns(seen.plans)
    hidden = f"  … and {_many(seen.hidden_plans, 'more plan')}"
    return [*lines, _either(f"{hidden} (orchestrator status --all)", hidden)] if seen.hidden_plans else lines


def _in_columns(plans: Sequence[PlanLine]) -> list[str]:
    """`plan-00  active  ████······  395/1,000  13 running, …`"""
    room, colour = screen(), output.has_colour()
    narrow = room is not None and room < NARROW
    widest = 16 if narrow else 32
    size = min(max(cells(plan.id) for plan in plans), widest)
    figures = [f"{plan.counts.get(Status.COMPLETE, 0):,}/{plan.total:,}" for plan in plans]
    states = max(len(plan.status) for plan in plans)
    lines = []
    for plan, figure in zip(plans, figures, strict=True):
        head = f"  {pad(cut(plan.id, size), size)}  {plan.status.ljust(states)}  "
        figure = figure.rjust(max(map(len, figures)))
        rest = ", ".join(f"{plan.counts[one]:,} {one}" for one in ORDER if plan.counts.get(one) and one != "complete")
        bar = "" if narrow else f"{_bar(plan)}  "
        taken = cells(head) + cells(bar) + len(figure) + 2
        after = [] if narrow else _rest(rest or clean(plan.name), taken, room)
        start = head.replace(plan.status, paint(plan.status, STATE_COLOURS.get(plan.status), colour), 1)
        lines.append(f"{start}{paint(bar, 'green', colour)}{figure}{''.join(f'  {one}' for one in after)}".rstrip())
        if narrow and rest:
            lines.append(paint(f"    {cut(rest, room - 4 if room else 80)}", "dim", colour))
    return lines


def _rest(text: str, taken: int, room: int | None) -> list[str]:
    return [text if room is None else cut(text, room - taken)]


def _bar(plan: PlanLine) -> str:
    done = plan.counts.get(Status.COMPLETE, 0) * BAR // max(plan.total, 1)
    full, empty = "█░" if has_utf8() else "#."
    return full * done + empty * (BAR - done)


def _title(group: Group) -> list[str]:
    why = "; ".join(f"{_why(reason)}: {reason.number:,}" for reason in group.reasons)
    head = f"{group.state} ({group.total:,})"
    first, *more = _fitted(f"{head}{f' · {why}' if why else ''}", "  ")
    return [first.replace(head, paint(head, STATE_COLOURS.get(group.state), output.has_colour()), 1), *more]


def _why(reason: Reason) -> str:
    return clean(reason.why if reason.held is None else held_text(reason.held, time.time()))


def _group(group: Group, now: float, several: bool, paused: frozenset[str]) -> list[str]:
    shown: list[Row] = []
    for ticket in group.tickets:
        row = row_of(ticket, now, plan_is_paused=ticket.key.plan in paused)
        shown.append(row._replace(name=str(ticket.key) if several else ticket.key.ticket, state=""))
    hidden = group.total - len(shown)
    more = _either(f"  … and {hidden:,} more (orchestrator status --status {group.state})", f"  … and {hidden:,} more")
    return [*rows(shown, whole=False), *([more] if hidden else [])]


# -- problems ---------------------------------------------------------------------------------------------------------


def _problems(problems: Sequence[Problem], every: bool) -> list[str]:
    if not problems:
        return []
    ordered = sorted(problems, key=lambda one: one.severity != "error")
    shown = ordered if every else ordered[:PROBLEMS]
    hidden = len(ordered) - len(shown)
    title = _many(len(problems), "problem")
    more = [f"  … and {hidden:,} more (orchestrator plan check)"] if hidden else []
    return ["", paint(title, "bold", output.has_colour()), *_paragraphs(shown), *more]


def _paragraphs(problems: Iterable[Problem]) -> list[str]:
    """(As `output.problem_lines`, for narrow terminals too.)"""
    colour, lines = output.has_colour(), list[str]()
    for problem in problems:
        first, *more = _fitted(f"  {problem.severity}: {clean(problem)}", "    ")
        mark = "red" if problem.severity == "error" else "yellow"
        lines += [first.replace(f"{problem.severity}:", paint(f"{problem.severity}:", mark, colour), 1), *more]
    return lines


# -- lines that fit ---------------------------------------------------------------------------------------------------


def _cut(text: str) -> str:
    room = screen()
    return text if room is None else cut(text, room)


def _either(long: str, short: str) -> str:
    room = screen()
    return long if room is None or cells(long) <= room else _cut(short)


def _fitted(text: str, indent: str) -> list[str]:
    """Wrapped; what follows the first line is indented."""
    first, *more = wrapped(text, screen())
    rest = " ".join(line.strip() for line in more)
    lines = [first, *wrapped(indent + rest, screen())] if rest else [first]
    return [line.replace(STAY, " ") for line in lines]
